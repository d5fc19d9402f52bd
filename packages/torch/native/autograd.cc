// Gradients of any order and the gradient mode.
#include <torch/csrc/autograd/autograd.h>

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

}  // namespace

void registerAutograd(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "grad", grad);
  exportFunction(env, exports, "setRequiresGrad", setRequiresGrad);
  exportFunction(env, exports, "requiresGrad", requiresGrad);
  exportFunction(env, exports, "setGradEnabled", setGradEnabled);
  exportFunction(env, exports, "isGradEnabled", isGradEnabled);
}

}  // namespace editable
