#include "dataplane/answer.h"

#include <algorithm>

#include "common/checksum.h"
#include "common/headers.h"

namespace baton::dataplane {
namespace {

constexpr uint8_t kTtl = 64;
constexpr int kMaxIpv4Error = 576;   // RFC 1812, 4.3.2.3
constexpr int kMaxIpv6Error = 1280;  // RFC 4443, 2.4 (c)

struct IcmpError {
  uint8_t type, code;
};

IcmpError ErrorFor(Answer answer, bool ipv4) {
  switch (answer) {
    case Answer::kTimeExceeded: return ipv4 ? IcmpError{kIcmpTimeExceeded, 0} : IcmpError{kIcmpv6TimeExceeded, 0};
    case Answer::kTooBig: return ipv4 ? IcmpError{kIcmpUnreachable, 4} : IcmpError{kIcmpv6PacketTooBig, 0};
    case Answer::kNoRoute: return ipv4 ? IcmpError{kIcmpUnreachable, 0} : IcmpError{kIcmpv6Unreachable, 0};
    case Answer::kHostUnreachable: return ipv4 ? IcmpError{kIcmpUnreachable, 1} : IcmpError{kIcmpv6Unreachable, 3};
    case Answer::kNone:
    case Answer::kRefuse:
    case Answer::kRefuseReply: break;
  }
  return ipv4 ? IcmpError{kIcmpUnreachable, 3} : IcmpError{kIcmpv6Unreachable, 4};
}

bool IsIcmpError(const Packet& p) {
  if (p.protocol == kIcmpv6) return p.icmp_type < 128;  // RFC 4443, 2.1
  if (p.protocol != kIcmp) return false;
  return p.icmp_type == 3 || p.icmp_type == 4 || p.icmp_type == 5 || p.icmp_type == 11 || p.icmp_type == 12;
}

bool MayAnswer(const Packet& p) {
  if ((p.data[0] & 1) != 0) return false;           // sent to a group of stations
  if (p.l4 == 0 && (p.flags & kFragmented) != 0) return false;  // not the first fragment
  if (p.protocol == kTcp && (p.tcp_flags & kTcpRst) != 0) return false;
  return !IsIcmpError(p);
}

// Writes an IP header at p.l3, from `src` to `dst`, and cuts the packet behind the payload of `length` bytes at p.l4.
void WriteIp(const IpAddress& src, const IpAddress& dst, uint8_t protocol, int length, Packet& p) {
  uint8_t* at = p.data + p.l3;
  p.protocol = protocol;
  if (p.ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(at);
    ip.version_ihl = 0x45;
    ip.tos = 0;
    ip.total_length.set(static_cast<uint16_t>(sizeof(Ipv4Header) + length));
    ip.identification.set(0);
    ip.fragment.set(kIpv4DontFragment);  // RFC 6864: an atomic datagram needs no identification
    ip.ttl = kTtl;
    ip.protocol = protocol;
    ip.checksum.set_raw(0);
    std::memcpy(&ip.src, src.v4_bytes(), 4);
    std::memcpy(&ip.dst, dst.v4_bytes(), 4);
    ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, sizeof ip)));
    p.l4 = static_cast<uint16_t>(p.l3 + sizeof ip);
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(at);
    ip.version_class_flow.set(0x60000000);
    ip.payload_length.set(static_cast<uint16_t>(length));
    ip.next_header = protocol;
    ip.hop_limit = kTtl;
    std::memcpy(ip.src, src.v6_bytes(), 16);
    std::memcpy(ip.dst, dst.v6_bytes(), 16);
    p.l4 = static_cast<uint16_t>(p.l3 + sizeof ip);
  }
  p.length = static_cast<uint16_t>(p.l4 + length);
}

// RFC 9293, 3.10.7.1: the answer of a port that nobody listens on.
void MakeReset(const IpAddress& src, const IpAddress& dst, Packet& p) {
  const TcpHeader in = *reinterpret_cast<const TcpHeader*>(p.data + p.l4);
  const uint32_t payload = static_cast<uint32_t>(p.length - p.l4 - in.header_length());
  const uint32_t length = payload + ((in.flags & kTcpSyn) != 0 ? 1 : 0) + ((in.flags & kTcpFin) != 0 ? 1 : 0);
  WriteIp(src, dst, kTcp, sizeof(TcpHeader), p);
  auto& out = *reinterpret_cast<TcpHeader*>(p.data + p.l4);
  out = TcpHeader{};
  out.src_port = in.dst_port;
  out.dst_port = in.src_port;
  out.data_offset = 5 << 4;
  if ((in.flags & kTcpAck) != 0) {
    out.seq = in.ack;
    out.flags = kTcpRst;
  } else {
    out.ack.set(in.seq.get() + length);
    out.flags = kTcpRst | kTcpAck;
  }
  out.checksum.set_raw(
      FinishChecksum(AddToChecksum(PseudoHeaderSum(src, dst, kTcp, sizeof out), &out, sizeof out)));
}

// RFC 792, RFC 4443, 3: the header, then as much of the packet as may be sent.
void MakeIcmpError(const IpAddress& src, const IpAddress& dst, Packet& p) {
  const int ip_header = p.ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  const int room = (p.ipv4 ? kMaxIpv4Error : kMaxIpv6Error) - ip_header - static_cast<int>(sizeof(IcmpHeader));
  const int quoted = std::min(p.length - p.l3, room);
  uint8_t* icmp_at = p.data + p.l3 + ip_header;
  std::memmove(icmp_at + sizeof(IcmpHeader), p.data + p.l3, quoted);
  const IcmpError error = ErrorFor(p.answer, p.ipv4);
  const int length = static_cast<int>(sizeof(IcmpHeader)) + quoted;
  auto& icmp = *reinterpret_cast<IcmpHeader*>(icmp_at);
  icmp = IcmpHeader{};
  icmp.type = error.type;
  icmp.code = error.code;
  if (p.answer == Answer::kTooBig) icmp.sequence.set(p.mtu);  // RFC 1191, 4; in ICMPv6 the lower half of 32 bits
  const uint8_t protocol = p.ipv4 ? kIcmp : kIcmpv6;
  const uint64_t pseudo = p.ipv4 ? 0 : PseudoHeaderSum(src, dst, protocol, static_cast<uint32_t>(length));
  icmp.checksum.set_raw(FinishChecksum(AddToChecksum(pseudo, &icmp, static_cast<size_t>(length))));
  WriteIp(src, dst, protocol, length, p);
}

}  // namespace

bool MakeAnswer(const PortHeader& port, const IpAddress& own, Packet& p) {
  if (!MayAnswer(p)) return false;
  const IpAddress sender = p.key.src(p.ipv4);
  if (sender.is_unspecified() || sender.is_multicast()) return false;
  // A refusal comes from the address that was asked for, as a host would send it; the others from the router. A reset
  // is of use only if it comes from the other end of the connection.
  const bool reset = (p.answer == Answer::kRefuse || p.answer == Answer::kRefuseReply) && p.protocol == kTcp;
  const IpAddress src = reset || p.answer == Answer::kRefuse ? p.key.dst(p.ipv4) : own;
  if (src.is_unspecified()) return false;
  if (reset) {
    if (p.l4 == 0 || (p.flags & kFragmented) != 0) return false;
    MakeReset(src, sender, p);
  } else {
    MakeIcmpError(src, sender, p);
  }
  WriteEthernet(port, MacAddress::From(p.data + 6), p);
  p.out_port = p.port;
  return true;
}

}  // namespace baton::dataplane
