// ARP for Ethernet and IPv4 (RFC 826) and the two messages of neighbour discovery that resolve addresses (RFC 4861, 4.3
// and 4.4; options 1 and 2 of 4.6.1), as whole Ethernet frames with or without an 802.1Q tag. Pure and total: any bytes
// give a frame or an error. Encode(Decode(b)) == b when b has no padding, no reserved bits and no unknown options.
//
//   Ethernet 14 [ | 802.1Q 4 ] | ARP 28                                    [ | padding ]
//   Ethernet 14 [ | 802.1Q 4 ] | IPv6 40 | ICMPv6 24 [ | option 8 ]        [ | padding ]
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include "common/addr.h"

namespace baton::controlplane::neighbor {

struct ArpRequest {
  MacAddress sender_mac;
  IpAddress sender;       // 0.0.0.0: a probe (RFC 5227, 2.1.1)
  MacAddress target_mac;  // means nothing
  IpAddress target;
  friend bool operator==(const ArpRequest&, const ArpRequest&) = default;
};

struct ArpReply {
  MacAddress sender_mac;
  IpAddress sender;
  MacAddress target_mac;
  IpAddress target;
  friend bool operator==(const ArpReply&, const ArpReply&) = default;
};

struct Solicitation {  // RFC 4861, 4.3
  IpAddress src;       // ::, the unspecified address: duplicate address detection (RFC 4862, 5.4.2)
  IpAddress dst;
  IpAddress target;
  std::optional<MacAddress> source_mac;  // option 1
  uint32_t class_flow = 0;               // traffic class and flow label
  friend bool operator==(const Solicitation&, const Solicitation&) = default;
};

struct Advertisement {  // RFC 4861, 4.4
  IpAddress src;
  IpAddress dst;
  IpAddress target;
  std::optional<MacAddress> target_mac;  // option 2
  bool router = false;
  bool solicited = false;
  bool overrides = false;
  uint32_t class_flow = 0;
  friend bool operator==(const Advertisement&, const Advertisement&) = default;
};

struct Frame {
  MacAddress dst;
  MacAddress src;
  std::optional<uint16_t> tag;  // 802.1Q: priority, DEI and VLAN id
  std::variant<ArpRequest, ArpReply, Solicitation, Advertisement> message;

  uint16_t vlan() const { return tag.value_or(0) & 0x0fff; }  // 0: none (IEEE 802.1Q, 9.6: a priority tag)
  friend bool operator==(const Frame&, const Frame&) = default;
};

// What a frame says it is; for counting those that Decode refuses.
enum class Kind : uint8_t { kArp, kSolicitation, kAdvertisement, kOther };
inline constexpr size_t kKinds = 4;
Kind KindOf(absl::Span<const uint8_t> frame);

// Whether the frame asks for somebody's MAC address: a neighbour solicitation, or an ARP request by which the station
// does not announce itself (RFC 5227, 2.3).
bool IsQuestion(absl::Span<const uint8_t> frame);

// Unimplemented: something else than these messages. InvalidArgument: one of them that must be discarded, by RFC 826 or
// by RFC 4861, 7.1.1 and 7.1.2.
absl::StatusOr<Frame> Decode(absl::Span<const uint8_t> frame);

// REQUIRES: addresses of the message's family.
std::vector<uint8_t> Encode(const Frame& frame);

// The tag of frames on a port with this VLAN id: none for 0.
std::optional<uint16_t> TagFor(uint16_t vlan);

}  // namespace baton::controlplane::neighbor
