// Every operator goes through here: arguments converted by the schema, one boxed call into the ATen dispatcher.
#include "convert.h"
#include "gate.h"

namespace editable {
namespace {

Napi::Value describe(Napi::Env env, const Operator& op, uint32_t index) {
  const auto& schema = op.handle.schema();
  auto arguments = Napi::Array::New(env, op.arguments.size());
  for (uint32_t i = 0; i < op.arguments.size(); i++) {
    const auto& argument = schema.arguments()[i];
    auto item = Napi::Object::New(env);
    item.Set("name", argument.name());
    item.Set("kind", kindName(op.arguments[i].kind));
    item.Set("required", !argument.default_value().has_value());
    arguments.Set(i, item);
  }
  auto result = Napi::Object::New(env);
  result.Set("index", index);
  result.Set("schema", c10::toString(schema));
  result.Set("arguments", arguments);
  auto returns = Napi::Array::New(env);
  for (const auto& value : schema.returns())
    returns.Set(returns.Length(), kindName(planArgument(value).kind));
  result.Set("returns", returns);
  return result;
}

// resolve(name, overload) -> { index, schema, arguments, returns } or null if this libtorch has no such operator.
Napi::Value resolve(const Napi::CallbackInfo& info) {
  const auto name = info[0].ToString().Utf8Value();
  const auto overload = info[1].ToString().Utf8Value();
  const auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!handle) return info.Env().Null();
  Operator op{*handle, {}};
  for (const auto& argument : handle->schema().arguments()) op.arguments.push_back(planArgument(argument));
  auto& operators = instance(info.Env()).operators;
  operators.push_back(std::move(op));
  return describe(info.Env(), operators.back(), static_cast<uint32_t>(operators.size() - 1));
}

// call(index, ...arguments): what is left out or undefined takes the schema's default.
Napi::Value call(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto& op = instance(env).operators.at(info[0].As<Napi::Number>().Uint32Value());
  const auto& schema = op.handle.schema();
  torch::jit::Stack stack;
  stack.reserve(op.arguments.size());
  for (size_t i = 0; i < op.arguments.size(); i++) {
    const Napi::Value value = info[i + 1];
    const auto& fallback = schema.arguments()[i].default_value();
    if (value.IsUndefined() && fallback)
      stack.push_back(*fallback);
    else
      stack.push_back(toIValue(env, value, op.arguments[i]));
  }
  op.handle.callBoxed(&stack);
  if (stack.size() == 1) return fromIValue(env, stack[0]);
  auto results = Napi::Array::New(env, stack.size());
  for (size_t i = 0; i < stack.size(); i++) results.Set(static_cast<uint32_t>(i), fromIValue(env, stack[i]));
  return results;
}

// schemas(name) -> the text of every overload that this libtorch has of one operator.
Napi::Value schemas(const Napi::CallbackInfo& info) {
  const auto wanted = info[0].ToString().Utf8Value();
  auto found = Napi::Array::New(info.Env());
  for (const auto& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.name != wanted) continue;
    const auto handle = c10::Dispatcher::singleton().findSchema(name);
    if (handle) found.Set(found.Length(), c10::toString(handle->schema()));
  }
  return found;
}

}  // namespace

void registerDispatch(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "resolve", resolve);
  exportFunction(env, exports, "call", call);
  exportFunction(env, exports, "schemas", schemas);
}

}  // namespace editable
