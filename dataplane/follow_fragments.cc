#include "dataplane/follow_fragments.h"

#include "common/headers.h"

namespace baton::dataplane {
namespace {

// What is in the header that says "fragment". REQUIRES: kFragmented.
struct Piece {
  FragmentKey key;
  FragmentRange range;
};

Piece PieceOf(const Packet& p) {
  Piece piece;
  uint16_t offset;
  int payload;
  bool more;
  piece.key.ipv4 = p.ipv4;
  if (p.ipv4) {
    const auto& ip = *reinterpret_cast<const Ipv4Header*>(p.data + p.fragment);
    std::memcpy(piece.key.src, &ip.src, 4);
    std::memcpy(piece.key.dst, &ip.dst, 4);
    piece.key.protocol = ip.protocol;
    piece.key.identification = ip.identification.raw();
    offset = ip.fragment.get() & kIpv4FragmentOffset;
    more = (ip.fragment.get() & kIpv4MoreFragments) != 0;
    payload = p.fragment + ip.header_length();
  } else {
    const uint8_t* header = p.data + p.fragment;
    std::memcpy(piece.key.src, p.key.v6.src, 16);
    std::memcpy(piece.key.dst, p.key.v6.dst, 16);
    std::memcpy(&piece.key.identification, header + 4, 4);
    offset = static_cast<uint16_t>((header[2] << 8 | header[3]) >> 3);
    more = (header[3] & 1) != 0;
    payload = p.fragment + 8;
  }
  const int units = (p.length - payload + 7) / 8;
  piece.range = {.begin = offset, .end = static_cast<uint16_t>(offset + units), .last = !more};
  return piece;
}

// Parse wrote the ports of a first fragment into the key, and the protocol only with them.
FirstFragment FirstOf(const Packet& p) {
  return {.src_port = p.key.src_port(p.ipv4), .dst_port = p.key.dst_port(p.ipv4), .protocol = p.protocol,
          .icmp_type = p.icmp_type, .keyed = (p.ipv4 ? p.key.v4.protocol : p.key.v6.protocol) != 0};
}

void Inherit(const FirstFragment& first, Packet& p) {
  p.protocol = first.protocol;
  p.icmp_type = first.icmp_type;
  if (!first.keyed) return;
  p.flags |= kKeyed;
  const auto write = [&](auto& key) {
    key.src_port = first.src_port;
    key.dst_port = first.dst_port;
    key.protocol = first.protocol;
  };
  if (p.ipv4) {
    write(p.key.v4);
  } else {
    write(p.key.v6);
  }
}

// A fragment that comes in.
void Follow(FragmentTable& fragments, Packet& p, Millis now) {
  const Piece piece = PieceOf(p);
  const bool is_first = piece.range.begin == 0;
  const uint32_t datagram = fragments.FindOrCreate(piece.key, is_first, now);
  if (datagram == FragmentTable::kNone) return p.Drop(DropReason::kFragmentTableFull);
  const DropReason refused = fragments.Note(datagram, piece.range, now);
  if (refused != DropReason::kNone) return p.Drop(refused);
  if (is_first) fragments.SetFirst(datagram, FirstOf(p));
  if (const FirstFragment* first = fragments.first(datagram)) return Inherit(*first, p);
  if (!fragments.Wait(datagram, {p.buffer, p.data, p.length, p.port})) return p.Drop(DropReason::kFragmentQueueFull);
  p.fate = Fate::kKept;
}

// A fragment that has been here before: it waited for its first one, a neighbour or the end of a migration. Order was
// kept meanwhile, so a first fragment comes before those that follow it, even if its datagram was forgotten.
void FollowAgain(FragmentTable& fragments, Packet& p, Millis now) {
  const Piece piece = PieceOf(p);
  const bool is_first = piece.range.begin == 0;
  uint32_t datagram = fragments.Find(piece.key);
  if (datagram == FragmentTable::kNone && is_first) datagram = fragments.FindOrCreate(piece.key, is_first, now);
  if (datagram == FragmentTable::kNone) {
    return p.Drop(is_first ? DropReason::kFragmentTableFull : DropReason::kFragmentExpired);
  }
  if (fragments.spoilt(datagram)) return p.Drop(DropReason::kFragmentOverlap);
  if (is_first) fragments.SetFirst(datagram, FirstOf(p));
  const FirstFragment* first = fragments.first(datagram);
  if (first == nullptr) return p.Drop(DropReason::kFragmentExpired);
  Inherit(*first, p);
}

}  // namespace

bool IsFollowed(const Tables& tables, const Packet& p) {
  // Of IPv6 the protocol is known by the first fragment alone: more headers may follow in the payload.
  if (p.ipv4 && p.protocol != kTcp && p.protocol != kUdp && p.protocol != kIcmp) return false;
  return tables.addresses->Find(p.key.dst(p.ipv4)) != kNoSlot || tables.services->HasBackend(p.key.src(p.ipv4));
}

void FollowFragments(const Tables& tables, FragmentTable& fragments, Burst& burst, Millis now) {
  if ((burst.flags & kFragmented) == 0) return;
  for (Packet& p : burst) {
    if (!p.alive() || (p.flags & kFragmented) == 0 || !IsFollowed(tables, p)) continue;
    if ((p.flags & (kReleased | kFollowed)) != 0) {
      FollowAgain(fragments, p, now);
    } else {
      Follow(fragments, p, now);
    }
  }
}

void PeekAtFragment(const Tables& tables, const FragmentTable& fragments, Packet& p) {
  if (!p.alive() || (p.flags & kFragmented) == 0 || !IsFollowed(tables, p)) return;
  const Piece piece = PieceOf(p);
  const uint32_t datagram = fragments.Find(piece.key);
  const bool known = datagram != FragmentTable::kNone;
  if (known && fragments.spoilt(datagram)) return p.Drop(DropReason::kFragmentOverlap);
  if (piece.range.begin == 0) return Inherit(FirstOf(p), p);
  const FirstFragment* first = known ? fragments.first(datagram) : nullptr;
  if (first == nullptr) {
    p.fate = Fate::kKept;
  } else {
    Inherit(*first, p);
  }
}

}  // namespace baton::dataplane
