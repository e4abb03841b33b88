#include <catch2/catch.hpp>

#include "controlplane/vrrp/frame.h"

namespace baton::controlplane::vrrp {
namespace {

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

const std::vector<uint8_t> kMessage = {0xde, 0xad, 0xbe, 0xef};

// RFC 791 and RFC 1112, 6.4; the IP checksum added up by hand: 45c0 + 0018 + 4000 + ff70 + 0a00 + 000b + e000 + 0012 is
// 26f65, folded 6f67, inverted 9098.
const std::vector<uint8_t> kIpv4Frame = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x07, 0x08,
                                         0x00, 0x45, 0xc0, 0x00, 0x18, 0x00, 0x00, 0x40, 0x00, 0xff, 0x70, 0x90, 0x98,
                                         10,   0,    0,    11,   224,  0,    0,    18,   0xde, 0xad, 0xbe, 0xef};

const Envelope kIpv4{{{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12}}, {{0x00, 0x00, 0x5e, 0x00, 0x01, 0x07}}, 0,
                     {Ip("10.0.0.11"), Ip("224.0.0.18")}, 255};

TEST_CASE("a message over IPv4 has the bytes of the RFCs, and comes out again whatever padding follows") {
  CHECK(Wrap(kIpv4, kMessage) == kIpv4Frame);
  std::vector<uint8_t> padded = kIpv4Frame;
  padded.resize(60);
  const auto unwrapped = Unwrap(padded);
  REQUIRE(unwrapped.has_value());
  CHECK(std::vector<uint8_t>(unwrapped->message.begin(), unwrapped->message.end()) == kMessage);
  CHECK(unwrapped->envelope.ttl == 255);
  CHECK(unwrapped->envelope.src == kIpv4.src);
  CHECK(unwrapped->envelope.ends.src == Ip("10.0.0.11"));
  CHECK(unwrapped->envelope.ends.dst == Ip("224.0.0.18"));
}

TEST_CASE("a message over IPv6 with a tag comes out as it went in") {
  Envelope in{MulticastMac(Ip("ff02::12")), {{2, 0, 0, 0, 0, 1}}, 20, {Ip("fe80::1"), Ip("ff02::12")}, 255};
  const std::vector<uint8_t> frame = Wrap(in, kMessage);
  CHECK(frame.size() == 14 + 4 + 40 + 4);
  CHECK(std::vector<uint8_t>(frame.begin(), frame.begin() + 6) == std::vector<uint8_t>{0x33, 0x33, 0, 0, 0, 0x12});
  CHECK(frame[12] == 0x81);
  CHECK(frame[15] == 20);
  CHECK(frame[18 + 6] == 112);   // next header
  CHECK(frame[18 + 7] == 255);   // hop limit
  const auto out = Unwrap(frame);
  REQUIRE(out.has_value());
  CHECK(out->envelope.vlan == 20);
  CHECK(out->envelope.ends.src == Ip("fe80::1"));
  CHECK(out->message.size() == 4);
}

TEST_CASE("what is not a whole packet of protocol 112 is none") {
  struct Case { const char* name; size_t at; uint8_t value; };
  const auto c = GENERATE(values<Case>({
      {"another ether type", 13, 0x06},
      {"another protocol", 23, 111},
      {"IP options", 14, 0x46},
      {"a fragment", 20, 0x60},
      {"a later fragment", 21, 1},
      {"longer than the frame", 17, 0x19},
      {"shorter than its header", 17, 19},
  }));
  CAPTURE(c.name);
  std::vector<uint8_t> frame = kIpv4Frame;
  frame[c.at] = c.value;
  CHECK_FALSE(Unwrap(frame).has_value());
}

TEST_CASE("a frame cut anywhere is none") {
  for (size_t length = 0; length < kIpv4Frame.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(Unwrap(absl::MakeSpan(kIpv4Frame.data(), length)).has_value());
  }
}

}  // namespace
}  // namespace baton::controlplane::vrrp
