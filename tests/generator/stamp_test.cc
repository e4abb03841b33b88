#include "generator/stamp.h"

#include <catch2/catch.hpp>

namespace baton::generator {
namespace {

constexpr uint64_t kKey = 0x0123456789abcdef;

TEST_CASE("a stamp is read as it was written, at any alignment") {
  const Stamp written{.flow = 0xfffffffe, .number = 7, .time_ns = 0xfedcba987654, .sender = kResponseBit | 513};
  for (int offset = 0; offset < 8; ++offset) {
    uint8_t bytes[32] = {};
    WriteStamp(bytes + offset, written, kKey);
    Stamp read;
    REQUIRE(ReadStamp(bytes + offset, kKey, &read));
    CHECK(read.flow == 0xfffffffe);
    CHECK(read.number == 7);
    CHECK(read.time_ns == 0xfedcba987654);
    CHECK(read.is_response());
    CHECK(read.server() == 513);
  }
}

TEST_CASE("time is kept in 48 bits and touches nothing else") {
  uint8_t bytes[kStampSize];
  WriteStamp(bytes, {.flow = 1, .number = 2, .time_ns = 0x1234'5678'9abc'def0, .sender = 3}, kKey);
  Stamp read;
  REQUIRE(ReadStamp(bytes, kKey, &read));
  CHECK(read.time_ns == 0x5678'9abc'def0);
  CHECK(read.sender == 3);
}

TEST_CASE("every turned bit is noticed, and so is another run's key") {
  uint8_t bytes[kStampSize];
  WriteStamp(bytes, {.flow = 5, .number = 6, .time_ns = 7'000'000'000, .sender = 1}, kKey);
  Stamp read;
  for (size_t bit = 0; bit < kStampSize * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK_FALSE(ReadStamp(bytes, kKey, &read));
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  CHECK(ReadStamp(bytes, kKey, &read));
  CHECK_FALSE(ReadStamp(bytes, kKey + 1, &read));
}

}  // namespace
}  // namespace baton::generator
