#include "dataplane/route_table.h"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

namespace baton {
namespace {

IpAddress Address(const char* text) { return IpAddress::Parse(text).value(); }
Route To(const char* prefix) { return {.to = Prefix::Parse(prefix).value(), .via = {}, .port = 0}; }

std::unique_ptr<const RouteTable> Build(const RouteList& routes) {
  auto table = RouteTable::Build(routes);
  REQUIRE(table.ok());
  return *std::move(table);
}

// The second opinion: every route is looked at.
uint32_t LongestMatch(const RouteList& routes, const IpAddress& a) {
  uint32_t best = kNoRoute;
  for (uint32_t i = 0; i < routes.size(); ++i) {
    if (routes[i].to.address.family() != a.family() || !routes[i].to.Contains(a)) continue;
    if (best == kNoRoute || routes[i].to.length > routes[best].to.length) best = i;
  }
  return best;
}

IpAddress RandomAddress(std::mt19937& random, Family family) {
  // Few values for each byte, so that prefixes cover one another and addresses meet them.
  std::array<uint8_t, 16> bytes{};
  for (uint8_t& b : bytes) b = random() % 4 == 0 ? static_cast<uint8_t>(random()) : static_cast<uint8_t>(random() % 2);
  if (family == Family::kIpv4) return IpAddress::FromV4Bytes(bytes.data());
  bytes[0] = 0x20;  // not an IPv4-mapped address
  return IpAddress::FromV6Bytes(bytes.data());
}

RouteList RandomRoutes(std::mt19937& random, Family family, size_t count) {
  const int bits = family == Family::kIpv4 ? 32 : 128;
  RouteList routes;
  if (count > 1 && random() % 2 == 0) {  // prefixes in one another at both ends of the address space
    if (family == Family::kIpv4) {
      routes = {To("255.255.255.255/32"), To("240.0.0.0/4"), To("224.0.0.0/3"), To("0.0.0.0/32"), To("0.0.0.0/1"),
                To("0.0.0.0/0")};
    } else {
      routes = {To("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), To("f000::/4"), To("e000::/3"), To("::/128"),
                To("::/1"), To("::/0")};
    }
  }
  while (routes.size() < count) {
    const int length = static_cast<int>(random() % 8 == 0 ? bits : random() % (bits + 1));
    const Route route{.to = Prefix::Of(RandomAddress(random, family), length), .via = {}, .port = 0};
    const auto same = [&](const Route& r) { return r.to == route.to; };
    if (std::find_if(routes.begin(), routes.end(), same) == routes.end()) routes.push_back(route);
  }
  return routes;
}

// An address in the route's prefix or next to it, so that the ends of every prefix are met.
IpAddress Near(std::mt19937& random, const Prefix& prefix) {
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), prefix.address.v6_bytes(), 16);
  const int first_bit = prefix.address.is_v4() ? 96 : 0;
  for (int bit = first_bit + prefix.length; bit < 128; ++bit) {
    if (random() % 2 == 0) bytes[bit / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
  }
  if (random() % 3 == 0) {
    const int bit = first_bit + static_cast<int>(random() % (128 - first_bit));
    bytes[bit / 8] ^= static_cast<uint8_t>(0x80 >> bit % 8);
  }
  return IpAddress::FromV6Bytes(bytes.data());
}

}  // namespace

TEST_CASE("the longest prefix that covers the address wins") {
  const auto table = Build({To("0.0.0.0/0"), To("10.0.0.0/8"), To("10.1.2.0/24"), To("10.1.2.3/32"), To("::/0"),
                            To("2001:db8::/32"), To("2001:db8::1/128")});
  struct Case { const char* name; const char* address; uint32_t route; };
  const auto c = GENERATE(values<Case>({
      {"only the default route covers it", "192.0.2.1", 0},
      {"the last address of a network", "10.255.255.255", 1},
      {"the first address behind a network", "11.0.0.0", 0},
      {"a network inside a network", "10.1.2.4", 2},
      {"one host", "10.1.2.3", 3},
      {"IPv6: only the default route", "2001:db9::1", 4},
      {"IPv6: a network", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 5},
      {"IPv6: one host", "2001:db8::1", 6},
      {"IPv6: the address after it", "2001:db8::2", 5},
  }));
  CAPTURE(c.name);
  CHECK(table->Find(Address(c.address)) == c.route);
}

TEST_CASE("of routes for some sources the longest destination decides, then the longest source") {
  const auto from = [](const char* to, const char* source) {
    Route route = To(to);
    route.from = Prefix::Parse(source).value();
    return route;
  };
  const auto table = Build({To("0.0.0.0/0"), To("10.0.0.0/8"), from("0.0.0.0/0", "203.0.113.0/24"),
                            from("0.0.0.0/0", "203.0.113.10/32"), from("10.1.0.0/16", "203.0.113.0/24"),
                            from("::/0", "2001:db8:2::/48"), To("2001:db8:a::/64")});
  struct Case { const char* name; const char* source; const char* address; uint32_t route; };
  const auto c = GENERATE(values<Case>({
      {"a source of which nothing is said", "198.51.100.10", "192.0.2.1", 0},
      {"a source in the prefix", "203.0.113.9", "192.0.2.1", 2},
      {"the longer source", "203.0.113.10", "192.0.2.1", 3},
      {"a longer destination for everybody comes first", "203.0.113.10", "10.2.0.1", 1},
      {"a longer destination for a shorter source comes first", "203.0.113.10", "10.1.0.1", 4},
      {"a longer destination for other sources is not taken", "198.51.100.10", "10.1.0.1", 1},
      {"IPv6: the source's only", "2001:db8:2::10", "2001:db9::1", 5},
      {"IPv6: none", "2001:db8:3::10", "2001:db9::1", kNoRoute},
      {"IPv6: for everybody, longer", "2001:db8:2::10", "2001:db8:a::11", 6},
  }));
  CAPTURE(c.name);
  CHECK(table->Find(Address(c.source), Address(c.address)) == c.route);
  CHECK(table->Find(Address("192.0.2.1")) == 0);  // without a source: those for everybody
}

TEST_CASE("without a default route an address may have no route") {
  const auto table = Build({To("10.0.0.0/8"), To("2001:db8::/32")});
  CHECK(table->Find(Address("11.0.0.1")) == kNoRoute);
  CHECK(table->Find(Address("2001:db9::1")) == kNoRoute);
  CHECK(table->Find(Address("10.0.0.1")) == 0);
  CHECK(table->Find(Address("2001:db8::1")) == 1);
  CHECK(Build({})->Find(Address("10.0.0.1")) == kNoRoute);
  CHECK(Build({})->Find(Address("2001:db8::1")) == kNoRoute);
}

TEST_CASE("two routes to one prefix are refused by name") {
  const auto table = RouteTable::Build({To("10.0.0.0/8"), To("10.0.0.0/16"), To("10.0.0.0/8")});
  REQUIRE_FALSE(table.ok());
  CHECK(table.status().code() == absl::StatusCode::kAlreadyExists);
  CHECK(std::string(table.status().message()).find("10.0.0.0/8") != std::string::npos);
}

TEST_CASE("random routes are found as a naive search finds them") {
  const auto family = GENERATE(Family::kIpv4, Family::kIpv6);
  const size_t count = GENERATE(1u, 20u, 256u, 257u, 1500u);
  const unsigned seed = std::random_device{}();
  CAPTURE(family, count, seed);
  std::mt19937 random(seed);
  const RouteList routes = RandomRoutes(random, family, count);
  const auto table = Build(routes);
  CHECK(table->flat(family) == (count > RouteTable::kTreeRoutes));
  for (int i = 0; i < 4000; ++i) {
    const IpAddress a = i % 4 == 0 ? RandomAddress(random, family) : Near(random, routes[random() % count].to);
    if (a.family() != family) continue;
    const uint32_t found = table->Find(a);
    const uint32_t expected = LongestMatch(routes, a);
    if (found == expected) continue;
    CAPTURE(i, a.ToString(), found, expected);
    REQUIRE(found == expected);
  }
}

TEST_CASE("more routes than fit 15 bits are found too") {
  RouteList routes;
  for (uint32_t i = 0; i < 40000; ++i) {
    routes.push_back({.to = Prefix::Of(IpAddress::V4(0x0a000000 + i * 256), 24), .via = {}, .port = 0});
  }
  const auto table = Build(routes);
  CHECK(table->flat(Family::kIpv4));
  for (const uint32_t i : {0u, 32766u, 32767u, 32768u, 39999u}) {
    CAPTURE(i);
    CHECK(table->Find(IpAddress::V4(0x0a000000 + i * 256 + 77)) == i);
  }
  CHECK(table->Find(IpAddress::V4(0x0a000000 + 40000 * 256)) == kNoRoute);
}

TEST_CASE("a table may be built while its predecessor is in use, again and again") {
  RouteList routes = {To("10.0.0.0/8"), To("2001:db8::/32")};
  auto table = Build(routes);
  for (int i = 0; i < 300; ++i) {
    routes[0].port = static_cast<PortId>(i % 32);
    auto next = Build(routes);
    REQUIRE(table->Find(Address("10.0.0.1")) == 0);
    table = std::move(next);
    REQUIRE(table->route(table->Find(Address("10.0.0.1"))).port == i % 32);
  }
}

}  // namespace baton
