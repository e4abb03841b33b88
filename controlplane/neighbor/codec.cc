#include "controlplane/neighbor/codec.h"

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"
#include "common/status.h"

namespace baton::controlplane::neighbor {
namespace {

constexpr uint16_t kArpEthernet = 1;
constexpr uint16_t kArpLengths = 0x0604;   // of a MAC address, of an IPv4 address
constexpr uint16_t kArpOpRequest = 1;
constexpr uint16_t kArpOpReply = 2;
constexpr uint8_t kNdHopLimit = 255;       // RFC 4861, 7.1.1: nobody beyond the link can send it
constexpr size_t kIpv6HeaderLength = 40;
constexpr size_t kNdMinLength = 24;        // ICMPv6 header, 4 bytes of flags, target
constexpr uint8_t kSourceMacOption = 1;    // RFC 4861, 4.6.1
constexpr uint8_t kTargetMacOption = 2;
constexpr uint32_t kRouterFlag = 0x80000000;
constexpr uint32_t kSolicitedFlag = 0x40000000;
constexpr uint32_t kOverrideFlag = 0x20000000;

struct Ethernet {
  MacAddress dst, src;
  std::optional<uint16_t> tag;
  uint16_t type = 0;
};

Ethernet ReadEthernet(ByteReader& in) {
  Ethernet e;
  e.dst = in.Mac();
  e.src = in.Mac();
  e.type = in.U16();
  if (e.type == kEtherVlan) {
    e.tag = in.U16();
    e.type = in.U16();
  }
  return e;
}

absl::Status Malformed(absl::string_view what, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", why));
}

// A station's own MAC address: a neighbour cannot be at another one.
bool IsStation(const MacAddress& mac) { return !mac.is_group() && !mac.is_zero(); }

template <typename T>
Frame FrameOf(const Ethernet& e, T message) {
  return {.dst = e.dst, .src = e.src, .tag = e.tag, .message = std::move(message)};
}

absl::StatusOr<Frame> DecodeArp(const Ethernet& e, ByteReader& in) {
  const uint16_t hardware = in.U16();
  const uint16_t protocol = in.U16();
  const uint16_t lengths = in.U16();
  const uint16_t operation = in.U16();
  const MacAddress sender_mac = in.Mac();
  const IpAddress sender = in.Ipv4();
  const MacAddress target_mac = in.Mac();
  const IpAddress target = in.Ipv4();
  if (!in.ok()) return Malformed("arp", "too short");  // what is left over is padding
  if (hardware != kArpEthernet || protocol != kEtherIpv4 || lengths != kArpLengths) {
    return Malformed("arp", "not for Ethernet and IPv4");
  }
  if (operation != kArpOpRequest && operation != kArpOpReply) return Malformed("arp", "unknown operation");
  if (!IsStation(sender_mac)) return Malformed("arp", "the sender's MAC address is not a station's");
  if (sender.is_multicast() || sender.is_loopback() || sender == IpAddress::V4(0xffffffff)) {
    return Malformed("arp", "the sender's address is not a host's");
  }
  if (operation == kArpOpRequest) return FrameOf(e, ArpRequest{sender_mac, sender, target_mac, target});
  if (sender.is_unspecified()) return Malformed("arp", "a reply for 0.0.0.0");
  return FrameOf(e, ArpReply{sender_mac, sender, target_mac, target});
}

// The IPv6 header and the part that both messages have.
struct NdMessage {
  IpAddress src, dst, target;
  uint32_t class_flow = 0;
  uint32_t flags = 0;
  std::optional<MacAddress> mac;  // of the option that was looked for
};

// Options of other types are skipped, as 7.1.1 demands; of several of one type the first counts.
absl::Status ReadOptions(ByteReader& in, uint8_t wanted, NdMessage& message) {
  while (in.left() != 0) {
    const uint8_t type = in.U8();
    const uint8_t units = in.U8();  // of 8 bytes, these two included
    if (units == 0) return Malformed("nd", "an option of length 0");
    ByteReader body(in.Bytes(units * size_t{8} - 2));
    if (!in.ok()) return Malformed("nd", "an option is longer than the message");
    if (type != wanted || message.mac.has_value()) continue;
    message.mac = body.Mac();
    if (!body.exact() || !IsStation(*message.mac)) return Malformed("nd", "a MAC address option that holds none");
  }
  return absl::OkStatus();
}

absl::StatusOr<NdMessage> DecodeNd(ByteReader& in, uint8_t wanted_option) {
  NdMessage message;
  const uint32_t version_class_flow = in.U32();
  message.class_flow = version_class_flow & 0x0fffffff;
  const uint16_t length = in.U16();
  in.Skip(1);  // next header: KindOf looked at it
  const uint8_t hop_limit = in.U8();
  message.src = in.Ipv6();
  message.dst = in.Ipv6();
  const absl::Span<const uint8_t> icmp = in.Bytes(length);
  if (!in.ok()) return Malformed("nd", "shorter than its IPv6 header says");
  if (version_class_flow >> 28 != 6) return Malformed("nd", "wrong IP version");
  if (hop_limit != kNdHopLimit) return Malformed("nd", "hop limit is not 255");
  if (icmp.size() < kNdMinLength) return Malformed("nd", "shorter than 24 bytes");

  ByteReader body(icmp);
  body.Skip(1);  // type
  const uint8_t code = body.U8();
  body.Skip(2);  // checksum
  message.flags = body.U32();
  message.target = body.Ipv6();
  // An IPv4-mapped address would be taken for an IPv4 one (common/addr.h), and no station has one (RFC 4291, 2.5.5.2).
  if (message.src.is_v4() || message.dst.is_v4() || message.target.is_v4()) {
    return Malformed("nd", "an IPv4-mapped address");
  }
  const uint64_t sum = PseudoHeaderSum(message.src, message.dst, kIcmpv6, length);
  if (FinishChecksum(AddToChecksum(sum, icmp.data(), icmp.size())) != 0) return Malformed("nd", "wrong checksum");
  if (code != 0) return Malformed("nd", "code is not 0");
  if (message.src.is_multicast()) return Malformed("nd", "a multicast source");
  if (message.target.is_multicast()) return Malformed("nd", "a multicast target");
  RETURN_IF_ERROR(ReadOptions(body, wanted_option, message));
  return message;
}

absl::StatusOr<Frame> DecodeSolicitation(const Ethernet& e, ByteReader& in) {
  ASSIGN_OR_RETURN(const NdMessage m, DecodeNd(in, kSourceMacOption));
  if (m.src.is_unspecified()) {  // RFC 4861, 7.1.1, the last two checks
    if (m.dst != SolicitedNodeMulticast(m.dst)) return Malformed("nd", "from :: but not to a solicited-node address");
    if (m.mac.has_value()) return Malformed("nd", "from :: but with a source link-layer address");
  }
  return FrameOf(e, Solicitation{m.src, m.dst, m.target, m.mac, m.class_flow});
}

absl::StatusOr<Frame> DecodeAdvertisement(const Ethernet& e, ByteReader& in) {
  ASSIGN_OR_RETURN(const NdMessage m, DecodeNd(in, kTargetMacOption));
  const bool solicited = (m.flags & kSolicitedFlag) != 0;
  if (solicited && m.dst.is_multicast()) return Malformed("nd", "solicited, but sent to a group");  // 7.1.2
  return FrameOf(e, Advertisement{.src = m.src, .dst = m.dst, .target = m.target, .target_mac = m.mac,
                                  .router = (m.flags & kRouterFlag) != 0, .solicited = solicited,
                                  .overrides = (m.flags & kOverrideFlag) != 0, .class_flow = m.class_flow});
}

void WriteEthernet(ByteWriter& out, const Frame& frame, uint16_t type) {
  out.Mac(frame.dst).Mac(frame.src);
  if (frame.tag.has_value()) out.U16(kEtherVlan).U16(*frame.tag);
  out.U16(type);
}

template <typename T>
void WriteArp(ByteWriter& out, const T& arp, uint16_t operation) {
  out.U16(kArpEthernet).U16(kEtherIpv4).U8(6).U8(4).U16(operation);
  out.Mac(arp.sender_mac).Ip(arp.sender).Mac(arp.target_mac).Ip(arp.target);
}

struct NdOption {
  uint8_t type;
  std::optional<MacAddress> mac;
};

template <typename T>
void WriteNd(ByteWriter& out, const T& nd, uint8_t type, uint32_t flags, const NdOption& option) {
  const uint16_t length = static_cast<uint16_t>(kNdMinLength + (option.mac.has_value() ? 8 : 0));
  out.U32(6u << 28 | nd.class_flow).U16(length).U8(kIcmpv6).U8(kNdHopLimit).Ip(nd.src).Ip(nd.dst);
  const size_t icmp = out.size();
  out.U8(type).U8(0).U16(0).U32(flags).Ip(nd.target);
  if (option.mac.has_value()) out.U8(option.type).U8(1).Mac(*option.mac);
  const uint64_t sum = PseudoHeaderSum(nd.src, nd.dst, kIcmpv6, length);
  Be16 checksum;
  checksum.set_raw(FinishChecksum(AddToChecksum(sum, out.bytes().data() + icmp, length)));
  out.PatchU16(icmp + 2, checksum.get());
}

struct Writer {
  const Frame& frame;
  ByteWriter& out;

