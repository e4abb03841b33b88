#include "controlplane/load_sharing/hmac.h"

#include <catch2/catch.hpp>

#include "controlplane/load_sharing/codec.h"

namespace baton::controlplane::load_sharing {
namespace {

using Bytes = std::vector<uint8_t>;
using vrrp::ChecksumOver;
using vrrp::Ends;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

const Ends kEnds{Ip("192.0.2.3"), Ip("192.0.2.2")};
constexpr uint64_t kStart = 1'700'000'000'000'000;

Bytes Of(absl::string_view text) { return {text.begin(), text.end()}; }

std::string Hex(const std::array<uint8_t, 32>& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    for (const int digit : {byte >> 4, byte & 15}) text.push_back("0123456789abcdef"[digit]);
  }
  return text;
}

TEST_CASE("HMAC-SHA256, RFC 4231, 4.2 to 4.4, 4.7 and 4.8") {
  struct Case {
    const char* name;
    std::string key;
    Bytes data;
    const char* digest;
  };
  const std::vector<Case> cases = {
      {"1", std::string(20, '\x0b'), Of("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"2", "Jefe", Of("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"3", std::string(20, '\xaa'), Bytes(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"6", std::string(131, '\xaa'), Of("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"7", std::string(131, '\xaa'),
       Of("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
          "hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(Hex(HmacSha256(c.key, c.data)) == c.digest);
  }
}

Bytes Message() {
  return EncodeMessage({.version = 3, .vrid = 7, .priority = 100}, FlowRequest{6, 9}, kEnds, ChecksumOver::kMessage);
}

SealRefusal CheckBy(Seals& seals, const Bytes& message, const Ends& ends = kEnds) {
  const Decoded decoded = DecodeMessage(message, ends);
  CHECK(decoded.malformed == Malformed::kNothing);
  return seals.Check(message, ends, decoded.trailer);
}

TEST_CASE("a sealed message is the message with a trailer, and its digest covers what the specification says") {
  Seals seals({{4, "Jefe"}}, kStart);
  const Bytes sealed = seals.Seal(Message(), kEnds, ChecksumOver::kMessage);
  REQUIRE(sealed.size() == Message().size() + kTrailerSize);
  const Decoded decoded = DecodeMessage(sealed, kEnds);
  REQUIRE(decoded.trailer.has_value());
  CHECK(decoded.message == load_sharing::Message(FlowRequest{6, 9}));
  CHECK(decoded.trailer->key == 4);
  CHECK(decoded.trailer->counter == kStart);
  // 1700000000000000 is 0x00060a24181e4000.
  const Bytes covered = {192, 0, 2, 3, 192, 0, 2, 2, 0x37, 7, 100, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 9,
                         'L', 'S', 1, 4, 0x00, 0x06, 0x0a, 0x24, 0x18, 0x1e, 0x40, 0x00};
  CHECK(decoded.trailer->digest == HmacSha256("Jefe", covered));
}

TEST_CASE("who has the key is believed, and once") {
  Seals sender({{4, "secret"}}, kStart), receiver({{4, "secret"}}, 1);
  const Bytes first = sender.Seal(Message(), kEnds, ChecksumOver::kMessage);
  const Bytes second = sender.Seal(Message(), kEnds, ChecksumOver::kMessage);
  const Bytes third = sender.Seal(Message(), kEnds, ChecksumOver::kMessage);
  CHECK(CheckBy(receiver, first) == SealRefusal::kNothing);
  CHECK(CheckBy(receiver, first) == SealRefusal::kReplayed);
  CHECK(CheckBy(receiver, third) == SealRefusal::kNothing);
  CHECK(CheckBy(receiver, second) == SealRefusal::kReplayed);

  // It starts again a second later: its counter is larger than any it had used.
  Seals restarted({{4, "secret"}}, kStart + 1'000'000);
  CHECK(CheckBy(receiver, restarted.Seal(Message(), kEnds, ChecksumOver::kMessage)) == SealRefusal::kNothing);
  CHECK(CheckBy(receiver, sender.Seal(Message(), kEnds, ChecksumOver::kMessage)) == SealRefusal::kReplayed);

  // Each sender has a counter of its own.
  const Ends other{Ip("192.0.2.4"), Ip("192.0.2.2")};
  Seals late({{4, "secret"}}, 5);
  CHECK(CheckBy(receiver, late.Seal(Message(), other, ChecksumOver::kMessage), other) == SealRefusal::kNothing);
}

TEST_CASE("who has no key, another one, or somebody else's message is not believed") {
  Seals sender({{4, "secret"}}, kStart);
  const Bytes sealed = sender.Seal(Message(), kEnds, ChecksumOver::kMessage);
  Seals receiver({{4, "secret"}}, 1);
  CHECK(CheckBy(receiver, Message()) == SealRefusal::kNoTrailer);

  Seals without({}, 1);
  CHECK(CheckBy(without, sealed) == SealRefusal::kTrailerUnexpected);
  CHECK(CheckBy(without, Message()) == SealRefusal::kNothing);
  CHECK(without.Seal(Message(), kEnds, ChecksumOver::kMessage) == Message());

  Seals another({{4, "Secret"}}, 1);
  CHECK(CheckBy(another, sealed) == SealRefusal::kDigest);
  Seals unknown({{5, "secret"}}, 1);
  CHECK(CheckBy(unknown, sealed) == SealRefusal::kUnknownKey);

  // Version 3 over IPv4 without a pseudo header: only the digest knows the addresses.
  CHECK(CheckBy(receiver, sealed, {Ip("192.0.2.9"), kEnds.dst}) == SealRefusal::kDigest);
  CHECK(CheckBy(receiver, sealed, {kEnds.src, Ip("192.0.2.9")}) == SealRefusal::kDigest);
  // What was refused left no counter behind.
  CHECK(CheckBy(receiver, sealed) == SealRefusal::kNothing);
}

TEST_CASE("each bit of a message that has a meaning is covered") {
  Seals sender({{4, "secret"}}, kStart);
  const Bytes sealed = sender.Seal(Message(), kEnds, ChecksumOver::kMessage);
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    CAPTURE(bit);
    Bytes other = sealed;
    other[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    vrrp::PutChecksum(other, kEnds, ChecksumOver::kMessage);
    if (other == sealed) continue;  // a bit of the checksum
    Seals receiver({{4, "secret"}}, 1);
    const Decoded decoded = DecodeMessage(other, kEnds);
    if (decoded.malformed != Malformed::kNothing) continue;
    CHECK(receiver.Check(other, kEnds, decoded.trailer) != SealRefusal::kNothing);
  }
}

TEST_CASE("the key of digests is the same wherever the lowest key is") {
  CHECK(DigestKeyBytes({}) == std::array<uint8_t, 16>{});
  // printf 'VRRP-LS digest' | openssl dgst -sha256 -hmac Jefe
  const std::array<uint8_t, 16> expected = {0xb0, 0xf5, 0xfc, 0x8f, 0x5d, 0x3e, 0x1a, 0x5d,
                                              0x82, 0xf1, 0x80, 0x8a, 0x8f, 0xa8, 0xa7, 0x79};
  CHECK(DigestKeyBytes({{1, "Jefe"}}) == expected);
  CHECK(DigestKeyBytes({{2, "new"}, {1, "Jefe"}}) == expected);
}

TEST_CASE("keys are changed without an interruption: the second is accepted before it is used") {
  Seals old_sender({{1, "old"}}, kStart), new_sender({{2, "new"}, {1, "old"}}, kStart);
  Seals receiver({{1, "old"}, {2, "new"}}, 1);
  const Ends other{Ip("192.0.2.4"), Ip("192.0.2.2")};
  CHECK(CheckBy(receiver, old_sender.Seal(Message(), kEnds, ChecksumOver::kMessage)) == SealRefusal::kNothing);
  CHECK(CheckBy(receiver, new_sender.Seal(Message(), other, ChecksumOver::kMessage), other) == SealRefusal::kNothing);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
