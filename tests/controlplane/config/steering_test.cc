// By which end cards should spread, told from where services and backends are.
#include "controlplane/config/steering.h"

#include <catch2/catch.hpp>

#include <absl/strings/str_cat.h>

#include "controlplane/config/parse.h"

namespace baton::controlplane {
namespace {

TEST_CASE("a port spreads by the client's end, unless both ends are behind it") {
  struct Case { const char* name; const char* ports_and_routes; const char* services; SpreadBy first, second; };
  constexpr const char* kTwoPorts =
      "ports:\n"
      "  - {name: wan, device: \"null:0\", addresses: [198.51.100.2/24]}\n"
      "  - {name: lan, device: \"null:1\", addresses: [10.0.0.2/24]}\n";
  constexpr const char* kDefaultRoute =
      "ports:\n"
      "  - {name: wan, device: \"null:0\", addresses: [198.51.100.2/24]}\n"
      "  - {name: lan, device: \"null:1\", addresses: [10.0.0.2/24]}\n"
      "routes: [{to: 0.0.0.0/0, via: 198.51.100.1}]\n";
  constexpr const char* kOneDevice =
      "ports:\n"
      "  - {name: wan, device: \"null:0\", addresses: [198.51.100.2/24], vlan: 5}\n"
      "  - {name: lan, device: \"port:wan\", addresses: [10.0.0.2/24], vlan: 6}\n";
  constexpr const char* kBehindLan = "{name: a, listen: {address: 198.51.100.10, port: 80, protocol: tcp}, "
                                     "backends: [{name: s, address: 10.0.0.11}]}";
  const auto c = GENERATE_COPY(values<Case>({
      {"clients here, backends there", kTwoPorts, kBehindLan, SpreadBy::kSource, SpreadBy::kDestination},
      {"clients anywhere behind the default route", kDefaultRoute, kBehindLan, SpreadBy::kSource,
       SpreadBy::kDestination},
      {"backends beyond the default route", kDefaultRoute,
       "{name: a, listen: {address: 198.51.100.10, port: 80, protocol: tcp}, backends: [{name: s, address: "
       "203.0.113.9}]}",
       SpreadBy::kNothing, SpreadBy::kSource},
      {"a service for the hosts beside the backends", kTwoPorts,
       "{name: a, listen: {address: 10.0.0.10, port: 80, protocol: tcp}, backends: [{name: s, address: 10.0.0.11}]}",
       SpreadBy::kSource, SpreadBy::kNothing},
      {"two VLANs of one device", kOneDevice, kBehindLan, SpreadBy::kNothing, SpreadBy::kNothing},
      {"backends that answer past the box", kTwoPorts,
       "{name: a, listen: {address: 198.51.100.10, port: 80, protocol: tcp}, forward: direct, backends: [{name: s, "
       "address: 10.0.0.11}]}",
       SpreadBy::kSource, SpreadBy::kSource},
  }));
  CAPTURE(c.name);
  const ParseResult parsed = ParseConfig(absl::StrCat(c.ports_and_routes, "services:\n  - ", c.services, "\n"), "f");
  CHECK(parsed.Report() == "");
  CHECK(SpreadWanted(parsed.config, 0) == c.first);
  CHECK(SpreadWanted(parsed.config, 1) == c.second);
}

}  // namespace
}  // namespace baton::controlplane
