// Messages of types 2 to 8 byte by byte, and what is refused.
#include "controlplane/load_sharing/codec.h"

#include <catch2/catch.hpp>

#include "tests/controlplane/load_sharing/golden.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;
using vrrp::ChecksumOver;
using vrrp::Ends;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

const Ends kMulticast{Ip("192.0.2.2"), Ip("224.0.0.18")};
const Ends kUnicast{Ip("192.0.2.3"), Ip("192.0.2.2")};
const Ends kMulticast6{Ip("fe80::2"), Ip("ff02::12")};
const Ends kUnicast6{Ip("fe80::3"), Ip("fe80::2")};

Header From(uint8_t priority, Duration interval = {}) {
  return {.version = 3, .vrid = 7, .priority = priority, .interval = interval};
}
Header FromVersion2(uint8_t priority, Duration interval, const char* password) {
  return {.version = 2, .vrid = 7, .priority = priority, .interval = interval, .auth_type = vrrp::kSimpleText,
          .password = password};
}

struct Golden {
  const char* name;
  Header header;
  Message message;
  Ends ends;
  ChecksumOver over;
  Bytes bytes;
  std::optional<Trailer> trailer = std::nullopt;
};

Trailer Counting() {
  Trailer trailer{.key = 4, .counter = 0x0006000000000001, .digest = {}};
  for (size_t i = 0; i < trailer.digest.size(); ++i) trailer.digest[i] = static_cast<uint8_t>(i);
  return trailer;
}

FlowMark Mark(FlowMark::Status status, const char* condition, const char* dst, uint16_t dst_port, uint32_t sequence,
              uint64_t digest) {
  return {Ip(condition), status, 6, Ip(condition), Ip(dst), 4711, dst_port, sequence, digest};
}

FlowMark NotFound(const char* condition) {
  FlowMark mark;
  mark.condition = Ip(condition);
  return mark;
}

std::vector<Golden> GoldenMessages() {
  const auto plain = ChecksumOver::kMessage;
  const auto pseudo = ChecksumOver::kPseudoHeaderToo;
  const IpAddress a = Ip("192.0.2.2"), b = Ip("192.0.2.3");
  const std::vector<FlowMark> marks = {
      Mark(FlowMark::Status::kFirst, "192.0.2.100", "203.0.113.9", 80, 0xdeadbeef, 0x0102030405060708),
      NotFound("192.0.2.101")};
  const std::vector<FlowMark> mark6 = {
      Mark(FlowMark::Status::kLast, "2001:db8::64", "2001:db8:1::9", 443, 1, 0xf1f2f3f4f5f6f7f8)};
  const std::vector<ForwardedPacket> digests = {{0x0102030405060708, 10}, {0xf1f2f3f4f5f6f7f8, 0}};
  return {
      {"response", From(100, 1s), Response{5, UnitState::kSuspended, {a, b}}, kUnicast, plain, kResponse},
      {"response, version 2 with a password", FromVersion2(100, 1s, "secret"), Response{0, UnitState::kServer, {b}},
       kUnicast, plain, kResponse2},
      {"allocation", From(200),
       Allocation{6, 5, 0, 1, HandOver::kExact, {{Ip("192.0.2.100"), b}, {Ip("192.0.2.101"), a, true}}}, kMulticast,
       plain, kAllocation},
      {"allocation, version 2, the last fragment", FromVersion2(200, {}, "abcdefgh"),
       Allocation{0x01020304, 0, 2, 3, HandOver::kTimer, {}}, kMulticast, plain, kAllocation2},
      {"allocation over IPv6", From(200),
       Allocation{6, 0, 0, 1, HandOver::kSequence, {{Ip("2001:db8::64"), Ip("fe80::3")}}}, kMulticast6, pseudo,
       kAllocation6},
      {"confirmation", From(100), Confirmation{6, b, Confirmation::Status::kMissing, {{0, 1}, {7, 7}}}, kUnicast, plain,
       kConfirmation},
      {"report of flows", From(200), Report{6, 0, 1, 1ms, marks}, kUnicast, plain, kSequenceReport},
      {"report of packets, with a pseudo header", From(200), Report{6, 1, 2, 0us, digests}, kUnicast, pseudo,
       kExactReport},
      {"report over IPv6", From(200), Report{6, 0, 1, 0xffffffff * 1us, mark6}, kUnicast6, pseudo, kSequenceReport6},
      {"request for a review", From(100), ReviewRequest{6}, kUnicast, plain, kReviewRequest},
      {"flow request", From(200), FlowRequest{6, 9}, kUnicast, plain, kFlowRequest},
      {"flow response", From(100), FlowResponse{6, 9, 0, 1, 17, 1s, {{Ip("192.0.2.100"), 1000000000}}}, kUnicast, plain,
       kFlowResponse},
      {"with a trailer", From(100), ReviewRequest{6}, kUnicast, plain, kSealedRequest, Counting()},
  };
}

