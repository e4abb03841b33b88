#include "tests/scenarios/frame_reader.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include "common/bytes.h"
#include "tests/scenarios/frame_checksum.h"

namespace baton::scenarios {
namespace {

using Span = absl::Span<const uint8_t>;

// Whether a segment's checksum can be judged: a quoted packet may be cut, a fragment never holds the whole.
enum class Judge { kYes, kNo };

std::string Hex(Span bytes) {
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void SetPayload(Span payload, PacketText* p) {
  p->fields["len"] = absl::StrCat(payload.size());
  if (payload.empty()) return;
  bool printable = true;
  for (const uint8_t byte : payload) {
    printable &= (byte >= 0x20 && byte < 0x7f && byte != '"') || byte == '\r' || byte == '\n';
  }
  p->fields["data"] = printable ? absl::StrCat("\"", absl::CEscape(std::string(payload.begin(), payload.end())), "\"")
                                : absl::StrCat("hex ", Hex(payload));
}

void JudgeSegment(const PacketText& ends, uint8_t protocol, Span segment, Judge judge, PacketText* p) {
  if (judge == Judge::kNo) return;
  Bytes covered(segment.begin(), segment.end());
  if (protocol != 1) covered = WithPseudoHeader(ends.src, ends.dst, protocol, segment);
  if (OnesComplementSum(covered) != 0xffff) p->fields["csum"] = "bad";
}

// Behind the MSS: what a packet in a scenario can have, or the bytes.
void ReadOtherOptions(const std::string& hex, PacketText* p) {
  if (hex.empty()) return;
  if (hex == "04020101") {
    p->fields["sack"] = "yes";
  } else if (hex == "01010101") {
    p->fields["nops"] = "yes";
  } else {
    p->fields["tcp_options"] = hex;
  }
}

void ReadTcp(Span segment, Judge judge, PacketText* p) {
  ByteReader in(segment);
  p->kind = "tcp";
  p->src_port = in.U16();
  p->dst_port = in.U16();
  p->fields["seq"] = absl::StrCat(in.U32());
  if (segment.size() < 20) return;  // quoted: RFC 792 promises no more than this
  const uint32_t ack = in.U32();
  const size_t header = static_cast<size_t>(in.U8() >> 4) * 4;
  const uint8_t flags = in.U8();
  constexpr const char* kNames[] = {"fin", "syn", "rst", "psh", "ack", "urg"};
  for (int bit = 0; bit < 6; ++bit) {
    if ((flags & 1 << bit) != 0) p->fields[kNames[bit]] = "yes";
  }
  p->fields["ackno"] = absl::StrCat(ack);
  p->fields["win"] = absl::StrCat(in.U16());
  JudgeSegment(*p, 6, segment, judge, p);
  if (header < 20 || header > segment.size()) {
    p->fields["doff"] = absl::StrCat(header / 4);
    return;
  }
  if (header >= 24 && segment[20] == 2 && segment[21] == 4) {
    p->fields["mss"] = absl::StrCat(segment[22] * 256 + segment[23]);
    ReadOtherOptions(Hex(segment.subspan(24, header - 24)), p);
  } else if (header > 20) {
    ReadOtherOptions(Hex(segment.subspan(20, header - 20)), p);
  }
  SetPayload(segment.subspan(header), p);
}

PacketText ReadIp(Span packet, Judge judge);

// RFC 7348, 5. False: not as it must be.
bool ReadVxlan(uint16_t src_port, uint16_t dst_port, Span payload, PacketText* p) {
  if (payload.size() < 22 || payload[0] != 0x08 || src_port < 49152) return false;
  ByteReader in(payload.subspan(1));
  const uint32_t reserved = in.U8() << 16 | in.U16();
  const uint32_t vni = in.U32();
  if (reserved != 0 || (vni & 0xff) != 0) return false;
  const MacAddress dst = in.Mac();
  const MacAddress src = in.Mac();
  const uint16_t type = in.U16();
  PacketText inner = ReadIp(payload.subspan(22), Judge::kYes);
  if (inner.kind == "raw" || inner.ipv4() != (type == 0x0800)) return false;
  inner.fields["mac_dst"] = dst.ToString();
  inner.fields["mac_src"] = src.ToString();
  p->kind = "vxlan";
  p->src_port = p->dst_port = std::nullopt;
  p->fields["port"] = absl::StrCat(dst_port);
  p->fields["vni"] = absl::StrCat(vni >> 8);
  p->about = std::make_shared<PacketText>(std::move(inner));
  return true;
}

void ReadUdp(Span datagram, Judge judge, PacketText* p) {
  ByteReader in(datagram);
  p->kind = "udp";
  p->src_port = in.U16();
  p->dst_port = in.U16();
  const uint16_t length = in.U16();
  const uint16_t checksum = in.U16();
  if (judge == Judge::kYes && length != datagram.size()) p->fields["udplen"] = absl::StrCat(length);
  const bool vxlan = (*p->dst_port == 4789 || *p->dst_port == 8472) && length == datagram.size() && checksum == 0;
  if (vxlan && ReadVxlan(*p->src_port, *p->dst_port, datagram.subspan(8), p)) return;
  if (checksum == 0 && p->ipv4()) {
    p->fields["csum"] = "0";
  } else {
    JudgeSegment(*p, 17, datagram, judge, p);  // with IPv6 zero is no checksum at all (RFC 8200, 8.1)
  }
  SetPayload(datagram.subspan(8), p);
}

bool IsError(const PacketText& p) {
  const uint32_t type = p.Number("type", 0);
  return p.kind == "icmp" ? type == 3 || type == 11 || type == 12 || type == 4 || type == 5 : type >= 1 && type <= 4;
}

// Whether an error quotes a packet to its end, so that its checksum can be judged.
bool QuotedWhole(Span packet) {
  if (packet.size() >= 20 && packet[0] >> 4 == 4) return packet[2] * 256u + packet[3] <= packet.size();
  return packet.size() >= 40 && packet[4] * 256u + packet[5] + 40 <= packet.size();
}

void ReadIcmp(Span message, uint8_t protocol, Judge judge, PacketText* p) {
  p->kind = protocol == 1 ? "icmp" : "icmp6";
  ByteReader in(message);
  p->fields["type"] = absl::StrCat(in.U8());
  p->fields["code"] = absl::StrCat(in.U8());
  in.Skip(2);
  JudgeSegment(*p, protocol, message, judge, p);
  const uint32_t type = p->Number("type", 0);
  const uint32_t rest = in.U32();
  const Span body = message.subspan(8);
  const bool echo = protocol == 1 ? type == 0 || type == 8 : type == 128 || type == 129;
  if (echo) {
    p->fields["id"] = absl::StrCat(rest >> 16);
    p->fields["seq"] = absl::StrCat(rest & 0xffff);
    SetPayload(body, p);
  } else if (IsError(*p)) {
    p->fields["mtu"] = p->fields["rest"] = absl::StrCat(rest);
    p->about = std::make_shared<PacketText>(ReadIp(body, QuotedWhole(body) ? Judge::kYes : Judge::kNo));
  } else {
    p->fields["rest"] = absl::StrCat(rest);
    if ((type == 135 || type == 136) && body.size() >= 16) {
      p->fields["target"] = IpAddress::FromV6Bytes(body.data()).ToString();
    }
    SetPayload(body, p);
  }
}

// `segment` begins at the first byte behind the IP headers.
void ReadSegment(Span segment, uint8_t protocol, bool later_fragment, Judge judge, PacketText* p) {
  if (p->has("frag")) judge = Judge::kNo;
  if (!later_fragment && segment.size() >= 8) {
    if (protocol == 6) return ReadTcp(segment, judge, p);
    if (protocol == 17) return ReadUdp(segment, judge, p);
    if (protocol == (p->ipv4() ? 1 : 58)) return ReadIcmp(segment, protocol, judge, p);
  }
  p->kind = "ip";
  p->fields["protocol"] = absl::StrCat(protocol);
  if ((protocol == 4 || protocol == 41) && judge == Judge::kYes) {
    PacketText inner = ReadIp(segment, judge);
    if (inner.kind != "raw" && inner.ipv4() == (protocol == 4)) {
      p->about = std::make_shared<PacketText>(std::move(inner));
    }
  }
  SetPayload(segment, p);
}

void ReadIpv4(Span packet, Judge judge, PacketText* p) {
  const size_t header = static_cast<size_t>(packet[0] & 0x0f) * 4;
  ByteReader in(packet);
  in.Skip(1);
  p->fields["tos"] = absl::StrCat(in.U8());
  const size_t total = in.U16();
  const uint16_t id = in.U16();
  const uint16_t fragment = in.U16();
  p->fields["ttl"] = absl::StrCat(in.U8());
  const uint8_t protocol = in.U8();
  in.Skip(2);
  p->src = in.Ipv4();
  p->dst = in.Ipv4();
  if (header < 20 || header > packet.size() || total < header || (judge == Judge::kYes && total > packet.size())) {
    p->kind = "ip";
    p->fields["iplen"] = absl::StrCat(total);
    return;
  }
  if (OnesComplementSum(packet.subspan(0, header)) != 0xffff) p->fields["ipcsum"] = "bad";
  if (header > 20) p->fields["options"] = Hex(packet.subspan(20, header - 20)) == "01010100" ? "yes" : "other";
  if ((fragment & 0x4000) != 0) p->fields["df"] = "yes";
  const uint32_t offset = (fragment & 0x1fffu) * 8;
  const bool more = (fragment & 0x2000) != 0;
  if (offset != 0 || more) p->fields["frag"] = absl::StrCat("id ", id, " off ", offset, more ? " more" : "");
  const Span whole = packet.subspan(0, std::min(total, packet.size()));
  p->fields["id"] = absl::StrCat(id);
  ReadSegment(whole.subspan(header), protocol, offset != 0, judge, p);
  if (whole.size() < packet.size()) p->fields["pad"] = absl::StrCat(packet.size() - whole.size());
}

void ReadIpv6(Span packet, Judge judge, PacketText* p) {
  ByteReader in(packet);
  const uint32_t first = in.U32();
  p->fields["tos"] = absl::StrCat(first >> 20 & 0xff);
  if ((first & 0xfffff) != 0) p->fields["flow"] = absl::StrCat(first & 0xfffff);
  const size_t length = in.U16();
  uint8_t next = in.U8();
  p->fields["ttl"] = absl::StrCat(in.U8());
  p->src = in.Ipv6();
  p->dst = in.Ipv6();
  if (judge == Judge::kYes && 40 + length > packet.size()) {
    p->kind = "ip";
    p->fields["iplen"] = absl::StrCat(length);
    return;
  }
  const Span whole = packet.subspan(0, std::min(40 + length, packet.size()));
  if (whole.size() < packet.size()) p->fields["pad"] = absl::StrCat(packet.size() - whole.size());
  Span rest = whole.subspan(40);
  bool later_fragment = false;
  while ((next == 0 || next == 43 || next == 44 || next == 60) && rest.size() >= 8 && !later_fragment) {
    const size_t size = next == 44 ? 8 : 8 + rest[1] * 8u;
    if (size > rest.size()) break;
    if (next == 44) {
      const uint32_t offset = rest[2] * 256u + rest[3];
      const uint32_t id = ByteReader(rest.subspan(4)).U32();
      p->fields["frag"] = absl::StrCat("id ", id, " off ", offset & ~7u, (offset & 1) != 0 ? " more" : "");
      later_fragment = (offset & ~7u) != 0;
    } else {
      std::string& all = p->fields["extensions"];
      absl::StrAppend(&all, all.empty() ? "" : " ", next == 0 ? "hbh" : next == 43 ? "routing" : "dst");
    }
    next = rest[0];
    rest = rest.subspan(size);
  }
  ReadSegment(rest, next, later_fragment, judge, p);
}

PacketText ReadIp(Span packet, Judge judge) {
  PacketText p;
  if (packet.size() >= 20 && packet[0] >> 4 == 4) {
    ReadIpv4(packet, judge, &p);
  } else if (packet.size() >= 40 && packet[0] >> 4 == 6) {
    ReadIpv6(packet, judge, &p);
  } else {
    p.kind = "raw";
    p.fields["bytes"] = Hex(packet);
  }
  return p;
}

}  // namespace

PacketText ReadFrame(Span frame) {
  PacketText p;
  p.kind = "raw";
  p.fields["bytes"] = Hex(frame);
  ByteReader in(frame);
  const MacAddress dst = in.Mac();
  const MacAddress src = in.Mac();
  uint16_t type = in.U16();
  uint16_t vlan = 0;
  if (type == 0x8100) {
    vlan = in.U16() & 0x0fff;
    type = in.U16();
  }
  if (!in.ok()) return p;
  const Span body = frame.subspan(in.at());
  if (type == 0x0800 || type == 0x86dd) {
    p = ReadIp(body, Judge::kYes);
    if (p.ipv4() != (type == 0x0800)) p.kind = "raw";
  } else if (type == 0x0806 && body.size() >= 28) {
    p = PacketText{.kind = "arp", .src = {}, .dst = {}, .src_port = {}, .dst_port = {}, .fields = {}, .about = {}};
    ByteReader arp(body);
    arp.Skip(6);
    p.fields["op"] = absl::StrCat(arp.U16());
    p.fields["sender_mac"] = arp.Mac().ToString();
    p.src = arp.Ipv4();
    arp.Skip(6);
    p.dst = arp.Ipv4();
  } else {
    p.kind = "ether";
    p.fields["bytes"] = absl::StrCat(absl::Hex(type, absl::kZeroPad4), " ", Hex(body));
  }
  p.fields["mac_dst"] = dst.ToString();
  p.fields["mac_src"] = src.ToString();
  if (vlan != 0) p.fields["vlan"] = absl::StrCat(vlan);
  return p;
}

}  // namespace baton::scenarios
