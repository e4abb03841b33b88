// Messages of IP protocol 112 as Ethernet frames, both families, with or without an 802.1Q tag. Pure, any thread; Unwrap
// takes any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <absl/types/span.h>

#include "common/addr.h"
#include "controlplane/vrrp/advert.h"

namespace baton::controlplane::vrrp {

struct Envelope {
  MacAddress dst, src;
  uint16_t vlan = 0;  // 0: untagged
  Ends ends = {};
  uint8_t ttl = kTtl;
};

// REQUIRES: both ends are of one family; the message fits an IP packet.
std::vector<uint8_t> Wrap(const Envelope& envelope, absl::Span<const uint8_t> message);

struct Unwrapped {
  Envelope envelope;
  absl::Span<const uint8_t> message;  // within the frame
};
// nullopt: no whole packet of protocol 112; one in fragments or with IPv6 extension headers is none either.
std::optional<Unwrapped> Unwrap(absl::Span<const uint8_t> frame);

// Where a group address's frames go.
MacAddress MulticastMac(const IpAddress& group);

}  // namespace baton::controlplane::vrrp
