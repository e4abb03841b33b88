#include "generator/tcp/segment.h"

#include <vector>

#include <catch2/catch.hpp>

#include "generator/arrival.h"
#include "tests/generator/frames.h"

namespace baton::generator {
namespace {

// Headers up to the ports, as a client writes them.
std::vector<uint8_t> Headers(bool ipv4) {
  FrameTemplate frame(
      {.dst = Address(ipv4 ? "10.2.0.2" : "2001:db8::3"), .dst_port = 80, .length = 128, .protocol = kTcp}, kClientMac);
  frame.SetNextHop(kServerMac);
  std::vector<uint8_t> bytes(2048, 0xee);
  frame.WriteHeaders(bytes.data(), Address(ipv4 ? "10.1.0.2" : "2001:db8::2"), 4000);
  return bytes;
}

TEST_CASE("a SYN, byte by byte") {
  auto frame = Headers(true);
  Segment syn{.seq = 0x01020304, .flow = 0x0a0b0c0d, .mss = 1460};
  syn.flags = kTcpSyn;
  CHECK(WriteSegment(frame.data(), true, 34, syn, nullptr, kTestKey) == 34 + 36);
  const std::vector<uint8_t> tcp(frame.begin() + 34, frame.begin() + 34 + 36);
  const std::vector<uint8_t> expected = {
      0x0f, 0xa0, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0x90, 0x02, 0xff, 0xff, tcp[16], tcp[17], 0, 0,  // RFC 9293, 3.1
      2, 4, 0x05, 0xb4,                                                                           // MSS 1460
      1, 1, 8, 10, 0x0a, 0x0b, 0x0c, 0x0d, 0, 0, 0, 0};                                           // RFC 7323, 3.2
  CHECK(tcp == expected);
  CHECK(frame[16] == 0);
  CHECK(frame[17] == 20 + 36);
  CHECK(frame[23] == 6);
  CHECK(Classify(frame.data(), 70, kTestKey).kind == ArrivalKind::kTcp);  // and so both checksums are right
}

TEST_CASE("what is written is read, by both ends") {
  const bool ipv4 = GENERATE(true, false);
  const uint16_t length = GENERATE(uint16_t{0}, uint16_t{18}, uint16_t{333}, uint16_t{1428});
  const uint16_t l4 = ipv4 ? 34 : 54;
  auto frame = Headers(ipv4);
  Segment out{.seq = 7, .ack = 8, .flow = 99, .time = 55, .length = length};
  out.flags = kTcpAck | kTcpPsh;
  const Stamp stamp{.flow = 99, .number = 3, .time_ns = 4, .sender = 0};
  const uint16_t total = WriteSegment(frame.data(), ipv4, l4, out, &stamp, kTestKey);
  CHECK(total == std::max(60, l4 + 32 + length));
  const Arrival arrival = Classify(frame.data(), total, kTestKey);
  REQUIRE(arrival.kind == ArrivalKind::kTcp);
  for (const bool echoed : {false, true}) {
    const auto in = ReadSegment(frame.data(), arrival.l4, arrival.length, echoed);
    REQUIRE(in);
    CHECK(in->seq == 7);
    CHECK(in->ack == 8);
    CHECK(in->has_flow);
    CHECK(in->flow == (echoed ? 55 : 99));  // the other end echoes what we said
    CHECK(in->time == (echoed ? 99 : 55));
    CHECK(in->length == length);
    CHECK(in->flags == (kTcpAck | kTcpPsh));
    Stamp read;
    CHECK((length == 0 || ReadStamp(frame.data() + in->payload_at, kTestKey, &read)));
  }
}

TEST_CASE("mirrored, a segment goes back where it came from") {
  auto frame = Headers(true);
  Segment out{.seq = 7, .flow = 99};
  WriteSegment(frame.data(), true, 34, out, nullptr, kTestKey);
  MirrorFrame(frame.data(), true, 34, kServerMac.bytes.data(), nullptr);
  CHECK(MacAddress::From(&frame[0]) == kClientMac);
  CHECK(MacAddress::From(&frame[6]) == kServerMac);
  CHECK(IpAddress::FromV4Bytes(&frame[26]) == Address("10.2.0.2"));
  CHECK(IpAddress::FromV4Bytes(&frame[30]) == Address("10.1.0.2"));
  CHECK(frame[35] == 80);
  CHECK(frame[37] == 0xa0);
}

TEST_CASE("no options, cut ones, and lengths that are none") {
  auto frame = Headers(true);
  Segment out{.seq = 7, .flow = 99};
  WriteSegment(frame.data(), true, 34, out, nullptr, kTestKey);
  for (uint16_t length = 0; length < 34 + 32; ++length) CHECK_FALSE(ReadSegment(frame.data(), 34, length, false));
  frame[34 + 12] = 0x50;  // a header of 20 bytes: the options are payload now
  const auto bare = ReadSegment(frame.data(), 34, 34 + 32, false);
  REQUIRE(bare);
  CHECK_FALSE(bare->has_flow);
  CHECK(bare->length == 12);
  frame[34 + 12] = 0x40;
  CHECK_FALSE(ReadSegment(frame.data(), 34, 34 + 32, false));
  frame[34 + 12] = 0x80;
  for (int length = 0; length < 256; ++length) {  // of the option, which says it itself
    frame[34 + 23] = static_cast<uint8_t>(length);
    const auto in = ReadSegment(frame.data(), 34, 34 + 32, false);
    REQUIRE(in);
    CHECK(in->has_flow == (length == 10));
  }
}

}  // namespace
}  // namespace baton::generator
