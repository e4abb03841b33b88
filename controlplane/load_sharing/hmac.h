// Proof that a message comes from somebody who has the key, and was not heard before: the trailer of framing.h, filled
// and checked. The digest is HMAC-SHA256 (RFC 2104) over source and destination address of the IP packet and the whole
// message up to the digest, its checksum taken as zero. One thread: the counters are plain.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include "controlplane/load_sharing/framing.h"

namespace baton::controlplane::load_sharing {

std::array<uint8_t, 32> HmacSha256(absl::string_view key, absl::Span<const uint8_t> bytes);

struct Key {
  uint8_t id = 0;
  std::string secret;
};

// Why a message that is well-formed is not believed.
enum class SealRefusal : uint8_t {
  kNothing,
  kNoTrailer,          // there is a key here, but the message has no trailer
  kTrailerUnexpected,  // there is no key here
  kUnknownKey,
  kDigest,    // another key, or somebody changed the message or sent it from or to another address
  kReplayed,  // the counter is not larger than the last one of this sender
};
inline constexpr size_t kSealRefusals = 6;
absl::string_view SealRefusalName(SealRefusal refusal);

// The key of the digests of forwarded packets (common/hand_over.h), as bytes: the same at all routers that have the same
// key with the lowest id, whichever they send with. Zeros without a key.
std::array<uint8_t, 16> DigestKeyBytes(const std::vector<Key>& keys);

class Seals {
 public:
  // Messages are sealed with the first key; all of them are accepted, so that keys can be changed router by router.
  // Without a key nothing is sealed. `start`: microseconds since 1970 by the wall clock. Counters begin there and grow
  // by one with each message, so a router that was restarted goes on above what it had sent, unless its clock was set
  // back or it sent more than a million messages a second.
  Seals(std::vector<Key> keys, uint64_t start);

  // Appends the trailer to an encoded message that has none. Returns it as it is when there is no key.
  std::vector<uint8_t> Seal(std::vector<uint8_t> message, const vrrp::Ends& ends, vrrp::ChecksumOver over);

  // `trailer`: as decoded from `message`. A message that is accepted is not accepted again. REQUIRES: the sender was
  // found in the list of units; one counter is kept for each.
  SealRefusal Check(absl::Span<const uint8_t> message, const vrrp::Ends& ends, const std::optional<Trailer>& trailer);

 private:
  std::vector<Key> keys_;
  uint64_t next_;
  absl::flat_hash_map<IpAddress, uint64_t> last_;  // by sender
};

}  // namespace baton::controlplane::load_sharing