TEST_CASE("messages of load sharing, byte by byte [VR-20, VR-21, VR-22, VR-23, VR-26..29]") {
  for (const Golden& g : GoldenMessages()) {
    CAPTURE(g.name);
    CHECK(EncodeMessage(g.header, g.message, g.ends, g.over, g.trailer) == g.bytes);
    const Decoded decoded = DecodeMessage(g.bytes, g.ends);
    CHECK(decoded.malformed == Malformed::kNothing);
    CHECK(decoded.type == (g.bytes[0] & 0x0f));
    CHECK(decoded.header == g.header);
    CHECK(decoded.message == g.message);
    CHECK(decoded.trailer == g.trailer);
    CHECK(decoded.over == g.over);
  }
}

TEST_CASE("the types and their numbers [VR-21]") {
  CHECK(TypeOf(Response{}) == 2);
  CHECK(TypeOf(Allocation{}) == 3);
  CHECK(TypeOf(Confirmation{}) == 4);
  CHECK(TypeOf(Report{}) == 5);
  CHECK(TypeOf(ReviewRequest{}) == 6);
  CHECK(TypeOf(FlowRequest{}) == 7);
  CHECK(TypeOf(FlowResponse{}) == 8);
}

TEST_CASE("a message that is cut or has a wrong bit is refused, whatever the place [VR-24]") {
  for (const Golden& g : GoldenMessages()) {
    CAPTURE(g.name);
    for (size_t length = 0; length < g.bytes.size(); ++length) {
      CHECK(DecodeMessage(Bytes(g.bytes.begin(), g.bytes.begin() + static_cast<ptrdiff_t>(length)), g.ends).malformed !=
            Malformed::kNothing);
    }
    for (size_t bit = 0; bit < 8 * g.bytes.size(); ++bit) {
      Bytes wrong = g.bytes;
      wrong[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      CHECK(DecodeMessage(wrong, g.ends).malformed != Malformed::kNothing);
    }
  }
}

// With the right checksum again.
Bytes Corrected(Bytes bytes, const Ends& ends) {
  vrrp::PutChecksum(bytes, ends, ChecksumOver::kMessage);
  return bytes;
}

TEST_CASE("what is accepted with a changed bit is encoded as it came") {
  for (const Golden& g : GoldenMessages()) {
    CAPTURE(g.name);
    for (size_t bit = 0; bit < 8 * g.bytes.size(); ++bit) {
      Bytes other = g.bytes;
      other[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      other = Corrected(other, g.ends);
      const Decoded decoded = DecodeMessage(other, g.ends);
      if (decoded.malformed != Malformed::kNothing) continue;
      CHECK(EncodeMessage(decoded.header, decoded.message, g.ends, decoded.over, decoded.trailer) == other);
    }
    // Cut with a checksum that is right: the lengths and counts have to be looked at.
    for (size_t length = 8; length < g.bytes.size(); ++length) {
      const Bytes cut(g.bytes.begin(), g.bytes.begin() + static_cast<ptrdiff_t>(length));
      const bool without_trailer = g.trailer.has_value() && length + kTrailerSize == g.bytes.size();
      CHECK((DecodeMessage(Corrected(cut, g.ends), g.ends).malformed == Malformed::kNothing) == without_trailer);
    }
  }
}

struct Change {
  const char* name;
  Bytes bytes;
  Ends ends;
  size_t at;
  uint8_t value;
  Malformed malformed;
};

TEST_CASE("what is no message says why [VR-24, VR-30]") {
  const std::vector<Change> changes = {
      {"version 1", kFlowRequest, kUnicast, 0, 0x17, Malformed::kVersion},
      {"version 2 over IPv6", kAllocation6, kMulticast6, 0, 0x23, Malformed::kVersion},
      {"type 1: not the extension's", kFlowRequest, kUnicast, 0, 0x31, Malformed::kType},
      {"type 9: nobody's", kFlowRequest, kUnicast, 0, 0x39, Malformed::kType},
      {"type 0: nobody's", kFlowRequest, kUnicast, 0, 0x30, Malformed::kType},
      {"more units than there are", kResponse, kUnicast, 3, 3, Malformed::kCount},
      {"fewer units than there are", kResponse, kUnicast, 3, 1, Malformed::kCount},
      {"more charges than there are", kAllocation, kMulticast, 3, 3, Malformed::kCount},
      {"fewer charges than there are", kAllocation, kMulticast, 3, 1, Malformed::kCount},
      {"more ranges than there are", kConfirmation, kUnicast, 3, 255, Malformed::kCount},
      {"fewer flows than there are", kFlowResponse, kUnicast, 3, 0, Malformed::kCount},
      {"packets counted as flows", kExactReport, kUnicast, 20, 0, Malformed::kCount},
      {"records in a request for a review", kReviewRequest, kUnicast, 3, 1, Malformed::kCount},
      {"records in a flow request", kFlowRequest, kUnicast, 3, 1, Malformed::kCount},
      {"authentication in a type without", kFlowRequest, kUnicast, 4, 1, Malformed::kReserved},
      {"an interval in a type without", kAllocation, kMulticast, 5, 1, Malformed::kReserved},
      {"authentication in version 3", kAllocation, kMulticast, 4, 1, Malformed::kAuthentication},
      {"four bits more in an interval of version 3", kResponse, kUnicast, 4, 0x10, Malformed::kReserved},
      {"an unknown authentication", kAllocation2, kMulticast, 4, 2, Malformed::kAuthentication},
      {"a password without authentication", kAllocation2, kMulticast, 4, 0, Malformed::kAuthentication},
      {"a hole in a password", kAllocation2, kMulticast, 26, 0, Malformed::kAuthentication},
      {"a fragment of none", kAllocation, kMulticast, 19, 0, Malformed::kFragment},
      {"fragment 1 of 1", kFlowResponse, kUnicast, 17, 1, Malformed::kFragment},
      {"fragment 3 of 2", kExactReport, kUnicast, 13, 3, Malformed::kFragment},
      {"an unknown hand-over", kAllocation, kMulticast, 20, 3, Malformed::kRecord},
      {"an unknown state", kResponse, kUnicast, 18, 5, Malformed::kRecord},
      {"another value than the state", kResponse, kUnicast, 16, 9, Malformed::kRecord},
      {"a state of two bytes", kResponse, kUnicast, 17, 2, Malformed::kRecord},
      {"an unknown confirmation", kConfirmation, kUnicast, 16, 3, Malformed::kRecord},
      {"a range that begins after its end", kConfirmation, kUnicast, 21, 2, Malformed::kRecord},
      {"an unknown kind of report", kExactReport, kUnicast, 20, 2, Malformed::kRecord},
      {"an unknown mark", kSequenceReport, kUnicast, 28, 3, Malformed::kRecord},
      {"a network as condition", kAllocation, kMulticast, 32, 24, Malformed::kRecord},
      {"an unknown flag", kAllocation, kMulticast, 33, 2, Malformed::kReserved},
      {"a reserved byte of a record", kAllocation, kMulticast, 34, 1, Malformed::kReserved},
      {"a trailer of another kind", kSealedRequest, kUnicast, 12, 'X', Malformed::kTrailer},
      {"a trailer of another version", kSealedRequest, kUnicast, 14, 2, Malformed::kTrailer},
  };
  for (const Change& c : changes) {
    CAPTURE(c.name);
    Bytes bytes = c.bytes;
    bytes[c.at] = c.value;
    CHECK(DecodeMessage(Corrected(bytes, c.ends), c.ends).malformed == c.malformed);
  }
}

TEST_CASE("addresses that name nobody are refused") {
  Bytes bytes = kAllocation;
  for (size_t i = 24; i < 28; ++i) bytes[i] = 0;
  CHECK(DecodeMessage(Corrected(bytes, kMulticast), kMulticast).malformed == Malformed::kAddress);
  bytes = kAllocation6;  // ::ffff:0.0.0.100 as condition
  for (size_t i = 40; i < 50; ++i) bytes[i] = 0;
  bytes[50] = bytes[51] = 0xff;
  CHECK(DecodeMessage(Corrected(bytes, kMulticast6), kMulticast6).malformed == Malformed::kAddress);
}

TEST_CASE("a message is refused for its length before its contents are looked at") {
  CHECK(DecodeMessage({}, kUnicast).malformed == Malformed::kLength);
  CHECK(DecodeMessage(Bytes(kFlowRequest.begin(), kFlowRequest.begin() + 7), kUnicast).malformed == Malformed::kLength);
  CHECK(DecodeMessage(Corrected({0x37, 7, 200, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0}, kUnicast), kUnicast).malformed ==
        Malformed::kLength);
  CHECK(DecodeMessage(Corrected({0x33, 7, 200, 0, 0, 0, 0, 0, 0, 0, 0, 6}, kUnicast), kUnicast).malformed ==
        Malformed::kLength);
  Bytes longer = kFlowRequest;
  longer.push_back(0);
  CHECK(DecodeMessage(Corrected(longer, kUnicast), kUnicast).malformed == Malformed::kTrailer);
}

TEST_CASE("zero in a checksum has one form") {
  // 0x36 0x00 + ... + 0xc9 0xff: the sum of the rest is 0xffff, so the checksum is 0; 0xffff is the other zero.
  Bytes bytes = {0x36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc9, 0xff};
  CHECK(DecodeMessage(bytes, kUnicast).malformed == Malformed::kNothing);
  bytes[6] = bytes[7] = 0xff;
  CHECK(DecodeMessage(bytes, kUnicast).malformed == Malformed::kChecksum);
}

TEST_CASE("as many records as fit 1500 bytes, with IP header and trailer") {
  // IPv4: 1500 - 20 - 8 - 44 = 1428; IPv6: 1408; less the fixed part, and 8 for authentication but in type 4.
  CHECK(MostUnits(Family::kIpv4) == 255);          // 1408 / 4, but a byte counts them
  CHECK(MostUnits(Family::kIpv6) == 86);           // 1388 / 16
  CHECK(MostCharges(Family::kIpv4) == 117);        // 1404 / 12
  CHECK(MostCharges(Family::kIpv6) == 38);         // 1384 / 36
  CHECK(MostRanges(Family::kIpv4) == 255);
  CHECK(MostRanges(Family::kIpv6) == 255);
  CHECK(MostFlowMarks(Family::kIpv4) == 43);       // 1404 / 32
  CHECK(MostFlowMarks(Family::kIpv6) == 20);       // 1384 / 68
  CHECK(MostForwarded(Family::kIpv4) == 117);      // 1404 / 12
  CHECK(MostForwarded(Family::kIpv6) == 115);      // 1384 / 12
  CHECK(MostFlows(Family::kIpv4) == 116);          // 1400 / 12
  CHECK(MostFlows(Family::kIpv6) == 57);           // 1380 / 24
  Allocation full{.generation = 1};
  full.charges.assign(MostCharges(Family::kIpv6), {Ip("2001:db8::1"), Ip("fe80::2")});
  const Bytes bytes = EncodeMessage(From(200), full, kMulticast6, ChecksumOver::kPseudoHeaderToo, Counting());
  CHECK(40 + bytes.size() <= 1500);
  CHECK(40 + bytes.size() + 36 > 1500);
  CHECK(DecodeMessage(bytes, kMulticast6).message == Message(full));
}

TEST_CASE("times beyond their fields are as long as the field can say") {
  const Report report{.stopped_ago = 3h};
  const Decoded decoded = DecodeMessage(EncodeMessage(From(200), report, kUnicast, ChecksumOver::kMessage), kUnicast);
  CHECK(std::get<Report>(decoded.message).stopped_ago == 0xffffffff * 1us);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
