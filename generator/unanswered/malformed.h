// Packets that a receiver has to refuse, each wrong in one way and right otherwise: what it is called in a profile, and
// how it is written. docs/baton-gen.md says what batond counts each as. One core.
#pragma once

#include <cstdint>
#include <optional>

#include <absl/strings/string_view.h>

#include "common/addr.h"
#include "generator/frame_template.h"
#include "generator/unanswered/mark.h"

namespace baton::generator {

#define BATON_MALFORMED(X)                                     \
  /* name, over IPv4, over IPv6 */                             \
  X(kIpVersion, "ip_version", true, true)                      \
  X(kHeaderLengthShort, "header_length_short", true, false)    \
  X(kHeaderLengthLong, "header_length_long", true, false)      \
  X(kIpChecksum, "ip_checksum", true, false)                   \
  X(kTotalLengthShort, "total_length_short", true, false)      \
  X(kLengthBeyondFrame, "length_beyond_frame", true, true)     \
  X(kTruncatedL4, "truncated_l4", true, true)                  \
  X(kTtlZero, "ttl_zero", true, true)                          \
  X(kSourceLoopback, "source_loopback", true, true)            \
  X(kSourceMulticast, "source_multicast", true, true)          \
  X(kUdpLengthShort, "udp_length_short", true, true)           \
  X(kUdpLengthLong, "udp_length_long", true, true)             \
  X(kUdpChecksum, "udp_checksum", true, true)                  \
  X(kUdpNoChecksum, "udp_no_checksum", false, true)            \
  X(kTcpOffsetShort, "tcp_offset_short", true, true)           \
  X(kTcpOffsetLong, "tcp_offset_long", true, true)             \
  X(kTcpNoFlags, "tcp_no_flags", true, true)                   \
  X(kTcpAllFlags, "tcp_all_flags", true, true)                 \
  X(kTcpChecksum, "tcp_checksum", true, true)                  \
  X(kIcmpErrorUnknown, "icmp_error_unknown", true, true)       \
  X(kIcmpErrorCut, "icmp_error_cut", true, true)               \
  X(kFragmentTiny, "fragment_tiny", true, true)                \
  X(kFragmentBeyond, "fragment_beyond", true, true)            \
  X(kExtensionCut, "extension_cut", false, true)               \
  X(kExtensionsMany, "extensions_many", false, true)           \
  X(kLand, "land", true, true)

enum class Malformed : uint8_t {
#define BATON_MALFORMED_ENUM(id, name, v4, v6) id,
  BATON_MALFORMED(BATON_MALFORMED_ENUM)
#undef BATON_MALFORMED_ENUM
};

struct MalformedKind {
  absl::string_view name;
  bool v4, v6;
};

inline constexpr MalformedKind kMalformedKinds[] = {
#define BATON_MALFORMED_KIND(id, name, v4, v6) {name, v4, v6},
    BATON_MALFORMED(BATON_MALFORMED_KIND)
#undef BATON_MALFORMED_KIND
};
inline constexpr size_t kMostMalformed = std::size(kMalformedKinds);

inline const MalformedKind& KindOf(Malformed kind) { return kMalformedKinds[static_cast<size_t>(kind)]; }

class MalformedWriter {
 public:
  MalformedWriter(const IpAddress& dst, uint16_t dst_port, const MacAddress& src);

  // Writes the frame with `mark` in it and returns its length. REQUIRES: the kind exists in the family of `dst`, and so
  // does `src`; `frame` has kFrameRoom bytes.
  uint16_t Write(Malformed kind, const MacAddress& next_hop, const IpAddress& src, uint16_t src_port, const Stamp& mark,
                 uint64_t key, uint8_t* frame);

 private:
  uint16_t WriteTcp(Malformed kind, const IpAddress& src, uint16_t src_port, const Stamp& mark, uint64_t key,
                    uint8_t* frame);
  void WriteIcmpError(const IpAddress& src, uint16_t src_port, bool cut, const Stamp& mark, uint64_t key,
                      uint8_t* frame);
  void SpoilIp(Malformed kind, uint8_t* frame) const;
  void SpoilUdp(Malformed kind, uint8_t* frame) const;
  void SpoilFragment(Malformed kind, uint8_t* frame) const;
  void AddExtensions(Malformed kind, uint8_t* frame) const;

  const IpAddress dst_;
  const uint16_t dst_port_;
  FrameTemplate udp_, tcp_;
};

}  // namespace baton::generator
