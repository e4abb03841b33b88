#include "dataplane/steer.h"

#include <bit>
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

uint64_t FoldedDestination(const FlowKey& key, bool ipv4) {
  return ipv4 ? key.v4.dst : Word(key.v6.dst) ^ Word(key.v6.dst + 8);
}

uint32_t FilterBit(uint64_t folded) { return static_cast<uint32_t>((folded * 0x9e3779b97f4a7c15) >> 52); }

bool SameDestination(const FlowKey& a, const FlowKey& b, bool ipv4) {
  if (ipv4) return a.v4.dst == b.v4.dst;
  return Word(a.v6.dst) == Word(b.v6.dst) && Word(a.v6.dst + 8) == Word(b.v6.dst + 8);
}

}  // namespace

// 0..workers-1 without dividing.
inline uint8_t Steering::Scale(uint64_t hash) const {
  return static_cast<uint8_t>((((hash ^ (hash >> 32)) & 0xffffffff) * share_.workers) >> 32);
}

// A port of an internal address. The remainder of a division, exact for 16 bits (Lemire, Kaser, Kurz: Faster Remainder
// by Direct Computation, 2019).
inline uint8_t Steering::OwnerOfPort(const FlowKey& key, bool ipv4) const {
  const uint16_t port = key.dst_port(ipv4);
  if (hash_ != nullptr) return ipv4 ? hash_->OwnerV4(key.v4.dst, port) : hash_->OwnerV6(key.v6.dst, port);
  const uint32_t fraction = reciprocal_ * __builtin_bswap16(port);
  return static_cast<uint8_t>((uint64_t{fraction} * share_.workers) >> 32);
}

inline uint8_t Steering::OwnerOfClient(const FlowKey& key, bool ipv4, bool is_source) const {
  const uint16_t port = (is_source ? key.src_port(ipv4) : key.dst_port(ipv4)) & port_mask_;
  if (ipv4) {
    const uint32_t client = is_source ? key.v4.src : key.v4.dst;
    if (hash_ != nullptr) return hash_->OwnerV4(client, port);
    return Scale(MixWords((client | uint64_t{port} << 32 | uint64_t{key.v4.protocol} << 48) ^ seed_.a, seed_.b));
  }
  const uint8_t* client = is_source ? key.v6.src : key.v6.dst;
  if (hash_ != nullptr) return hash_->OwnerV6(client, port);
  const uint64_t h = MixWords(Word(client) ^ seed_.a, Word(client + 8) ^ seed_.b);
  return Scale(MixWords((port | uint64_t{key.v6.protocol} << 16) ^ seed_.b, h ^ seed_.a));
}

Steering::Whose Steering::WhoseIs(const AddressTable& addresses, const FlowKey& key, bool ipv4) {
  const Slot slot = addresses.Find(key.dst(ipv4));
  if (slot == kNoSlot) return Whose::kOthers;
  switch (addresses.at(slot).kind) {
    case AddressKind::kExternal: return Whose::kExternal;
    case AddressKind::kInternal: return Whose::kInternal;
    case AddressKind::kOwn: break;
  }
  return Whose::kOwn;
}

inline uint8_t Steering::OwnerAs(Whose whose, const FlowKey& key, bool ipv4) const {
  switch (whose) {
    case Whose::kOthers: return OwnerOfClient(key, ipv4, false);
    case Whose::kExternal: return OwnerOfClient(key, ipv4, true);
    case Whose::kInternal: return OwnerOfPort(key, ipv4);
    case Whose::kOwn: break;
  }
  return static_cast<uint8_t>(share_.index);
}

uint8_t Steering::OwnerOf(const AddressTable& addresses, const FlowKey& key, bool ipv4) const {
  return OwnerAs(WhoseIs(addresses, key, ipv4), key, ipv4);
}

