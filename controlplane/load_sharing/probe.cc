#include "controlplane/load_sharing/probe.h"

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"

namespace baton::controlplane::load_sharing {
namespace {

constexpr size_t kMessage = 8, kIpv4 = 20, kIpv4ChecksumAt = 10, kMessageChecksumAt = 2;
constexpr uint8_t kHops = 64;

struct Type {
  Probe::Kind kind;
  bool reply;
  Family family;
  uint8_t number;
};
constexpr Type kTypes[] = {
    {Probe::Kind::kInformation, false, Family::kIpv4, kIcmpInformationRequest},
    {Probe::Kind::kInformation, true, Family::kIpv4, kIcmpInformationReply},
    {Probe::Kind::kEcho, false, Family::kIpv4, kIcmpEchoRequest},
    {Probe::Kind::kEcho, true, Family::kIpv4, kIcmpEchoReply},
    {Probe::Kind::kEcho, false, Family::kIpv6, kIcmpv6EchoRequest},
    {Probe::Kind::kEcho, true, Family::kIpv6, kIcmpv6EchoReply},
};

uint64_t PseudoSum(const Probe& probe, size_t length) {
  return probe.src.is_v4() ? 0 : PseudoHeaderSum(probe.src, probe.dst, kIcmpv6, static_cast<uint32_t>(length));
}

// The ICMP message within the IP packet that follows; empty: none, or only a fragment of one.
absl::Span<const uint8_t> ReadIpv4(ByteReader& in, Probe& probe) {
  const uint8_t version_ihl = in.U8();
  const size_t header = (version_ihl & 0x0f) * size_t{4};
  in.Skip(1);
  const size_t total = in.U16();
  in.Skip(2);
  const bool fragment = (in.U16() & (kIpv4MoreFragments | kIpv4FragmentOffset)) != 0;
  in.Skip(1);
  const uint8_t protocol = in.U8();
  in.Skip(2);  // the header's checksum: the worker looked at it
  probe.src = in.Ipv4();
  probe.dst = in.Ipv4();
  if (version_ihl >> 4 != 4 || header < kIpv4 || total < header || fragment || protocol != kIcmp) return {};
  in.Skip(header - kIpv4);
  return in.Bytes(total - header);
}

absl::Span<const uint8_t> ReadIpv6(ByteReader& in, Probe& probe) {
  const uint32_t version = in.U32() >> 28;
  const size_t length = in.U16();
  const uint8_t protocol = in.U8();
  in.Skip(1);
  probe.src = in.Ipv6();
  probe.dst = in.Ipv6();
  // An IPv4-mapped address would be taken for an IPv4 one (common/addr.h).
  if (version != 6 || protocol != kIcmpv6 || probe.src.is_v4() || probe.dst.is_v4()) return {};
  return in.Bytes(length);
}

}  // namespace

std::vector<uint8_t> EncodeProbe(const Probe& probe) {
  const Family family = probe.src.family();
  uint8_t type = 0;
  for (const Type& t : kTypes) {
    if (t.kind == probe.kind && t.reply == probe.reply && t.family == family) type = t.number;
  }
  ByteWriter message;
  message.U8(type).U8(0).U16(0).U16(probe.identifier).U16(probe.sequence);
  const uint64_t sum = AddToChecksum(PseudoSum(probe, kMessage), message.bytes().data(), kMessage);
  message.PatchU16(kMessageChecksumAt, __builtin_bswap16(FinishChecksum(sum)));

  ByteWriter out;
  out.Mac(probe.dst_mac).Mac(probe.src_mac);
  if (probe.vlan != 0) out.U16(kEtherVlan).U16(probe.vlan);
  if (family == Family::kIpv4) {
    out.U16(kEtherIpv4);
    const size_t at = out.size();
    out.U8(0x45).U8(0).U16(kIpv4 + kMessage).U32(0).U8(kHops).U8(kIcmp).U16(0).Ip(probe.src).Ip(probe.dst);
    const uint16_t checksum = FinishChecksum(AddToChecksum(0, out.bytes().data() + at, kIpv4));
    out.PatchU16(at + kIpv4ChecksumAt, __builtin_bswap16(checksum));
  } else {
    out.U16(kEtherIpv6).U32(0x60000000).U16(kMessage).U8(kIcmpv6).U8(kHops).Ip(probe.src).Ip(probe.dst);
  }
  out.Bytes(message.bytes());
  return out.bytes();
}

std::optional<Probe> DecodeProbe(absl::Span<const uint8_t> frame) {
  Probe probe;
  ByteReader in(frame);
  probe.dst_mac = in.Mac();
  probe.src_mac = in.Mac();
  uint16_t ether = in.U16();
  if (ether == kEtherVlan) {
    probe.vlan = in.U16() & 0x0fff;
    ether = in.U16();
  }
  if (ether != kEtherIpv4 && ether != kEtherIpv6) return std::nullopt;
  const absl::Span<const uint8_t> message = ether == kEtherIpv4 ? ReadIpv4(in, probe) : ReadIpv6(in, probe);
  if (!in.ok() || message.size() < kMessage) return std::nullopt;
  const uint64_t sum = AddToChecksum(PseudoSum(probe, message.size()), message.data(), message.size());
  if (FoldChecksum(sum) != 0xffff) return std::nullopt;
  ByteReader body(message);
  const uint8_t number = body.U8();
  const uint8_t code = body.U8();
  body.Skip(2);
  probe.identifier = body.U16();
  probe.sequence = body.U16();
  if (code != 0) return std::nullopt;
  for (const Type& t : kTypes) {
    if (t.number != number || t.family != probe.src.family()) continue;
    probe.kind = t.kind;
    probe.reply = t.reply;
    return probe;
  }
  return std::nullopt;
}

}  // namespace baton::controlplane::load_sharing
