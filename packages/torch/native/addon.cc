// Registration only: what the addon offers, in reading order.
#include "allocator.h"
#include "instance.h"

namespace editable {

Instance& instance(Napi::Env env) { return *env.GetInstanceData<Instance>(); }

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Instance());
  installCountingAllocator();
  registerDispatch(env, exports);
  registerTensor(env, exports);
  registerAutograd(env, exports);
  registerRuntime(env, exports);
  registerScript(env, exports);
  registerInferenceProgram(env, exports);
  registerProcessGroup(env, exports);
  return exports;
}

}  // namespace editable

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return editable::initialize(env, exports); }

NODE_API_MODULE(torch, Init)
