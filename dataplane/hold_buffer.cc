#include "dataplane/hold_buffer.h"

namespace baton::dataplane {

HoldBuffer::HoldBuffer(const Limits& limits, size_t address_slots)
    : limits_(limits), places_(limits.packets), queues_(address_slots) {
  for (uint32_t i = 0; i < places_.size(); ++i) places_[i].next = i + 1 < places_.size() ? i + 1 : kEnd;
  free_ = places_.empty() ? kEnd : 0;
}

DropReason HoldBuffer::Refusal(Slot address, uint32_t length) const {
  if (limits_.packets == 0) return DropReason::kHoldDisabled;
  const Queue& queue = queues_[address];
  const bool full = free_ == kEnd || queue.packets >= limits_.packets_per_address ||
                    queue.bytes + length > limits_.bytes_per_address;
  return full ? DropReason::kHoldFull : DropReason::kNone;
}

DropReason HoldBuffer::Add(Slot address, const WaitingPacket& packet, Millis now) {
  const DropReason refused = Refusal(address, packet.length);
  if (refused != DropReason::kNone) return refused;
  Queue& queue = queues_[address];
  const uint32_t at = free_;
  free_ = places_[at].next;
  places_[at] = {packet, now, kEnd};
  (queue.packets == 0 ? queue.first : places_[queue.last].next) = at;
  queue.last = at;
  ++queue.packets;
  queue.bytes += packet.length;
  ++packets_;
  return DropReason::kNone;
}

bool HoldBuffer::Take(Slot address, WaitingPacket* packet) {
  Queue& queue = queues_[address];
  if (queue.packets == 0) return false;
  const uint32_t at = queue.first;
  *packet = places_[at].packet;
  queue.first = places_[at].next;
  places_[at].next = free_;
  free_ = at;
  --queue.packets;
  queue.bytes -= packet->length;
  --packets_;
  return true;
}

bool HoldBuffer::TakeExpired(Slot address, Millis now, WaitingPacket* packet) {
  const Queue& queue = queues_[address];
  if (queue.packets == 0 || !Reached(places_[queue.first].since + limits_.time_limit, now)) return false;
  return Take(address, packet);
}

}  // namespace baton::dataplane
