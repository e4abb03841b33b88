#include "controlplane/vrrp/frame.h"

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"

namespace baton::controlplane::vrrp {
namespace {

constexpr uint8_t kIpv4Version = 0x45;       // without options
constexpr uint32_t kIpv6Version = 0x6c000000;  // traffic class CS6, as routing protocols have it
constexpr uint8_t kTos = 0xc0;                 // the same over IPv4
constexpr size_t kIpv4 = 20, kIpv4ChecksumAt = 10;

void WriteIpv4(const Envelope& envelope, size_t payload, ByteWriter& out) {
  const size_t at = out.size();
  out.U8(kIpv4Version).U8(kTos).U16(static_cast<uint16_t>(kIpv4 + payload)).U16(0).U16(kIpv4DontFragment);
  out.U8(envelope.ttl).U8(kProtocol).U16(0).Ip(envelope.ends.src).Ip(envelope.ends.dst);
  const uint16_t checksum = FinishChecksum(AddToChecksum(0, out.bytes().data() + at, kIpv4));
  out.PatchU16(at + kIpv4ChecksumAt, __builtin_bswap16(checksum));
}

bool ReadIpv4(ByteReader& in, Envelope& envelope, size_t& payload) {
  if (in.U8() != kIpv4Version) return false;
  in.Skip(1);
  const size_t total = in.U16();
  in.Skip(2);
  if ((in.U16() & (kIpv4MoreFragments | kIpv4FragmentOffset)) != 0 || total < kIpv4) return false;
  envelope.ttl = in.U8();
  const bool vrrp = in.U8() == kProtocol;
  in.Skip(2);  // checksum: the worker has looked at it
  envelope.ends.src = in.Ipv4();
  envelope.ends.dst = in.Ipv4();
  payload = total - kIpv4;
  return vrrp;
}

bool ReadIpv6(ByteReader& in, Envelope& envelope, size_t& payload) {
  if (in.U32() >> 28 != 6) return false;
  payload = in.U16();
  const bool vrrp = in.U8() == kProtocol;
  envelope.ttl = in.U8();
  envelope.ends.src = in.Ipv6();
  envelope.ends.dst = in.Ipv6();
  return vrrp;
}

}  // namespace

std::vector<uint8_t> Wrap(const Envelope& envelope, absl::Span<const uint8_t> message) {
  ByteWriter out;
  out.Mac(envelope.dst).Mac(envelope.src);
  if (envelope.vlan != 0) out.U16(kEtherVlan).U16(envelope.vlan);
  if (envelope.ends.src.is_v4()) {
    out.U16(kEtherIpv4);
    WriteIpv4(envelope, message.size(), out);
  } else {
    out.U16(kEtherIpv6).U32(kIpv6Version).U16(static_cast<uint16_t>(message.size())).U8(kProtocol).U8(envelope.ttl);
    out.Ip(envelope.ends.src).Ip(envelope.ends.dst);
  }
  out.Bytes(message);
  return out.bytes();
}

std::optional<Unwrapped> Unwrap(absl::Span<const uint8_t> frame) {
  Unwrapped result;
  ByteReader in(frame);
  result.envelope.dst = in.Mac();
  result.envelope.src = in.Mac();
  uint16_t type = in.U16();
  if (type == kEtherVlan) {
    result.envelope.vlan = in.U16() & 0x0fff;
    type = in.U16();
  }
  size_t payload = 0;
  const bool vrrp = type == kEtherIpv4   ? ReadIpv4(in, result.envelope, payload)
                    : type == kEtherIpv6 ? ReadIpv6(in, result.envelope, payload)
                                         : false;
  if (!vrrp) return std::nullopt;
  result.message = in.Bytes(payload);  // behind it may be padding
  if (!in.ok()) return std::nullopt;
  return result;
}

MacAddress MulticastMac(const IpAddress& group) {
  if (!group.is_v4()) return Ipv6MulticastMac(group);
  const uint8_t* bytes = group.v4_bytes();  // RFC 1112, 6.4: the lower 23 bits
  return {{0x01, 0x00, 0x5e, static_cast<uint8_t>(bytes[1] & 0x7f), bytes[2], bytes[3]}};
}

}  // namespace baton::controlplane::vrrp
