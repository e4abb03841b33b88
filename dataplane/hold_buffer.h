// Packets that wait, in order and bounded, while an address is in migration mode (AM-19, AM-37, AM-Q09), and those that
// wait to go on after it. One queue per address over one pool of places, all taken at construction. One worker's.
#pragma once

#include <cstdint>
#include <vector>

#include "common/drop_reason.h"
#include "common/service_table.h"
#include "common/time_point.h"
#include "dataplane/waiting_packet.h"

namespace baton::dataplane {

class HoldBuffer {
 public:
  struct Limits {
    uint32_t packets = 0;              // all addresses together; 0: nothing is held (AM-70)
    uint32_t packets_per_address = 0;
    uint64_t bytes_per_address = 0;
    Millis time_limit = 0;
  };
  HoldBuffer(const Limits& limits, size_t address_slots);

  // kNone, or why not: kHoldDisabled, kHoldFull. REQUIRES: slot < address_slots.
  DropReason Add(Slot address, const WaitingPacket& packet, Millis now);
  // What Add would say.
  DropReason Refusal(Slot address, uint32_t length) const;
  // The oldest packet of the address; false when there is none.
  bool Take(Slot address, WaitingPacket* packet);
  // The oldest packet of the address if it waited longer than the time limit.
  bool TakeExpired(Slot address, Millis now, WaitingPacket* packet);

  bool Holds(Slot address) const { return queues_[address].packets != 0; }
  uint32_t packets() const { return packets_; }
  uint32_t packets(Slot address) const { return queues_[address].packets; }
  size_t address_slots() const { return queues_.size(); }

 private:
  static constexpr uint32_t kEnd = 0xffffffff;
  struct Place {
    WaitingPacket packet;
    Millis since = 0;
    uint32_t next = kEnd;
  };
  struct Queue {
    uint32_t first = kEnd, last = kEnd;
    uint32_t packets = 0;
    uint64_t bytes = 0;
  };

  Limits limits_;
  std::vector<Place> places_;
  std::vector<Queue> queues_;
  uint32_t free_ = kEnd;
  uint32_t packets_ = 0;
};

}  // namespace baton::dataplane
