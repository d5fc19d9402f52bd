#include "process-group.h"

#include "convert.h"
#include "gate.h"

#if defined(EDITABLE_DISTRIBUTED)
#include <torch/csrc/autograd/custom_function.h>

#include <map>
#include <thread>

namespace editable {
namespace {

using Milliseconds = std::chrono::milliseconds;
using StorePointer = c10::intrusive_ptr<c10d::Store>;
using WorkPointer = c10::intrusive_ptr<c10d::Work>;

// Process-wide and never destroyed: a group that failed has threads in flight, and joining them at exit would hang.
template <typename Item>
class Registry {
 public:
  int64_t add(Item item) {
    std::lock_guard<std::mutex> lock(mutex_);
    items_.emplace(++last_, std::move(item));
    return last_;
  }
  Item& at(int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = items_.find(id);
    TORCH_CHECK(found != items_.end(), "closed before this use");
    return found->second;
  }
  void remove(int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    items_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::map<int64_t, Item> items_;
  int64_t last_ = 0;
};

struct StartedWork {
  int64_t group;
  WorkPointer work;
  std::vector<at::Tensor> tensors;
};

auto& stores() { static auto& all = *new Registry<StorePointer>(); return all; }
auto& groups() { static auto& all = *new Registry<Group>(); return all; }
auto& works() { static auto& all = *new Registry<StartedWork>(); return all; }

int64_t intAt(const Napi::CallbackInfo& info, size_t i) { return info[i].As<Napi::Number>().Int64Value(); }
std::string textAt(const Napi::CallbackInfo& info, size_t i) { return info[i].ToString().Utf8Value(); }
at::Tensor tensorAt(const Napi::CallbackInfo& info, size_t i) {
  return instance(info.Env()).tensors.get(info[i].As<Napi::Number>().Uint32Value());
}

// Runs `make` in a thread of its own and resolves a promise with the number that it returns. The thread is detached: a
// connection that nobody answers must not keep the process from ending.
Napi::Value inThread(Napi::Env env, std::function<int64_t()> make) {
  struct Result {
    Napi::Promise::Deferred deferred;
    int64_t id = 0;
    std::string error;
  };
  auto* result = new Result{Napi::Promise::Deferred::New(env), 0, {}};
  const Napi::Promise promise = result->deferred.Promise();
  auto settle = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}),
                                              "process group", 0, 1);
  std::thread([result, settle, make = std::move(make)]() mutable {
    try {
      result->id = make();
    } catch (const c10::Error& error) {
      result->error = error.what_without_backtrace();
    } catch (const std::exception& error) {
      result->error = error.what();
    } catch (...) {
      result->error = "unknown native failure";
    }
    if (result->error.empty() && result->id == 0) result->error = "unknown native failure";
    settle.NonBlockingCall(result, [](Napi::Env env, Napi::Function, Result* result) {
      if (result->error.empty()) result->deferred.Resolve(Napi::Number::New(env, static_cast<double>(result->id)));
      else result->deferred.Reject(Napi::Error::New(env, result->error).Value());
      delete result;
    });
    settle.Release();
  }).detach();
  return promise;
}

StorePointer openStore(const std::string& host, int64_t port, bool server, int64_t workers, Milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.isServer = server;
  if (workers > 0) options.numWorkers = static_cast<std::size_t>(workers);
  // The server of ours does not wait for the others here: who is missing is told by name later. A client counts itself,
  // as PyTorch's server waits for that.
  options.waitWorkers = !server && workers > 0;
  options.timeout = timeout;
  return c10::make_intrusive<c10d::TCPStore>(host, options);
}

// storeConnect(host, port, isServer, workers, timeoutMs) -> promise of a store. workers 0: not counted.
Napi::Value storeConnect(const Napi::CallbackInfo& info) {
  const auto host = textAt(info, 0);
  const auto port = intAt(info, 1);
  const bool server = info[2].ToBoolean();
  const auto workers = intAt(info, 3);
  const Milliseconds timeout(intAt(info, 4));
  return inThread(info.Env(), [=] { return stores().add(openStore(host, port, server, workers, timeout)); });
}

