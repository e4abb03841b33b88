#include "dataplane/kernel_side.h"

#include <cstring>

namespace baton::dataplane {
namespace {

bool IsOwn(const Tables& tables, Slot slot) {
  return slot != kNoSlot && tables.addresses->at(slot).kind == AddressKind::kOwn;
}

// 224.0.0.0/24 (RFC 5771, 4), ff02::/16 (RFC 4291, 2.7) and the limited broadcast: what does not leave the link, and
// thus what routing protocols speak. Larger scopes have traffic that is no host's concern unless it joins.
bool ToLinkGroup(const Packet& p) {
  if ((p.data[0] & 1) == 0) return false;
  if (!p.ipv4) return p.key.v6.dst[0] == 0xff && (p.key.v6.dst[1] & 0x0f) == 2;
  uint8_t dst[4];
  std::memcpy(dst, &p.key.v4.dst, 4);
  return (dst[0] == 224 && dst[1] == 0 && dst[2] == 0) || p.key.v4.dst == 0xffffffff;
}

// fe80::/10 (RFC 4291, 2.5.6): the port has one such address, made from its MAC address, as the kernel's interface.
bool ToLinkLocal(const Packet& p) {
  return !p.ipv4 && p.key.v6.dst[0] == 0xfe && (p.key.v6.dst[1] & 0xc0) == 0x80;
}

bool ForStation(const MacAddress& mac, const Packet& p) {
  return (p.data[0] & 1) != 0 || std::memcmp(p.data, mac.bytes.data(), 6) == 0;
}

bool ForKernel(const Tables& tables, const MacAddress& mac, const Packet& p) {
  switch (p.drop) {
    case DropReason::kNotForUs: return true;
    case DropReason::kFragment: return IsOwn(tables, p.address_slot);
    case DropReason::kMulticast: return ToLinkGroup(p);
    case DropReason::kBadAddress: return ToLinkLocal(p);  // Parse drops before it writes the key
    case DropReason::kUnknownEtherType: return ForStation(mac, p);
    default: return false;
  }
}

}  // namespace

void ShedData(const Tables& tables, Burst& burst) {
  if (!burst.shed) return;
  for (Packet& p : burst) {
    if (!p.alive() || IsOwn(tables, tables.addresses->Find(p.key.dst(p.ipv4))) || ToLinkLocal(p)) continue;
    p.Drop(DropReason::kOverload);
  }
}

void SetAsideKernel(const Tables& tables, const KernelPorts& ports, const MacAddress* macs, Burst& burst) {
  if (!ports.any) return;
  for (Packet& p : burst) {
    if (p.fate != Fate::kDrop || !ports.has[p.port] || !ForKernel(tables, macs[p.port], p)) continue;
    p.fate = Fate::kKernel;
    p.drop = DropReason::kNone;
    p.answer = Answer::kNone;
  }
}

}  // namespace baton::dataplane
