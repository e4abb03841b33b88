#include "dataplane/icmp_error.h"

#include <algorithm>
#include <optional>

#include "common/checksum.h"
#include "common/headers.h"

namespace baton::dataplane {
namespace {

constexpr int kMaxQuotedHeaders = 8;  // IPv6 extension headers, as in Parse
constexpr int kQuotedL4 = 8;          // so much of the L4 header is always quoted (RFC 792)

// The packet in an error. Offsets from the frame's start; ports as on the wire, echo identifiers as in a FlowKey.
struct Quote {
  int l3 = 0, l4 = 0;
  uint8_t protocol = 0;
  IpAddress src, dst;
  uint16_t src_port = 0, dst_port = 0;
};

// The offset of the L4 header behind the extension headers, or 0: cut off, too many, or a later fragment.
int BehindExtensions(const Packet& p, Quote& q) {
  int at = q.l3 + static_cast<int>(sizeof(Ipv6Header));
  uint8_t next = reinterpret_cast<const Ipv6Header*>(p.data + q.l3)->next_header;
  for (int i = 0; i < kMaxQuotedHeaders && at + 8 <= p.length; ++i) {
    const uint8_t* header = p.data + at;
    switch (next) {
      case kHopByHop:
      case kRouting:
      case kDestinationOptions: at += (header[1] + 1) * 8; break;
      case kFragment:
        if ((header[2] | (header[3] & 0xf8)) != 0) return 0;
        at += 8;
        break;
      default: q.protocol = next; return at;
    }
    next = header[0];
  }
  return 0;
}

bool ReadQuotedIp(const Packet& p, Quote& q) {
  const uint8_t* at = p.data + q.l3;
  const int left = p.length - q.l3;
  if (p.ipv4) {
    const auto& ip = *reinterpret_cast<const Ipv4Header*>(at);
    if (left < static_cast<int>(sizeof ip) || ip.version_ihl >> 4 != 4 || ip.header_length() < 20) return false;
    if ((ip.fragment.get() & kIpv4FragmentOffset) != 0) return false;
    q.l4 = q.l3 + ip.header_length();
    q.protocol = ip.protocol;
    q.src = IpAddress::FromV4Bytes(reinterpret_cast<const uint8_t*>(&ip.src));
    q.dst = IpAddress::FromV4Bytes(reinterpret_cast<const uint8_t*>(&ip.dst));
  } else {
    const auto& ip = *reinterpret_cast<const Ipv6Header*>(at);
    if (left < static_cast<int>(sizeof ip) || at[0] >> 4 != 6) return false;
    q.l4 = BehindExtensions(p, q);
    q.src = IpAddress::FromV6Bytes(ip.src);
    q.dst = IpAddress::FromV6Bytes(ip.dst);
  }
  return q.l4 != 0 && q.l4 + kQuotedL4 <= p.length;
}

// Nothing when what is quoted names no flow.
std::optional<Quote> ReadQuote(const Packet& p) {
  Quote q;
  q.l3 = p.l4 + static_cast<int>(sizeof(IcmpHeader));
  if (!ReadQuotedIp(p, q)) return std::nullopt;
  const uint8_t* at = p.data + q.l4;
  if (q.protocol == kTcp || q.protocol == kUdp) {
    std::memcpy(&q.src_port, at, 2);
    std::memcpy(&q.dst_port, at + 2, 2);
    return q;
  }
  if (q.protocol != (p.ipv4 ? kIcmp : kIcmpv6)) return std::nullopt;
  const auto& icmp = *reinterpret_cast<const IcmpHeader*>(at);
  if (icmp.type == (p.ipv4 ? kIcmpEchoRequest : kIcmpv6EchoRequest)) {
    q.src_port = icmp.id.raw();
  } else if (icmp.type == (p.ipv4 ? kIcmpEchoReply : kIcmpv6EchoReply)) {
    q.dst_port = icmp.id.raw();
  } else {
    return std::nullopt;  // an error about an error: nobody may send one (RFC 1122, 3.2.2)
  }
  return q;
}

bool ChecksumHolds(const Packet& p) {
  const auto length = static_cast<uint32_t>(p.length - p.l4);
  const uint64_t pseudo = p.ipv4 ? 0 : PseudoHeaderSum(p.key.src(false), p.key.dst(false), kIcmpv6, length);
  return FoldChecksum(AddToChecksum(pseudo, p.data + p.l4, length)) == 0xffff;
}

void Correct(uint8_t* checksum_at, uint16_t difference, bool udp) {
  uint16_t checksum;
  std::memcpy(&checksum, checksum_at, 2);
  if (udp && checksum == 0) return;  // RFC 768: the sender computed none
  checksum = ApplyDifference(checksum, difference);
  if (udp && checksum == 0) checksum = 0xffff;
  std::memcpy(checksum_at, &checksum, 2);
}

void WriteAddress(uint8_t* at, const IpAddress& address) {
  std::memcpy(at, address.is_v4() ? address.v4_bytes() : address.v6_bytes(), address.is_v4() ? 4 : 16);
}

uint8_t* SourceIn(uint8_t* ip, bool ipv4) {
  return ipv4 ? reinterpret_cast<uint8_t*>(&reinterpret_cast<Ipv4Header*>(ip)->src)
              : reinterpret_cast<Ipv6Header*>(ip)->src;
}

uint8_t* DestinationIn(uint8_t* ip, bool ipv4) {
  return ipv4 ? reinterpret_cast<uint8_t*>(&reinterpret_cast<Ipv4Header*>(ip)->dst)
              : reinterpret_cast<Ipv6Header*>(ip)->dst;
}

// The quoted packet went the other way than the error: its source is what `side` writes as destination, and the same
// ends are replaced by the same others, so that the side's differences are right for it, too.
void RewriteQuote(const RowSide& side, const Quote& q, Packet& p) {
  uint8_t* ip = p.data + q.l3;
  uint8_t* l4 = p.data + q.l4;
  WriteAddress(SourceIn(ip, p.ipv4), side.dst);
  WriteAddress(DestinationIn(ip, p.ipv4), side.src);
  if (p.ipv4) Correct(ip + 10, side.l3_difference, false);
  if (q.protocol == kTcp || q.protocol == kUdp) {
    std::memcpy(l4, &side.dst_port, 2);
    std::memcpy(l4 + 2, &side.src_port, 2);
    if (q.protocol == kUdp) Correct(l4 + 6, side.l4_difference, true);
    if (q.protocol == kTcp && q.l4 + 18 <= p.length) Correct(l4 + 16, side.l4_difference, false);
    return;
  }
  const uint16_t id = side.reply() ? side.dst_port : side.src_port;
  std::memcpy(l4 + 4, &id, 2);
  Correct(l4 + 2, side.l4_difference, false);
}

// The receiver is the end that sent the quoted packet. The sender stays where it may be seen: a router on the clients'
// side keeps its address towards a backend that sees the clients' addresses, too; the backends' network stays hidden
// from clients, and a backend behind `full` translation hears from internal addresses only.
void RewriteEnds(const RowSide& side, Packet& p, uint16_t& icmp_difference) {
  uint8_t* ip = p.data + p.l3;
  uint8_t* src = SourceIn(ip, p.ipv4);
  const size_t both = p.ipv4 ? 8 : 32;  // source and destination lie side by side
  const uint64_t before = AddToChecksum(0, src, both);
  if (side.reply() || (side.kind & kSideFull) != 0) WriteAddress(src, side.src);
  WriteAddress(DestinationIn(ip, p.ipv4), side.dst);
  const uint16_t difference = ChecksumDifference(before, AddToChecksum(0, src, both));
  if (p.ipv4) {
    Correct(ip + 10, difference, false);
  } else {
    icmp_difference = difference;  // the pseudo header of ICMPv6
  }
}

void RewriteError(Packet& p) {
  const RowSide& side = *p.side;
  p.side = nullptr;
  const std::optional<Quote> q = ReadQuote(p);
  if (!q) return;  // cannot be: FindQuotedRows read the same bytes
  // What may change of the quote: its IP header and what is there of a TCP header without options.
  const auto region = static_cast<size_t>(std::min<int>(p.length, q->l4 + static_cast<int>(sizeof(TcpHeader))) - q->l3);
  const uint64_t before = AddToChecksum(0, p.data + q->l3, region);
  RewriteQuote(side, *q, p);
  const uint64_t after = AddToChecksum(0, p.data + q->l3, region);
  uint16_t ends = 0;
  RewriteEnds(side, p, ends);
  const uint32_t both = uint32_t{ChecksumDifference(before, after)} + ends;
  Correct(p.data + p.l4 + 2, FoldChecksum(both), false);
}

}  // namespace

void FindQuotedRows(const AccessTable& access, Burst& burst) {
  if ((burst.flags & kIcmpError) == 0) return;
  for (Packet& p : burst) {
    if (!p.alive() || (p.flags & kIcmpError) == 0) continue;
    const std::optional<Quote> q = ReadQuote(p);
    if (!q || q->src != p.key.dst(p.ipv4)) continue;
    RowSide* side = access.Find(FlowKey::Of(q->dst, q->dst_port, q->src, q->src_port, q->protocol), p.ipv4);
    if (side == nullptr) continue;
    if (!ChecksumHolds(p)) {
      p.Drop(DropReason::kIcmpMalformed);
      continue;
    }
    p.side = side;
  }
}

std::optional<FlowKey> OppositeOfQuoted(const Packet& p) {
  const std::optional<Quote> q = ReadQuote(p);
  if (!q) return std::nullopt;
  return FlowKey::Of(q->dst, q->dst_port, q->src, q->src_port, q->protocol);
}

void RewriteErrors(Burst& burst) {
  if ((burst.flags & kIcmpError) == 0) return;
  for (Packet& p : burst) {
    if (!p.alive() || (p.flags & kIcmpError) == 0 || p.side == nullptr) continue;
    if (!p.side->untouched()) RewriteError(p);
  }
}

}  // namespace baton::dataplane
