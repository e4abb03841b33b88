#include "dataplane/packet_tap.h"

#include <algorithm>
#include <cstring>

namespace baton::dataplane {
namespace {

CapturedPacket::End EndOf(const Packet& p) {
  using End = CapturedPacket::End;
  switch (p.fate) {
    case Fate::kForward: return p.drop == DropReason::kNone ? End::kForwarded : End::kAnswered;
    case Fate::kEcho: return End::kEcho;
    case Fate::kControl: return End::kControl;
    case Fate::kKernel: return End::kKernel;
    case Fate::kHold: return End::kHeld;
    case Fate::kWait: return End::kWaiting;
    case Fate::kKept: return End::kKept;
    case Fate::kSplit: return End::kPieces;
    case Fate::kUndecided:  // cannot be: Rewrite decided what was left
    case Fate::kDrop: break;
  }
  return End::kDropped;
}

}  // namespace

void PacketTap::Begin(const Burst& burst) {
  Flush();
  const bool again = burst.origin != Origin::kPort && burst.origin != Origin::kPeer;
  for (const Packet& p : burst) {
    CapturedPacket* copy = Copy(p.data, p.length, p.port);
    if (copy == nullptr) continue;
    copy->buffer = p.buffer;
    copy->again = again;
  }
  sent_from_ = end_;
}

CapturedPacket* PacketTap::Copy(const uint8_t* data, uint16_t length, PortId port) {
  if (ring_.Room(end_) == 0) {
    ring_.Miss(1);
    missed_.Add();
    return nullptr;
  }
  CapturedPacket& copy = ring_.At(end_);
  copy = CapturedPacket{};
  copy.at = now_;
  copy.length = length;
  copy.captured = std::min(length, settings_.snap_length);
  copy.port = port;
  std::memcpy(ring_.BytesAt(end_), data, copy.captured);
  ++end_;
  return &copy;
}

void PacketTap::Sending(PortId port, const Packet* const* packets, int count) {
  if (settings_.drops_only || !Wants(port)) return;
  for (int i = 0; i < count; ++i) {
    CapturedPacket* copy = Copy(packets[i]->data, packets[i]->length, port);
    if (copy == nullptr) continue;
    copy->buffer = packets[i]->buffer;
    copy->sent = true;
  }
}

void PacketTap::Dropped(const void* buffer, DropReason reason) {
  for (uint32_t at = ring_.published(); at != end_; ++at) {
    CapturedPacket& copy = ring_.At(at);
    if (copy.buffer != buffer) continue;
    copy.void_copy = copy.sent;
    copy.end = CapturedPacket::End::kDropped;
    copy.drop = reason;
  }
}

void PacketTap::Dropped(const WaitingPacket& packet, DropReason reason) {
  if (!Wants(packet.in_port)) return;
  CapturedPacket* copy = Copy(packet.data, packet.length, packet.in_port);
  if (copy == nullptr) return;
  copy->again = true;
  copy->end = CapturedPacket::End::kDropped;
  copy->drop = reason;
}

void PacketTap::CameInOn(const void* buffer, PortId port) {
  for (uint32_t at = ring_.published(); at != sent_from_; ++at) {
    if (ring_.At(at).buffer == buffer) ring_.At(at).port = port;
  }
}

void PacketTap::Finish(const Burst& burst) {
  const Packet* next = burst.begin();  // copies and packets are in the order in which they came
  for (uint32_t at = ring_.published(); at != sent_from_; ++at) {
    CapturedPacket& copy = ring_.At(at);
    const auto is_original = [&](const Packet& packet) { return packet.buffer == copy.buffer; };
    const Packet* p = std::find_if(next, burst.end(), is_original);
    if (p == burst.end()) {  // another worker has it, unless Dropped was told
      copy.void_copy = copy.drop == DropReason::kNone || !Wants(copy.port);
      continue;
    }
    next = p + 1;
    copy.port = p->port;  // Parse has found which VLAN's port a shared device's frame is for
    copy.void_copy = !Wants(p->port);
    if (copy.drop != DropReason::kNone) continue;  // Dropped was told
    copy.end = EndOf(*p);
    copy.drop = p->drop;
    copy.out_port = p->out_port;
  }
  Flush();
}

bool PacketTap::Keeps(const CapturedPacket& copy) const {
  if (copy.void_copy) return false;
  return copy.drop != DropReason::kNone || (!copy.again && !settings_.drops_only);
}

void PacketTap::Flush() {
  uint32_t kept = ring_.published();
  for (uint32_t at = kept; at != end_; ++at) {
    const CapturedPacket& copy = ring_.At(at);
    if (!Keeps(copy)) continue;
    if (kept != at) {
      std::memcpy(ring_.BytesAt(kept), ring_.BytesAt(at), copy.captured);
      ring_.At(kept) = copy;
    }
    ++kept;
  }
  ring_.Publish(kept);
  end_ = kept;
  sent_from_ = kept;
}

}  // namespace baton::dataplane
