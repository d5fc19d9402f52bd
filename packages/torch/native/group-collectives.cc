// What the processes of a group do together: begun here, waited for in slices so that a lost process is heard of meanwhile.
#include "group-registry.h"

#include "convert.h"

#if defined(EDITABLE_DISTRIBUTED)
#include <torch/csrc/autograd/custom_function.h>

#include <thread>

namespace editable {
namespace {

using Milliseconds = std::chrono::milliseconds;
using WorkPointer = c10::intrusive_ptr<c10d::Work>;

struct StartedWork {
  int64_t group;
  WorkPointer work;
  std::vector<at::Tensor> tensors;
};

auto& works() { static auto& all = *new Registry<StartedWork>(); return all; }

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

void registerGroupCollectives(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "groupAllReduce", groupAllReduce);
  exportFunction(env, exports, "groupBroadcast", groupBroadcast);
  exportFunction(env, exports, "groupAllGather", groupAllGather);
  exportFunction(env, exports, "groupBarrier", groupBarrier);
  exportFunction(env, exports, "groupSum", groupSum);
  exportFunction(env, exports, "workWait", workWait);
}

}  // namespace editable
#endif
