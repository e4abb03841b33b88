#include "common/packet_digest.h"

#include <array>

#include <catch2/catch.hpp>

namespace baton {
namespace {

TEST_CASE("digests are SipHash-2-4") {
  // Key 00 01 .. 0f, input 00 01 .. 0e: the example of the paper's appendix A; and the first of its reference vectors.
  const DigestKey key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::array<uint8_t, 15> input;
  for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<uint8_t>(i);
  CHECK(PacketDigest(key, input.data(), input.size()) == 0xa129ca6149be45e5);
  CHECK(PacketDigest(key, input.data(), 0) == 0x726fdb47dd0e0e31);
}

}  // namespace
}  // namespace baton
