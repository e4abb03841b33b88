#include "dataplane/classify.h"

#include "common/headers.h"

namespace baton::dataplane {
namespace {

bool IsNeighborDiscovery(const Packet& p) {  // RFC 4861, 4
  return p.protocol == kIcmpv6 && p.l4 != 0 && p.icmp_type >= kIcmpv6RouterSolicitation &&
         p.icmp_type <= kIcmpv6Redirect;
}

bool IsEchoRequest(const Packet& p) {
  return (p.flags & kKeyed) != 0 && ((p.protocol == kIcmp && p.icmp_type == kIcmpEchoRequest) ||
                                     (p.protocol == kIcmpv6 && p.icmp_type == kIcmpv6EchoRequest));
}

bool IsEchoReply(const Packet& p) {
  return (p.protocol == kIcmp && p.icmp_type == kIcmpEchoReply) ||
         (p.protocol == kIcmpv6 && p.icmp_type == kIcmpv6EchoReply);
}

// Of an end system that was asked for (controlplane/load_sharing/probe.h): an echo or information reply.
bool AnswersDiscovery(const Packet& p) {
  return IsEchoReply(p) || (p.protocol == kIcmp && p.icmp_type == kIcmpInformationReply);
}

bool IsIcmp(const Packet& p) { return p.protocol == kIcmp || p.protocol == kIcmpv6; }

// AM-Q08: a TCP SYN without ACK; of other protocols every first packet, for ICMP only an echo request.
bool OpensAccess(const Packet& p) {
  if (p.protocol == kTcp) return (p.tcp_flags & (kTcpSyn | kTcpAck | kTcpRst)) == kTcpSyn;
  return p.protocol == kUdp || IsEchoRequest(p);
}

bool ToMulticast(const Packet& p) {
  if (p.ipv4) return (p.key.v4.dst & 0xff) >= 224;
  return p.key.v6.dst[0] == 0xff;
}

// RFC 9568, 5.1.1.2 and 5.1.2.2: 224.0.0.18, ff02::12.
bool ToVrrpRouters(const Packet& p) {
  static constexpr uint8_t kIpv4[] = {224, 0, 0, 18};
  static constexpr uint8_t kIpv6[] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12};
  if (p.protocol != kVrrp) return false;
  return p.ipv4 ? std::memcmp(&p.key.v4.dst, kIpv4, sizeof kIpv4) == 0
                : std::memcmp(p.key.v6.dst, kIpv6, sizeof kIpv6) == 0;
}

// What the mode of `slot` makes of the packet; true when it goes on (AM-17 to AM-21). `refusal` is the answer
// otherwise.
bool PassesMode(const Tables& tables, const HoldBuffer& hold, Slot slot, Answer refusal, Packet& p) {
  const LocalAddress& local = tables.addresses->at(slot);
  p.address_slot = slot;
  // While packets of the address still wait, later ones queue up behind them, so that order is kept.
  const bool queue_up = hold.Holds(slot) && (p.flags & kReleased) == 0;
  if (local.mode == AddressMode::kMigration || (local.mode == AddressMode::kNormal && queue_up)) {
    p.fate = Fate::kHold;
    return false;
  }
  if (local.mode == AddressMode::kNormal) return true;
  p.Drop(DropReason::kAddressNotInCharge, refusal);
  return false;
}

// A packet to one of our addresses for which there is no row. `opens`: one before it in the burst opens an access,
// which may be that of the datagram whose later fragment this is: a SYN in pieces.
void ClassifyLocal(const Tables& tables, const HoldBuffer& hold, Slot slot, bool opens, Packet& p) {
  const LocalAddress& local = tables.addresses->at(slot);
  // The address of a virtual router in whose place another one answers (RFC 9568, 6.4.2).
  const Answer refusal = local.kind == AddressKind::kOwn ? Answer::kNone : Answer::kRefuse;
  if (!PassesMode(tables, hold, slot, refusal, p)) return;
  const AddressKind kind = local.kind;
  if (kind == AddressKind::kOwn && (p.protocol == kVrrp || AnswersDiscovery(p)) &&
      tables.addresses->HearsVrrp(p.port)) {
    p.fate = Fate::kControl;
    return;
  }
  if (!local.accepts) return p.Drop(DropReason::kNotForUs);
  if ((p.flags & (kFragmented | kKeyed)) == kFragmented) return p.Drop(DropReason::kFragment);
  const Service* service = nullptr;
  if (kind == AddressKind::kExternal && (p.flags & kKeyed) != 0) {
    const uint16_t port = IsIcmp(p) ? 0 : __builtin_bswap16(p.key.dst_port(p.ipv4));
    service = tables.services->FindListener({p.key.dst(p.ipv4), port, p.protocol});
  }
  if (service != nullptr) {
    if (OpensAccess(p) || (opens && p.l4 == 0)) {
      p.service = service;
      return;
    }
    return p.Drop(DropReason::kUnknownAccess, Answer::kRefuse);
  }
  if (IsEchoRequest(p)) {
    p.fate = Fate::kEcho;
    return;
  }
  if (IsIcmp(p)) {
    if (kind == AddressKind::kOwn) return p.Drop(DropReason::kNotForUs);
    return p.Drop((p.flags & kIcmpError) != 0 ? DropReason::kIcmpUnknownAccess : DropReason::kIcmpNotTranslated);
  }
  switch (kind) {
    case AddressKind::kOwn: return p.Drop(DropReason::kNotForUs, Answer::kRefuse);
    case AddressKind::kExternal: return p.Drop(DropReason::kNoService, Answer::kRefuse);
    case AddressKind::kInternal: return p.Drop(DropReason::kUnknownAccess, Answer::kRefuse);
  }
}

// A packet to somewhere else for which there is no row: a reply that lost its row, or traffic to route.
void ClassifyTransit(const Tables& tables, const HoldBuffer& hold, Packet& p) {
  if (p.l4 == 0 && (p.flags & kKeyed) == 0) return;
  const Service* service =
      tables.services->FindByBackend({p.key.src(p.ipv4), __builtin_bswap16(p.key.src_port(p.ipv4)), p.protocol});
  // Of ICMP only an echo reply is a reply: a backend may ping and report errors as every host does.
  if (service == nullptr || (IsIcmp(p) && !IsEchoReply(p))) return;
  if (!PassesMode(tables, hold, service->address_slot, Answer::kRefuseReply, p)) return;
  p.Drop(DropReason::kUnknownAccess, Answer::kRefuseReply);
}

uint8_t TtlOf(const Packet& p) {
  const uint8_t* ip = p.data + p.l3;
  return p.ipv4 ? reinterpret_cast<const Ipv4Header*>(ip)->ttl : reinterpret_cast<const Ipv6Header*>(ip)->hop_limit;
}

bool LinkLocal(const Packet& p) {  // RFC 4291, 2.5.6: not to be forwarded
  const auto is = [](const uint8_t* a) { return a[0] == 0xfe && (a[1] & 0xc0) == 0x80; };
  return !p.ipv4 && (is(p.key.v6.src) || is(p.key.v6.dst));
}

}  // namespace

