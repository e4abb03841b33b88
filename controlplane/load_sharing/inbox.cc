#include "controlplane/load_sharing/inbox.h"

#include <absl/strings/str_cat.h>

namespace baton::controlplane::load_sharing {
namespace {

absl::string_view RefusalName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNothing: return "nothing";
    case Refusal::kTtl: return "ttl";
    case Refusal::kVersion: return "version";
    case Refusal::kVrid: return "vrid";
    case Refusal::kOwnAddress: return "own_address";
    case Refusal::kSender: return "sender";
    case Refusal::kMalformed: return "malformed";
    case Refusal::kPassword: return "password";
    case Refusal::kSeal: return "seal";
  }
  return "?";
}

template <typename Enum>
size_t Index(Enum value) {
  return static_cast<size_t>(value);
}

}  // namespace

Inbox::Inbox(Identity identity, Seals& seals)
    : identity_(std::move(identity)), units_(identity_.units.begin(), identity_.units.end()), seals_(seals) {}

Inbox::Heard Inbox::Hear(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t ttl) {
  Heard heard;
  heard.from = ends.src;
  heard.refusal = Judge(message, ends, ttl, heard);
  if (heard.refusal == Refusal::kNothing) {
    ++heard_;
  } else {
    heard.message = {};
    ++refused_[Index(heard.refusal)];
    ++malformed_[Index(heard.malformed)];
    ++seals_refused_[Index(heard.seal)];
  }
  return heard;
}

// What is cheap to look at comes first: strangers cost no checksum and no digest.
Refusal Inbox::Judge(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t ttl, Heard& heard) {
  if (ttl != vrrp::kTtl) return Refusal::kTtl;
  if (message.size() >= 2) {
    if (message[0] >> 4 != identity_.version) return Refusal::kVersion;
    if (message[1] != identity_.vrid) return Refusal::kVrid;
  }
  if (ends.src == identity_.own) return Refusal::kOwnAddress;
  if (!units_.contains(ends.src)) return Refusal::kSender;
  Decoded decoded = DecodeMessage(message, ends);
  heard.malformed = decoded.malformed;
  if (decoded.malformed != Malformed::kNothing) return Refusal::kMalformed;
  if (HasAuthentication(decoded.type) &&
      (decoded.header.auth_type != identity_.auth_type || decoded.header.password != identity_.password)) {
    return Refusal::kPassword;
  }
  heard.seal = seals_.Check(message, ends, decoded.trailer);
  if (heard.seal != SealRefusal::kNothing) return Refusal::kSeal;
  heard.priority = decoded.header.priority;
  heard.message = std::move(decoded.message);
  return Refusal::kNothing;
}

std::vector<Inbox::Count> Inbox::Refused() const {
  std::vector<Count> counts;
  const auto add = [&counts](std::string reason, uint64_t messages) { counts.push_back({std::move(reason), messages}); };
  for (size_t i = 1; i < kRefusals; ++i) {
    const auto refusal = static_cast<Refusal>(i);
    if (refusal == Refusal::kMalformed) {
      for (size_t m = 1; m < kMalformedReasons; ++m) {
        add(absl::StrCat("malformed_", MalformedName(static_cast<Malformed>(m))), malformed_[m]);
      }
    } else if (refusal == Refusal::kSeal) {
      for (size_t s = 1; s < kSealRefusals; ++s) {
        add(absl::StrCat("seal_", SealRefusalName(static_cast<SealRefusal>(s))), seals_refused_[s]);
      }
    } else {
      add(std::string(RefusalName(refusal)), refused_[i]);
    }
  }
  return counts;
}

}  // namespace baton::controlplane::load_sharing
