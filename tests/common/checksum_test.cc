#include <catch2/catch.hpp>

#include <random>
#include <vector>

#include "common/checksum.h"
#include "common/headers.h"

namespace baton {
namespace {

// A checksum as people read it: the value of the field in network order.
uint16_t AsRead(uint16_t in_memory) {
  Be16 field;
  field.set_raw(in_memory);
  return field.get();
}

uint16_t InMemory(uint16_t as_read) { return Be16(as_read).raw(); }

uint16_t Checksum(const std::vector<uint8_t>& bytes) {
  return FinishChecksum(AddToChecksum(0, bytes.data(), bytes.size()));
}

TEST_CASE("the checksum of bytes is the complement of their one's complement sum") {
  struct Case { const char* name; std::vector<uint8_t> bytes; uint16_t checksum; };
  const auto c = GENERATE(values<Case>({
      {"RFC 1071, 3: the sum is ddf2", {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, 0x220d},
      {"nothing", {}, 0xffff},
      {"one byte counts as the upper half of a word", {0x12}, 0xedff},
      {"three bytes: 1234 + 5600", {0x12, 0x34, 0x56}, 0x97cb},
      {"a carry comes back in: ffff + 0001 = 0001", {0xff, 0xff, 0x00, 0x01}, 0xfffe},
      {"all ones stay all ones", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0x0000},
      // 4500 + 0073 + 0000 + 4000 + 4011 + 0000 + c0a8 + 0001 + c0a8 + 00c7 = 2479c; 479c + 2 = 479e
      {"an IPv4 header whose own field is zero",
       {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8,
        0x00, 0xc7}, 0xb861},
  }));
  CAPTURE(c.name);
  CHECK(AsRead(Checksum(c.bytes)) == c.checksum);
}

TEST_CASE("a sum too large for 16 bits folds without losing a carry") {
  // Each is reduced by hand modulo 2^16 - 1, where 2^16 counts as 1.
  struct Case { uint64_t sum; uint16_t folded; };
  const auto c = GENERATE(values<Case>({
      {0x0000000000000000, 0x0000}, {0x000000000000ffff, 0xffff}, {0x0000000000010000, 0x0001},
      {0x00000000ffffffff, 0xffff}, {0x0000000100000000, 0x0001}, {0x00000001ffffffff, 0x0001},
      {0x0123456789abcdef, 0x9e25},  // 0123 + 4567 + 89ab + cdef = 19e24; 9e24 + 1
      {0xffffffffffffffff, 0xffff},
  }));
  CHECK(FoldChecksum(c.sum) == c.folded);
}

TEST_CASE("the pseudo header takes part in the checksum of TCP, UDP and ICMPv6") {
  const IpAddress v4_src = IpAddress::V4(0x0a000001), v4_dst = IpAddress::V4(0x0a000002);
  // UDP 5000 > 53 without data: 0a00 + 0001 + 0a00 + 0002 + 0011 + 0008 + 1388 + 0035 + 0008 = 27e1
  const std::vector<uint8_t> udp = {0x13, 0x88, 0x00, 0x35, 0x00, 0x08, 0x00, 0x00};
  const uint64_t udp_sum = AddToChecksum(PseudoHeaderSum(v4_src, v4_dst, kUdp, 8), udp.data(), udp.size());
  CHECK(AsRead(FinishChecksum(udp_sum)) == 0xd81e);

  const IpAddress v6_src = IpAddress::Parse("2001:db8::1").value(), v6_dst = IpAddress::Parse("2001:db8::2").value();
  // Echo request 1234, 1: 2001 + 0db8 + 0001 + 2001 + 0db8 + 0002 + 0008 + 003a + 8000 + 1234 + 0001 = edec
  const std::vector<uint8_t> echo = {0x80, 0x00, 0x00, 0x00, 0x12, 0x34, 0x00, 0x01};
  const uint64_t echo_sum = AddToChecksum(PseudoHeaderSum(v6_src, v6_dst, kIcmpv6, 8), echo.data(), echo.size());
  CHECK(AsRead(FinishChecksum(echo_sum)) == 0x1213);

  // A length above 16 bits (RFC 2675 jumbograms) adds its upper half: 0001 + 0000 + 003a and the addresses above.
  CHECK(AsRead(FoldChecksum(PseudoHeaderSum(v6_src, v6_dst, kIcmpv6, 0x10000))) == 0x5b75 + 0x0001 + 0x003a);
}

TEST_CASE("the example of RFC 1624, section 4 comes out by equation 3") {
  // The word 5555 becomes 3285 under the checksum dd2f; equation 2 of RFC 1141 would give ffff.
  const uint16_t difference = ChecksumDifference(InMemory(0x5555), InMemory(0x3285));
  CHECK(AsRead(ApplyDifference(InMemory(0xdd2f), difference)) == 0x0000);
}

TEST_CASE("a difference gives what computing the checksum anew gives") {
  const uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    // An IPv4 NAT's worst case: four words of an address and two ports, in a packet of any length. Sparse values make
    // the sums run into 0 and ffff, where one's complement has two zeros.
    std::vector<uint8_t> packet(14 + random() % 80);
    const bool sparse = random() % 2 == 0;
    for (uint8_t& byte : packet) byte = sparse ? (random() % 4 == 0 ? 0xff : 0x00) : static_cast<uint8_t>(random());
    packet[13] = 1;  // all zeros is no packet: the version nibble or a protocol number is always there
    const uint16_t before = Checksum(packet);

    std::vector<uint8_t> changed = packet;
    uint16_t difference = 0;
    for (const size_t length : {size_t{4}, size_t{2}}) {
      const size_t at = length == 4 ? 0 : 8;
      for (size_t i = 0; i < length; ++i) changed[at + i] = sparse ? (random() % 2 == 0 ? 0xff : 0) : random();
      // Differences of several replacements add up, as sums do.
      difference = FoldChecksum(uint64_t{difference} + ChecksumDifference(AddToChecksum(0, &packet[at], length),
                                                                          AddToChecksum(0, &changed[at], length)));
    }
    REQUIRE(ApplyDifference(before, difference) == Checksum(changed));
  }
}

TEST_CASE("replacing a value by itself leaves the checksum alone") {
  const auto word = GENERATE(as<uint16_t>{}, 0x0000, 0x0001, 0x1234, 0xfffe, 0xffff);
  const auto checksum = GENERATE(as<uint16_t>{}, 0x0000, 0x0001, 0xbeef, 0xfffe);
  CAPTURE(word, checksum);
  CHECK(ApplyDifference(checksum, ChecksumDifference(word, word)) == checksum);
}

}  // namespace
}  // namespace baton