void SetAsideLocal(const AddressTable& addresses, Burst& burst, const MacAddress* macs) {
  for (Packet& p : burst) {
    if (!p.alive()) continue;
    const bool group = (p.data[0] & 1) != 0;
    if (!group && std::memcmp(p.data, macs[p.port].bytes.data(), 6) != 0 &&
        addresses.VirtualRouterOf(p.port, p.data) == kNoVirtualRouter) {
      p.Drop(DropReason::kNotOurMac);
    } else if ((p.flags & kArp) != 0 || IsNeighborDiscovery(p)) {
      p.fate = Fate::kControl;
    } else if (group || ToMulticast(p)) {
      if (ToVrrpRouters(p) && addresses.HearsVrrp(p.port)) {
        p.fate = Fate::kControl;
      } else {
        p.Drop(DropReason::kMulticast);
      }
    }
  }
}

void Classify(const Tables& tables, const HoldBuffer& hold, Burst& burst) {
  const bool usual = tables.addresses->all_normal() && hold.packets() == 0;
  burst.opens = false;
  for (Packet& p : burst) {
    if (!p.alive()) continue;
    if (p.side != nullptr) {
      const Answer refusal =
          p.side->reply() && (p.side->kind & kSideFull) == 0 ? Answer::kRefuseReply : Answer::kRefuse;
      if (!usual && !PassesMode(tables, hold, p.side->address, refusal, p)) continue;
    } else {
      const Slot slot = tables.addresses->Find(p.key.dst(p.ipv4));
      if (slot != kNoSlot) {
        ClassifyLocal(tables, hold, slot, burst.opens, p);
      } else {
        ClassifyTransit(tables, hold, p);
      }
      burst.opens |= p.service != nullptr;
      if (!p.alive()) continue;
      if (LinkLocal(p)) {
        p.Drop(DropReason::kBadAddress);
        continue;
      }
    }
    if (TtlOf(p) <= 1) p.Drop(DropReason::kTtlExpired, Answer::kTimeExceeded);
  }
}

}  // namespace baton::dataplane
