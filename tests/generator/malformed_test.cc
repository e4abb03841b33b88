// Each malformed packet, byte by byte: what is wrong with it, and that the rest is right.
#include "generator/unanswered/malformed.h"

#include <catch2/catch.hpp>

#include "common/checksum.h"
#include "common/headers.h"
#include "tests/generator/frames.h"

namespace baton::generator {
namespace {

constexpr uint32_t kPlace = 3, kNumber = 77;

std::vector<uint8_t> Frame4or6(Malformed kind, bool ipv4) {
  MalformedWriter writer(Address(ipv4 ? "198.51.100.10" : "2001:db8::10"), 80, kClientMac);
  std::vector<uint8_t> bytes(2048, 0xee);  // what a buffer held before
  const Stamp mark = MarkOf(kPlace, kNumber, static_cast<uint8_t>(kind));
  bytes.resize(writer.Write(kind, kServerMac, Address(ipv4 ? "10.1.0.2" : "2001:db8:1::2"), 500, mark, kTestKey,
                            bytes.data()));
  return bytes;
}

uint16_t Sum(const std::vector<uint8_t>& frame, size_t from, size_t length, uint64_t sum = 0) {
  return FoldChecksum(AddToChecksum(sum, frame.data() + from, length));
}

// Offsets are of the frame: IPv4 from 14, its L4 from 34; IPv6 from 14, its L4 from 54.
struct Case {
  Malformed kind;
  bool ipv4;
  ArrivalKind arrival;  // as our own receiver sees it
  size_t offset;
  std::vector<uint8_t> bytes;
};

const std::vector<Case>& Cases() {
  using enum Malformed;
  constexpr auto kBad = ArrivalKind::kCorrupted, kFine = ArrivalKind::kStamped, kOther = ArrivalKind::kForeign;
  constexpr auto kSegment = ArrivalKind::kTcp, kError = ArrivalKind::kIcmpError, kPiece = ArrivalKind::kFragment;
  static const std::vector<Case> cases = {
      {kIpVersion, true, kBad, 14, {0x55}},
      {kIpVersion, false, kBad, 14, {0x50, 0, 0, 0}},
      {kHeaderLengthShort, true, kBad, 14, {0x44}},
      {kHeaderLengthLong, true, kBad, 14, {0x4f, 0, 0, 40}},
      {kIpChecksum, true, kBad, 14, {0x45, 0, 0, 146}},
      {kTotalLengthShort, true, kBad, 16, {0, 19}},
      {kLengthBeyondFrame, true, kBad, 16, {0, 246}},   // 160 - 14 + 100
      {kLengthBeyondFrame, false, kBad, 18, {0, 206}},  // 160 - 54 + 100
      {kTruncatedL4, true, kBad, 16, {0, 24}},
      {kTruncatedL4, false, kBad, 18, {0, 4}},
      {kTtlZero, true, kFine, 22, {0, 17}},
      {kTtlZero, false, kFine, 20, {17, 0}},
      {kSourceLoopback, true, kFine, 26, {127, 0, 0, 1}},
      {kSourceLoopback, false, kFine, 22, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
      {kSourceMulticast, true, kFine, 26, {224, 0, 0, 1}},
      {kSourceMulticast, false, kFine, 22, {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
      {kUdpLengthShort, true, kBad, 38, {0, 7}},
      {kUdpLengthShort, false, kBad, 58, {0, 7}},
      {kUdpLengthLong, true, kBad, 38, {0, 226}},
      {kUdpLengthLong, false, kBad, 58, {0, 206}},
      {kUdpChecksum, true, kBad, 34, {1, 0xf4, 0, 80, 0, 126}},
      {kUdpChecksum, false, kBad, 54, {1, 0xf4, 0, 80, 0, 106}},
      {kUdpNoChecksum, false, kBad, 58, {0, 106, 0, 0}},
      {kTcpOffsetShort, true, kSegment, 46, {0x40, 2}},
      {kTcpOffsetShort, false, kSegment, 66, {0x40, 2}},
      {kTcpOffsetLong, true, kSegment, 46, {0xf0, 2}},
      {kTcpOffsetLong, false, kSegment, 66, {0xf0, 2}},
      {kTcpNoFlags, true, kSegment, 46, {0x80, 0}},
      {kTcpNoFlags, false, kSegment, 66, {0x80, 0}},
      {kTcpAllFlags, true, kSegment, 46, {0x80, 0x3f}},
      {kTcpAllFlags, false, kSegment, 66, {0x80, 0x3f}},
      {kTcpChecksum, true, kBad, 46, {0x80, 2}},
      {kTcpChecksum, false, kBad, 66, {0x80, 2}},
      // Quoted: from 198.51.100.10:80 to 10.1.0.2:500.
      {kIcmpErrorUnknown, true, kError, 54, {198, 51, 100, 10, 10, 1, 0, 2, 0, 80, 1, 0xf4}},
      {kIcmpErrorUnknown, false, kError, 54, {1, 3}},
      {kIcmpErrorCut, true, kError, 16, {0, 38}},  // 20 + 8 + 10
      {kIcmpErrorCut, false, kError, 18, {0, 18}},
      {kFragmentTiny, true, kPiece, 16, {0, 28, 0, 0, 0x20, 0, 64, 6}},
      {kFragmentTiny, false, kPiece, 54, {6, 0, 0, 1}},
      {kFragmentBeyond, true, kPiece, 20, {0x1f, 0xff, 64, 17}},
      {kFragmentBeyond, false, kPiece, 54, {17, 0, 0xff, 0xf8}},
      {kExtensionCut, false, kOther, 54, {17, 255}},
      {kExtensionsMany, false, kOther, 118, {17, 0, 1, 4, 0, 0, 0, 0, 1, 0xf4, 0, 80}},  // the ninth, and the ports
      {kLand, true, kFine, 26, {198, 51, 100, 10, 198, 51, 100, 10, 0, 80, 0, 80}},
      {kLand, false, kFine, 54, {0, 80, 0, 80}},
  };
  return cases;
}

TEST_CASE("each kind is wrong where it says so") {
  for (const Case& c : Cases()) {
    const std::vector<uint8_t> frame = Frame4or6(c.kind, c.ipv4);
    CAPTURE(std::string(KindOf(c.kind).name), c.ipv4);
    REQUIRE(frame.size() >= 60);
    CHECK(std::vector<uint8_t>(frame.begin() + static_cast<long>(c.offset),
                               frame.begin() + static_cast<long>(c.offset + c.bytes.size())) == c.bytes);
    CHECK(MacAddress::From(frame.data()) == kServerMac);
    CHECK(MacAddress::From(frame.data() + 6) == kClientMac);
    CHECK((frame[12] << 8 | frame[13]) == (c.ipv4 ? 0x0800 : 0x86dd));
    const Arrival arrival = Classify(frame.data(), static_cast<uint16_t>(frame.size()), kTestKey);
    CHECK(arrival.kind == c.arrival);
    const auto mark = FindMark(frame.data(), static_cast<uint16_t>(frame.size()), arrival, kTestKey);
    REQUIRE(mark);
    CHECK(mark->flow == 0xffff0003);
    CHECK(mark->number == kNumber);
    CHECK(mark->sender == static_cast<uint8_t>(c.kind));
    CHECK_FALSE(FindMark(frame.data(), static_cast<uint16_t>(frame.size()), arrival, kTestKey + 1));  // another run's
  }
}

TEST_CASE("the cases are all kinds, in each family that they exist in") {
  size_t expected = 0;
  for (const MalformedKind& kind : kMalformedKinds) expected += size_t{kind.v4} + size_t{kind.v6};
  CHECK(Cases().size() == expected);
}

TEST_CASE("a wrong IPv4 checksum is the fault of one kind only") {
  for (const Case& c : Cases()) {
    if (!c.ipv4) continue;
    const std::vector<uint8_t> frame = Frame4or6(c.kind, true);
    CAPTURE(std::string(KindOf(c.kind).name));
    const size_t header = std::max<size_t>((frame[14] & 0xfu) * 4, 20);
    CHECK((Sum(frame, 14, header) == 0xffff) == (c.kind != Malformed::kIpChecksum));
  }
}

TEST_CASE("the sums above the spoilt field are right, so that it alone is refused") {
  using enum Malformed;
  for (const Malformed kind : {kTcpOffsetShort, kTcpOffsetLong, kTcpNoFlags, kTcpAllFlags}) {
    const std::vector<uint8_t> frame = Frame4or6(kind, true);
    CAPTURE(std::string(KindOf(kind).name));
    const uint8_t pseudo[] = {0, 6, 0, static_cast<uint8_t>(frame.size() - 34)};
    CHECK(Sum(frame, 26, frame.size() - 26, AddToChecksum(0, pseudo, 4)) == 0xffff);  // addresses and segment
  }
  const std::vector<uint8_t> many = Frame4or6(kExtensionsMany, false);
  const uint8_t pseudo[] = {0, 17, 0, 34};  // of 160 bytes, 126 are in front of UDP
  CHECK(Sum(many, 126, 34, AddToChecksum(AddToChecksum(0, many.data() + 22, 32), pseudo, 4)) == 0xffff);
  const std::vector<uint8_t> error = Frame4or6(kIcmpErrorUnknown, true);
  CHECK(Sum(error, 34, error.size() - 34) == 0xffff);
}

TEST_CASE("a SYN of a flood is one, and is known again") {
  const Segment syn = MarkedSyn(kPlace, kNumber, 1460, kTestKey);
  FrameTemplate headers({.dst = Address("198.51.100.10"), .dst_port = 80, .length = 124, .protocol = kTcp}, kClientMac);
  std::vector<uint8_t> frame(2048);
  headers.WriteHeaders(frame.data(), Address("203.0.113.7"), 5000);
  const uint16_t length = WriteSegment(frame.data(), true, 34, syn, nullptr, kTestKey);
  const Arrival arrival = Classify(frame.data(), length, kTestKey);
  REQUIRE(arrival.kind == ArrivalKind::kTcp);  // lengths and checksums are right
  CHECK(frame[47] == 0x02);
  const auto mark = FindMark(frame.data(), length, arrival, kTestKey);
  REQUIRE(mark);
  CHECK(mark->flow == 0xffff0003);
  CHECK(mark->number == kNumber);
  frame[38 + 3] ^= 1;  // another number
  CHECK_FALSE(FindMark(frame.data(), length, arrival, kTestKey));
}

TEST_CASE("a SYN over IPv6 has its own mark, whatever its window and the check behind it say") {
  FrameTemplate headers({.dst = Address("2001:db8::10"), .dst_port = 80, .length = 124, .protocol = kTcp}, kClientMac);
  std::vector<uint8_t> frame(2048);
  headers.WriteHeaders(frame.data(), Address("2001:db8:1::2"), 500);
  const uint16_t length = WriteSegment(frame.data(), false, 54, MarkedSyn(kPlace, kNumber, 1440, kTestKey), nullptr,
                                       kTestKey);
  REQUIRE(frame[68] == 0xff);  // the window, where a mark over IPv4 would have the upper half of its number
  REQUIRE(frame[69] == 0xff);
  const Arrival arrival = Classify(frame.data(), length, kTestKey);
  int found = 0;
  for (uint64_t key = kTestKey; key < kTestKey + 200'000; ++key) {  // the check at 66 is right once in 65,536 times
    const auto mark = FindMark(frame.data(), length, arrival, key);
    if (mark) CHECK(mark->flow == 0xffff0003);
    found += mark.has_value();
  }
  CHECK(found < 20);
}

}  // namespace
}  // namespace baton::generator
