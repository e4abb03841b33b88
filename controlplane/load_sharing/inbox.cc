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
  heard.refusal = JudgeSender(message, ends, ttl);
  if (heard.refusal == Refusal::kNothing) {
    Decoded decoded = DecodeMessage(message, ends);
    heard.malformed = decoded.malformed;
    heard.refusal = decoded.malformed != Malformed::kNothing
                        ? Refusal::kMalformed
                        : JudgeProof(message, ends, decoded.type, decoded.header, decoded.trailer, heard.seal);
    if (heard.refusal == Refusal::kNothing) {
      heard.priority = decoded.header.priority;
      heard.message = std::move(decoded.message);
    }
  }
  Note(heard.refusal, heard.malformed, heard.seal);
  return heard;
}

Inbox::HeardUnits Inbox::HearUnits(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t ttl) {
  HeardUnits heard;
  Malformed malformed = Malformed::kNothing;
  SealRefusal seal = SealRefusal::kNothing;
  heard.refusal = JudgeSender(message, ends, ttl);
  if (heard.refusal == Refusal::kNothing) {
    DecodedUnitAdvert decoded = DecodeUnitAdvert(message, ends);
    malformed = decoded.malformed;
    heard.refusal = malformed != Malformed::kNothing
                        ? Refusal::kMalformed
                        : JudgeProof(message, ends, kUnitAdvertType, decoded.header, decoded.trailer, seal);
    if (heard.refusal == Refusal::kNothing) {
      heard.header = std::move(decoded.header);
      heard.advert = std::move(decoded.advert);
    }
  }
  Note(heard.refusal, malformed, seal);
  return heard;
}

void Inbox::Note(Refusal refusal, Malformed malformed, SealRefusal seal) {
  if (refusal == Refusal::kNothing) {
    ++heard_;
    return;
  }
  ++refused_[Index(refusal)];
  ++malformed_[Index(malformed)];
  ++seals_refused_[Index(seal)];
}

// What is cheap to look at comes first: strangers cost no checksum and no digest.
Refusal Inbox::JudgeSender(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t ttl) const {
  if (ttl != vrrp::kTtl) return Refusal::kTtl;
  if (message.size() >= 2) {
    if (message[0] >> 4 != identity_.version) return Refusal::kVersion;
    if (message[1] != identity_.vrid) return Refusal::kVrid;
  }
  if (ends.src == identity_.own) return Refusal::kOwnAddress;
  return units_.contains(ends.src) ? Refusal::kNothing : Refusal::kSender;
}

Refusal Inbox::JudgeProof(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t type, const Header& header,
                          const std::optional<Trailer>& trailer, SealRefusal& seal) {
  const bool same = header.auth_type == identity_.auth_type && header.password == identity_.password;
  if (HasAuthentication(type) && !same) return Refusal::kPassword;
  seal = seals_.Check(message, ends, trailer);
  return seal == SealRefusal::kNothing ? Refusal::kNothing : Refusal::kSeal;
}

std::vector<Inbox::Count> Inbox::Refused() const {
  std::vector<Count> counts;
  const auto add = [&counts](std::string reason, uint64_t messages) {
    counts.push_back({std::move(reason), messages});
  };
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
