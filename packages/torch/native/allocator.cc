// Puts a counter in front of libtorch's own CPU allocator and keeps freed blocks in the process.
#include "allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

namespace editable {
namespace {

constexpr size_t kAlignment = 64;  // c10::gAlignment on x86 and Arm

std::atomic<int64_t> bytes{0};
std::atomic<int64_t> peak{0};
std::atomic<int64_t> blocks{0};

// The size of a block stands in the 64 bytes before it, so that freeing it can count back.
void release(void* data) {
  if (data == nullptr) return;
  auto* block = static_cast<char*>(data) - kAlignment;
  bytes -= *reinterpret_cast<int64_t*>(block);
  blocks -= 1;
  std::free(block);
}

void* acquire(size_t size) {
  if (size == 0) return nullptr;
  void* block = nullptr;
  if (posix_memalign(&block, kAlignment, size + kAlignment) != 0)
    TORCH_CHECK(false, "not enough memory: tried to allocate ", size, " bytes");
  *static_cast<int64_t*>(block) = static_cast<int64_t>(size);
  const int64_t now = bytes += static_cast<int64_t>(size);
  blocks += 1;
  int64_t seen = peak.load();
  while (now > seen && !peak.compare_exchange_weak(seen, now)) {
  }
  return static_cast<char*>(block) + kAlignment;
}

struct CountingAllocator final : at::Allocator {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  at::DataPtr allocate(size_t size) override {
#else
  at::DataPtr allocate(size_t size) const override {
#endif
    void* data = acquire(size);
    return {data, data, &release, at::Device(at::DeviceType::CPU)};
  }
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  void copy_data(void* target, const void* source, std::size_t count) const override {
    std::memcpy(target, source, count);
  }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
};

// Node unloads an addon when the worker thread that loaded it ends, but libtorch keeps calling the allocator.
void stayLoaded() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&release), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

}  // namespace

void installCountingAllocator() {
  static std::once_flag once;
  std::call_once(once, [] {
    stayLoaded();
    // glibc otherwise returns every large block to the kernel and faults it in again: less than half the speed.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 64 << 20);
    static CountingAllocator allocator;
    c10::SetCPUAllocator(&allocator, /*priority=*/100);
  });
}

MemoryCount memoryCount() { return {bytes.load(), peak.load(), blocks.load()}; }

void resetPeak() { peak = bytes.load(); }

}  // namespace editable