  void operator()(const ArpRequest& m) {
    WriteEthernet(out, frame, kEtherArp);
    WriteArp(out, m, kArpOpRequest);
  }
  void operator()(const ArpReply& m) {
    WriteEthernet(out, frame, kEtherArp);
    WriteArp(out, m, kArpOpReply);
  }
  void operator()(const Solicitation& m) {
    WriteEthernet(out, frame, kEtherIpv6);
    WriteNd(out, m, kIcmpv6NeighborSolicitation, 0, {kSourceMacOption, m.source_mac});
  }
  void operator()(const Advertisement& m) {
    const uint32_t flags = (m.router ? kRouterFlag : 0) | (m.solicited ? kSolicitedFlag : 0) |
                           (m.overrides ? kOverrideFlag : 0);
    WriteEthernet(out, frame, kEtherIpv6);
    WriteNd(out, m, kIcmpv6NeighborAdvertisement, flags, {kTargetMacOption, m.target_mac});
  }
};

}  // namespace

Kind KindOf(absl::Span<const uint8_t> frame) {
  ByteReader in(frame);
  const Ethernet e = ReadEthernet(in);
  if (!in.ok()) return Kind::kOther;
  if (e.type == kEtherArp) return Kind::kArp;
  if (e.type != kEtherIpv6) return Kind::kOther;
  in.Skip(6);
  const uint8_t next_header = in.U8();
  in.Skip(kIpv6HeaderLength - 7);
  const uint8_t type = in.U8();
  if (next_header != kIcmpv6) return Kind::kOther;  // also fragments, which RFC 6980, 5 wants ignored
  if (type == kIcmpv6NeighborSolicitation) return Kind::kSolicitation;
  if (type == kIcmpv6NeighborAdvertisement) return Kind::kAdvertisement;
  return Kind::kOther;
}

bool IsQuestion(absl::Span<const uint8_t> frame) {
  const Kind kind = KindOf(frame);
  if (kind != Kind::kArp) return kind == Kind::kSolicitation;
  ByteReader in(frame);
  ReadEthernet(in);
  in.Skip(6);
  const bool request = in.U16() == kArpOpRequest;
  in.Skip(6);
  const IpAddress sender = in.Ipv4();
  in.Skip(6);
  return request && in.Ipv4() != sender;
}

absl::StatusOr<Frame> Decode(absl::Span<const uint8_t> frame) {
  ByteReader in(frame);
  const Ethernet e = ReadEthernet(in);
  if (!in.ok()) return Malformed("frame", "shorter than an Ethernet header");
  if (!IsStation(e.src)) return Malformed("frame", "the source MAC address is not a station's");
  switch (KindOf(frame)) {
    case Kind::kArp: return DecodeArp(e, in);
    case Kind::kSolicitation: return DecodeSolicitation(e, in);
    case Kind::kAdvertisement: return DecodeAdvertisement(e, in);
    case Kind::kOther: break;
  }
  return absl::UnimplementedError("neither ARP nor a neighbour's solicitation or advertisement");
}

std::vector<uint8_t> Encode(const Frame& frame) {
  ByteWriter out;
  std::visit(Writer{frame, out}, frame.message);
  return out.bytes();
}

std::optional<uint16_t> TagFor(uint16_t vlan) {
  return vlan == 0 ? std::nullopt : std::optional<uint16_t>(vlan);
}

}  // namespace baton::controlplane::neighbor
