#include "convert.h"

namespace editable {
namespace {

Kind kindOfList(const c10::TypePtr& element) {
  switch (element->kind()) {
    case c10::TypeKind::TensorType:
      return Kind::TensorList;
    case c10::TypeKind::OptionalType:
      return Kind::OptionalTensorList;
    case c10::TypeKind::FloatType:
      return Kind::FloatList;
    case c10::TypeKind::BoolType:
      return Kind::BoolList;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return Kind::IntList;
    default:
      return Kind::Other;
  }
}

Kind kindOf(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      return Kind::Tensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return Kind::Int;
    case c10::TypeKind::FloatType:
      return Kind::Float;
    case c10::TypeKind::BoolType:
      return Kind::Bool;
    case c10::TypeKind::NumberType:
      return Kind::Scalar;
    case c10::TypeKind::StringType:
      return Kind::String;
    case c10::TypeKind::DeviceObjType:
      return Kind::Device;
    case c10::TypeKind::GeneratorType:
      return Kind::Generator;
    case c10::TypeKind::ListType:
      return kindOfList(type->castRaw<c10::ListType>()->getElementType());
    default:
      // ScalarType, Layout and MemoryFormat are enumerations that travel as int.
      return Kind::Int;
  }
}

// A JavaScript number with no fraction is an int Scalar, as 2 is in Python: x.mul(2) keeps an integer dtype.
c10::IValue scalarOf(double number) {
  const auto whole = static_cast<int64_t>(number);
  if (static_cast<double>(whole) == number && std::abs(number) < 9007199254740992.0) return whole;
  return number;
}

double numberOf(Napi::Env env, Napi::Value value) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok)
    throw Napi::TypeError::New(env, "expected a number");
  return number;
}

int64_t intOf(Napi::Env env, Napi::Value value) {
  if (value.IsBigInt()) {
    bool lossless = true;
    return value.As<Napi::BigInt>().Int64Value(&lossless);
  }
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value() ? 1 : 0;
  const double number = numberOf(env, value);
  TORCH_CHECK(number == std::trunc(number) && std::abs(number) < 0x1p63, "expected a whole number, received ", number);
  return static_cast<int64_t>(number);
}

const at::Tensor& tensorOf(Napi::Env env, Napi::Value value) {
  uint32_t handle = 0;
  if (napi_get_value_uint32(env, value, &handle) != napi_ok) throw Napi::TypeError::New(env, "expected a Tensor");
  return instance(env).tensors.get(handle);
}

template <typename Item>
auto mapArray(Napi::Value value, Item item) {
  const auto array = value.As<Napi::Array>();
  std::vector<decltype(item(array.Get(0u)))> items;
  items.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) items.push_back(item(array.Get(i)));
  return items;
}

c10::IValue listValue(Napi::Env env, Napi::Value value, const ArgumentPlan& plan) {
  switch (plan.kind) {
    case Kind::TensorList:
      return tensorList(env, value);
    case Kind::OptionalTensorList: {
      c10::List<c10::optional<at::Tensor>> list;
      for (const auto& item : mapArray(value, [](Napi::Value v) { return v; }))
        list.push_back(item.IsNumber() ? c10::optional<at::Tensor>(tensorOf(env, item)) : c10::nullopt);
      return list;
    }
    case Kind::FloatList:
      return mapArray(value, [&](Napi::Value v) { return numberOf(env, v); });
    case Kind::BoolList: {
      c10::List<bool> list;
      for (const auto& item : mapArray(value, [](Napi::Value v) { return v; })) list.push_back(item.ToBoolean());
      return list;
    }
    default:
      if (value.IsNumber()) return std::vector<int64_t>(std::max(plan.repeat, 1), intOf(env, value));
      return intList(value);
  }
}

}  // namespace

const char* kindName(Kind kind) {
  static const char* names[] = {"Tensor", "Tensor[]", "Tensor?[]", "int",  "int[]",  "float",     "float[]",
                                "bool",   "bool[]",   "Scalar",    "str",  "Device", "Generator", "other"};
  return names[static_cast<int>(kind)];
}

ArgumentPlan planArgument(const c10::Argument& argument) {
  // real_type tells ScalarType from int where the version has it; both travel as int.
  c10::TypePtr type = argument.type();
  const bool optional = type->kind() == c10::TypeKind::OptionalType;
  if (optional) type = type->castRaw<c10::OptionalType>()->getElementType();
  return {kindOf(type), optional, argument.N() ? *argument.N() : 0};
}

std::vector<int64_t> intList(Napi::Value value) {
  return mapArray(value, [&](Napi::Value v) { return intOf(value.Env(), v); });
}

std::vector<at::Tensor> tensorList(Napi::Env env, Napi::Value handles) {
  return mapArray(handles, [&](Napi::Value v) -> at::Tensor { return tensorOf(env, v); });
}

Napi::Value handleList(Napi::Env env, at::ArrayRef<at::Tensor> tensors) {
  auto array = Napi::Array::New(env, tensors.size());
  for (size_t i = 0; i < tensors.size(); i++)
    array.Set(static_cast<uint32_t>(i), fromIValue(env, c10::IValue(tensors[i])));
  return array;
}

c10::IValue toIValue(Napi::Env env, Napi::Value value, const ArgumentPlan& plan) {
  if (value.IsNull() || value.IsUndefined()) {
    TORCH_CHECK(plan.optional, "a value of kind ", kindName(plan.kind), " is missing");
    return {};
  }
  switch (plan.kind) {
    case Kind::Tensor:
      return tensorOf(env, value);
    case Kind::Int:
      return intOf(env, value);
    case Kind::Float:
      return numberOf(env, value);
    case Kind::Bool:
      return value.ToBoolean().Value();
    case Kind::Scalar:
      return value.IsBoolean() ? c10::IValue(value.As<Napi::Boolean>().Value()) : scalarOf(numberOf(env, value));
    case Kind::String:
      return value.ToString().Utf8Value();
    case Kind::Device:
      return c10::Device(value.ToString().Utf8Value());
    case Kind::Generator:
    case Kind::Other:
      TORCH_CHECK(false, "arguments of this kind cannot be passed from JavaScript");
    default:
      return listValue(env, value, plan);
  }
}

Napi::Value fromIValue(Napi::Env env, const c10::IValue& value) {
  if (value.isTensor()) {
    // An undefined tensor (a gradient that was not asked for, say) is null.
    if (!value.toTensor().defined()) return env.Null();
    return Napi::Number::New(env, instance(env).tensors.add(value.toTensor()));
  }
  if (value.isTensorList()) return handleList(env, value.toTensorVector());
  if (value.isDouble()) return Napi::Number::New(env, value.toDouble());
  if (value.isInt()) return Napi::Number::New(env, static_cast<double>(value.toInt()));
  if (value.isBool()) return Napi::Boolean::New(env, value.toBool());
  if (value.isNone()) return env.Null();
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    auto array = Napi::Array::New(env, elements.size());
    for (size_t i = 0; i < elements.size(); i++) array.Set(static_cast<uint32_t>(i), fromIValue(env, elements[i]));
    return array;
  }
  TORCH_CHECK(false, "a result of type ", value.tagKind(), " cannot be returned to JavaScript");
}

}  // namespace editable