// storePrefix(store, prefix) -> the same store, each key behind the prefix.
Napi::Value storePrefix(const Napi::CallbackInfo& info) {
  auto prefixed = c10::make_intrusive<c10d::PrefixStore>(textAt(info, 1), stores().at(intAt(info, 0)));
  return Napi::Number::New(info.Env(), static_cast<double>(stores().add(std::move(prefixed))));
}

Napi::Value storeSet(const Napi::CallbackInfo& info) {
  const auto text = textAt(info, 2);
  stores().at(intAt(info, 0))->set(textAt(info, 1), std::vector<uint8_t>(text.begin(), text.end()));
  return info.Env().Undefined();
}

// storeGet(store, key) -> text, or null where nobody has set it yet.
Napi::Value storeGet(const Napi::CallbackInfo& info) {
  auto& store = *stores().at(intAt(info, 0));
  const auto key = textAt(info, 1);
  if (!store.check({key})) return info.Env().Null();
  const auto value = store.get(key);
  return Napi::String::New(info.Env(), std::string(value.begin(), value.end()));
}

Napi::Value storeAdd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(stores().at(intAt(info, 0))->add(textAt(info, 1), intAt(info, 2))));
}

Napi::Value storeClose(const Napi::CallbackInfo& info) {
  stores().remove(intAt(info, 0));
  return info.Env().Undefined();
}

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
  const StorePointer store = stores().at(intAt(info, 0));
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

c10d::ReduceOp reduceOp(const std::string& name) {
  if (name == "sum") return c10d::ReduceOp::SUM;
  if (name == "max") return c10d::ReduceOp::MAX;
  TORCH_CHECK(name == "min", "expected the reduction sum, max or min, received ", name);
  return c10d::ReduceOp::MIN;
}

Napi::Value begin(const Napi::CallbackInfo& info, WorkPointer work, std::vector<at::Tensor> tensors) {
  const auto id = works().add(StartedWork{intAt(info, 0), std::move(work), std::move(tensors)});
  return Napi::Number::New(info.Env(), static_cast<double>(id));
}

void count(Group& group) {
  if (group.watch) group.watch->began();
}

// groupAllReduce(group, tensor, reduction) -> work; the tensor is replaced.
Napi::Value groupAllReduce(const Napi::CallbackInfo& info) {
  auto tensor = tensorAt(info, 1);
  auto work = startAllReduce(groupAt(intAt(info, 0)), tensor, textAt(info, 2));
  return begin(info, std::move(work), {tensor});
}

// groupBroadcast(group, tensor, root) -> work; the tensor is replaced where the process is not the root.
Napi::Value groupBroadcast(const Napi::CallbackInfo& info) {
  auto& group = groupAt(intAt(info, 0));
  std::vector<at::Tensor> tensors{tensorAt(info, 1)};
  c10d::BroadcastOptions options;
  options.rootRank = static_cast<int>(intAt(info, 2));
  count(group);
  auto work = group.collectives->broadcast(tensors, options);
  return begin(info, std::move(work), tensors);
}

// groupAllGather(group, tensor, outputs) -> work; outputs, one a process, are written.
Napi::Value groupAllGather(const Napi::CallbackInfo& info) {
  auto& group = groupAt(intAt(info, 0));
  std::vector<at::Tensor> inputs{tensorAt(info, 1)};
  std::vector<std::vector<at::Tensor>> outputs{tensorList(info.Env(), info[2])};
  count(group);
  auto work = group.collectives->allgather(outputs, inputs, c10d::AllgatherOptions());
  auto held = outputs[0];
  held.push_back(inputs[0]);
  return begin(info, std::move(work), std::move(held));
}

Napi::Value groupBarrier(const Napi::CallbackInfo& info) {
  auto& group = groupAt(intAt(info, 0));
  count(group);
  return begin(info, group.collectives->barrier(c10d::BarrierOptions()), {});
}

// workWait(work): throws "verdict …" where the group is broken, "timed out …" where the time is over.
Napi::Value workWait(const Napi::CallbackInfo& info) {
  const auto id = intAt(info, 0);
  const StartedWork started = works().at(id);
  await(groupAt(started.group), started.work);
  works().remove(id);
  return info.Env().Undefined();
}

