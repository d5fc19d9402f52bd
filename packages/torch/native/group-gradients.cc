// Gradients averaged over a group while backward goes on: a bucket is on its way as soon as its last gradient is there.
#include "group-registry.h"

#include "convert.h"

#if defined(EDITABLE_DISTRIBUTED)
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace editable {
namespace {

using Clock = std::chrono::steady_clock;
using torch::autograd::variable_list;

struct Bucket {
  std::vector<size_t> positions;
  at::Tensor flat;
  size_t missing = 0;
  c10::intrusive_ptr<c10d::Work> work;
  Clock::time_point began;
  std::shared_ptr<std::atomic<int64_t>> endedMicroseconds = std::make_shared<std::atomic<int64_t>>(0);
};

// One backward pass. Leaves collect their gradients as for PyTorch's optimizers, and are left without them afterwards.
class BucketedBackward {
 public:
  BucketedBackward(Group& group, std::vector<at::Tensor> inputs, std::vector<std::vector<size_t>> buckets)
      : group_(group), inputs_(std::move(inputs)), offsets_(inputs_.size()), bucketOf_(inputs_.size()) {
    at::NoGradGuard guard;
    for (auto& positions : buckets) {
      int64_t numel = 0;
      for (const auto i : positions) {
        offsets_[i] = numel;
        bucketOf_[i] = buckets_.size();
        numel += inputs_[i].numel();
      }
      Bucket bucket;
      bucket.missing = positions.size();
      // What backward does not reach stays zero.
      bucket.flat = at::zeros({numel}, inputs_[positions.front()].options().memory_format(c10::nullopt).requires_grad(false));
      bucket.positions = std::move(positions);
      buckets_.push_back(std::move(bucket));
    }
  }

  ~BucketedBackward() {
    for (auto& [node, key] : hooks_) node->del_post_hook(key);
    for (auto& input : inputs_) input.mutable_grad().reset();
  }

  void run(const variable_list& outputs) {
    started_ = Clock::now();
    for (size_t i = 0; i < inputs_.size(); i++) {
      auto node = torch::autograd::impl::grad_accumulator(inputs_[i]);
      auto hook = std::make_unique<torch::autograd::utils::LambdaPostHook>(
          [this, i](const variable_list& results, const variable_list&) {
            arrived(i);
            return results;
          });
      const auto key = node->add_post_hook(std::move(hook));
      hooks_.emplace_back(std::move(node), key);
    }
    torch::autograd::backward(outputs, {}, false, false, inputs_);
    backwardEnded_ = Clock::now();
    begin(true);
    for (auto& bucket : buckets_) await(group_, bucket.work);
  }

  Napi::Value means(Napi::Env env, int size) {
    at::NoGradGuard guard;
    std::vector<at::Tensor> gradients(inputs_.size());
    for (const auto& bucket : buckets_) {
      const auto mean = bucket.flat.div(size);
      for (const auto i : bucket.positions)
        gradients[i] = mean.narrow(0, offsets_[i], inputs_[i].numel()).reshape(inputs_[i].sizes());
    }
    return handleList(env, gradients);
  }

  Napi::Value trace(Napi::Env env) const {
    const auto milliseconds = [this](Clock::time_point at) {
      return std::chrono::duration<double, std::milli>(at - started_).count();
    };
    auto all = Napi::Array::New(env, buckets_.size());
    for (uint32_t i = 0; i < buckets_.size(); i++) {
      const auto& bucket = buckets_[i];
      auto item = Napi::Object::New(env);
      item.Set("bytes", static_cast<double>(bucket.flat.nbytes()));
      item.Set("began", milliseconds(bucket.began));
      item.Set("ended", static_cast<double>(bucket.endedMicroseconds->load()) / 1000);
      all.Set(i, item);
    }
    auto result = Napi::Object::New(env);
    result.Set("backwardEnded", milliseconds(backwardEnded_));
    result.Set("buckets", all);
    return result;
  }

 private:
  void arrived(size_t i) {
    at::NoGradGuard guard;
    std::lock_guard<std::mutex> lock(mutex_);
    auto& bucket = buckets_[bucketOf_[i]];
    bucket.flat.narrow(0, offsets_[i], inputs_[i].numel()).copy_(inputs_[i].grad().reshape({-1}));
    bucket.missing -= 1;
    begin(false);
  }

  // In one order in every process, whatever order gradients come in: collectives are told apart by their order alone.
  void begin(bool all) {
    for (; next_ < buckets_.size() && (all || buckets_[next_].missing == 0); next_++) {
      auto& bucket = buckets_[next_];
      bucket.began = Clock::now();
      bucket.work = startAllReduce(group_, bucket.flat, "sum");
      bucket.work->getFuture()->addCallback(
          [ended = bucket.endedMicroseconds, started = started_](c10::ivalue::Future&) {
            *ended = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count();
          });
    }
  }

  Group& group_;
  std::vector<at::Tensor> inputs_;
  std::vector<int64_t> offsets_;
  std::vector<size_t> bucketOf_;
  std::vector<Bucket> buckets_;
  std::vector<std::pair<std::shared_ptr<torch::autograd::Node>, uintptr_t>> hooks_;
  std::mutex mutex_;
  size_t next_ = 0;
  Clock::time_point started_;
  Clock::time_point backwardEnded_;
};

// groupGradients(group, size, output, inputs, buckets) -> { gradients, trace }: means over the group.
Napi::Value groupGradients(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto& group = groupAt(info[0].As<Napi::Number>().Int64Value());
  const int size = info[1].As<Napi::Number>().Int32Value();
  const at::Tensor output = instance(env).tensors.get(info[2].As<Napi::Number>().Uint32Value());
  std::vector<std::vector<size_t>> buckets;
  const auto given = info[4].As<Napi::Array>();
  for (uint32_t i = 0; i < given.Length(); i++) {
    const auto positions = intList(given.Get(i));
    buckets.emplace_back(positions.begin(), positions.end());
  }
  auto backward = std::make_unique<BucketedBackward>(group, tensorList(env, info[3]), std::move(buckets));
  backward->run({output});
  auto result = Napi::Object::New(env);
  result.Set("gradients", backward->means(env, size));
  result.Set("trace", backward->trace(env));
  return result;
}

}  // namespace

void registerGroupGradients(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "groupGradients", groupGradients);
}

}  // namespace editable
#endif
