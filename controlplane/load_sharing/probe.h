// The ICMP messages that find end systems, as whole Ethernet frames: information request and reply (RFC 792, p. 19),
// echo request and reply (RFC 792, p. 14; RFC 4443, 4.1 and 4.2), without data. Pure, any thread; DecodeProbe takes any
// bytes. DecodeProbe(EncodeProbe(p)) == p.
//
//   Ethernet 14 [ | 802.1Q 4 ] | IPv4 20 or IPv6 40 | type, code 0, checksum, identifier, sequence number
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <absl/types/span.h>

#include "common/addr.h"

namespace baton::controlplane::load_sharing {

struct Probe {
  enum class Kind : uint8_t { kInformation, kEcho };
  MacAddress dst_mac, src_mac;
  uint16_t vlan = 0;  // 0: untagged
  IpAddress dst, src;
  Kind kind = Kind::kEcho;
  bool reply = false;
  uint16_t identifier = 0, sequence = 0;
  friend bool operator==(const Probe&, const Probe&) = default;
};

// REQUIRES: addresses of one family; kInformation only over IPv4.
std::vector<uint8_t> EncodeProbe(const Probe& probe);
// nullopt: something else, or malformed. What is behind the sequence number may be data or padding.
std::optional<Probe> DecodeProbe(absl::Span<const uint8_t> frame);

}  // namespace baton::controlplane::load_sharing
