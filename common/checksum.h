// The Internet checksum (RFC 1071) and its correction by difference (RFC 1624). Pure, any thread. Sums are over 16-bit
// words in the byte order of memory, which RFC 1071, 2(B) allows: results are stored as they are, without swapping.
#pragma once

#include <cstdint>
#include <cstring>

#include "common/addr.h"

namespace baton {

inline uint16_t FoldChecksum(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// Adds `length` bytes to a running sum; an odd last byte is padded with zero.
inline uint64_t AddToChecksum(uint64_t sum, const void* bytes, size_t length) {
  const auto* at = static_cast<const uint8_t*>(bytes);
  for (; length >= 4; at += 4, length -= 4) {
    uint32_t word;
    std::memcpy(&word, at, 4);
    sum += word;
  }
  if (length >= 2) {
    uint16_t word;
    std::memcpy(&word, at, 2);
    sum += word;
    at += 2;
    length -= 2;
  }
  if (length != 0) {
    const uint8_t last[2] = {*at, 0};
    uint16_t word;
    std::memcpy(&word, last, 2);
    sum += word;
  }
  return sum;
}

// The value for a checksum field that was zero while summing.
inline uint16_t FinishChecksum(uint64_t sum) { return static_cast<uint16_t>(~FoldChecksum(sum)); }

// Pseudo header of TCP, UDP, ICMPv6 (RFC 9293 3.1, RFC 8200 8.1). `length` is of the L4 header and payload.
inline uint64_t PseudoHeaderSum(const IpAddress& src, const IpAddress& dst, uint8_t protocol, uint32_t length) {
  uint64_t sum = 0;
  if (src.is_v4()) {
    sum = AddToChecksum(AddToChecksum(sum, src.v4_bytes(), 4), dst.v4_bytes(), 4);
  } else {
    sum = AddToChecksum(AddToChecksum(sum, src.v6_bytes(), 16), dst.v6_bytes(), 16);
  }
  const uint8_t tail[8] = {static_cast<uint8_t>(length >> 24), static_cast<uint8_t>(length >> 16),
                           static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0, 0, 0, protocol};
  return AddToChecksum(sum, tail, 8);
}

// What replacing bytes that sum to `before` with bytes that sum to `after` adds to a checksum: RFC 1624, equation 3 in
// the form HC' = ~(~HC + difference). Differences of several replacements add up.
inline uint16_t ChecksumDifference(uint64_t before, uint64_t after) {
  return FoldChecksum(static_cast<uint64_t>(static_cast<uint16_t>(~FoldChecksum(before))) + FoldChecksum(after));
}

inline uint16_t ApplyDifference(uint16_t checksum, uint16_t difference) {
  const uint32_t sum = static_cast<uint32_t>(static_cast<uint16_t>(~checksum)) + difference;
  return static_cast<uint16_t>(~((sum & 0xffff) + (sum >> 16)));
}

}  // namespace baton
