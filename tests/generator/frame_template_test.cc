#include "generator/frame_template.h"

#include <catch2/catch.hpp>

#include "generator/arrival.h"
#include "tests/generator/frames.h"

namespace baton::generator {
namespace {

// The sum that RFC 1071 checks, word by word in network order, as the RFC writes it down.
uint16_t OnesSum(const std::vector<uint8_t>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(bytes[i] << 8) + (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

std::vector<uint8_t> Slice(const std::vector<uint8_t>& bytes, size_t from, size_t count) {
  return {bytes.begin() + static_cast<long>(from), bytes.begin() + static_cast<long>(from + count)};
}

// RFC 768 and RFC 8200, 8.1: addresses, protocol and length stand before the header.
uint16_t UdpSum(const std::vector<uint8_t>& frame, bool ipv4) {
  std::vector<uint8_t> covered = ipv4 ? Slice(frame, 26, 8) : Slice(frame, 22, 32);
  const size_t l4 = ipv4 ? 34 : 54, length = frame.size() - l4;
  covered.insert(covered.end(), {0, 17, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
  const auto l4_bytes = Slice(frame, l4, length);
  covered.insert(covered.end(), l4_bytes.begin(), l4_bytes.end());
  return OnesSum(covered);
}

TEST_CASE("the shortest frames: 64 bytes with FCS of IPv4") {
  CHECK(ShortestFrame(Family::kIpv4) == 60);
  CHECK(ShortestFrame(Family::kIpv6) == 14 + 40 + 8 + 18);
}

TEST_CASE("an IPv4 request, byte by byte") {
  const auto frame = RequestFrame("10.1.0.2", "198.51.100.10", 60, {.flow = 1, .number = 2, .time_ns = 3, .sender = 0});
  const std::vector<uint8_t> head = {
      2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00,                           // Ethernet
      0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17};                                   // IPv4: 46 bytes, DF, TTL 64, UDP
  CHECK(Slice(frame, 0, 24) == head);
  CHECK(OnesSum(Slice(frame, 14, 20)) == 0xffff);
  CHECK(Slice(frame, 26, 14) == std::vector<uint8_t>{10, 1, 0, 2, 198, 51, 100, 10, 0x0f, 0xa0, 0, 53, 0, 26});
  CHECK(UdpSum(frame, true) == 0xffff);
  Stamp stamp;
  CHECK(ReadStamp(&frame[42], kTestKey, &stamp));
  CHECK(stamp.number == 2);
}

TEST_CASE("an IPv6 request, byte by byte") {
  const auto frame =
      RequestFrame("2001:db8::2", "2001:db8:1::a", 200, {.flow = 1, .number = 2, .time_ns = 3, .sender = 0});
  CHECK(Slice(frame, 12, 10) == std::vector<uint8_t>{0x86, 0xdd, 0x60, 0, 0, 0, 0, 146, 17, 64});
  CHECK(UdpSum(frame, false) == 0xffff);
}

TEST_CASE("checksums hold for any source and stamp") {
  for (uint32_t i = 0; i < 2000; ++i) {
    const Stamp stamp{.flow = i * 77, .number = i * 1'000'003, .time_ns = uint64_t{i} * 123'456'789'123, .sender = 9};
    const std::string src = IpAddress::V4(0x0a000000 + i * 999).ToString();
    const auto frame = RequestFrame(src.c_str(), "198.51.100.10", static_cast<uint16_t>(60 + i % 100), stamp);
    CAPTURE(i);
    REQUIRE(OnesSum(Slice(frame, 14, 20)) == 0xffff);
    REQUIRE(UdpSum(frame, true) == 0xffff);
    REQUIRE((frame[40] | frame[41]) != 0);  // RFC 768: zero would mean that there is none
  }
}

TEST_CASE("a response mirrors its request, at any length") {
  struct Case {
    const char* name;
    const char* src;
    const char* dst;
    uint16_t request, response;
  };
  const auto c = GENERATE(values<Case>({
      {"IPv4, the same length", "10.1.0.2", "10.2.0.2", 60, 60},
      {"IPv4, longer", "10.1.0.2", "10.2.0.2", 60, 1514},
      {"IPv4, shorter and odd", "10.1.0.2", "10.2.0.2", 1000, 61},
      {"IPv6, the same length", "2001:db8::2", "2001:db8::3", 80, 80},
      {"IPv6, longer and odd", "2001:db8::2", "2001:db8::3", 80, 333},
  }));
  CAPTURE(c.name);
  auto frame = RequestFrame(c.src, c.dst, c.request, {.flow = 1, .number = 2, .time_ns = 3, .sender = 0});
  const bool ipv4 = Address(c.src).is_v4();
  frame.resize(2048, 0xee);  // what is behind the request in the buffer must not matter
  const Stamp stamp{.flow = 1, .number = 9, .time_ns = 3, .sender = kResponseBit | 4};
  const bool to_gateway = GENERATE(false, true);
  const MacAddress gateway{{2, 0, 0, 0, 0, 9}};
  const Arrival request = Classify(frame.data(), c.request, kTestKey);
  REQUIRE(request.kind == ArrivalKind::kStamped);
  TurnAround(frame.data(), request, c.response, kServerMac, to_gateway ? &gateway : nullptr, stamp, kTestKey);
  frame.resize(c.response);
  CHECK(MacAddress::From(&frame[0]) == (to_gateway ? gateway : kClientMac));
  CHECK(MacAddress::From(&frame[6]) == kServerMac);
  CHECK(UdpSum(frame, ipv4) == 0xffff);
  const Arrival arrival = Classify(frame.data(), c.response, kTestKey);
  REQUIRE(arrival.kind == ArrivalKind::kStamped);
  CHECK(arrival.length == c.response);
  CHECK(arrival.stamp.number == 9);
  CHECK(arrival.stamp.is_response());
  if (ipv4) {
    CHECK(OnesSum(Slice(frame, 14, 20)) == 0xffff);
    CHECK(Slice(frame, 26, 12) == std::vector<uint8_t>{10, 2, 0, 2, 10, 1, 0, 2, 0, 53, 0x0f, 0xa0});
  }
}

std::vector<uint8_t> EchoRequest(bool ipv4, uint16_t length) {
  FrameTemplate frame({.dst = Address(ipv4 ? "10.2.0.2" : "2001:db8::3"), .length = length, .protocol = kIcmp},
                      kClientMac);
  frame.SetNextHop(kServerMac);
  std::vector<uint8_t> bytes(2048);
  const Stamp stamp{.flow = 1, .number = 0x10203, .time_ns = 3, .sender = 0};
  frame.Write(bytes.data(), Address(ipv4 ? "10.1.0.2" : "2001:db8::2"), 4000, stamp, kTestKey);
  bytes.resize(length);
  return bytes;
}

// RFC 792: over the ICMP message; RFC 4443, 2.3: and the pseudo header.
uint16_t IcmpSum(const std::vector<uint8_t>& frame, bool ipv4) {
  std::vector<uint8_t> covered;
  const size_t l4 = ipv4 ? 34 : 54, length = frame.size() - l4;
  if (!ipv4) {
    covered = Slice(frame, 22, 32);
    covered.insert(covered.end(), {0, 0, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0, 0, 0, 58});
  }
  const auto message = Slice(frame, l4, length);
  covered.insert(covered.end(), message.begin(), message.end());
  return OnesSum(covered);
}

TEST_CASE("an echo request and its reply, byte by byte") {
  const bool ipv4 = GENERATE(true, false);
  const uint16_t length = GENERATE(uint16_t{80}, uint16_t{501});
  auto frame = EchoRequest(ipv4, length);
  const size_t l4 = ipv4 ? 34 : 54;
  CHECK(frame[ipv4 ? 23 : 20] == (ipv4 ? 1 : 58));
  CHECK(Slice(frame, l4, 2) == std::vector<uint8_t>{static_cast<uint8_t>(ipv4 ? 8 : 128), 0});
  CHECK(Slice(frame, l4 + 4, 4) == std::vector<uint8_t>{0x0f, 0xa0, 0x02, 0x03});  // identifier, sequence number
  CHECK(IcmpSum(frame, ipv4) == 0xffff);
  const Arrival request = Classify(frame.data(), length, kTestKey);
  REQUIRE(request.kind == ArrivalKind::kStamped);
  CHECK(request.icmp);
  const Stamp stamp{.flow = 1, .number = 9, .time_ns = 3, .sender = kResponseBit | 4};
  TurnAround(frame.data(), request, length, kServerMac, nullptr, stamp, kTestKey);
  CHECK(Slice(frame, l4, 2) == std::vector<uint8_t>{static_cast<uint8_t>(ipv4 ? 0 : 129), 0});
  CHECK(Slice(frame, l4 + 4, 4) == std::vector<uint8_t>{0x0f, 0xa0, 0x02, 0x03});
  CHECK(IcmpSum(frame, ipv4) == 0xffff);
  const Arrival reply = Classify(frame.data(), length, kTestKey);
  CHECK(reply.kind == ArrivalKind::kStamped);
  CHECK(reply.stamp.is_response());
  for (size_t bit = l4 * 8; bit < frame.size() * 8; ++bit) {
    frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK(Classify(frame.data(), length, kTestKey).kind != ArrivalKind::kStamped);
    frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
}

}  // namespace
}  // namespace baton::generator