Napi::Value groupClose(const Napi::CallbackInfo& info) {
  groups().remove(intAt(info, 0));
  return info.Env().Undefined();
}

// The sum over the group as an operator: the gradient of a sum is the sum of the gradients, to any order.
struct SumOverGroup : torch::autograd::Function<SumOverGroup> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, int64_t group) {
    context->saved_data["group"] = group;
    auto sum = input.contiguous().clone();
    auto& over = groupAt(group);
    await(over, startAllReduce(over, sum, "sum"));
    return sum;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    return {apply(gradients[0], context->saved_data["group"].toInt()), at::Tensor()};
  }
};

Napi::Value groupSum(const Napi::CallbackInfo& info) {
  return fromIValue(info.Env(), SumOverGroup::apply(tensorAt(info, 1), intAt(info, 0)));
}

// One slice of waiting; true when the work is done. Gloo's works wait on a condition, NCCL's only order streams.
bool waitALittle(const Group& group, const WorkPointer& work) {
  if (group.collectives->getBackendName() != "gloo") {
    if (!work->isCompleted()) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      return false;
    }
    work->wait();
    return true;
  }
  try {
    work->wait(Milliseconds(200));
    return true;
  } catch (...) {
    // It may have been only the slice that ended, and the work a moment later.
    if (!work->isCompleted()) return false;
    if (work->isSuccess()) return true;
    std::rethrow_exception(work->exception());
  }
}

}  // namespace

Group& groupAt(int64_t id) { return groups().at(id); }

c10::intrusive_ptr<c10d::Work> startAllReduce(Group& group, at::Tensor& tensor, const std::string& reduction) {
  std::vector<at::Tensor> tensors{tensor};
  c10d::AllreduceOptions options;
  options.reduceOp = reduceOp(reduction);
  count(group);
  return group.collectives->allreduce(tensors, options);
}

void await(const Group& group, const c10::intrusive_ptr<c10d::Work>& work) {
  const auto until = GroupWatch::Clock::now() + group.timeout;
  const auto check = [&](const std::string& verdict) {
    if (!verdict.empty()) throw std::runtime_error("verdict " + verdict);
  };
  try {
    while (!waitALittle(group, work)) {
      if (group.watch) check(group.watch->verdict());
      if (GroupWatch::Clock::now() < until) continue;
      if (group.watch) {
        const int slowest = group.watch->slowest();
        check(group.watch->verdict());
        if (slowest >= 0) {
          group.watch->fail("slow:" + std::to_string(slowest));
          check(group.watch->verdict());
        }
      }
      throw std::runtime_error("timed out");
    }
  } catch (const std::exception& error) {
    const std::string reason = error.what();
    if (!group.watch || reason.rfind("verdict ", 0) == 0 || reason == "timed out") throw;
    check(group.watch->verdictOnBrokenConnection());
    throw;
  }
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

void registerProcessGroup(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "groupBackends", backends);
  exportFunction(env, exports, "storeConnect", storeConnect);
  exportFunction(env, exports, "storePrefix", storePrefix);
  exportFunction(env, exports, "storeSet", storeSet);
  exportFunction(env, exports, "storeGet", storeGet);
  exportFunction(env, exports, "storeAdd", storeAdd);
  exportFunction(env, exports, "storeClose", storeClose);
  exportFunction(env, exports, "groupConnect", groupConnect);
  exportFunction(env, exports, "watchStart", watchStart);
  exportFunction(env, exports, "watchVerdict", watchVerdict);
  exportFunction(env, exports, "watchFail", watchFail);
  exportFunction(env, exports, "watchFinish", watchFinish);
  exportFunction(env, exports, "groupAllReduce", groupAllReduce);
  exportFunction(env, exports, "groupBroadcast", groupBroadcast);
  exportFunction(env, exports, "groupAllGather", groupAllGather);
  exportFunction(env, exports, "groupBarrier", groupBarrier);
  exportFunction(env, exports, "groupSum", groupSum);
  exportFunction(env, exports, "workWait", workWait);
  exportFunction(env, exports, "groupClose", groupClose);
  registerGroupGradients(env, exports);
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
