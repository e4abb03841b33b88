#include "dataplane/hand_over/shadow_history.h"

namespace baton::dataplane {

ShadowHistory::ShadowHistory(uint32_t packets, size_t queues) : places_(packets), queues_(queues) {
  for (uint32_t i = 0; i < packets; ++i) places_[i].next = i + 1 < packets ? i + 1 : kEnd;
  free_ = packets == 0 ? kEnd : 0;
}

bool ShadowHistory::Add(size_t queue, const HeldPacket& packet) {
  if (free_ == kEnd) return false;
  const uint32_t at = free_;
  free_ = places_[at].next;
  places_[at] = {packet, kEnd};
  Queue& q = queues_[queue];
  (q.packets == 0 ? q.first : places_[q.last].next) = at;
  q.last = at;
  ++q.packets;
  ++packets_;
  return true;
}

HeldPacket ShadowHistory::Take(size_t queue) {
  Queue& q = queues_[queue];
  const uint32_t at = q.first;
  const HeldPacket held = places_[at].held;
  q.first = places_[at].next;
  --q.packets;
  --packets_;
  places_[at].next = free_;
  free_ = at;
  return held;
}

}  // namespace baton::dataplane
