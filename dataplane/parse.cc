#include "dataplane/parse.h"

#include "common/checksum.h"
#include "common/headers.h"

namespace baton::dataplane {
namespace {

constexpr int kMaxExtensionHeaders = 8;

// Flags that no sane sender combines (RFC 9293, 3.10.7: SYN, FIN and RST exclude one another; none at all means
// nothing).
bool ImpossibleFlags(uint8_t flags) {
  const uint8_t control = flags & (kTcpSyn | kTcpFin | kTcpRst);
  return (control & (control - 1)) != 0 || (flags & (kTcpSyn | kTcpFin | kTcpRst | kTcpAck)) == 0;
}

// A first fragment has to hold all headers, so that who filters by them sees them (RFC 1858, 3; RFC 7112, 5).
DropReason CutOff(const Packet& p) {
  return (p.flags & kFragmented) != 0 ? DropReason::kFragmentTiny : DropReason::kTooShort;
}

// A piece of a datagram, with `headers` bytes in front of what was cut up; `offset` in units of 8 bytes. False:
// dropped.
bool PlausibleFragment(Packet& p, int header_at, int payload_at, int headers, int offset, bool more) {
  constexpr int kLongest = 65535;
  const int length = p.length - payload_at;
  p.flags |= kFragmented;
  p.fragment = static_cast<uint16_t>(header_at);
  // Nothing in it, an end between two units (RFC 791, 3.2; RFC 8200, 4.5), an end behind the longest datagram.
  if ((length == 0 && offset != 0) || (more && length % 8 != 0) || headers + 8 * offset + length > kLongest) {
    p.Drop(DropReason::kBadIpHeader);
  } else if (offset == 1 && p.protocol == kTcp) {
    p.Drop(DropReason::kFragmentTiny);  // RFC 1858, 4 and RFC 3128: would hold the flags of the TCP header
  }
  return p.alive();
}

// The ICMP errors that a translation passes on (RFC 5508, 7; RFC 4443, 3). Not a redirect, which is about the next hop
// only, nor source quench (RFC 6633).
bool QuotesPacket(const Packet& p) {
  if (!p.ipv4) return p.icmp_type >= kIcmpv6Unreachable && p.icmp_type <= kIcmpv6ParameterProblem;
  return p.icmp_type == kIcmpUnreachable || p.icmp_type == kIcmpTimeExceeded || p.icmp_type == kIcmpParameterProblem;
}

// The header at l4. `end` is where the IP packet ends.
void ParseL4(Packet& p, int end) {
  const uint8_t* at = p.data + p.l4;
  const int left = end - p.l4;
  uint16_t src_port = 0, dst_port = 0;
  switch (p.protocol) {
    case kTcp: {
      const auto& tcp = *reinterpret_cast<const TcpHeader*>(at);
      if (left < static_cast<int>(sizeof(TcpHeader))) return p.Drop(CutOff(p));
      if ((p.flags & kFragmented) != 0 && tcp.header_length() > left) return p.Drop(DropReason::kFragmentTiny);
      if (tcp.header_length() < 20 || tcp.header_length() > left || ImpossibleFlags(tcp.flags)) {
        return p.Drop(DropReason::kBadL4Header);
      }
      p.tcp_flags = tcp.flags;
      if ((tcp.flags & kTcpSyn) != 0) p.flags |= kSyn;
      src_port = tcp.src_port.raw();
      dst_port = tcp.dst_port.raw();
      break;
    }
    case kUdp: {
      const auto& udp = *reinterpret_cast<const UdpHeader*>(at);
      if (left < static_cast<int>(sizeof(UdpHeader))) return p.Drop(CutOff(p));
      const int length = udp.length.get();
      const bool whole = (p.flags & kFragmented) == 0;
      if (length < 8 || (whole && length > left) || (!p.ipv4 && udp.checksum.raw() == 0)) {
        return p.Drop(DropReason::kBadL4Header);  // RFC 8200, 8.1: no zero checksum over IPv6
      }
      src_port = udp.src_port.raw();
      dst_port = udp.dst_port.raw();
      break;
    }
    case kIcmp:
    case kIcmpv6: {
      if ((p.protocol == kIcmp) != p.ipv4) return p.Drop(DropReason::kBadL4Header);
      if (left < static_cast<int>(sizeof(IcmpHeader))) return p.Drop(CutOff(p));
      const auto& icmp = *reinterpret_cast<const IcmpHeader*>(at);
      p.icmp_type = icmp.type;
      const uint8_t request = p.ipv4 ? kIcmpEchoRequest : kIcmpv6EchoRequest;
      const uint8_t reply = p.ipv4 ? kIcmpEchoReply : kIcmpv6EchoReply;
      if (icmp.type == request) {
        src_port = icmp.id.raw();
      } else if (icmp.type == reply) {
        dst_port = icmp.id.raw();
      } else {
        if (QuotesPacket(p) && (p.flags & kFragmented) == 0) p.flags |= kIcmpError;
        return;  // names no flow of its own
      }
      break;
    }
    default:
      p.l4 = 0;
      return;
  }
  if ((p.flags & kFragmented) == 0) p.flags |= kKeyed;  // fragments: FollowFragments
  if (p.ipv4) {
    p.key.v4.src_port = src_port;
    p.key.v4.dst_port = dst_port;
    p.key.v4.protocol = p.protocol;
  } else {
    p.key.v6.src_port = src_port;
    p.key.v6.dst_port = dst_port;
    p.key.v6.protocol = p.protocol;
  }
}

// RFC 1812, 5.3.7 and 4.2.2.11: what may not cross a router, by the first octet. Multicast destinations are looked at
// later.
bool MartianSource(uint8_t first) { return first == 0 || first == 127 || first >= 224; }
bool MartianDestination(uint8_t first) { return first == 0 || first == 127 || first >= 240; }

// RFC 1071 over a header without options, which nearly all have: five words, folded twice.
bool ChecksumHolds(const Ipv4Header& ip) {
  const auto* at = reinterpret_cast<const uint8_t*>(&ip);
  uint64_t sum = 0;
  for (int i = 0; i < 20; i += 4) {
    uint32_t word;
    std::memcpy(&word, at + i, 4);
    sum += word;
  }
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

void ParseIpv4(Packet& p) {
  const int left = p.length - p.l3;
  if (left < static_cast<int>(sizeof(Ipv4Header))) return p.Drop(DropReason::kTooShort);
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(p.data + p.l3);
  const int header = ip.header_length(), total = ip.total_length.get();
  if (ip.version_ihl >> 4 != 4 || header < 20 || total < header) return p.Drop(DropReason::kBadIpHeader);
  if (total > left) return p.Drop(DropReason::kTooShort);
  const bool right = header == 20 ? ChecksumHolds(ip) : FoldChecksum(AddToChecksum(0, &ip, header)) == 0xffff;
  if (!right) return p.Drop(DropReason::kBadIpChecksum);
  const auto* src = reinterpret_cast<const uint8_t*>(&ip.src);
  const auto* dst = reinterpret_cast<const uint8_t*>(&ip.dst);
  // 255.255.255.255 is somebody's broadcast, not an error: SetAsideLocal drops it as such.
  if (MartianSource(src[0]) || (MartianDestination(dst[0]) && ip.dst.raw() != 0xffffffff)) {
    return p.Drop(DropReason::kBadAddress);
  }
  p.ipv4 = true;
  p.length = static_cast<uint16_t>(p.l3 + total);
  p.key.v4.src = ip.src.raw();
  p.key.v4.dst = ip.dst.raw();
  p.protocol = ip.protocol;
  const uint16_t fragment = ip.fragment.get();
  if ((fragment & (kIpv4MoreFragments | kIpv4FragmentOffset)) != 0) {
    const int offset = fragment & kIpv4FragmentOffset;
    const bool more = (fragment & kIpv4MoreFragments) != 0;
    if (!PlausibleFragment(p, p.l3, p.l3 + header, header, offset, more)) return;
    if (offset != 0) return;  // not the first: no L4 header
  }
  p.l4 = static_cast<uint16_t>(p.l3 + header);
  ParseL4(p, p.length);
}

bool IsExtension(uint8_t next) {
  return next == kHopByHop || next == kRouting || next == kFragment || next == kDestinationOptions ||
         next == kAuthentication || next == kMobility;
}

// Walks the extension headers (RFC 8200, 4). False when the packet was dropped; p.l4 stays 0 when there is no L4
// header.
bool WalkExtensions(Packet& p, uint8_t next, int at) {
  for (int headers = 0; IsExtension(next); ++headers) {
    if (headers == kMaxExtensionHeaders) {
      p.Drop(DropReason::kTooManyHeaders);
      return false;
    }
    if (at + 8 > p.length) {
      p.Drop(CutOff(p));
      return false;
    }
    const uint8_t* header = p.data + at;
    int length = (header[1] + 1) * 8;
    if (next == kAuthentication) length = (header[1] + 2) * 4;  // RFC 4302, 2.2
    if (next == kFragment) {
      length = 8;
      const int offset_and_more = (header[2] << 8 | header[3]) & ~0x6;
      if (offset_and_more != 0) {
        const int offset = offset_and_more >> 3;
        const int in_front = at - p.l3 - static_cast<int>(sizeof(Ipv6Header));  // counted by the payload length
        p.protocol = header[0];
        if (!PlausibleFragment(p, at, at + 8, in_front, offset, (offset_and_more & 1) != 0)) return false;
        if (offset != 0) return true;  // not the first: what follows is payload
      }
    }
    next = header[0];
    at += length;
    if (at > p.length) {
      p.Drop(CutOff(p));
      return false;
    }
  }
  p.protocol = next;
  if (next != kNoNextHeader) p.l4 = static_cast<uint16_t>(at);
  return true;
}

// ::/64 holds the unspecified, the loopback and the IPv4-mapped addresses, and nothing that is seen on a wire otherwise
// (RFC 4291, 2.5.2, 2.5.3, 2.5.5).
bool InZeroNet(const uint8_t* address) {
  uint64_t upper;
  std::memcpy(&upper, address, 8);
  return upper == 0;
}

bool BadIpv6Source(const Ipv6Header& ip) {
  if (ip.src[0] == 0xff) return true;  // RFC 4291, 2.7
  if (!InZeroNet(ip.src)) return false;
  // Unspecified: somebody who has no address yet asks for neighbours.
  return IpAddress::FromV6Bytes(ip.src) != IpAddress{} || ip.next_header != kIcmpv6;
}

bool BadIpv6Destination(const Ipv6Header& ip) { return InZeroNet(ip.dst); }

void ParseIpv6(Packet& p) {
  const int left = p.length - p.l3;
  if (left < static_cast<int>(sizeof(Ipv6Header))) return p.Drop(DropReason::kTooShort);
  const auto& ip = *reinterpret_cast<const Ipv6Header*>(p.data + p.l3);
  const int total = static_cast<int>(sizeof(Ipv6Header)) + ip.payload_length.get();
  if (p.data[p.l3] >> 4 != 6) return p.Drop(DropReason::kBadIpHeader);
  if (total > left) return p.Drop(DropReason::kTooShort);
  if (BadIpv6Source(ip) || BadIpv6Destination(ip)) return p.Drop(DropReason::kBadAddress);
  p.length = static_cast<uint16_t>(p.l3 + total);
  std::memcpy(p.key.v6.src, ip.src, 16);
  std::memcpy(p.key.v6.dst, ip.dst, 16);
  if (!WalkExtensions(p, ip.next_header, p.l3 + static_cast<int>(sizeof(Ipv6Header)))) return;
  if (p.l4 != 0) ParseL4(p, p.length);
}

// kNoPort when no port of the device has this tag.
PortId PortOfVlan(const PortVlans& vlans, PortId device, uint16_t vlan) {
  if (vlans.id[device] == vlan) return device;
  for (PortId port = 0; port < vlans.ports; ++port) {
    if (vlans.trunk[port] == device && vlans.id[port] == vlan) return port;
  }
  return kNoPort;
}

// False when no port of the device has this tag.
bool MoveToVlan(const PortVlans& vlans, uint16_t vlan, Packet& p) {
  const PortId port = PortOfVlan(vlans, p.port, vlan);
  if (port == kNoPort) return false;
  p.port = port;
  return true;
}

void ParsePacket(Packet& p, const PortVlans& vlans) {
  if (p.length == 0) return p.Drop(DropReason::kTooLong);
  if (p.length < sizeof(EthernetHeader)) return p.Drop(DropReason::kTooShort);
  uint16_t type = reinterpret_cast<const EthernetHeader*>(p.data)->type.get();
  uint16_t vlan = 0;
  p.l3 = sizeof(EthernetHeader);
  if (type == kEtherVlan) {
    if (p.length < sizeof(EthernetHeader) + sizeof(VlanTag)) return p.Drop(DropReason::kTooShort);
    const auto& tag = *reinterpret_cast<const VlanTag*>(p.data + p.l3);
    vlan = tag.id();  // 0: only a priority (802.1Q, 6.9)
    type = tag.type.get();
    p.l3 += sizeof(VlanTag);
  }
  if (vlan != vlans.id[p.port] && !MoveToVlan(vlans, vlan, p)) return p.Drop(DropReason::kWrongVlan);
  if (type == kEtherIpv4) return ParseIpv4(p);
  if (type == kEtherIpv6) return ParseIpv6(p);
  if (type != kEtherArp) return p.Drop(DropReason::kUnknownEtherType);
  if (p.length < p.l3 + sizeof(ArpPacket)) return p.Drop(DropReason::kTooShort);
  p.flags |= kArp;
}

}  // namespace

void Parse(Burst& burst, const PortVlans& vlans) {
  uint8_t flags = 0;
  for (int i = 0; i < burst.count; ++i) {
    if (i + 4 < burst.count) __builtin_prefetch(burst.packets[i + 4].data);
    Packet& p = burst.packets[i];
    ParsePacket(p, vlans);
    flags |= p.flags;
  }
  burst.flags = flags;
}

PortId PortOf(const Packet& p, const PortVlans& vlans) {
  if (p.length < sizeof(EthernetHeader) + sizeof(VlanTag)) return p.port;
  const bool tagged = reinterpret_cast<const EthernetHeader*>(p.data)->type.get() == kEtherVlan;
  const auto& tag = *reinterpret_cast<const VlanTag*>(p.data + sizeof(EthernetHeader));
  const PortId port = PortOfVlan(vlans, p.port, tagged ? tag.id() : uint16_t{0});
  return port == kNoPort ? p.port : port;
}

}  // namespace baton::dataplane
