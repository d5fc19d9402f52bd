// The one gate from C++ exceptions to JavaScript errors, and the one way a native function is exported.
#pragma once
#include <c10/util/Exception.h>
#include <napi.h>

namespace editable {

template <typename Function>
void exportFunction(Napi::Env env, Napi::Object exports, const char* name, Function function) {
  auto gated = [function](const Napi::CallbackInfo& info) -> Napi::Value {
    try {
      return function(info);
    } catch (const Napi::Error&) {
      throw;
    } catch (const c10::Error& error) {
      throw Napi::Error::New(info.Env(), error.what_without_backtrace());
    } catch (const std::exception& error) {
      throw Napi::Error::New(info.Env(), error.what());
    } catch (...) {
      throw Napi::Error::New(info.Env(), "unknown native failure");
    }
  };
  exports.Set(name, Napi::Function::New(env, gated, name));
}

}  // namespace editable
