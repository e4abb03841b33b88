// Advertisements with the list of units, byte by byte; bytes by hand, checksums added up by a script.
#include "controlplane/load_sharing/unit_list.h"

#include <catch2/catch.hpp>

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<uint8_t>;
using vrrp::ChecksumOver;
using vrrp::Ends;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

const Ends kEnds{Ip("192.0.2.2"), Ip("224.0.0.18")};
const Ends kEnds6{Ip("fe80::2"), Ip("ff02::12")};

// Version 2, password "secret", 1 s: three units (working, suspended, server), mode `sequence`.
const Bytes kVersion2 = {0x21, 7,   200,  3,    1, 1,   0x8c, 0x92, 192, 0, 2, 2, 192, 0, 2,   3,   192, 0,   2,   9,
                         1,    3,   0,    1,    3, 0,   0,    0,    2,   1, 1, 0, 's', 'e', 'c', 'r', 'e', 't', 0, 0};
// Version 3 over IPv6, 10 ms: two units (working, fault), mode `exact`.
const Bytes kVersion3 = {0x31, 7, 200, 2, 0, 1, 0x06, 0xa9, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
                         0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 0, 2, 2, 1, 2, 0,
                         0, 0, 0, 0, 0, 0, 0, 0};

struct Golden {
  const char* name;
  Header header;
  UnitAdvert advert;
  Ends ends;
  ChecksumOver over;
  Bytes bytes;
};

std::vector<Golden> GoldenAdverts() {
  return {
      {"version 2",
       {.version = 2, .vrid = 7, .priority = 200, .interval = 1s, .auth_type = vrrp::kSimpleText, .password = "secret"},
       {{{Ip("192.0.2.2")}, {Ip("192.0.2.3"), UnitState::kSuspended}, {Ip("192.0.2.9"), UnitState::kServer}},
        HandOver::kSequence},
       kEnds, ChecksumOver::kMessage, kVersion2},
      {"version 3 over IPv6", {.version = 3, .vrid = 7, .priority = 200, .interval = 10ms},
       {{{Ip("fe80::2")}, {Ip("fe80::3"), UnitState::kFault}}, HandOver::kExact}, kEnds6,
       ChecksumOver::kPseudoHeaderToo, kVersion3},
  };
}

TEST_CASE("advertisements with the list of units [VR-19, VR-20]") {
  for (const Golden& g : GoldenAdverts()) {
    CAPTURE(g.name);
    CHECK(EncodeUnitAdvert(g.header, g.advert, g.ends, g.over) == g.bytes);
    const DecodedUnitAdvert decoded = DecodeUnitAdvert(g.bytes, g.ends);
    CHECK(decoded.malformed == Malformed::kNothing);
    CHECK(decoded.header == g.header);
    CHECK(decoded.advert == g.advert);
    CHECK(decoded.over == g.over);
    CHECK(!decoded.trailer.has_value());
    const Trailer trailer{.key = 1, .counter = 2};
    CHECK(DecodeUnitAdvert(EncodeUnitAdvert(g.header, g.advert, g.ends, g.over, trailer), g.ends).trailer == trailer);
  }
}

TEST_CASE("255 units fit, with their states") {
  UnitAdvert advert;
  for (uint32_t i = 0; i < 255; ++i) advert.units.push_back({IpAddress::V4(0x0a000001 + i), UnitState::kSuspended});
  const Bytes bytes = EncodeUnitAdvert({.vrid = 1, .priority = 1}, advert, kEnds, ChecksumOver::kMessage);
  CHECK(DecodeUnitAdvert(bytes, kEnds).advert == advert);
}

Bytes Corrected(Bytes bytes, const Ends& ends) {
  vrrp::PutChecksum(bytes, ends, ChecksumOver::kMessage);
  return bytes;
}

TEST_CASE("a list of units that is cut or changed is refused, or encoded as it came") {
  for (const Golden& g : GoldenAdverts()) {
    CAPTURE(g.name);
    for (size_t length = 0; length < g.bytes.size(); ++length) {
      const Bytes cut(g.bytes.begin(), g.bytes.begin() + static_cast<ptrdiff_t>(length));
      CHECK(DecodeUnitAdvert(cut, g.ends).malformed != Malformed::kNothing);
      if (length >= 8) CHECK(DecodeUnitAdvert(Corrected(cut, g.ends), g.ends).malformed != Malformed::kNothing);
    }
    for (size_t bit = 0; bit < 8 * g.bytes.size(); ++bit) {
      Bytes other = g.bytes;
      other[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      CHECK(DecodeUnitAdvert(other, g.ends).malformed != Malformed::kNothing);
      other = Corrected(other, g.ends);
      const DecodedUnitAdvert decoded = DecodeUnitAdvert(other, g.ends);
      if (decoded.malformed != Malformed::kNothing) continue;
      CHECK(EncodeUnitAdvert(decoded.header, decoded.advert, g.ends, decoded.over) == other);
    }
  }
}

TEST_CASE("what is no list of units says why") {
  struct Case {
    const char* name;
    size_t at;
    uint8_t value;
    Malformed malformed;
  };
  const std::vector<Case> cases = {
      {"type 2", 0, 0x22, Malformed::kType},
      {"more units than there are", 3, 4, Malformed::kCount},
      {"fewer states than units", 21, 2, Malformed::kRecord},
      {"an unknown state", 22, 5, Malformed::kRecord},
      {"padding that says something", 25, 1, Malformed::kReserved},
      {"another value than the mode", 28, 3, Malformed::kRecord},
      {"an unknown mode", 30, 3, Malformed::kRecord},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Bytes bytes = kVersion2;
    bytes[c.at] = c.value;
    CHECK(DecodeUnitAdvert(Corrected(bytes, kEnds), kEnds).malformed == c.malformed);
  }
  // A usual advertisement, RFC 3768, 5.1: what should be states are not there.
  const Bytes usual = {0x21, 1, 100, 1, 0, 1, 0xb8, 0xfa, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  CHECK(DecodeUnitAdvert(usual, kEnds).malformed == Malformed::kLength);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
