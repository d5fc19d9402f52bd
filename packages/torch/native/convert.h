// JavaScript values to and from c10::IValue: the one place for it.
#pragma once
#include "instance.h"

namespace editable {

ArgumentPlan planArgument(const c10::Argument& argument);
const char* kindName(Kind kind);
c10::IValue toIValue(Napi::Env env, Napi::Value value, const ArgumentPlan& plan);
Napi::Value fromIValue(Napi::Env env, const c10::IValue& value);
std::vector<at::Tensor> tensorList(Napi::Env env, Napi::Value handles);
Napi::Value handleList(Napi::Env env, at::ArrayRef<at::Tensor> tensors);
std::vector<int64_t> intList(Napi::Value value);

}  // namespace editable
