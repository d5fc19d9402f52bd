// Gradients of any order, the gradient mode, and automatic casts.
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>

#include "convert.h"
#include "gate.h"

namespace editable {
namespace {

const at::Tensor& tensorAt(const Napi::CallbackInfo& info, size_t position) {
  return instance(info.Env()).tensors.get(info[position].As<Napi::Number>().Uint32Value());
}

// grad(outputs, inputs, gradOutputs | undefined, retainGraph, createGraph, allowUnused) -> handles, null where unused.
Napi::Value grad(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto outputs = tensorList(env, info[0]);
  const auto inputs = tensorList(env, info[1]);
  const auto seeds = info[2].IsArray() ? tensorList(env, info[2]) : std::vector<at::Tensor>{};
  const auto gradients = torch::autograd::grad(outputs, inputs, seeds, info[3].ToBoolean().Value(),
                                               info[4].ToBoolean().Value(), info[5].ToBoolean().Value());
  return handleList(env, gradients);
}

Napi::Value setRequiresGrad(const Napi::CallbackInfo& info) {
  tensorAt(info, 0).requires_grad_(info[1].ToBoolean().Value());
  return info.Env().Undefined();
}

Napi::Value requiresGrad(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), tensorAt(info, 0).requires_grad());
}

Napi::Value setGradEnabled(const Napi::CallbackInfo& info) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(info[0].ToBoolean().Value());
  return Napi::Boolean::New(info.Env(), before);
}

Napi::Value isGradEnabled(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), at::GradMode::is_enabled());
}

// libtorch 2.4 made one function of what was one a device.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
void castOn(at::DeviceType device, at::ScalarType dtype, bool on) {
  at::autocast::set_autocast_dtype(device, dtype);
  at::autocast::set_autocast_enabled(device, on);
}
#else
void castOn(at::DeviceType device, at::ScalarType dtype, bool on) {
  if (device == at::kCPU) {
    at::autocast::set_autocast_cpu_dtype(dtype);
    at::autocast::set_cpu_enabled(on);
  } else {
    at::autocast::set_autocast_gpu_dtype(dtype);
    at::autocast::set_enabled(on);
  }
}
#endif

// beginAutocast(dtype code), on every device; weights are cast once until as many ends have come.
Napi::Value beginAutocast(const Napi::CallbackInfo& info) {
  const auto dtype = static_cast<at::ScalarType>(info[0].As<Napi::Number>().Int32Value());
  at::autocast::increment_nesting();
  for (const auto device : {at::kCPU, at::kCUDA}) castOn(device, dtype, true);
  return info.Env().Undefined();
}

Napi::Value endAutocast(const Napi::CallbackInfo& info) {
  if (at::autocast::decrement_nesting() > 0) return info.Env().Undefined();
  at::autocast::clear_cache();
  for (const auto device : {at::kCPU, at::kCUDA}) castOn(device, at::kBFloat16, false);
  return info.Env().Undefined();
}

}  // namespace

void registerAutograd(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "grad", grad);
  exportFunction(env, exports, "setRequiresGrad", setRequiresGrad);
  exportFunction(env, exports, "requiresGrad", requiresGrad);
  exportFunction(env, exports, "setGradEnabled", setGradEnabled);
  exportFunction(env, exports, "isGradEnabled", isGradEnabled);
  exportFunction(env, exports, "beginAutocast", beginAutocast);
  exportFunction(env, exports, "endAutocast", endAutocast);
}

}  // namespace editable
