// TorchScript files as models: parameter slots filled for the length of one forward call, then put back.
#include <cstring>
#include <sstream>

#include "convert.h"
#include "gate.h"

namespace editable {
namespace {

Script& scriptAt(const Napi::CallbackInfo& info) {
  return *instance(info.Env()).scripts.at(info[0].As<Napi::Number>().Uint32Value());
}

// The object and slot that a dotted name ("layer1.0.conv1.weight") stands for.
ScriptSlot findSlot(const torch::jit::Module& root, const std::string& name) {
  auto object = root._ivalue();
  size_t start = 0;
  for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', start)) {
    object = object->getAttr(name.substr(start, dot - start)).toObject();
    start = dot + 1;
  }
  return {object, object->type()->getAttributeSlot(name.substr(start))};
}

// Holds other tensors in the slots; the destructor restores them, also when forward throws.
class FilledSlots {
 public:
  explicit FilledSlots(Script& script) : script_(script) {
    for (const auto& slot : script.slots) before_.push_back(slot.owner->getSlot(slot.index));
  }
  ~FilledSlots() {
    for (size_t i = 0; i < before_.size(); i++) script_.slots[i].owner->setSlot(script_.slots[i].index, before_[i]);
  }
  void fill(size_t position, at::Tensor tensor) {
    const auto& slot = script_.slots.at(position);
    slot.owner->setSlot(slot.index, std::move(tensor));
  }

 private:
  Script& script_;
  std::vector<c10::IValue> before_;
};

template <typename List>
Napi::Array addSlots(Napi::Env env, Script& script, const List& named) {
  auto array = Napi::Array::New(env);
  for (const auto& item : named) {
    script.slots.push_back(findSlot(script.module, item.name));
    auto pair = Napi::Array::New(env, 2);
    pair.Set(0u, item.name);
    pair.Set(1u, fromIValue(env, item.value.detach()));
    array.Set(array.Length(), pair);
  }
  return array;
}

// scriptLoad(path, device) -> { id, parameters: [name, handle][], buffers: [name, handle][] }
Napi::Value load(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto script = std::make_unique<Script>();
  script->module = torch::jit::load(info[0].ToString().Utf8Value(), c10::Device(info[1].ToString().Utf8Value()));
  auto result = Napi::Object::New(env);
  result.Set("parameters", addSlots(env, *script, script->module.named_parameters()));
  script->parameters = script->slots.size();
  result.Set("buffers", addSlots(env, *script, script->module.named_buffers()));
  auto& scripts = instance(env).scripts;
  result.Set("id", static_cast<uint32_t>(scripts.size()));
  scripts.push_back(std::move(script));
  return result;
}

// scriptForward(id, handles in slot order (null: the file's own), inputs, training)
//   -> { output, buffers: handles } where buffers are what forward left in the buffer slots.
Napi::Value forward(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto& script = scriptAt(info);
  const auto handles = info[1].As<Napi::Array>();
  FilledSlots slots(script);
  for (uint32_t i = 0; i < handles.Length(); i++) {
    const Napi::Value handle = handles.Get(i);
    if (handle.IsNumber()) slots.fill(i, instance(env).tensors.get(handle.As<Napi::Number>().Uint32Value()));
  }
  script.module.train(info[3].ToBoolean().Value());
  std::vector<c10::IValue> inputs;
  for (const auto& tensor : tensorList(env, info[2])) inputs.emplace_back(tensor);
  const auto output = script.module.forward(std::move(inputs));
  TORCH_CHECK(output.isTensor(), "the module returns ", output.tagKind(), "; only modules that return one Tensor can be used");
  std::vector<at::Tensor> buffers;
  for (size_t i = script.parameters; i < script.slots.size(); i++)
    buffers.push_back(script.slots[i].owner->getSlot(script.slots[i].index).toTensor());
  auto result = Napi::Object::New(env);
  result.Set("output", fromIValue(env, output));
  result.Set("buffers", handleList(env, buffers));
  return result;
}

// scriptEncode(path, names, handles) -> ArrayBuffer: the file's program with these tensors in place of its own.
Napi::Value encode(const Napi::CallbackInfo& info) {
  const auto module = torch::jit::load(info[0].ToString().Utf8Value(), c10::Device("cpu"));
  const auto names = info[1].As<Napi::Array>();
  const auto tensors = tensorList(info.Env(), info[2]);
  for (uint32_t i = 0; i < names.Length(); i++) {
    const auto slot = findSlot(module, names.Get(i).ToString().Utf8Value());
    auto before = slot.owner->getSlot(slot.index).toTensor();
    const at::NoGradGuard guard;
    TORCH_CHECK(before.sizes() == tensors[i].sizes(), names.Get(i).ToString().Utf8Value(), " has shape ", before.sizes(),
                " there, received ", tensors[i].sizes());
    // Into the file's own tensor: what it shares, and that it requires a gradient, stay.
    before.copy_(tensors[i]);
  }
  std::ostringstream stream;
  module.save(stream);
  const auto bytes = stream.str();
  auto buffer = Napi::ArrayBuffer::New(info.Env(), bytes.size());
  std::memcpy(buffer.Data(), bytes.data(), bytes.size());
  return buffer;
}

}  // namespace

void registerScript(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "scriptLoad", load);
  exportFunction(env, exports, "scriptForward", forward);
  exportFunction(env, exports, "scriptEncode", encode);
}

}  // namespace editable
