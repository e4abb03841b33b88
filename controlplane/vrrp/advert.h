// Advertisements of VRRP, version 2 (RFC 3768, 5.1) and version 3 (RFC 9568, 5.1), as the payload of an IP packet of
// protocol 112. Pure and total: any bytes give an advertisement or the reason why there is none. Any thread.
//
//   0       4       8               16              24             32
//   |version| type  |     VRID      |   priority    |    count      |
//   |   auth type   |  interval, s  |           checksum            |   version 2
//   |   0   |   interval, 1/100 s   |           checksum            |   version 3
//   |                     address (1) ... (count)                   |   4 bytes each, or 16 over IPv6
//   |                       authentication data                     |   version 2 alone: 8 bytes
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/types/span.h>

#include "common/addr.h"
#include "common/time_point.h"
#include "controlplane/vrrp/checksum.h"

namespace baton::controlplane::vrrp {

inline constexpr uint8_t kTtl = 255;
inline constexpr uint8_t kOwnerPriority = 255;
inline constexpr uint8_t kResigning = 0;  // the priority of an Active router that stops

// 224.0.0.18, ff02::12.
IpAddress MulticastAddress(Family family);
// 00-00-5E-00-01-{VRID}, 00-00-5E-00-02-{VRID} (RFC 9568, 7.3).
MacAddress VirtualMac(Family family, uint8_t vrid);

struct Advert {
  uint8_t version = 3;
  uint8_t vrid = 0;
  uint8_t priority = 0;
  Duration interval{};  // whole seconds up to 255 in version 2, hundredths up to 40.95 s in version 3
  std::vector<IpAddress> addresses = {};  // of the virtual router
  uint8_t auth_type = 0;             // version 2: kNoAuthentication, kSimpleText
  std::string password = {};         // kSimpleText: up to 8 characters
  friend bool operator==(const Advert&, const Advert&) = default;
};
inline constexpr uint8_t kNoAuthentication = 0, kSimpleText = 1;

std::vector<uint8_t> Encode(const Advert& advert, const Ends& ends, ChecksumOver over);

enum class Malformed : uint8_t { kNothing, kLength, kVersion, kType, kChecksum };

struct Decoded {
  Malformed malformed = Malformed::kNothing;
  uint8_t type = 0;  // kType: which one
  Advert advert;
};
Decoded Decode(absl::Span<const uint8_t> message, const Ends& ends);

}  // namespace baton::controlplane::vrrp
