#include <catch2/catch.hpp>

#include <functional>

#include "common/checksum.h"
#include "common/headers.h"
#include "controlplane/neighbor/codec.h"
#include "tests/controlplane/neighbor/golden.h"

namespace baton::controlplane::neighbor {
namespace {

const MacAddress kMac1 = Mac("02:00:00:00:00:01");
const MacAddress kMac2 = Mac("02:00:00:00:00:02");
constexpr size_t kIpv6At = 14, kIcmpAt = 54;

struct Golden {
  const char* name;
  Bytes bytes;
  Frame frame;
};

const std::vector<Golden>& AllGolden() {
  static const std::vector<Golden> all = {
      {"ARP request", kArpRequestBytes,
       {MacAddress::Broadcast(), kMac1, {}, ArpRequest{kMac1, Ip("10.0.0.1"), {}, Ip("10.0.0.2")}}},
      {"ARP reply", kArpReplyBytes, {kMac1, kMac2, {}, ArpReply{kMac2, Ip("10.0.0.2"), kMac1, Ip("10.0.0.1")}}},
      {"ARP request with a tag", kTaggedRequestBytes,
       {MacAddress::Broadcast(), kMac1, 0x6064, ArpRequest{kMac1, Ip("10.0.0.1"), {}, Ip("10.0.0.2")}}},
      {"neighbour solicitation", kSolicitationBytes,
       {Mac("33:33:ff:00:00:02"), kMac1, {},
        Solicitation{Ip("2001:db8::1"), Ip("ff02::1:ff00:2"), Ip("2001:db8::2"), kMac1}}},
      {"neighbour advertisement", kAdvertisementBytes,
       {kMac1, kMac2, {},
        Advertisement{Ip("2001:db8::2"), Ip("2001:db8::1"), Ip("2001:db8::2"), kMac2, true, true, true}}},
      {"duplicate address detection", kDadBytes,
       {Mac("33:33:ff:00:00:02"), kMac1, {},
        Solicitation{IpAddress{}, Ip("ff02::1:ff00:2"), Ip("2001:db8::2"), {}}}},
  };
  return all;
}

// Makes the ICMPv6 checksum right again after an edit. REQUIRES: an untagged frame.
Bytes Refreshed(Bytes b) {
  const uint8_t* src = b.data() + kIpv6At + 8;
  const auto length = static_cast<uint32_t>(b[kIpv6At + 4] << 8 | b[kIpv6At + 5]);
  b[kIcmpAt + 2] = b[kIcmpAt + 3] = 0;
  // The pseudo header by bytes: an IPv4-mapped address would be summed as an IPv4 one by PseudoHeaderSum.
  const uint8_t tail[8] = {0, 0, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0, 0, 0, kIcmpv6};
  uint64_t sum = AddToChecksum(AddToChecksum(0, src, 32), tail, 8);
  sum = AddToChecksum(sum, b.data() + kIcmpAt, length);
  const uint16_t raw = FinishChecksum(sum);
  std::memcpy(&b[kIcmpAt + 2], &raw, 2);
  return b;
}

// Appends an option and corrects the lengths and the checksum.
Bytes WithOption(Bytes b, absl::string_view hex) {
  const Bytes option = Hex(hex);
  b.insert(b.end(), option.begin(), option.end());
  b[kIpv6At + 5] = static_cast<uint8_t>(b[kIpv6At + 5] + option.size());
  return Refreshed(b);
}

TEST_CASE("golden frames decode to what they say and encode to the same bytes") {
  for (const Golden& golden : AllGolden()) {
    CAPTURE(golden.name);
    const auto frame = Decode(golden.bytes);
    REQUIRE(frame.ok());
    CHECK(*frame == golden.frame);
    CHECK(Encode(golden.frame) == golden.bytes);
  }
}

TEST_CASE("a frame cut at any length is refused") {
  for (const Golden& golden : AllGolden()) {
    for (size_t length = 0; length < golden.bytes.size(); ++length) {
      CAPTURE(golden.name, length);
      const Bytes cut(golden.bytes.begin(), golden.bytes.begin() + static_cast<std::ptrdiff_t>(length));
      CHECK_FALSE(Decode(cut).ok());
    }
  }
}

TEST_CASE("a flipped bit is refused, or shows in what is decoded") {
  for (const Golden& golden : AllGolden()) {
    for (size_t bit = 0; bit < golden.bytes.size() * 8; ++bit) {
      CAPTURE(golden.name, bit);
      Bytes flipped = golden.bytes;
      flipped[bit / 8] ^= static_cast<uint8_t>(0x80 >> (bit % 8));
      const auto frame = Decode(flipped);
      if (frame.ok()) {
        CHECK(Encode(*frame) == flipped);
        CHECK_FALSE(*frame == golden.frame);
      }
      // Everything behind the IPv6 header is covered by the checksum, and so are the addresses.
      if (golden.bytes[12] == 0x86 && bit / 8 >= kIpv6At + 8) CHECK_FALSE(frame.ok());
    }
  }
}

TEST_CASE("padding to the least Ethernet length is no part of the message") {
  for (const Golden& golden : AllGolden()) {
    CAPTURE(golden.name);
    Bytes padded = golden.bytes;
    padded.resize(padded.size() + 18, 0xaa);
    const auto frame = Decode(padded);
    REQUIRE(frame.ok());
    CHECK(*frame == golden.frame);
  }
}

TEST_CASE("ARP that must not be believed is refused (RFC 826, RFC 5227)") {
  struct Case { const char* name; size_t at; const char* bytes; };
  const auto c = GENERATE(values<Case>({
      {"hardware other than Ethernet", 14, "0006"},
      {"protocol other than IPv4", 16, "86dd"},
      {"hardware addresses of 8 bytes", 18, "08"},
      {"protocol addresses of 16 bytes", 19, "10"},
      {"operation 0", 20, "0000"},
      {"operation 3, reverse ARP", 20, "0003"},
      {"sender at a group MAC address", 22, "010000000001"},
      {"sender at the zero MAC address", 22, "000000000000"},
      {"a multicast sender", 28, "e0000001"},
      {"the broadcast address as sender", 28, "ffffffff"},
      {"a loopback sender", 28, "7f000001"},
      {"a frame from a group MAC address", 6, "030000000001"},
  }));
  CAPTURE(c.name);
  Bytes bytes = kArpRequestBytes;
  const Bytes edit = Hex(c.bytes);
  std::copy(edit.begin(), edit.end(), bytes.begin() + static_cast<std::ptrdiff_t>(c.at));
  CHECK(absl::IsInvalidArgument(Decode(bytes).status()));
}

TEST_CASE("a reply for 0.0.0.0 is refused, a request from it is a probe (RFC 5227, 2.1.1)") {
  Bytes request = kArpRequestBytes, reply = kArpReplyBytes;
  for (size_t i = 28; i < 32; ++i) request[i] = reply[i] = 0;
  CHECK(Decode(request).ok());
  CHECK_FALSE(Decode(reply).ok());
}

TEST_CASE("neighbour discovery that RFC 4861, 7.1.1 and 7.1.2 discard is refused") {
  const IpAddress mapped = IpAddress::V4(0x0a000001);
  struct Case { const char* name; Bytes base; std::function<void(Bytes&)> edit; };
  const auto put = [](size_t at, const IpAddress& a) {
    return [at, a](Bytes& b) { std::memcpy(&b[at], a.v6_bytes(), 16); };
  };
  const Case cases[] = {
      {"hop limit 254", kSolicitationBytes, [](Bytes& b) { b[kIpv6At + 7] = 254; }},
      {"code 1", kSolicitationBytes, [](Bytes& b) { b[kIcmpAt + 1] = 1; }},
      {"IP version 4", kSolicitationBytes, [](Bytes& b) { b[kIpv6At] = 0x40; }},
      {"a multicast target", kSolicitationBytes, put(kIcmpAt + 8, Ip("ff02::1"))},
      {"a multicast source", kSolicitationBytes, put(kIpv6At + 8, Ip("ff02::1"))},
      {"an IPv4-mapped target", kSolicitationBytes, put(kIcmpAt + 8, mapped)},
      {"an IPv4-mapped source", kSolicitationBytes, put(kIpv6At + 8, mapped)},
      {"an IPv4-mapped destination", kAdvertisementBytes, put(kIpv6At + 24, mapped)},
      {"an option of length 0", kSolicitationBytes, [](Bytes& b) { b[kIcmpAt + 25] = 0; }},
      {"an option longer than the message", kSolicitationBytes, [](Bytes& b) { b[kIcmpAt + 25] = 2; }},
      {"a group MAC address in the option", kSolicitationBytes, [](Bytes& b) { b[kIcmpAt + 26] = 0x33; }},
      {"a link-layer option of 16 bytes", kSolicitationBytes,
       [](Bytes& b) {
         b[kIcmpAt + 25] = 2;
         b = WithOption(b, "0000000000000000");
       }},
      {"from :: to a unicast address", kDadBytes, put(kIpv6At + 24, Ip("2001:db8::2"))},
      {"from :: with a source link-layer option", kSolicitationBytes, put(kIpv6At + 8, IpAddress{})},
      {"a solicited advertisement to a group", kAdvertisementBytes, put(kIpv6At + 24, Ip("ff02::1"))},
      {"23 bytes", kDadBytes, [](Bytes& b) { b[kIpv6At + 5] = 23; }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Bytes bytes = c.base;
    REQUIRE(Decode(bytes).ok());
    c.edit(bytes);
    CHECK(absl::IsInvalidArgument(Decode(Refreshed(bytes)).status()));
  }
}

TEST_CASE("unknown options are skipped (RFC 4861, 7.1.1), the nonce of RFC 7527 among them") {
  const auto frame = Decode(WithOption(kDadBytes, "0e 01 010203040506"));
  REQUIRE(frame.ok());
  CHECK(*frame == Decode(kDadBytes).value());
}

TEST_CASE("reserved bits are ignored (RFC 4861, 4.3)") {
  Bytes bytes = kSolicitationBytes;
  bytes[kIcmpAt + 5] = 0xff;
  const auto frame = Decode(Refreshed(bytes));
  REQUIRE(frame.ok());
  CHECK(*frame == Decode(kSolicitationBytes).value());
}

TEST_CASE("other messages are unsupported, not malformed") {
  Bytes router_solicitation = kDadBytes;
  router_solicitation[kIcmpAt] = kIcmpv6RouterSolicitation;
  Bytes udp = kSolicitationBytes;
  udp[kIpv6At + 6] = kUdp;
  Bytes ipv4 = kArpRequestBytes;
  ipv4[13] = 0x00;
  for (const Bytes& bytes : {router_solicitation, udp, ipv4}) {
    CHECK(absl::IsUnimplemented(Decode(bytes).status()));
    CHECK(KindOf(bytes) == Kind::kOther);
  }
}

TEST_CASE("questions are requests and solicitations, not answers, nor announcements in the form of a request") {
  CHECK(IsQuestion(kArpRequestBytes));
  CHECK(IsQuestion(kTaggedRequestBytes));
  CHECK(IsQuestion(kSolicitationBytes));
  CHECK(IsQuestion(kDadBytes));
  CHECK_FALSE(IsQuestion(kArpReplyBytes));
  CHECK_FALSE(IsQuestion(kAdvertisementBytes));
  CHECK_FALSE(IsQuestion({}));
  Bytes announcement = kArpRequestBytes;  // RFC 5227, 2.3: target = sender
  std::copy_n(announcement.begin() + 14 + 14, 4, announcement.begin() + 14 + 24);
  CHECK_FALSE(IsQuestion(announcement));
}

TEST_CASE("a tag's VLAN id leaves out priority; the port's VLAN 0 means no tag") {
  CHECK(Decode(kTaggedRequestBytes)->vlan() == 100);
  CHECK(Decode(kArpRequestBytes)->vlan() == 0);
  CHECK(TagFor(100) == 100);
  CHECK_FALSE(TagFor(0).has_value());
}

}  // namespace
}  // namespace baton::controlplane::neighbor
