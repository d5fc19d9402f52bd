// State of one Node environment (the main thread or a worker): nothing here is shared between threads.
#pragma once
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <napi.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/script.h>

#include <string>
#include <vector>

namespace editable {

// What the JavaScript value at one argument position is converted to.
enum class Kind : uint8_t {
  Tensor,
  TensorList,
  OptionalTensorList,
  Int,
  IntList,
  Float,
  FloatList,
  Bool,
  BoolList,
  Scalar,
  String,
  Device,
  Generator,
  Other,
};

struct ArgumentPlan {
  Kind kind;
  bool optional;   // the schema allows None
  int32_t repeat;  // int[2]: a single number stands for this many; 0 if not a sized list
};

struct Operator {
  c10::OperatorHandle handle;
  std::vector<ArgumentPlan> arguments;
};

struct ScriptSlot {
  c10::intrusive_ptr<c10::ivalue::Object> owner;
  size_t index;
};

struct Script {
  torch::jit::Module module;
  std::vector<ScriptSlot> slots;  // parameters first, then buffers
  size_t parameters = 0;
};

// Tensors are known to JavaScript by a slot number: no finalizer and no wrapper object per tensor.
class TensorTable {
 public:
  uint32_t add(at::Tensor tensor);
  const at::Tensor& get(uint32_t handle) const;
  void release(uint32_t handle);
  size_t live() const { return live_; }

 private:
  std::vector<at::Tensor> slots_{1};  // slot 0 is "freed"
  std::vector<uint32_t> free_;
  size_t live_ = 0;
};

struct Instance {
  TensorTable tensors;
  std::vector<Operator> operators;
  std::vector<std::unique_ptr<Script>> scripts;
  std::vector<std::unique_ptr<torch::jit::Code>> programs;  // null once released
};

Instance& instance(Napi::Env env);

void registerDispatch(Napi::Env env, Napi::Object exports);
void registerTensor(Napi::Env env, Napi::Object exports);
void registerAutograd(Napi::Env env, Napi::Object exports);
void registerRuntime(Napi::Env env, Napi::Object exports);
void registerScript(Napi::Env env, Napi::Object exports);
void registerInferenceProgram(Napi::Env env, Napi::Object exports);
void registerProcessGroup(Napi::Env env, Napi::Object exports);

}  // namespace editable
