// The checksum of VRRP messages, bytes 6 and 7 of each of them, whatever their type. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <absl/types/span.h>

#include "common/addr.h"

namespace baton::controlplane::vrrp {

inline constexpr uint8_t kProtocol = 112;

// RFC 5798 left open whether version 3 over IPv4 sums a pseudo header. RFC 9568, 5.2.8 says no; keepalived and FRR do
// it unless told otherwise. Both are understood; which is sent is the configuration's to say.
enum class ChecksumOver : uint8_t { kMessage, kPseudoHeaderToo };

// The ends of the IP packet: the checksum covers them, but for version 2.
struct Ends {
  IpAddress src, dst;
};

// Writes it, for the version in the first byte. REQUIRES: at least 8 bytes.
void PutChecksum(std::vector<uint8_t>& message, const Ends& ends, ChecksumOver over);

// What the checksum of this message covers; nothing when it is wrong. REQUIRES: at least 8 bytes.
std::optional<ChecksumOver> CheckChecksum(absl::Span<const uint8_t> message, const Ends& ends);

}  // namespace baton::controlplane::vrrp
