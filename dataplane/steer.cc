#include "dataplane/steer.h"

#include <optional>

#include "common/headers.h"
#include "dataplane/follow_fragments.h"
#include "dataplane/icmp_error.h"

namespace baton::dataplane {
namespace {

uint64_t Word(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

}  // namespace

// 0..workers-1 without dividing.
inline uint8_t Steering::Scale(uint64_t hash) const {
  return static_cast<uint8_t>((((hash ^ (hash >> 32)) & 0xffffffff) * share_.workers) >> 32);
}

// The remainder of a division, exact for 16 bits (Lemire, Kaser, Kurz: Faster Remainder by Direct Computation, 2019).
inline uint8_t Steering::OwnerOfPort(uint16_t port) const {
  const uint32_t fraction = reciprocal_ * port;
  return static_cast<uint8_t>((uint64_t{fraction} * share_.workers) >> 32);
}

inline uint8_t Steering::OwnerOfClient(const FlowKey& key, bool ipv4, bool is_source) const {
  const uint64_t port = is_source ? key.src_port(ipv4) : key.dst_port(ipv4);
  if (ipv4) {
    const uint64_t client = is_source ? key.v4.src : key.v4.dst;
    return Scale(MixWords((client | port << 32 | uint64_t{key.v4.protocol} << 48) ^ seed_.a, seed_.b));
  }
  const uint8_t* client = is_source ? key.v6.src : key.v6.dst;
  const uint64_t h = MixWords(Word(client) ^ seed_.a, Word(client + 8) ^ seed_.b);
  return Scale(MixWords((port | uint64_t{key.v6.protocol} << 16) ^ seed_.b, h ^ seed_.a));
}

uint8_t Steering::OwnerOf(const AddressTable& addresses, const FlowKey& key, bool ipv4) const {
  const Slot slot = addresses.Find(key.dst(ipv4));
  if (slot == kNoSlot) return OwnerOfClient(key, ipv4, false);
  switch (addresses.at(slot).kind) {
    case AddressKind::kExternal: return OwnerOfClient(key, ipv4, true);
    case AddressKind::kInternal: return OwnerOfPort(__builtin_bswap16(key.dst_port(ipv4)));
    case AddressKind::kOwn: break;
  }
  return static_cast<uint8_t>(share_.index);
}

uint8_t Steering::OwnerOfError(const Tables& tables, const Packet& p) const {
  const std::optional<FlowKey> key = OppositeOfQuoted(p);
  return key ? OwnerOf(*tables.addresses, *key, p.ipv4) : static_cast<uint8_t>(share_.index);
}

// The fragments of one datagram have these in common, and no more (RFC 791, 3.2; RFC 8200, 4.5).
uint8_t Steering::GathererOf(const Packet& p) const {
  if (p.ipv4) {
    const auto& ip = *reinterpret_cast<const Ipv4Header*>(p.data + p.fragment);
    const uint64_t ends = uint64_t{p.key.v4.src} << 32 | p.key.v4.dst;
    return Scale(MixWords(ends ^ seed_.a, ip.identification.raw() ^ seed_.b));
  }
  uint32_t identification;
  std::memcpy(&identification, p.data + p.fragment + 4, 4);
  const uint64_t src = MixWords(Word(p.key.v6.src) ^ seed_.a, Word(p.key.v6.src + 8) ^ seed_.b);
  const uint64_t dst = MixWords(Word(p.key.v6.dst) ^ seed_.b, Word(p.key.v6.dst + 8) ^ src);
  return Scale(MixWords(identification ^ seed_.a, dst ^ seed_.b));
}

uint8_t Steering::OwnerOfUnusual(const Tables& tables, const Packet& p) const {
  if ((p.flags & kFragmented) != 0 && IsFollowed(tables, p)) return GathererOf(p);
  if ((p.flags & kIcmpError) != 0) return OwnerOfError(tables, p);
  if ((p.flags & kKeyed) != 0) return OwnerOf(*tables.addresses, p.key, p.ipv4);
  return static_cast<uint8_t>(share_.index);
}

inline void Steering::Send(Packet& p, uint8_t owner) const {
  if (owner == share_.index) return;
  p.fate = Fate::kSteer;
  p.owner = owner;
}

void Steering::Steer(const Tables& tables, Burst& burst) const {
  if (burst.origin != Origin::kPort) return;
  for (Packet& p : burst) {
    if (!p.alive()) continue;
    const bool usual = (p.flags & (kKeyed | kFragmented | kIcmpError)) == kKeyed;
    Send(p, usual ? OwnerOf(*tables.addresses, p.key, p.ipv4) : OwnerOfUnusual(tables, p));
  }
}

bool Steering::IsOwn(const Tables& tables, const Packet& p) const {
  const bool pieces_come_here = (p.flags & (kFragmented | kKeyed)) == (kFragmented | kKeyed);
  const uint8_t owner = pieces_come_here ? OwnerOf(*tables.addresses, p.key, p.ipv4) : OwnerOfUnusual(tables, p);
  return owner == share_.index;
}

void Steering::SteerFragments(const Tables& tables, Burst& burst) const {
  if ((burst.flags & kFragmented) == 0 || burst.origin == Origin::kReleased) return;
  for (Packet& p : burst) {
    if (!p.alive() || (p.flags & (kFragmented | kKeyed)) != (kFragmented | kKeyed) || !IsFollowed(tables, p)) continue;
    if (GathererOf(p) != share_.index) continue;  // it has been there
    Send(p, OwnerOf(*tables.addresses, p.key, p.ipv4));
  }
}

}  // namespace baton::dataplane
