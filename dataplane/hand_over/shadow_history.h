// Packets that wait, in the order in which they arrived, until the old router in charge has reported: one queue for
// each hand-over over one pool of places, all taken at construction. When there is no place the oldest of the hand-over
// gives way. One worker's.
#pragma once

#include <cstdint>
#include <vector>

#include "common/time_point.h"
#include "dataplane/waiting_packet.h"

namespace baton::dataplane {

struct HeldPacket {
  WaitingPacket packet;
  uint64_t digest = 0;
  TimePoint since{}, arrival{};  // it came between the two
  uint8_t l3 = 0;  // offset of the IP header
  bool ipv4 = false;
  uint16_t tcp = 0;  // offset of the TCP header; 0: is another protocol, or a fragment
};

class ShadowHistory {
 public:
  ShadowHistory(uint32_t packets, size_t queues);

  // False: there is no place, and none that this queue could give up.
  bool Add(size_t queue, const HeldPacket& packet);
  // Whether Add needs the oldest of the queue to be taken first, or would refuse.
  bool full() const { return free_ == kEnd; }

  // The oldest; nullptr: the queue is empty.
  const HeldPacket* Oldest(size_t queue) const {
    return queues_[queue].packets == 0 ? nullptr : &places_[queues_[queue].first].held;
  }
  // All of them, the oldest first.
  template <typename Visit>
  void ForEach(size_t queue, const Visit& visit) const {
    uint32_t at = queues_[queue].first;
    for (uint32_t left = queues_[queue].packets; left > 0; --left, at = places_[at].next) visit(places_[at].held);
  }
  // REQUIRES: Oldest() is there.
  HeldPacket Take(size_t queue);

  uint32_t packets() const { return packets_; }
  uint32_t packets(size_t queue) const { return queues_[queue].packets; }

 private:
  static constexpr uint32_t kEnd = 0xffffffff;
  struct Place {
    HeldPacket held;
    uint32_t next = kEnd;
  };
  struct Queue {
    uint32_t first = kEnd, last = kEnd;
    uint32_t packets = 0;
  };
  std::vector<Place> places_;
  std::vector<Queue> queues_;
  uint32_t free_ = kEnd;
  uint32_t packets_ = 0;
};

}  // namespace baton::dataplane
