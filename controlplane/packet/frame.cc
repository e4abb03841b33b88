#include "controlplane/packet/frame.h"

#include <algorithm>

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"

namespace baton::controlplane {
namespace {

constexpr size_t kMacs = 12;
constexpr MacAddress kSender = {{0x02, 0, 0, 0, 0, 0}};  // nobody's: locally administered
constexpr uint8_t kMssOption = 2;                        // RFC 9293, 3.2
constexpr uint16_t kMssIpv4 = 1460, kMssIpv6 = 1440;

size_t L4HeaderBytes(const PacketText& p) {
  if (p.protocol == kTcp) return sizeof(TcpHeader) + ((p.tcp_flags & kTcpSyn) != 0 ? 4 : 0);
  return sizeof(UdpHeader);  // an ICMP header is as long
}

std::vector<uint8_t> L4(const PacketText& p, size_t length) {
  ByteWriter out;
  size_t checksum_at = 2;
  if (p.protocol == kTcp) {
    const bool syn = (p.tcp_flags & kTcpSyn) != 0;
    out.U16(p.src_port).U16(p.dst_port).U32(1).U32((p.tcp_flags & kTcpAck) != 0 ? 1 : 0);
    out.U8(syn ? 0x60 : 0x50).U8(p.tcp_flags).U16(65535).U16(0).U16(0);
    if (syn) out.U8(kMssOption).U8(4).U16(p.src.is_v4() ? kMssIpv4 : kMssIpv6);
    checksum_at = 16;
  } else if (p.protocol == kUdp) {
    out.U16(p.src_port).U16(p.dst_port).U16(static_cast<uint16_t>(length)).U16(0);
    checksum_at = 6;
  } else {
    out.U8(p.protocol == kIcmp ? kIcmpEchoRequest : kIcmpv6EchoRequest).U8(0).U16(0).U16(p.id).U16(1);
  }
  out.Zeros(length - out.size());
  std::vector<uint8_t> bytes = out.bytes();
  uint64_t sum = AddToChecksum(0, bytes.data(), bytes.size());
  if (p.protocol != kIcmp) sum += PseudoHeaderSum(p.src, p.dst, p.protocol, static_cast<uint32_t>(length));
  uint16_t checksum = FinishChecksum(sum);
  if (p.protocol == kUdp && checksum == 0) checksum = 0xffff;  // RFC 768
  std::memcpy(bytes.data() + checksum_at, &checksum, 2);
  return bytes;
}

// --- text ---

std::string EndText(const IpAddress& address, uint16_t port) {
  return address.is_v4() ? absl::StrCat(address.ToString(), ":", port)
                         : absl::StrCat("[", address.ToString(), "]:", port);
}

struct Ip {
  IpAddress src, dst;
  uint8_t protocol = 0, ttl = 0;
  uint16_t length = 0;
  bool fragment = false, more = false;
  uint16_t offset = 0;  // bytes
};

std::string Ends(const Ip& ip) { return absl::StrCat(ip.src.ToString(), " > ", ip.dst.ToString()); }

std::string Tail(const Ip& ip) {
  std::string text = absl::StrCat(" ttl ", ip.ttl);
  if (ip.fragment) absl::StrAppend(&text, " fragment ", ip.offset, ip.more ? "+" : "");
  return absl::StrCat(text, " len ", ip.length);
}

std::string IpText(uint16_t ether_type, ByteReader in, int depth);

std::string TcpText(const Ip& ip, ByteReader in) {
  const uint16_t src = in.U16(), dst = in.U16();
  in.Skip(8);
  const int header = (in.U8() >> 4) * 4;
  const uint8_t flags = in.U8();
  in.Skip(6);
  std::string text = absl::StrCat("tcp ", EndText(ip.src, src), " > ", EndText(ip.dst, dst));
  if ((flags & kTcpSyn) != 0) text += " syn";
  if ((flags & kTcpAck) != 0) text += " ack";
  if ((flags & kTcpFin) != 0) text += " fin";
  if ((flags & kTcpRst) != 0) text += " rst";
  ByteReader options(in.Bytes(static_cast<size_t>(std::max(header - 20, 0))));
  while (options.left() > 0) {
    const uint8_t kind = options.U8();
    if (kind == 0) break;
    if (kind == 1) continue;
    const uint8_t length = options.U8();
    if (kind == kMssOption && length == 4) {
      absl::StrAppend(&text, " mss ", options.U16());
    } else {
      options.Skip(length < 2 ? options.left() : length - size_t{2});
    }
  }
  return text + Tail(ip);
}

std::string UdpText(const Ip& ip, ByteReader in, int depth) {
  constexpr uint16_t kVxlanPort = 4789;
  const uint16_t src = in.U16(), dst = in.U16();
  in.Skip(4);
  const std::string text = absl::StrCat("udp ", EndText(ip.src, src), " > ", EndText(ip.dst, dst), Tail(ip));
  if (dst != kVxlanPort || in.left() < sizeof(VxlanHeader) + sizeof(EthernetHeader)) return text;
  in.Skip(4);
  const uint32_t vni = in.U32() >> 8;
  in.Skip(kMacs);
  const uint16_t type = in.U16();
  return absl::StrCat(text, " vxlan ", vni, " around ", IpText(type, in, depth + 1));
}

std::string IcmpText(const Ip& ip, ByteReader in) {
  const bool v4 = ip.protocol == kIcmp;
  const uint8_t type = in.U8(), code = in.U8();
  in.Skip(2);
  const uint16_t upper = in.U16(), lower = in.U16();
  std::string text = absl::StrCat(v4 ? "icmp " : "icmp6 ", Ends(ip), " ");
  if (type == (v4 ? kIcmpEchoRequest : kIcmpv6EchoRequest)) {
    absl::StrAppend(&text, "echo request id ", upper);
  } else if (type == (v4 ? kIcmpEchoReply : kIcmpv6EchoReply)) {
    absl::StrAppend(&text, "echo reply id ", upper);
  } else if (v4 && type == kIcmpUnreachable && code == 4) {
    absl::StrAppend(&text, "fragmentation needed mtu ", lower);
  } else if (!v4 && type == kIcmpv6PacketTooBig) {
    absl::StrAppend(&text, "packet too big mtu ", lower);
  } else if (type == (v4 ? kIcmpUnreachable : kIcmpv6Unreachable)) {
    absl::StrAppend(&text, "unreachable code ", code);
  } else if (type == (v4 ? kIcmpTimeExceeded : kIcmpv6TimeExceeded)) {
    text += "time exceeded";
  } else {
    absl::StrAppend(&text, "type ", type, " code ", code);
  }
  return text + Tail(ip);
}

bool ReadIpv4(ByteReader& in, Ip& ip) {
  const int header = (in.U8() & 0x0f) * 4;
  in.Skip(1);
  ip.length = in.U16();
  in.Skip(2);
  const uint16_t fragment = in.U16();
  ip.more = (fragment & kIpv4MoreFragments) != 0;
  ip.offset = static_cast<uint16_t>((fragment & kIpv4FragmentOffset) * 8);
  ip.fragment = ip.more || ip.offset != 0;
  ip.ttl = in.U8();
  ip.protocol = in.U8();
  in.Skip(2);
  ip.src = in.Ipv4();
  ip.dst = in.Ipv4();
  in.Skip(static_cast<size_t>(std::max(header - 20, 0)));
  return in.ok();
}

bool ReadIpv6(ByteReader& in, Ip& ip) {
  in.Skip(4);
  ip.length = static_cast<uint16_t>(in.U16() + sizeof(Ipv6Header));
  ip.protocol = in.U8();
  ip.ttl = in.U8();
  ip.src = in.Ipv6();
  ip.dst = in.Ipv6();
  while (in.ok() && (ip.protocol == kHopByHop || ip.protocol == kRouting || ip.protocol == kDestinationOptions ||
                     ip.protocol == kFragment)) {
    const bool fragment = ip.protocol == kFragment;
    ip.protocol = in.U8();
    const uint8_t length = in.U8();
    if (fragment) {
      const uint16_t offset = in.U16();
      ip.fragment = true;
      ip.more = (offset & 1) != 0;
      ip.offset = offset & 0xfff8;
      in.Skip(4);
    } else {
      in.Skip(length * size_t{8} + 6);
    }
  }
  return in.ok();
}

std::string IpText(uint16_t ether_type, ByteReader in, int depth) {
  constexpr int kDeepest = 4;
  Ip ip;
  if (depth > kDeepest) return "...";
  if (ether_type != kEtherIpv4 && ether_type != kEtherIpv6) {
    return ether_type == kEtherArp ? "arp" : absl::StrCat("ethernet type 0x", absl::Hex(ether_type, absl::kZeroPad4));
  }
  if (!(ether_type == kEtherIpv4 ? ReadIpv4(in, ip) : ReadIpv6(in, ip))) return "a cut IP header";
  if (ip.offset != 0) return absl::StrCat("ip protocol ", ip.protocol, " ", Ends(ip), Tail(ip));
  switch (ip.protocol) {
    case kTcp: return TcpText(ip, in);
    case kUdp: return UdpText(ip, in, depth);
    case kIcmp:
    case kIcmpv6: return IcmpText(ip, in);
    case kIpInIp:
    case kIpv6InIp:
      return absl::StrCat("ip ", Ends(ip), Tail(ip), " around ",
                          IpText(ip.protocol == kIpInIp ? kEtherIpv4 : kEtherIpv6, in, depth + 1));
    default: return absl::StrCat("ip protocol ", ip.protocol, " ", Ends(ip), Tail(ip));
  }
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> BuildFrame(const PacketText& p, const PortInfo& port) {
  const size_t ip_header = p.src.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  const size_t least = ip_header + L4HeaderBytes(p);
  const size_t length = p.length == 0 ? least : p.length;
  if (length < least) {
    return absl::InvalidArgumentError(absl::StrCat("packet: len ", length, " is less than the ", least,
                                                   " bytes of its headers"));
  }
  ByteWriter out;
  out.Mac(port.mac).Mac(kSender);
  if (port.vlan != 0) out.U16(kEtherVlan).U16(port.vlan);
  out.U16(p.src.is_v4() ? kEtherIpv4 : kEtherIpv6);
  const size_t ip = out.size();
  if (p.src.is_v4()) {
    out.U8(0x45).U8(0).U16(static_cast<uint16_t>(length)).U16(0);
    out.U16(p.protocol == kTcp ? kIpv4DontFragment : 0).U8(p.ttl).U8(p.protocol).U16(0);
  } else {
    out.U32(0x60000000).U16(static_cast<uint16_t>(length - ip_header)).U8(p.protocol).U8(p.ttl);
  }
  out.Ip(p.src).Ip(p.dst);
  out.Bytes(L4(p, length - ip_header));
  std::vector<uint8_t> frame = out.bytes();
  if (p.src.is_v4()) {
    const uint16_t checksum = FinishChecksum(AddToChecksum(0, frame.data() + ip, ip_header));
    std::memcpy(frame.data() + ip + 10, &checksum, 2);
  }
  return frame;
}

std::string FrameText(absl::Span<const uint8_t> frame) {
  ByteReader in(frame);
  in.Skip(kMacs);
  uint16_t type = in.U16();
  if (type == kEtherVlan) {
    in.Skip(2);
    type = in.U16();
  }
  return in.ok() ? IpText(type, in, 0) : absl::StrCat("a frame of ", frame.size(), " bytes");
}

std::string LinkText(absl::Span<const uint8_t> frame) {
  ByteReader in(frame);
  const MacAddress to = in.Mac(), from = in.Mac();
  const uint16_t type = in.U16(), tag = in.U16();
  const std::string macs = absl::StrCat(from.ToString(), " > ", to.ToString());
  return type == kEtherVlan && in.ok() ? absl::StrCat(macs, " vlan ", tag & 0x0fff) : macs;
}

}  // namespace baton::controlplane
