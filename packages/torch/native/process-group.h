// Groups of processes on c10d: Gloo on processors, NCCL on GPUs, where this libtorch comes with their headers.
#pragma once
#include <torch/version.h>

#if defined(EDITABLE_WITH_GLOO)
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#endif
#if defined(EDITABLE_WITH_NCCL)
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#endif

#if defined(USE_C10D_GLOO) || defined(USE_C10D_NCCL)
#define EDITABLE_DISTRIBUTED

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <napi.h>

#if defined(USE_C10D_GLOO)
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if defined(USE_C10D_NCCL)
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <memory>
#include <string>

#include "group-watch.h"

namespace editable {

// What Gloo and NCCL derive from: libtorch 2 put Backend in ProcessGroup's place.
#if TORCH_VERSION_MAJOR >= 2
using Collectives = c10d::Backend;
#else
using Collectives = c10d::ProcessGroup;
#endif

struct Group {
  c10::intrusive_ptr<Collectives> collectives;
  std::shared_ptr<GroupWatch> watch;  // none where processes of others take part
  std::chrono::milliseconds timeout;
};

Group& groupAt(int64_t id);

// Returns when the work is done. Throws what it failed by, what the watch found, or "timed out".
void await(const Group& group, const c10::intrusive_ptr<c10d::Work>& work);

c10::intrusive_ptr<c10d::Work> startAllReduce(Group& group, at::Tensor& tensor, const std::string& reduction);

}  // namespace editable
#endif
