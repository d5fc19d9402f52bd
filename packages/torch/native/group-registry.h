// What groups, their stores and their collectives have in common: tables of native things by number, and a thread to connect in.
#pragma once
#include "process-group.h"

#include "gate.h"
#include "instance.h"

#if defined(EDITABLE_DISTRIBUTED)
#include <functional>
#include <map>
#include <mutex>

namespace editable {

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

inline int64_t intAt(const Napi::CallbackInfo& info, size_t i) { return info[i].As<Napi::Number>().Int64Value(); }
inline std::string textAt(const Napi::CallbackInfo& info, size_t i) { return info[i].ToString().Utf8Value(); }
inline at::Tensor tensorAt(const Napi::CallbackInfo& info, size_t i) {
  return instance(info.Env()).tensors.get(info[i].As<Napi::Number>().Uint32Value());
}

// Runs `make` in a thread of its own and resolves a promise with the number that it returns. The thread is detached: a
// connection that nobody answers must not keep the process from ending.
Napi::Value inThread(Napi::Env env, std::function<int64_t()> make);

using StorePointer = c10::intrusive_ptr<c10d::Store>;
StorePointer storeAt(int64_t id);
StorePointer openStore(const std::string& host, int64_t port, bool server, int64_t workers,
                       std::chrono::milliseconds timeout);

void registerGroupStore(Napi::Env env, Napi::Object exports);
void registerGroupCollectives(Napi::Env env, Napi::Object exports);
void registerGroupGradients(Napi::Env env, Napi::Object exports);

}  // namespace editable
#endif
