// Advertisements (type 1) that carry the list of units in place of the virtual addresses, as figure 3 draws them, with
// states of the units and the mode of hand-over behind it: `advert_format: unit-list`. Standard routers take them for
// advertisements of another virtual router; the usual ones are in vrrp/advert.h. Pure and total. Any thread.
//
//   |                         header, see framing.h                 |
//   |                     unit (1) ... (count)                      |   4 bytes each, or 16 over IPv6
//   |   1   | count |  state of unit (1) ... (count), padded to 4   |
//   |   2   |   1   |  mode |   0   |
//   |                 authentication data, 8 bytes                  |
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <absl/types/span.h>

#include "controlplane/load_sharing/framing.h"
#include "controlplane/load_sharing/message.h"

namespace baton::controlplane::load_sharing {

inline constexpr uint8_t kUnitAdvertType = 1;

// REQUIRES: addresses of the family of `ends`, at most 255.
std::vector<uint8_t> EncodeUnitAdvert(const Header& header, const UnitAdvert& advert, const vrrp::Ends& ends,
                                      vrrp::ChecksumOver over, const std::optional<Trailer>& trailer = std::nullopt);

struct DecodedUnitAdvert {
  Malformed malformed = Malformed::kNothing;
  Header header = {};
  UnitAdvert advert = {};
  std::optional<Trailer> trailer = {};
  vrrp::ChecksumOver over = vrrp::ChecksumOver::kMessage;
};
DecodedUnitAdvert DecodeUnitAdvert(absl::Span<const uint8_t> message, const vrrp::Ends& ends);
inline bool IsUnitAdvert(absl::Span<const uint8_t> message, const vrrp::Ends& ends) {
  return DecodeUnitAdvert(message, ends).malformed == Malformed::kNothing;
}

}  // namespace baton::controlplane::load_sharing
