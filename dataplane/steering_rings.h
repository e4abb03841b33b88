// A worker's side of the rings between workers: one from each worker to each other one, so that every ring has one
// writer and one reader. Called by the worker only; nothing here waits. Implemented over rte_ring in dataplane/dpdk and
// over plain queues in tests.
#pragma once

#include <cstdint>

#include "common/route.h"

namespace baton::dataplane {

struct SteeredPacket {
  void* buffer = nullptr;  // PacketIo's
  uint8_t* data = nullptr;
  uint16_t length = 0;
  PortId port = 0;         // it came in there; `rewritten`: it goes out there
  bool rewritten = false;  // nothing is left but to send it
};

class SteeringRings {
 public:
  virtual ~SteeringRings() = default;

  // Gives packets to another worker, in order; those that found room are the first `return value` ones.
  virtual int Give(uint16_t worker, const SteeredPacket* packets, int count) = 0;
  // Takes packets that other workers gave, those of each in order; returns how many. The givers take turns in coming
  // first.
  virtual int Take(SteeredPacket* packets, int max) = 0;
};

}  // namespace baton::dataplane
