// Advertisements byte by byte; checksums were added up by hand.
#include "controlplane/vrrp/advert.h"

#include <catch2/catch.hpp>

namespace baton::controlplane::vrrp {
namespace {

using Bytes = std::vector<uint8_t>;
using namespace std::chrono_literals;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

const Ends kV4Ends{Ip("192.0.2.2"), Ip("224.0.0.18")};
const Ends kV6Ends{Ip("fe80::2"), Ip("ff02::12")};

const Bytes kVersion2 = {0x21, 1, 100, 1, 0, 1, 0xb8, 0xfa, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0};
const Bytes kVersion2Password = {0x21, 1, 100, 1, 1, 1, 0x7b, 0xae, 192, 0, 2, 1, 's', 'e', 'c', 'r', 'e', 't', 0, 0};
const Bytes kVersion3 = {0x31, 1, 100, 1, 0, 100, 0xa8, 0x97, 192, 0, 2, 1};
const Bytes kVersion3Pseudo = {0x31, 1, 100, 1, 0, 100, 0x06, 0x06, 192, 0, 2, 1};
const Bytes kVersion3V6 = {0x31, 1, 100, 1, 0, 100, 0x6d, 0xf7, 0xfe, 0x80, 0, 0,
                           0,    0, 0,   0, 0, 0,   0,    0,    0,    0,    0, 1};

Advert Plain(uint8_t version, const char* address) {
  return {.version = version, .vrid = 1, .priority = 100, .interval = 1s, .addresses = {Ip(address)}};
}

TEST_CASE("advertisements, byte by byte") {
  struct Case {
    const char* name;
    Advert advert;
    Ends ends;
    ChecksumOver over;
    Bytes bytes;
  };
  Advert secret = Plain(2, "192.0.2.1");
  secret.auth_type = kSimpleText;
  secret.password = "secret";
  const std::vector<Case> cases = {
      {"version 2, RFC 3768, 5.1", Plain(2, "192.0.2.1"), kV4Ends, ChecksumOver::kPseudoHeaderToo, kVersion2},
      {"version 2 with a password, RFC 2338, 5.3.6.2", secret, kV4Ends, ChecksumOver::kMessage, kVersion2Password},
      {"version 3 over IPv4, RFC 9568, 5.2.8", Plain(3, "192.0.2.1"), kV4Ends, ChecksumOver::kMessage, kVersion3},
      {"the same as most routers send it", Plain(3, "192.0.2.1"), kV4Ends, ChecksumOver::kPseudoHeaderToo,
       kVersion3Pseudo},
      {"version 3 over IPv6", Plain(3, "fe80::1"), kV6Ends, ChecksumOver::kMessage, kVersion3V6},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(Encode(c.advert, c.ends, c.over) == c.bytes);
    const Decoded decoded = Decode(c.bytes, c.ends);
    CHECK(decoded.malformed == Malformed::kNothing);
    CHECK(decoded.advert == c.advert);
  }
}

TEST_CASE("several addresses, and the longest intervals") {
  Advert advert{.version = 3, .vrid = 255, .priority = 254, .interval = 40950ms, .addresses = {}};
  for (int i = 1; i <= 255; ++i) advert.addresses.push_back(IpAddress::V4(0xc0000200 + static_cast<uint32_t>(i)));
  CHECK(Decode(Encode(advert, kV4Ends, ChecksumOver::kMessage), kV4Ends).advert == advert);
  advert.interval = 10ms;
  CHECK(Decode(Encode(advert, kV4Ends, ChecksumOver::kMessage), kV4Ends).advert.interval == 10ms);
  advert.version = 2;
  advert.interval = 255s;
  CHECK(Decode(Encode(advert, kV4Ends, ChecksumOver::kMessage), kV4Ends).advert == advert);
}

TEST_CASE("multicast and virtual MAC addresses, RFC 9568, 5.1 and 7.3") {
  CHECK(MulticastAddress(Family::kIpv4) == Ip("224.0.0.18"));
  CHECK(MulticastAddress(Family::kIpv6) == Ip("ff02::12"));
  CHECK(VirtualMac(Family::kIpv4, 7).ToString() == "00:00:5e:00:01:07");
  CHECK(VirtualMac(Family::kIpv6, 255).ToString() == "00:00:5e:00:02:ff");
}

// Changes a byte and makes the checksum right again: RFC 1624, by hand as the difference of one word.
Bytes With(Bytes bytes, size_t at, uint8_t value) {
  uint32_t sum = static_cast<uint32_t>(bytes[6] << 8 | bytes[7]) + (at % 2 == 0 ? bytes[at] << 8 : bytes[at]) +
                 0xffff - static_cast<uint32_t>(at % 2 == 0 ? value << 8 : value);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  bytes[6] = static_cast<uint8_t>(sum >> 8);
  bytes[7] = static_cast<uint8_t>(sum);
  bytes[at] = value;
  return bytes;
}

TEST_CASE("what is no advertisement says why [VR-24]") {
  struct Case {
    const char* name;
    Bytes bytes;
    Ends ends;
    Malformed malformed;
  };
  Bytes wrong = kVersion3, cut = kVersion3, longer = kVersion3;
  wrong[7] ^= 1;
  cut.resize(11);
  longer.insert(longer.end(), 4, 0);
  const std::vector<Case> cases = {
      {"a wrong checksum", wrong, kV4Ends, Malformed::kChecksum},
      {"version 1", With(kVersion3, 0, 0x11), kV4Ends, Malformed::kVersion},
      {"version 4", With(kVersion3, 0, 0x41), kV4Ends, Malformed::kVersion},
      {"version 2 over IPv6", With(kVersion3V6, 0, 0x21), kV6Ends, Malformed::kVersion},
      {"type 2", With(kVersion3, 0, 0x32), kV4Ends, Malformed::kType},
      {"more addresses than there are", With(kVersion3, 3, 2), kV4Ends, Malformed::kLength},
      {"fewer addresses than there are", longer, kV4Ends, Malformed::kLength},
      {"no address", With(kVersion3, 3, 0), kV4Ends, Malformed::kLength},
      {"an IPv4 one over IPv6: its sum is wrong there", kVersion3, kV6Ends, Malformed::kChecksum},
      {"cut in the middle of the address", cut, kV4Ends, Malformed::kChecksum},
      {"seven bytes", Bytes(kVersion3.begin(), kVersion3.begin() + 7), kV4Ends, Malformed::kLength},
      {"nothing", {}, kV4Ends, Malformed::kLength},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(Decode(c.bytes, c.ends).malformed == c.malformed);
  }
}

}  // namespace
}  // namespace baton::controlplane::vrrp
