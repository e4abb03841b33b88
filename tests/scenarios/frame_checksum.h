// The Internet checksum once more, written as RFC 1071, 1 says it and nothing else: a second opinion beside the data
// plane's. Test code only.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/types/span.h>

#include "common/addr.h"

namespace baton::scenarios {

using Bytes = std::vector<uint8_t>;

// The 16-bit one's complement sum over big-endian words, an odd last byte padded with zero; 0xffff for bytes with a
// right checksum among them.
inline uint16_t OnesComplementSum(absl::Span<const uint8_t> bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(bytes[i]) * 256 + (i + 1 < bytes.size() ? bytes[i + 1] : 0);
    if (sum > 0xffff) sum -= 0xffff;  // end-around carry
  }
  return static_cast<uint16_t>(sum);
}

// The segment behind the pseudo header of RFC 9293, 3.1 or RFC 8200, 8.1.
inline Bytes WithPseudoHeader(const IpAddress& src, const IpAddress& dst, uint8_t protocol,
                              absl::Span<const uint8_t> segment) {
  Bytes out;
  const auto add = [&out](const IpAddress& a) {
    if (a.is_v4()) {
      out.insert(out.end(), a.v4_bytes(), a.v4_bytes() + 4);
    } else {
      out.insert(out.end(), a.v6_bytes(), a.v6_bytes() + 16);
    }
  };
  add(src);
  add(dst);
  const auto length = static_cast<uint32_t>(segment.size());
  if (src.is_v4()) {
    out.insert(out.end(), {0, protocol, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
  } else {
    out.insert(out.end(), {0, 0, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0, 0, 0, protocol});
  }
  out.insert(out.end(), segment.begin(), segment.end());
  return out;
}

}  // namespace baton::scenarios