void Steering::MakeFilter(const Tables& tables) {
  filter_generation_ = tables.generation;
  filter_.fill(0);
  memo_family_ = 0;
  for (size_t slot = 0; slot < tables.addresses->size(); ++slot) {
    const IpAddress& address = tables.addresses->at(static_cast<Slot>(slot)).address;
    const FlowKey key = FlowKey::Of(address, 0, address, 0, 0);
    const uint32_t bit = FilterBit(FoldedDestination(key, address.is_v4()));
    filter_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
}

inline bool Steering::MayBeOurs(uint64_t folded) const {
  const uint32_t bit = FilterBit(folded);
  return (filter_[bit / 64] >> (bit % 64) & 1) != 0;
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

inline uint8_t Steering::OwnerOfUsual(const Tables& tables, const Packet& p) {
  if (memo_family_ == (p.ipv4 ? 4 : 6) && SameDestination(memo_, p.key, p.ipv4)) {
    return OwnerAs(memo_whose_, p.key, p.ipv4);
  }
  if (!MayBeOurs(FoldedDestination(p.key, p.ipv4))) return OwnerOfClient(p.key, p.ipv4, false);
  memo_ = p.key;
  memo_family_ = p.ipv4 ? 4 : 6;
  memo_whose_ = WhoseIs(*tables.addresses, p.key, p.ipv4);
  return OwnerAs(memo_whose_, p.key, p.ipv4);
}

// First all owners and then those that leave, by their bits: whether a packet leaves cannot be foreseen, and a branch
// on it costs 20 cycles each time that it is mistaken.
void Steering::Steer(const Tables& tables, Burst& burst) {
  if (burst.origin != Origin::kPort && burst.origin != Origin::kTaken) return;
  if (tables.generation != filter_generation_) MakeFilter(tables);
  const auto self = static_cast<uint8_t>(share_.index);
  uint32_t leaving = 0;
  uint8_t owners[kBurst];
  for (int i = 0; i < burst.count; ++i) {
    const Packet& p = burst.packets[i];
    uint8_t owner = self;
    if (p.alive()) {
      const bool usual = (p.flags & (kKeyed | kFragmented | kIcmpError)) == kKeyed;
      owner = usual ? OwnerOfUsual(tables, p) : OwnerOfUnusual(tables, p);
    }
    owners[i] = owner;
    leaving |= static_cast<uint32_t>(owner != self) << i;
  }
  if (leaving != 0) TakeOut(burst, leaving, owners);
}

// `leaving`: a bit for each packet of the burst.
void Steering::TakeOut(Burst& burst, uint32_t leaving, const uint8_t* owners) {
  static_assert(kBurst <= 32);
  for (uint32_t rest = leaving; rest != 0; rest &= rest - 1) {
    const int i = std::countr_zero(rest);
    const Packet& p = burst.packets[i];
    Leaving& to = leaving_[owners[i]];
    to.packets[to.count++] = {p.buffer, p.data, p.length, p.port, false};
  }
  int kept = std::countr_zero(leaving);
  const uint32_t all = burst.count == 32 ? ~uint32_t{0} : (uint32_t{1} << burst.count) - 1;
  for (uint32_t rest = all & ~leaving & ~uint32_t{0} << kept; rest != 0; rest &= rest - 1) {
    burst.packets[kept++] = burst.packets[std::countr_zero(rest)];
  }
  burst.count = kept;
}

bool Steering::IsOwn(const Tables& tables, const Packet& p) const {
  const bool pieces_come_here = (p.flags & (kFragmented | kKeyed)) == (kFragmented | kKeyed);
  const uint8_t owner = pieces_come_here ? OwnerOf(*tables.addresses, p.key, p.ipv4) : OwnerOfUnusual(tables, p);
  return owner == share_.index;
}

void Steering::SteerFragments(const Tables& tables, Burst& burst) {
  if ((burst.flags & kFragmented) == 0 || burst.origin == Origin::kReleased) return;
  uint32_t leaving = 0;
  uint8_t owners[kBurst];
  for (int i = 0; i < burst.count; ++i) {
    const Packet& p = burst.packets[i];
    const bool keyed = p.alive() && (p.flags & (kFragmented | kKeyed)) == (kFragmented | kKeyed);
    // One that was gathered elsewhere has been there.
    if (!keyed || !IsFollowed(tables, p) || GathererOf(p) != share_.index) continue;
    owners[i] = OwnerOf(*tables.addresses, p.key, p.ipv4);
    leaving |= static_cast<uint32_t>(owners[i] != share_.index) << i;
  }
  if (leaving != 0) TakeOut(burst, leaving, owners);
}

}  // namespace baton::dataplane
