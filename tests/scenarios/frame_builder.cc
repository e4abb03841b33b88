#include "tests/scenarios/frame_builder.h"

#include <sstream>

#include <absl/strings/escaping.h>

#include "common/bytes.h"
#include "common/status.h"

namespace baton::scenarios {
namespace {

constexpr uint8_t kIcmpProtocol = 1, kTcpProtocol = 6, kUdpProtocol = 17, kIcmpv6Protocol = 58;

uint8_t ProtocolOf(const PacketText& p) {
  if (p.kind == "tcp") return kTcpProtocol;
  if (p.kind == "udp") return kUdpProtocol;
  if (p.kind == "icmp") return kIcmpProtocol;
  if (p.kind == "icmp6") return kIcmpv6Protocol;
  return static_cast<uint8_t>(p.Number("protocol", 255));
}

absl::StatusOr<Bytes> Payload(const PacketText& p) {
  if (!p.has("data")) return PatternPayload(p.Number("len", 0));
  const std::string& quoted = p.fields.at("data");
  std::string bytes;
  if (!absl::CUnescape(absl::string_view(quoted).substr(1, quoted.size() - 2), &bytes)) {
    return absl::InvalidArgumentError(absl::StrCat("not as in C: ", quoted));
  }
  return Bytes(bytes.begin(), bytes.end());
}

void Put16(Bytes& bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}

// Writes the checksum of `covered` (which holds zero in its place) at `segment[at]`.
void PutChecksum(const PacketText& p, const char* field, const Bytes& covered, Bytes& segment, size_t at) {
  uint16_t sum = static_cast<uint16_t>(~OnesComplementSum(covered));
  if (p.kind == "udp" && sum == 0) sum = 0xffff;  // RFC 768
  if (p.Get(field) == "bad") sum ^= 0x1234;
  if (p.Get(field) == "0") sum = 0;
  Put16(segment, at, sum);
}

Bytes TcpSegment(const PacketText& p, const Bytes& payload) {
  Bytes options;
  if (p.has("mss")) {
    const auto mss = static_cast<uint16_t>(p.Number("mss", 0));
    options = {2, 4, static_cast<uint8_t>(mss >> 8), static_cast<uint8_t>(mss)};
  }
  if (p.has("sack")) options.insert(options.end(), {4, 2, 1, 1});
  if (p.has("nops")) options.insert(options.end(), {1, 1, 1, 1});
  uint8_t flags = 0;
  constexpr const char* kBits[] = {"fin", "syn", "rst", "psh", "ack", "urg"};
  for (int bit = 0; bit < 6; ++bit) flags |= static_cast<uint8_t>(p.has(kBits[bit]) ? 1 << bit : 0);
  ByteWriter out;
  out.U16(*p.src_port).U16(*p.dst_port).U32(p.Number("seq", 0)).U32(p.Number("ackno", 0));
  out.U8(static_cast<uint8_t>(p.Number("doff", static_cast<uint32_t>(5 + options.size() / 4)) << 4)).U8(flags);
  out.U16(static_cast<uint16_t>(p.Number("win", 65535))).U16(0).U16(0).Bytes(options).Bytes(payload);
  Bytes segment = out.bytes();
  PutChecksum(p, "csum", WithPseudoHeader(p.src, p.dst, kTcpProtocol, segment), segment, 16);
  return segment;
}

Bytes UdpDatagram(const PacketText& p, const Bytes& payload) {
  ByteWriter out;
  out.U16(*p.src_port).U16(*p.dst_port).U16(static_cast<uint16_t>(p.Number("udplen", 8 + payload.size()))).U16(0);
  Bytes datagram = out.Bytes(payload).bytes();
  PutChecksum(p, "csum", WithPseudoHeader(p.src, p.dst, kUdpProtocol, datagram), datagram, 6);
  return datagram;
}

absl::StatusOr<Bytes> BuildIp(const PacketText& p);

absl::StatusOr<Bytes> IcmpMessage(const PacketText& p, Bytes payload) {
  const uint32_t type = p.Number("type", 0);
  ByteWriter out;
  out.U8(static_cast<uint8_t>(type)).U8(static_cast<uint8_t>(p.Number("code", 0))).U16(0);
  if (p.has("id") || p.has("seq")) {
    out.U16(static_cast<uint16_t>(p.Number("id", 0))).U16(static_cast<uint16_t>(p.Number("seq", 0)));
  } else {
    out.U32(p.Number("mtu", p.Number("rest", 0)));  // RFC 1191, 4 and RFC 4443, 3.2: the MTU lies in these 32 bits
  }
  if (p.has("target")) {
    ASSIGN_OR_RETURN(const IpAddress target, IpAddress::Parse(p.Get("target")));
    out.Ip(target);
  }
  if (p.about) {
    ASSIGN_OR_RETURN(Bytes quoted, BuildIp(*p.about));
    quoted.resize(std::min<size_t>(quoted.size(), p.ipv4() ? 548 : 1232));  // RFC 1812, 4.3.2.3; RFC 4443, 2.4 (c)
    out.Bytes(quoted);
  }
  Bytes message = out.Bytes(payload).bytes();
  PutChecksum(p, "csum", p.kind == "icmp" ? message : WithPseudoHeader(p.src, p.dst, kIcmpv6Protocol, message), message,
              2);
  return message;
}

struct Fragment { uint32_t id = 0; uint16_t offset = 0; bool more = false; };

Fragment FragmentOf(const PacketText& p) {
  Fragment f;
  std::string word;
  std::istringstream in(p.Get("frag"));
  in >> word >> f.id >> word >> f.offset;
  f.more = static_cast<bool>(in >> word);
  return f;
}

absl::StatusOr<Bytes> Ipv4Packet(const PacketText& p, const Bytes& inside) {
  const Bytes options = p.has("options") ? Bytes{1, 1, 1, 0} : Bytes{};  // NOP NOP NOP EOL (RFC 791, 3.1)
  const size_t header = 20 + options.size();
  const Fragment fragment = FragmentOf(p);
  const uint32_t id = p.has("frag") ? fragment.id : p.kind == "icmp" ? 0 : p.Number("id", 0);
  const uint32_t flags = (p.has("df") ? 0x4000u : 0) | (fragment.more ? 0x2000u : 0) | fragment.offset / 8u;
  ByteWriter out;
  out.U8(static_cast<uint8_t>(p.Number("version", 4) << 4 | p.Number("ihl", static_cast<uint32_t>(header / 4))));
  out.U8(static_cast<uint8_t>(p.Number("tos", 0)));
  out.U16(static_cast<uint16_t>(p.Number("iplen", static_cast<uint32_t>(header + inside.size()))));
  out.U16(static_cast<uint16_t>(id)).U16(static_cast<uint16_t>(flags));
  out.U8(static_cast<uint8_t>(p.Number("ttl", 64))).U8(ProtocolOf(p)).U16(0).Ip(p.src).Ip(p.dst).Bytes(options);
  Bytes packet = out.bytes();
  PutChecksum(p, "ipcsum", packet, packet, 10);
  packet.insert(packet.end(), inside.begin(), inside.end());
  return packet;
}

// Extension headers in the order of the text, the fragment header last (RFC 8200, 4.1).
Bytes Ipv6Extensions(const PacketText& p, uint8_t* first) {
  std::vector<std::pair<uint8_t, Bytes>> headers;  // number and the header without its first byte
  std::istringstream in(p.Get("extensions"));
  for (std::string word; in >> word;) {
    if (word == "routing") {
      headers.push_back({43, {0, 4, 0, 0, 0, 0, 0}});  // unknown type 4, no segments left (RFC 8200, 4.4)
    } else {
      headers.push_back({word == "hbh" ? uint8_t{0} : uint8_t{60}, {0, 1, 4, 0, 0, 0, 0}});  // PadN
    }
  }
  if (p.has("frag")) {
    const Fragment f = FragmentOf(p);
    const auto offset = static_cast<uint16_t>((f.offset / 8) << 3 | (f.more ? 1 : 0));
    headers.push_back({44, ByteWriter().U8(0).U16(offset).U32(f.id).bytes()});
  }
  *first = headers.empty() ? ProtocolOf(p) : headers.front().first;
  Bytes out;
  for (size_t i = 0; i < headers.size(); ++i) {
    out.push_back(i + 1 < headers.size() ? headers[i + 1].first : ProtocolOf(p));
    out.insert(out.end(), headers[i].second.begin(), headers[i].second.end());
  }
  return out;
}

absl::StatusOr<Bytes> Ipv6Packet(const PacketText& p, const Bytes& inside) {
  uint8_t next_header;
  const Bytes extensions = Ipv6Extensions(p, &next_header);
  const bool discovery = p.kind == "icmp6" && p.Number("type", 0) >= 133 && p.Number("type", 0) <= 137;
  ByteWriter out;
  out.U32(p.Number("version", 6) << 28 | p.Number("tos", 0) << 20 | p.Number("flow", 0));
  out.U16(static_cast<uint16_t>(p.Number("iplen", static_cast<uint32_t>(extensions.size() + inside.size()))));
  out.U8(next_header).U8(static_cast<uint8_t>(p.Number("ttl", discovery ? 255 : 64)));  // RFC 4861, 7.1.1
  return out.Ip(p.src).Ip(p.dst).Bytes(extensions).Bytes(inside).bytes();
}

absl::StatusOr<Bytes> BuildIp(const PacketText& p) {
  ASSIGN_OR_RETURN(Bytes inside, Payload(p));
  if (p.kind == "tcp") inside = TcpSegment(p, inside);
  if (p.kind == "udp") inside = UdpDatagram(p, inside);
  if (p.kind == "icmp" || p.kind == "icmp6") {
    ASSIGN_OR_RETURN(inside, IcmpMessage(p, inside));
  }
  return p.ipv4() ? Ipv4Packet(p, inside) : Ipv6Packet(p, inside);
}

Bytes ArpBody(const PacketText& p, const LinkLayer& link) {
  const auto sender = MacAddress::Parse(p.Get("sender_mac"));
  const bool request = p.Get("op") == "1";
  ByteWriter out;
  out.U16(1).U16(0x0800).U8(6).U8(4).U16(static_cast<uint16_t>(p.Number("op", 1)));
  out.Mac(sender.ok() ? *sender : link.src).Ip(p.src).Mac(request ? MacAddress{} : link.dst).Ip(p.dst);
  return out.bytes();
}

absl::StatusOr<MacAddress> MacField(const PacketText& p, const char* name, const MacAddress& otherwise) {
  if (!p.has(name)) return otherwise;
  return MacAddress::Parse(p.Get(name));
}

}  // namespace

Bytes PatternPayload(size_t length) {
  Bytes out(length);
  for (size_t i = 0; i < length; ++i) out[i] = static_cast<uint8_t>('a' + i % 26);
  return out;
}

absl::StatusOr<Bytes> BuildFrame(const PacketText& p, const LinkLayer& link) {
  if (p.kind == "raw") {
    const std::string bytes = absl::HexStringToBytes(p.Get("bytes"));
    return Bytes(bytes.begin(), bytes.end());
  }
  uint16_t type = p.kind == "arp" ? 0x0806 : p.ipv4() ? 0x0800 : 0x86dd;
  Bytes body;
  if (p.kind == "ether") {
    const std::string bytes = absl::HexStringToBytes(p.Get("bytes").substr(5));
    type = static_cast<uint16_t>(std::stoul(p.Get("bytes").substr(0, 4), nullptr, 16));
    body.assign(bytes.begin(), bytes.end());
  } else if (p.kind == "arp") {
    body = ArpBody(p, link);
  } else {
    ASSIGN_OR_RETURN(body, BuildIp(p));
  }
  ASSIGN_OR_RETURN(const MacAddress dst, MacField(p, "mac_dst", link.dst));
  ASSIGN_OR_RETURN(const MacAddress src, MacField(p, "mac_src", link.src));
  const uint32_t vlan = p.has("untagged") ? 0 : p.Number("vlan", link.vlan);
  ByteWriter out;
  out.Mac(dst).Mac(src);
  if (vlan != 0) out.U16(0x8100).U16(static_cast<uint16_t>(vlan));
  Bytes frame = out.U16(type).Bytes(body).Zeros(p.Number("pad", 0)).bytes();
  if (p.has("truncate")) frame.resize(std::min<size_t>(frame.size(), p.Number("truncate", 0)));
  return frame;
}

}  // namespace baton::scenarios
