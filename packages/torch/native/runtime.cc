// The process around the tensors: threads, random state, memory counts, devices, versions.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include "allocator.h"
#include "convert.h"
#include "gate.h"

namespace editable {
namespace {

Napi::Value setThreads(const Napi::CallbackInfo& info) {
  at::set_num_threads(info[0].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

Napi::Value threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), at::get_num_threads());
}

// manualSeed(seed: bigint): seeds the default generator of every device.
Napi::Value manualSeed(const Napi::CallbackInfo& info) {
  bool lossless = true;
  at::manual_seed(info[0].As<Napi::BigInt>().Uint64Value(&lossless));
  return info.Env().Undefined();
}

at::Generator generatorOf(const std::string& device) {
  const c10::Device parsed(device);
  return at::globalContext().defaultGenerator(parsed);
}

// generatorState(device) -> handle of a uint8 tensor.
Napi::Value generatorState(const Napi::CallbackInfo& info) {
  return fromIValue(info.Env(), generatorOf(info[0].ToString().Utf8Value()).get_state());
}

Napi::Value setGeneratorState(const Napi::CallbackInfo& info) {
  const auto& state = instance(info.Env()).tensors.get(info[1].As<Napi::Number>().Uint32Value());
  generatorOf(info[0].ToString().Utf8Value()).set_state(state);
  return info.Env().Undefined();
}

Napi::Value memory(const Napi::CallbackInfo& info) {
  const auto count = memoryCount();
  auto result = Napi::Object::New(info.Env());
  result.Set("tensors", static_cast<double>(instance(info.Env()).tensors.live()));
  result.Set("bytes", static_cast<double>(count.bytes));
  result.Set("peakBytes", static_cast<double>(count.peak));
  result.Set("blocks", static_cast<double>(count.blocks));
  return result;
}

Napi::Value resetPeakMemory(const Napi::CallbackInfo& info) {
  resetPeak();
  return info.Env().Undefined();
}

// Tells the garbage collector of native bytes that only a forgotten tensor holds.
Napi::Value adjustExternalMemory(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Napi::MemoryManagement::AdjustExternalMemory(
                                           info.Env(), info[0].As<Napi::Number>().Int64Value())));
}

Napi::Value cudaDevices(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(torch::cuda::is_available() ? torch::cuda::device_count() : 0));
}

Napi::Value synchronize(const Napi::CallbackInfo& info) {
  if (torch::cuda::is_available()) torch::cuda::synchronize();
  return info.Env().Undefined();
}

// setDeterministic(on): deterministic kernels and full float32 precision on CUDA (no TF32).
Napi::Value setDeterministic(const Napi::CallbackInfo& info) {
  const bool on = info[0].ToBoolean().Value();
  auto& context = at::globalContext();
  context.setDeterministicCuDNN(on);
  context.setBenchmarkCuDNN(!on);
  context.setAllowTF32CuDNN(!on);
  context.setAllowTF32CuBLAS(false);
  return info.Env().Undefined();
}

Napi::Value versions(const Napi::CallbackInfo& info) {
  auto result = Napi::Object::New(info.Env());
  result.Set("torch", TORCH_VERSION);
  result.Set("config", at::show_config());
  result.Set("parallel", at::get_parallel_info());
  return result;
}

}  // namespace

void registerRuntime(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "setThreads", setThreads);
  exportFunction(env, exports, "threads", threads);
  exportFunction(env, exports, "manualSeed", manualSeed);
  exportFunction(env, exports, "generatorState", generatorState);
  exportFunction(env, exports, "setGeneratorState", setGeneratorState);
  exportFunction(env, exports, "memory", memory);
  exportFunction(env, exports, "resetPeakMemory", resetPeakMemory);
  exportFunction(env, exports, "adjustExternalMemory", adjustExternalMemory);
  exportFunction(env, exports, "cudaDevices", cudaDevices);
  exportFunction(env, exports, "synchronize", synchronize);
  exportFunction(env, exports, "setDeterministic", setDeterministic);
  exportFunction(env, exports, "versions", versions);
}

}  // namespace editable
