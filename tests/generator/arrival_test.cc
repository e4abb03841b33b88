#include "generator/arrival.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/generator/frames.h"

namespace baton::generator {
namespace {

std::vector<uint8_t> Request(bool ipv4) {
  const Stamp stamp{.flow = 4, .number = 5, .time_ns = 6, .sender = 0};
  return ipv4 ? RequestFrame("10.1.0.2", "10.2.0.2", 60, stamp) : RequestFrame("2001:db8::2", "2001:db8::3", 80, stamp);
}

ArrivalKind KindOf(const std::vector<uint8_t>& frame) {
  return Classify(frame.data(), static_cast<uint16_t>(frame.size()), kTestKey).kind;
}

TEST_CASE("a stamped frame, with and without padding") {
  const bool ipv4 = GENERATE(true, false);
  auto frame = Request(ipv4);
  frame.resize(frame.size() + GENERATE(0u, 5u));
  const Arrival arrival = Classify(frame.data(), static_cast<uint16_t>(frame.size()), kTestKey);
  CHECK(arrival.kind == ArrivalKind::kStamped);
  CHECK(arrival.ipv4 == ipv4);
  CHECK(arrival.l4 == (ipv4 ? 34 : 54));
  CHECK(arrival.length == (ipv4 ? 60 : 80));
  CHECK(arrival.stamp.flow == 4);
  CHECK(arrival.stamp.number == 5);
}

TEST_CASE("every turned bit behind the IP header is corruption") {
  const bool ipv4 = GENERATE(true, false);
  const auto good = Request(ipv4);
  for (size_t bit = (ipv4 ? 34 : 54) * 8; bit < good.size() * 8; ++bit) {
    auto frame = good;
    frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CAPTURE(ipv4, bit);
    CHECK(KindOf(frame) == ArrivalKind::kCorrupted);
  }
}

TEST_CASE("every turned bit of an IPv4 header is corruption: it has a checksum") {
  const auto good = Request(true);
  for (size_t bit = 14 * 8; bit < 34 * 8; ++bit) {
    auto frame = good;
    frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CAPTURE(bit);
    CHECK(KindOf(frame) == ArrivalKind::kCorrupted);
  }
}

TEST_CASE("a cut frame is never taken for a whole one") {
  const bool ipv4 = GENERATE(true, false);
  const auto good = Request(ipv4);
  for (size_t length = 0; length < good.size(); ++length) {
    const std::vector<uint8_t> cut(good.begin(), good.begin() + static_cast<long>(length));
    CAPTURE(length);
    CHECK(KindOf(cut) != ArrivalKind::kStamped);
  }
}

TEST_CASE("a harmed frame whose stamp is whole still belongs to its flow") {
  auto frame = Request(true);
  frame[35] ^= 1;  // source port
  const Arrival arrival = Classify(frame.data(), 60, kTestKey);
  CHECK(arrival.kind == ArrivalKind::kCorrupted);
  CHECK(arrival.stamp_good);
  CHECK(arrival.stamp.flow == 4);
}

TEST_CASE("a packet of another run is foreign") {
  const auto frame = Request(true);
  CHECK(Classify(frame.data(), 60, kTestKey + 1).kind == ArrivalKind::kForeign);
}

TEST_CASE("what the other frames on a link are") {
  struct Case {
    const char* name;
    std::vector<uint8_t> bytes;
    ArrivalKind kind;
  };
  const auto ethernet = [](uint8_t high, uint8_t low, std::vector<uint8_t> rest) {
    std::vector<uint8_t> bytes(14);
    bytes[12] = high;
    bytes[13] = low;
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    bytes.resize(std::max<size_t>(bytes.size(), 60));
    return bytes;
  };
  const auto ipv6 = [&](uint8_t next, uint8_t type) {
    std::vector<uint8_t> packet(40 + 8);
    packet[0] = 0x60;
    packet[5] = 8;
    packet[6] = next;
    packet[40] = type;
    // All addresses are ::, so the checksum is over length, next header and type: 8 + 58 + type << 8.
    const uint16_t checksum = static_cast<uint16_t>(~(8 + next + (type << 8)));
    packet[42] = static_cast<uint8_t>(checksum >> 8);
    packet[43] = static_cast<uint8_t>(checksum);
    return ethernet(0x86, 0xdd, packet);
  };
  const std::vector<Case> cases = {
      {"nothing", {}, ArrivalKind::kForeign},
      {"ARP", ethernet(0x08, 0x06, {}), ArrivalKind::kNeighbor},
      {"LLDP", ethernet(0x88, 0xcc, {}), ArrivalKind::kForeign},
      {"a neighbour solicitation", ipv6(58, 135), ArrivalKind::kNeighbor},
      {"a neighbour advertisement", ipv6(58, 136), ArrivalKind::kNeighbor},
      {"a router solicitation", ipv6(58, 133), ArrivalKind::kForeign},
      {"an ICMPv6 error", ipv6(58, 1), ArrivalKind::kIcmpError},
      {"TCP over IPv6, cut", ipv6(6, 0), ArrivalKind::kCorrupted},
      {"IPv4 in name only", ethernet(0x08, 0x00, {0x00}), ArrivalKind::kCorrupted},
      // 192.0.2.1 > 192.0.2.2, port unreachable; its checksum: 4500+001c+4001+c000+0201+c000+0202 = 20920, ~0922.
      {"an ICMP error", ethernet(0x08, 0x00, {0x45, 0, 0,   28, 0, 0, 0, 0, 64,   1,    0xf6, 0xdd, 192, 0,
                                              2,    1, 192, 0,  2, 2, 3, 3, 0xfc, 0xfc, 0,    0,    0,   0}),
       ArrivalKind::kIcmpError},
      {"the same with a wrong checksum",
       ethernet(0x08, 0x00,
                {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0xf6, 0xdd, 192, 0, 2, 1, 192, 0, 2, 2, 3, 3, 0, 0, 0, 0, 0, 0}),
       ArrivalKind::kCorrupted},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(KindOf(c.bytes) == c.kind);
  }
}

}  // namespace
}  // namespace baton::generator
