#include "dataplane/rewrite.h"

#include "common/checksum.h"
#include "common/headers.h"
#include "dataplane/access_table.h"

namespace baton::dataplane {
namespace {

// Offset of the checksum field in the L4 header.
int ChecksumOffset(uint8_t protocol) {
  switch (protocol) {
    case kTcp: return 16;
    case kUdp: return 6;
    default: return 2;  // ICMP, ICMPv6
  }
}

void WritePorts(const RowSide& side, Packet& p) {
  uint8_t* l4 = p.data + p.l4;
  uint16_t checksum;
  if (p.protocol == kTcp || p.protocol == kUdp) {
    std::memcpy(l4, &side.src_port, 4);  // src_port and dst_port lie side by side in both
  } else {
    const uint16_t id = side.reply() ? side.dst_port : side.src_port;
    std::memcpy(l4 + 4, &id, 2);
  }
  std::memcpy(&checksum, l4 + ChecksumOffset(p.protocol), 2);
  if (p.protocol == kUdp && checksum == 0) return;  // RFC 768: the sender computed none
  checksum = ApplyDifference(checksum, side.l4_difference);
  if (p.protocol == kUdp && checksum == 0) checksum = 0xffff;
  std::memcpy(l4 + ChecksumOffset(p.protocol), &checksum, 2);
}

void WriteIpv4(const RowSide* side, Packet& p) {
  auto& ip = *reinterpret_cast<Ipv4Header*>(p.data + p.l3);
  // One less in the byte of the TTL, which is the lower one of its word in memory order: adds 0xfffe (RFC 1624).
  uint32_t difference = 0xfffe;
  --ip.ttl;
  if (side != nullptr) {
    std::memcpy(&ip.src, side->src.v4_bytes(), 4);
    std::memcpy(&ip.dst, side->dst.v4_bytes(), 4);
    difference += side->l3_difference;
  }
  const uint16_t folded = static_cast<uint16_t>((difference & 0xffff) + (difference >> 16));
  ip.checksum.set_raw(ApplyDifference(ip.checksum.raw(), folded));
}

void WriteIpv6(const RowSide* side, Packet& p) {
  auto& ip = *reinterpret_cast<Ipv6Header*>(p.data + p.l3);
  --ip.hop_limit;
  if (side == nullptr) return;
  std::memcpy(ip.src, side->src.v6_bytes(), 16);
  std::memcpy(ip.dst, side->dst.v6_bytes(), 16);
}

// Inline: for every packet that is sent.
inline void PutEthernet(const PortHeader& from, const MacAddress& to, Packet& p) {
  const int header =
      static_cast<int>(sizeof(EthernetHeader)) + (from.vlan != 0 ? static_cast<int>(sizeof(VlanTag)) : 0);
  if (const int moved = p.l3 - header; moved != 0) {
    p.data += moved;
    p.length = static_cast<uint16_t>(p.length - moved);
    p.l3 = static_cast<uint8_t>(header);
    p.l4 = static_cast<uint16_t>(p.l4 == 0 ? 0 : p.l4 - moved);
  }
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(p.data);
  std::memcpy(ethernet.dst, to.bytes.data(), 6);
  std::memcpy(ethernet.src, from.mac.bytes.data(), 6);
  const uint16_t type = p.ipv4 ? kEtherIpv4 : kEtherIpv6;
  if (from.vlan == 0) {
    ethernet.type.set(type);
    return;
  }
  ethernet.type.set(kEtherVlan);
  auto& tag = *reinterpret_cast<VlanTag*>(p.data + sizeof(EthernetHeader));
  tag.control.set(from.vlan);
  tag.type.set(type);
}

}  // namespace

void WriteEthernet(const PortHeader& from, const MacAddress& to, Packet& p) { PutEthernet(from, to, p); }

int Rewrite(NeighborTable& neighbors, const PortHeader* ports, const OuterHeaders& outers, Burst& burst) {
  int forwarded = 0;
  for (Packet& p : burst) {
    if (!p.alive()) continue;
    ++forwarded;
    const RowSide* side = p.side != nullptr && !p.side->untouched() ? p.side : nullptr;
    if (side != nullptr && p.l4 != 0) WritePorts(*side, p);
    if (p.ipv4) {
      WriteIpv4(side, p);
    } else {
      WriteIpv6(side, p);
    }
    if (side == nullptr && p.side != nullptr && p.side->tunnel()) {
      Encapsulate(outers[p.side->backend], p.side->src_port, p);
    }
    PutEthernet(ports[p.out_port], neighbors.at(p.neighbor).mac, p);
    neighbors.Touch(p.neighbor);
    p.fate = Fate::kForward;
  }
  return forwarded;
}

void MakeEchoReply(const PortHeader& port, Packet& p) {
  if (p.l4 != 0) {  // a later fragment has only addresses to turn round
    auto& icmp = *reinterpret_cast<IcmpHeader*>(p.data + p.l4);
    const uint8_t before[2] = {icmp.type, 0};
    icmp.type = p.ipv4 ? kIcmpEchoReply : kIcmpv6EchoReply;
    const uint8_t after[2] = {icmp.type, 0};
    icmp.checksum.set_raw(ApplyDifference(
        icmp.checksum.raw(), ChecksumDifference(AddToChecksum(0, before, 2), AddToChecksum(0, after, 2))));
  }
  constexpr uint8_t kTtl = 64;
  if (p.ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(p.data + p.l3);
    std::swap(ip.src, ip.dst);
    ip.ttl = kTtl;
    ip.checksum.set_raw(0);
    ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, ip.header_length())));
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(p.data + p.l3);
    std::swap(ip.src, ip.dst);
    ip.hop_limit = kTtl;
  }
  WriteEthernet(port, MacAddress::From(p.data + 6), p);
  p.out_port = p.port;
}

}  // namespace baton::dataplane
