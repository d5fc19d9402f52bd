// Tensor handles, their description, and the way in and out of JavaScript's memory.
#include "convert.h"
#include "gate.h"

namespace editable {

uint32_t TensorTable::add(at::Tensor tensor) {
  live_ += 1;
  if (free_.empty()) {
    slots_.push_back(std::move(tensor));
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t handle = free_.back();
  free_.pop_back();
  slots_[handle] = std::move(tensor);
  return handle;
}

const at::Tensor& TensorTable::get(uint32_t handle) const {
  TORCH_CHECK(handle < slots_.size() && slots_[handle].defined(), "the tensor was freed before this use");
  return slots_[handle];
}

void TensorTable::release(uint32_t handle) {
  if (handle >= slots_.size() || !slots_[handle].defined()) return;
  slots_[handle] = at::Tensor();
  free_.push_back(handle);
  live_ -= 1;
}

namespace {

const at::Tensor& tensorAt(const Napi::CallbackInfo& info, size_t position) {
  return instance(info.Env()).tensors.get(info[position].As<Napi::Number>().Uint32Value());
}

// fromBytes(bytes: Uint8Array, shape, dtypeCode, device) -> handle; the bytes are copied.
Napi::Value fromBytes(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const auto shape = intList(info[1]);
  const auto dtype = static_cast<at::ScalarType>(info[2].As<Napi::Number>().Int32Value());
  const c10::Device device(info[3].ToString().Utf8Value());
  auto tensor = at::empty(shape, at::TensorOptions(dtype));
  TORCH_CHECK(tensor.nbytes() == bytes.ByteLength(), "expected ", tensor.nbytes(), " bytes, received ",
              bytes.ByteLength());
  if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), bytes.Data(), tensor.nbytes());
  if (!device.is_cpu()) tensor = tensor.to(device);
  return Napi::Number::New(info.Env(), instance(info.Env()).tensors.add(std::move(tensor)));
}

// toBytes(handle) -> ArrayBuffer with the elements in row-major order.
Napi::Value toBytes(const Napi::CallbackInfo& info) {
  const auto tensor = tensorAt(info, 0).detach().cpu().contiguous();
  auto buffer = Napi::ArrayBuffer::New(info.Env(), tensor.nbytes());
  if (tensor.nbytes() > 0) std::memcpy(buffer.Data(), tensor.data_ptr(), tensor.nbytes());
  return buffer;
}

// item(handle) -> number (an int64 beyond 2^53 loses its low bits, as a JavaScript number must).
Napi::Value item(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), tensorAt(info, 0).item().toDouble());
}

Napi::Value shape(const Napi::CallbackInfo& info) {
  const auto sizes = tensorAt(info, 0).sizes();
  auto array = Napi::Array::New(info.Env(), sizes.size());
  for (uint32_t i = 0; i < sizes.size(); i++) array.Set(i, static_cast<double>(sizes[i]));
  return array;
}

Napi::Value dtype(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<int>(tensorAt(info, 0).scalar_type()));
}

Napi::Value device(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), tensorAt(info, 0).device().str());
}

Napi::Value nbytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(tensorAt(info, 0).nbytes()));
}

// free(handles): releases every handle of the list.
Napi::Value release(const Napi::CallbackInfo& info) {
  auto& tensors = instance(info.Env()).tensors;
  if (info[0].IsNumber()) {
    tensors.release(info[0].As<Napi::Number>().Uint32Value());
  } else {
    const auto handles = info[0].As<Napi::Uint32Array>();
    const auto count = info[1].As<Napi::Number>().Uint32Value();
    for (size_t i = 0; i < count; i++) tensors.release(handles[i]);
  }
  return info.Env().Undefined();
}

Napi::Value live(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(instance(info.Env()).tensors.live()));
}

}  // namespace

void registerTensor(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "fromBytes", fromBytes);
  exportFunction(env, exports, "toBytes", toBytes);
  exportFunction(env, exports, "item", item);
  exportFunction(env, exports, "shape", shape);
  exportFunction(env, exports, "dtype", dtype);
  exportFunction(env, exports, "device", device);
  exportFunction(env, exports, "nbytes", nbytes);
  exportFunction(env, exports, "release", release);
  exportFunction(env, exports, "liveTensors", live);
}

}  // namespace editable
