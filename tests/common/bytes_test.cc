#include <catch2/catch.hpp>

#include "common/bytes.h"

namespace baton {
namespace {

const std::vector<uint8_t> kBytes = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                     0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10};

TEST_CASE("a reader takes integers in network order, one after the other") {
  ByteReader in(kBytes);
  CHECK(in.U8() == 0x01);
  CHECK(in.U16() == 0x0203);
  CHECK(in.U32() == 0x04050607);
  CHECK(in.U64() == 0x08090a0b0c0d0e0f);
  CHECK(in.at() == 15);
  CHECK(in.left() == 1);
  CHECK(in.ok());
  CHECK_FALSE(in.exact());
  in.Skip(1);
  CHECK(in.exact());
}

TEST_CASE("a reader takes addresses of their own lengths") {
  ByteReader v4(kBytes);
  CHECK(v4.Ipv4().ToString() == "1.2.3.4");
  CHECK(v4.at() == 4);
  CHECK(v4.Mac().ToString() == "05:06:07:08:09:0a");
  CHECK(v4.at() == 10);
  ByteReader v6(kBytes);
  CHECK(v6.Ipv6().ToString() == "102:304:506:708:90a:b0c:d0e:f10");
  CHECK(v6.exact());
}

TEST_CASE("past the end a reader yields zeros and remembers") {
  // Each asks for one byte more than is there; the bytes that are left are not handed out in part.
  struct Case { const char* name; size_t there; uint64_t (*read)(ByteReader&); };
  const auto c = GENERATE(values<Case>({
      {"one byte of none", 0, [](ByteReader& in) -> uint64_t { return in.U8(); }},
      {"two bytes of one", 1, [](ByteReader& in) -> uint64_t { return in.U16(); }},
      {"four bytes of three", 3, [](ByteReader& in) -> uint64_t { return in.U32(); }},
      {"eight bytes of seven", 7, [](ByteReader& in) -> uint64_t { return in.U64(); }},
      {"a MAC address of five", 5, [](ByteReader& in) -> uint64_t { return in.Mac().is_zero() ? 0 : 1; }},
      {"an IPv6 address of fifteen", 15, [](ByteReader& in) -> uint64_t { return in.Ipv6().is_unspecified() ? 0 : 1; }},
      {"a piece of one byte too much", 4, [](ByteReader& in) -> uint64_t { return in.Bytes(5).size(); }},
  }));
  CAPTURE(c.name);
  ByteReader in(absl::MakeConstSpan(kBytes).subspan(0, c.there));
  CHECK(c.read(in) == 0);
  CHECK_FALSE(in.ok());
  CHECK_FALSE(in.exact());
  CHECK(in.left() == 0);
  CHECK(in.U8() == 0);
  CHECK_FALSE(in.ok());  // and it does not forget
}

TEST_CASE("a skip that would wrap around is a short read") {
  ByteReader in(kBytes);
  in.U16();
  in.Skip(SIZE_MAX);
  CHECK_FALSE(in.ok());
  CHECK(in.left() == 0);
}

TEST_CASE("a reader of nothing that reads nothing is exact") {
  CHECK(ByteReader({}).exact());
}

TEST_CASE("a writer puts integers in network order and addresses at their own length") {
  ByteWriter out;
  out.U8(0x01).U16(0x0203).U32(0x04050607).U64(0x08090a0b0c0d0e0f).U8(0x10);
  CHECK(out.bytes() == kBytes);

  ByteWriter addresses;
  addresses.Ip(IpAddress::V4(0x01020304)).Ip(IpAddress::FromV6Bytes(kBytes.data()));
  addresses.Mac(MacAddress::From(kBytes.data()));
  REQUIRE(addresses.size() == 4 + 16 + 6);
  CHECK(std::equal(kBytes.begin(), kBytes.begin() + 4, addresses.bytes().begin()));
  CHECK(std::equal(kBytes.begin(), kBytes.end(), addresses.bytes().begin() + 4));
  CHECK(std::equal(kBytes.begin(), kBytes.begin() + 6, addresses.bytes().begin() + 20));
}

TEST_CASE("a length known only at the end is patched in place") {
  ByteWriter out;
  out.U8(0xaa).Zeros(2).Bytes({0x11, 0x22});
  out.PatchU16(1, 0x0102);
  CHECK(out.bytes() == std::vector<uint8_t>{0xaa, 0x01, 0x02, 0x11, 0x22});
}

}  // namespace
}  // namespace baton
