// Messages of load sharing (message.h) as bytes: types 2 to 8 behind VRRP's header, the payload of an IP packet of
// protocol 112. docs/vrrp-load-sharing.md draws them. Pure and total: any bytes give a message or the reason why there
// is none. EncodeMessage(DecodeMessage(b)) == b for all b that are accepted. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <absl/types/span.h>

#include "controlplane/load_sharing/framing.h"
#include "controlplane/load_sharing/message.h"

namespace baton::controlplane::load_sharing {

inline constexpr uint8_t kFirstType = 2, kLastType = 8;
inline uint8_t TypeOf(const Message& message) { return static_cast<uint8_t>(message.index() + kFirstType); }

// REQUIRES: addresses of the family of `ends`, and no more records than the functions below allow.
std::vector<uint8_t> EncodeMessage(const Header& header, const Message& message, const vrrp::Ends& ends,
                            vrrp::ChecksumOver over, const std::optional<Trailer>& trailer = std::nullopt);

struct Decoded {
  Malformed malformed = Malformed::kNothing;
  uint8_t type = 0;
  Header header = {};
  Message message = {};
  std::optional<Trailer> trailer = {};
  vrrp::ChecksumOver over = vrrp::ChecksumOver::kMessage;
};
Decoded DecodeMessage(absl::Span<const uint8_t> message, const vrrp::Ends& ends);

// How many records fit a packet of 1500 bytes with a trailer; never more than the count in the header can say.
size_t MostUnits(Family family);
size_t MostCharges(Family family);
size_t MostRanges(Family family);
size_t MostFlowMarks(Family family);
size_t MostForwarded(Family family);
size_t MostFlows(Family family);

}  // namespace baton::controlplane::load_sharing
