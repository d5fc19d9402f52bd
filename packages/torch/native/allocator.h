// Counted native memory: every byte that libtorch takes on the CPU, tensors saved for the backward pass included.
#pragma once
#include <cstdint>

namespace editable {

struct MemoryCount {
  int64_t bytes;
  int64_t peak;
  int64_t blocks;
};

void installCountingAllocator();
MemoryCount memoryCount();
void resetPeak();

}  // namespace editable
