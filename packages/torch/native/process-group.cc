// Groups of processes on c10d, and the watch over their lives.
#include "process-group.h"

#include "gate.h"
#include "group-registry.h"

#if defined(EDITABLE_DISTRIBUTED)
namespace editable {
namespace {

using Milliseconds = std::chrono::milliseconds;

auto& groups() { static auto& all = *new Registry<Group>(); return all; }

c10::intrusive_ptr<Collectives> makeCollectives(const std::string& backend, const StorePointer& store, int rank,
                                                int size, const std::string& address, Milliseconds timeout) {
#if defined(USE_C10D_GLOO)
  if (backend == "gloo") {
    auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
    options->devices.push_back(interface != nullptr && *interface != '\0'
                                   ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                   : c10d::ProcessGroupGloo::createDeviceForHostname(address));
    auto group = c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
    group->setSequenceNumberForGroup();
    return group;
  }
#endif
#if defined(USE_C10D_NCCL)
  if (backend == "nccl") {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  }
#endif
  TORCH_CHECK(false, "this addon was built without the backend ", backend);
}

// groupConnect(store, backend, rank, size, address, timeoutMs, watch) -> promise of a group. `watch`: of watchStart, if any.
Napi::Value groupConnect(const Napi::CallbackInfo& info) {
  const StorePointer store = storeAt(intAt(info, 0));
  const auto backend = textAt(info, 1);
  const int rank = static_cast<int>(intAt(info, 2));
  const int size = static_cast<int>(intAt(info, 3));
  const auto address = textAt(info, 4);
  const Milliseconds timeout(intAt(info, 5));
  std::shared_ptr<GroupWatch> watch;
  if (info[6].IsNumber()) watch = groups().at(intAt(info, 6)).watch;
  const Milliseconds slack(60000);
  return inThread(info.Env(), [=] {
    // Its own timeout comes later than ours, which can say whom it waited for.
    auto collectives = makeCollectives(backend, store, rank, size, address, timeout + slack);
    return groups().add(Group{std::move(collectives), watch, timeout});
  });
}

// watchStart(host, port, prefix, rank, size, beatMs, lostAfterMs, timeoutMs) -> a group that only watches.
Napi::Value watchStart(const Napi::CallbackInfo& info) {
  const auto host = textAt(info, 0);
  const auto port = intAt(info, 1);
  const auto prefix = textAt(info, 2);
  const WatchOptions options{static_cast<int>(intAt(info, 3)), static_cast<int>(intAt(info, 4)),
                             Milliseconds(intAt(info, 5)), Milliseconds(intAt(info, 6))};
  const Milliseconds timeout(intAt(info, 7));
  auto watch = std::make_shared<GroupWatch>(options);
  GroupWatch::start(watch, [=]() -> StorePointer {
    return c10::make_intrusive<c10d::PrefixStore>(prefix, openStore(host, port, false, 0, timeout));
  });
  return Napi::Number::New(info.Env(), static_cast<double>(groups().add(Group{{}, watch, timeout})));
}

GroupWatch& watchAt(const Napi::CallbackInfo& info) { return *groups().at(intAt(info, 0)).watch; }

Napi::Value watchVerdict(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), watchAt(info).verdict());
}

Napi::Value watchFail(const Napi::CallbackInfo& info) {
  watchAt(info).fail(textAt(info, 1));
  return info.Env().Undefined();
}

Napi::Value watchFinish(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), watchAt(info).finish(Milliseconds(intAt(info, 1))));
}

Napi::Value groupClose(const Napi::CallbackInfo& info) {
  groups().remove(intAt(info, 0));
  return info.Env().Undefined();
}

Napi::Value backends(const Napi::CallbackInfo& info) {
  auto names = Napi::Array::New(info.Env());
#if defined(USE_C10D_GLOO)
  names.Set(names.Length(), "gloo");
#endif
#if defined(USE_C10D_NCCL)
  names.Set(names.Length(), "nccl");
#endif
  return names;
}

}  // namespace

Group& groupAt(int64_t id) { return groups().at(id); }

void registerProcessGroup(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "groupBackends", backends);
  registerGroupStore(env, exports);
  exportFunction(env, exports, "groupConnect", groupConnect);
  exportFunction(env, exports, "watchStart", watchStart);
  exportFunction(env, exports, "watchVerdict", watchVerdict);
  exportFunction(env, exports, "watchFail", watchFail);
  exportFunction(env, exports, "watchFinish", watchFinish);
  registerGroupCollectives(env, exports);
  registerGroupGradients(env, exports);
  exportFunction(env, exports, "groupClose", groupClose);
}

}  // namespace editable
#else

namespace editable {

// Without the headers of Gloo or NCCL all the rest works; groups say what is missing.
void registerProcessGroup(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "groupBackends",
                 [](const Napi::CallbackInfo& info) -> Napi::Value { return Napi::Array::New(info.Env()); });
}

}  // namespace editable
#endif
