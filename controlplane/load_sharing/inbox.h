// What one group hears: from the payload of an IP packet to a message that is believed, or the reason why not, counted
// (VR-Q38; docs/vrrp-load-sharing.md, "Who is believed"). Whether the message means anything now is the machine's to
// say. One thread. Always: what is refused changes nothing but its counter.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include "controlplane/load_sharing/codec.h"
#include "controlplane/load_sharing/hmac.h"
#include "controlplane/load_sharing/unit_list.h"

namespace baton::controlplane::load_sharing {

enum class Refusal : uint8_t {
  kNothing,
  kTtl,         // not 255: it crossed a router
  kVersion,     // another one than is configured
  kVrid,
  kOwnAddress,  // our own, or from somebody who has our address
  kSender,      // none of the units
  kMalformed,   // see malformed()
  kPassword,    // version 2: another type of authentication than is configured, or another password
  kSeal,        // see seal()
};
inline constexpr size_t kRefusals = 9;

// Of the group, as it is configured.
struct Identity {
  uint8_t version = 3;
  uint8_t vrid = 0;
  IpAddress own;
  std::vector<IpAddress> units = {};  // routers and servers; may contain `own`
  uint8_t auth_type = vrrp::kNoAuthentication;
  std::string password = {};
};

class Inbox {
 public:
  // REQUIRES: `seals` outlives this.
  Inbox(Identity identity, Seals& seals);

  struct Heard {
    Refusal refusal = Refusal::kNothing;
    Malformed malformed = Malformed::kNothing;
    SealRefusal seal = SealRefusal::kNothing;
    IpAddress from = {};
    uint8_t priority = 0;  // the sender's
    Message message = {};
  };
  // A message of types 2 to 8; others are malformed here.
  Heard Hear(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t ttl);

  // An advertisement with the list of units.
  struct HeardUnits {
    Refusal refusal = Refusal::kNothing;
    Header header = {};
    UnitAdvert advert = {};
  };
  HeardUnits HearUnits(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t ttl);

  // Since the start, each reason by name: "ttl", "malformed_count", "seal_replayed".
  struct Count {
    std::string reason;
    uint64_t messages = 0;
  };
  std::vector<Count> Refused() const;
  uint64_t heard() const { return heard_; }  // that were believed

 private:
  Refusal JudgeSender(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t ttl) const;
  Refusal JudgeProof(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t type, const Header& header,
                     const std::optional<Trailer>& trailer, SealRefusal& seal);
  void Note(Refusal refusal, Malformed malformed, SealRefusal seal);

  Identity identity_;
  absl::flat_hash_set<IpAddress> units_;
  Seals& seals_;
  uint64_t heard_ = 0;
  std::array<uint64_t, kRefusals> refused_{};
  std::array<uint64_t, kMalformedReasons> malformed_{};
  std::array<uint64_t, kSealRefusals> seals_refused_{};
};

}  // namespace baton::controlplane::load_sharing
