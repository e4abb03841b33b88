#include "controlplane/load_sharing/hmac.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace baton::controlplane::load_sharing {
namespace {

constexpr size_t kChecksumAt = 6;
constexpr size_t kDigest = 32;

// REQUIRES: the message ends in a trailer.
std::array<uint8_t, kDigest> DigestOf(absl::string_view key, absl::Span<const uint8_t> message,
                                      const vrrp::Ends& ends) {
  ByteWriter covered;
  covered.Ip(ends.src).Ip(ends.dst).Bytes(message.first(kChecksumAt)).Zeros(2);
  covered.Bytes(message.first(message.size() - kDigest).subspan(kChecksumAt + 2));
  return HmacSha256(key, covered.bytes());
}

}  // namespace

std::array<uint8_t, 32> HmacSha256(absl::string_view key, absl::Span<const uint8_t> bytes) {
  std::array<uint8_t, kDigest> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), digest.data(), &length);
  return digest;
}

absl::string_view SealRefusalName(SealRefusal refusal) {
  switch (refusal) {
    case SealRefusal::kNothing: return "nothing";
    case SealRefusal::kNoTrailer: return "no_trailer";
    case SealRefusal::kTrailerUnexpected: return "trailer_unexpected";
    case SealRefusal::kUnknownKey: return "unknown_key";
    case SealRefusal::kDigest: return "digest";
    case SealRefusal::kReplayed: return "replayed";
  }
  return "?";
}

std::array<uint8_t, 16> DigestKeyBytes(const std::vector<Key>& keys) {
  std::array<uint8_t, 16> bytes{};
  const auto lowest = std::min_element(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.id < b.id; });
  if (lowest == keys.end()) return bytes;
  constexpr absl::string_view kPurpose = "VRRP-LS digest";
  const std::array<uint8_t, kDigest> digest =
      HmacSha256(lowest->secret, {reinterpret_cast<const uint8_t*>(kPurpose.data()), kPurpose.size()});
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return bytes;
}

Seals::Seals(std::vector<Key> keys, uint64_t start) : keys_(std::move(keys)), next_(start) {}

std::vector<uint8_t> Seals::Seal(std::vector<uint8_t> message, const vrrp::Ends& ends, vrrp::ChecksumOver over) {
  if (keys_.empty()) return message;
  ByteWriter trailer;
  PutTrailer(trailer, {.key = keys_.front().id, .counter = next_++});
  message.insert(message.end(), trailer.bytes().begin(), trailer.bytes().end());
  const std::array<uint8_t, kDigest> digest = DigestOf(keys_.front().secret, message, ends);
  std::copy(digest.begin(), digest.end(), message.end() - kDigest);
  vrrp::PutChecksum(message, ends, over);
  return message;
}

SealRefusal Seals::Check(absl::Span<const uint8_t> message, const vrrp::Ends& ends,
                         const std::optional<Trailer>& trailer) {
  if (keys_.empty()) return trailer.has_value() ? SealRefusal::kTrailerUnexpected : SealRefusal::kNothing;
  if (!trailer.has_value()) return SealRefusal::kNoTrailer;
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.id == trailer->key; });
  if (key == keys_.end()) return SealRefusal::kUnknownKey;
  const std::array<uint8_t, kDigest> digest = DigestOf(key->secret, message, ends);
  // In constant time: how long it takes must not tell how many bytes of a guess were right.
  if (CRYPTO_memcmp(digest.data(), trailer->digest.data(), kDigest) != 0) return SealRefusal::kDigest;
  const auto [last, is_first] = last_.try_emplace(ends.src, trailer->counter);
  if (!is_first && trailer->counter <= last->second) return SealRefusal::kReplayed;
  last->second = trailer->counter;
  return SealRefusal::kNothing;
}

}  // namespace baton::controlplane::load_sharing
