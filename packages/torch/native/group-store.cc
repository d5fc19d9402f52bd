// c10d's store of text by key, which the processes of a group find each other by.
#include "group-registry.h"

#if defined(EDITABLE_DISTRIBUTED)
#include <thread>

namespace editable {

// Runs `make` in a thread of its own and resolves a promise with the number that it returns. The thread is detached: a
// connection that nobody answers must not keep the process from ending.
Napi::Value inThread(Napi::Env env, std::function<int64_t()> make) {
  struct Result {
    Napi::Promise::Deferred deferred;
    int64_t id = 0;
    std::string error;
  };
  auto* result = new Result{Napi::Promise::Deferred::New(env), 0, {}};
  const Napi::Promise promise = result->deferred.Promise();
  auto settle = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                              "process group", 0, 1);
  settle.Unref(env); // a process that found a peer lost ends, however long connecting to it would take
  std::thread([result, settle, make = std::move(make)]() mutable {
    try {
      result->id = make();
    } catch (const c10::Error& error) {
      result->error = error.what_without_backtrace();
    } catch (const std::exception& error) {
      result->error = error.what();
    } catch (...) {
      result->error = "unknown native failure";
    }
    if (result->error.empty() && result->id == 0) result->error = "unknown native failure";
    settle.NonBlockingCall(result, [](Napi::Env env, Napi::Function, Result* result) {
      if (result->error.empty()) result->deferred.Resolve(Napi::Number::New(env, static_cast<double>(result->id)));
      else result->deferred.Reject(Napi::Error::New(env, result->error).Value());
      delete result;
    });
    settle.Release();
  }).detach();
  return promise;
}

namespace {

using Milliseconds = std::chrono::milliseconds;

auto& stores() { static auto& all = *new Registry<StorePointer>(); return all; }

// storeConnect(host, port, isServer, workers, timeoutMs) -> promise of a store. workers 0: not counted.
Napi::Value storeConnect(const Napi::CallbackInfo& info) {
  const auto host = textAt(info, 0);
  const auto port = intAt(info, 1);
  const bool server = info[2].ToBoolean();
  const auto workers = intAt(info, 3);
  const Milliseconds timeout(intAt(info, 4));
  return inThread(info.Env(), [=] { return stores().add(openStore(host, port, server, workers, timeout)); });
}

// storePrefix(store, prefix) -> the same store, each key behind the prefix.
Napi::Value storePrefix(const Napi::CallbackInfo& info) {
  auto prefixed = c10::make_intrusive<c10d::PrefixStore>(textAt(info, 1), stores().at(intAt(info, 0)));
  return Napi::Number::New(info.Env(), static_cast<double>(stores().add(std::move(prefixed))));
}

Napi::Value storeSet(const Napi::CallbackInfo& info) {
  const auto text = textAt(info, 2);
  stores().at(intAt(info, 0))->set(textAt(info, 1), std::vector<uint8_t>(text.begin(), text.end()));
  return info.Env().Undefined();
}

// storeGet(store, key) -> text, or null where nobody has set it yet.
Napi::Value storeGet(const Napi::CallbackInfo& info) {
  auto& store = *stores().at(intAt(info, 0));
  const auto key = textAt(info, 1);
  if (!store.check({key})) return info.Env().Null();
  const auto value = store.get(key);
  return Napi::String::New(info.Env(), std::string(value.begin(), value.end()));
}

Napi::Value storeAdd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(stores().at(intAt(info, 0))->add(textAt(info, 1), intAt(info, 2))));
}

Napi::Value storeClose(const Napi::CallbackInfo& info) {
  stores().remove(intAt(info, 0));
  return info.Env().Undefined();
}

}  // namespace

StorePointer storeAt(int64_t id) { return stores().at(id); }

StorePointer openStore(const std::string& host, int64_t port, bool server, int64_t workers, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.isServer = server;
  if (workers > 0) options.numWorkers = static_cast<std::size_t>(workers);
  // The server of ours does not wait for the others here: who is missing is told by name later. A client counts itself,
  // as PyTorch's server waits for that.
  options.waitWorkers = !server && workers > 0;
  options.timeout = timeout;
  return c10::make_intrusive<c10d::TCPStore>(host, options);
}

void registerGroupStore(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "storeConnect", storeConnect);
  exportFunction(env, exports, "storePrefix", storePrefix);
  exportFunction(env, exports, "storeSet", storeSet);
  exportFunction(env, exports, "storeGet", storeGet);
  exportFunction(env, exports, "storeAdd", storeAdd);
  exportFunction(env, exports, "storeClose", storeClose);
}

}  // namespace editable
#endif
