// What crosses the rings about load sharing: which end systems' packets a worker passes, and what they amounted to. A
// condition is an end system's address under one virtual router (VR-35). Plain values; batches are the control
// thread's, lent to one worker.
#pragma once

#include <array>
#include <cstdint>

#include "common/addr.h"

namespace baton {

// The position of the virtual router among those of the address table (VirtualRouterOf).
using ConditionGroup = uint8_t;

enum class Verdict : uint8_t { kBlock, kPass };

// kForget: is a condition no more; the verdict on packets that meet none is that of the virtual router.
enum class ConditionWish : uint8_t { kBlock, kPass, kForget };

struct ConditionBatch {
  static constexpr int kCapacity = 64;
  struct Change {
    IpAddress address;
    ConditionWish wish = ConditionWish::kBlock;
  };
  ConditionGroup group = 0;
  int count = 0;
  int refused = 0;  // for which there was no room; set by the worker
  std::array<Change, kCapacity> changes;
};

// A bounded piece of a walk over the conditions of all groups.
struct ConditionFlow {
  IpAddress address;
  ConditionGroup group = 0;
  Verdict verdict = Verdict::kBlock;
  uint64_t packets = 0, bytes = 0;  // IP packets that passed, since it became a condition (VR-90)
};
struct FlowBatch {
  static constexpr int kCapacity = 64;
  uint32_t next = 0;  // where the next piece begins; set by the worker
  bool done = false;
  int count = 0;
  std::array<ConditionFlow, kCapacity> flows;
};

}  // namespace baton
