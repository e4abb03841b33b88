// TCP segments as the generator sends and reads them. Every one carries the time stamp option (RFC 7323, 3.2), whose
// value is the number of the flow: what has no payload has no stamp, and addresses are translated on the way; a time
// stamp is passed on and echoed, by real servers too. It never changes, so PAWS (RFC 7323, 5) never objects. Pure, any
// thread.
#pragma once

#include <cstdint>
#include <optional>

#include <absl/strings/string_view.h>

#include "common/headers.h"
#include "generator/stamp.h"

namespace baton::generator {

struct Segment {
  uint32_t seq = 0, ack = 0;
  uint32_t flow = 0;         // sent: the value; received: what the other end said or echoed
  uint32_t time = 0;         // sent: the echo; received by a client: the value, of a clock that need not be ours
  uint16_t length = 0;       // of the payload
  uint16_t mss = 0;          // the option; 0: none
  uint16_t payload_at = 0;   // received: offset in the frame
  uint8_t flags = 0;
  bool has_flow = false;     // received: there is a time stamp option

  bool has(uint8_t flag) const { return (flags & flag) != 0; }
};

inline constexpr uint16_t kTcpOptions = 12;                        // two NOPs and the time stamps, in all segments
inline constexpr uint16_t kTcpHeaderLength = sizeof(TcpHeader) + kTcpOptions;
inline constexpr uint16_t kSynHeaderLength = kTcpHeaderLength + 4;  // and the MSS

// `echoed`: take the flow from the echo, as a client does; otherwise from the value. nullopt: lengths that are none.
// REQUIRES: the frame has `length` bytes, of which those from `l4` on are the segment.
std::optional<Segment> ReadSegment(const uint8_t* frame, uint16_t l4, uint16_t length, bool echoed);

// Writes TCP header and payload behind an IP header whose addresses are there, and ports that are, too; finishes lengths
// and checksums of both headers. A payload is `text`, if there is any (as long as the segment's), or begins with `stamp`
// when it is given, and the rest is zero. Returns the frame's length.
uint16_t WriteSegment(uint8_t* frame, bool ipv4, uint16_t l4, const Segment& segment, const Stamp* stamp, uint64_t key,
                      absl::string_view text = {});

// Mirrors addresses and ports. `next_hop`: null to send it to whom it came from.
void MirrorFrame(uint8_t* frame, bool ipv4, uint16_t l4, const uint8_t* own_mac, const uint8_t* next_hop);

}  // namespace baton::generator
