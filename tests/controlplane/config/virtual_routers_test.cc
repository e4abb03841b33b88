// Virtual routers in a configuration: what they mean, and what is refused.
#include "tests/controlplane/config/marked_text.h"

namespace baton::controlplane {
namespace {

// Adds virtual routers to kGood, whose port lan is 10.0.0.2/24 and wan 192.0.2.2/24, 2001:db8::2/64.
std::string With(absl::string_view routers) { return absl::StrCat(kGood, "virtual_routers:\n", routers); }

VirtualRouterConfig Only(absl::string_view router) {
  const ParseResult result = ParseConfig(With(absl::StrCat("  - ", router, "\n")), "f");
  INFO(result.Report());
  REQUIRE(result.ok());
  REQUIRE(result.config.virtual_routers.size() == 1);
  return result.config.virtual_routers[0];
}

TEST_CASE("[VR-08] a virtual router is told by id, port and addresses; the rest has defaults (RFC 9568, 6.1)") {
  const VirtualRouterConfig router = Only("{id: 7, port: wan, addresses: [192.0.2.1, 192.0.2.3]}");
  CHECK(router.id == 7);
  CHECK(router.port_id == 1);
  CHECK(router.addresses.size() == 2);
  CHECK(router.version == 3);
  CHECK(router.priority == 100);
  CHECK(router.advertise_every == std::chrono::seconds(1));
  CHECK(router.preempt);
  CHECK(router.preempt_delay == Duration{});
}

TEST_CASE("[VR-03] who has a virtual router's address on its port is its owner, with priority 255") {
  CHECK(Only("{id: 1, port: lan, addresses: [10.0.0.2]}").priority == 255);
  CHECK(Only("{id: 1, port: lan, addresses: [10.0.0.2], priority: 255}").priority == 255);
  CheckOneError(With("  - {id: 1, port: lan, addresses: [10.0.0.2], priority: ^200}\n"),
                "virtual_routers[0].priority: 200 must be 255: an address is the port's own");
  CheckOneError(With("  - {id: 1, port: lan, addresses: [10.0.0.1], priority: ^255}\n"),
                "virtual_routers[0].priority: 255 is for the owner of the address");
}

TEST_CASE("every key of a virtual router is read") {
  const VirtualRouterConfig old = Only(
      "{id: 2, port: lan, addresses: [10.0.0.1], version: 2, priority: 9, advertise_every: 3s, preempt: false, accept: "
      "false, "
      "password: secret, preempt_delay: 1m, track: [{port: wan}, {route: 0.0.0.0/0, lower_by: 10}, {service: s, "
      "lower_by: 20}]}");
  CHECK(old.version == 2);
  CHECK(old.priority == 9);
  CHECK(old.advertise_every == std::chrono::seconds(3));
  CHECK_FALSE(old.preempt);
  CHECK_FALSE(old.accept);
  CHECK(old.password == "secret");
  CHECK(old.preempt_delay == std::chrono::minutes(1));
  REQUIRE(old.track.size() == 3);
  CHECK(old.track[0].lower_by == 254);
  CHECK(old.track[1].kind == TrackConfig::Kind::kRoute);
  CHECK(old.track[2].name == "s");
  const VirtualRouterConfig young = Only(
      "{id: 2, port: wan, addresses: [\"fe80::1\", \"2001:db8::1\"], advertise_every: 10ms, checksum: message}");
  CHECK(young.family() == Family::kIpv6);
  CHECK_FALSE(young.pseudo_header);
}

TEST_CASE("over IPv6 the unit's own address is made of the port's MAC address, if that is configured") {
  const std::string text =
      "ports: [{name: lan, device: \"af_packet:eth0\", addresses: [10.0.0.2/24], mac: \"02:00:00:00:00:11\"}]\n"
      "virtual_routers: [{id: 1, port: lan, addresses: [\"fe80::1\"], load_sharing: {routers: ^[\"fe80::2\", "
      "\"fe80::3\"]}}]\n";
  CheckOneError(text, "virtual_routers[0].load_sharing.routers: fe80::ff:fe00:11 is missing, the address of port lan");
  std::string right = absl::StrReplaceAll(text, {{"^", ""}, {"fe80::2", "fe80::ff:fe00:11"}});
  CHECK(ParseConfig(right, "f").Report() == "");
}

TEST_CASE("[VR-16] an id may be there once for each port and family") {
  const ParseResult result = ParseConfig(With("  - {id: 1, port: lan, addresses: [10.0.0.1]}\n"
                                              "  - {id: 1, port: wan, addresses: [192.0.2.1]}\n"
                                              "  - {id: 1, port: wan, addresses: [\"fe80::1\"]}\n"), "f");
  CHECK(result.Report().empty());
  CheckOneError(With("  - {id: 1, port: lan, addresses: [10.0.0.1]}\n  - {id: ^1, port: lan, addresses: [10.0.0.3]}\n"),
                "virtual_routers[1].id: 1 is also virtual_routers[0].id");
}

TEST_CASE(
    "[VR-68] [VR-91] load sharing [VR-114]: the units, the mode of hand-over, discovery and limits are set by hand") {
  const VirtualRouterConfig router = Only(
      "{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3], server: 10.0.0.9, "
      "hand_over: timer, "
      "delivery: shared, discovery: [arp_scan, static], end_systems: [10.0.0.7], other_routers: [10.0.0.8], key: "
      "0123456789abcdef, "
      "key_id: 7, imbalance: 10, flow_threshold: 1000, overflow_threshold: 3, review_every: 0s, hold_off: 1s, "
      "start_delay: 2s, "
      "server_start_delay: 4s, advert_format: unit-list, "
      "skew: 2ms, average_over: 3s}}");
  REQUIRE(router.load_sharing.has_value());
  const LoadSharingConfig& sharing = *router.load_sharing;
  CHECK(sharing.routers == std::vector<IpAddress>{IpAddress::V4(0x0a000002), IpAddress::V4(0x0a000003)});
  CHECK(sharing.server == IpAddress::V4(0x0a000009));
  CHECK(sharing.hand_over == LoadSharingConfig::HandOver::kTimer);
  CHECK(sharing.advert_format == LoadSharingConfig::AdvertFormat::kUnitList);
  CHECK(sharing.arp_scan);
  CHECK_FALSE(sharing.passive);
  CHECK(sharing.flow_threshold == 1000);
  CHECK(sharing.overflow_threshold == 3);
  CHECK(sharing.review_every == Duration{});
  CHECK(sharing.start_delay == std::chrono::seconds(2));
  CHECK(sharing.skew == std::chrono::milliseconds(2));
  CHECK(sharing.server_start_delay == std::chrono::seconds(4));
  const VirtualRouterConfig plain =
      Only("{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3]}}");
  CHECK(plain.load_sharing->hand_over == LoadSharingConfig::HandOver::kExact);
  CHECK(plain.load_sharing->passive);
  CHECK(plain.load_sharing->advert_format == LoadSharingConfig::AdvertFormat::kRfc);
}

TEST_CASE("wrong virtual routers are refused with their place") {
  struct Case { const char* router; const char* error; };
  const auto c = GENERATE(values<Case>({
      {"{id: ^0, port: lan, addresses: [10.0.0.1]}", "id: 0 is outside 1..255"},
      {"{id: 1, port: ^van, addresses: [10.0.0.1]}", "port: \"van\" is no port"},
      {"^{id: 1, port: lan}", ": the key \"addresses\" is missing"},
      {"{id: 1, port: lan, addresses: ^[]}", "addresses: 0 addresses: the number is outside 1..64"},
      {"{id: 1, port: lan, addresses: [^192.0.2.1]}", "addresses[0]: 192.0.2.1 is on no network of port lan"},
      {"{id: 1, port: lan, addresses: [^10.0.0.255]}",
       "addresses[0]: 10.0.0.255 is the broadcast address of 10.0.0.0/24"},
      {"{id: 1, port: wan, addresses: [192.0.2.1, ^\"fe80::1\"]}",
       "addresses[1]: fe80::1 is of another family than the first"},
      {"{id: 1, port: wan, addresses: [^\"2001:db8::1\"]}",
       "addresses[0]: 2001:db8::1 is not link-local, as the first has to be (RFC 9568, 5.2.9)"},
      {"{id: 1, port: wan, addresses: [^192.0.2.100]}",
       "addresses[0]: 192.0.2.100 is also address_groups[0].external[0]"},
      {"{id: 1, port: wan, addresses: [\"fe80::1\"], version: ^2}", "version: 2 is for IPv4 only"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], version: 2, advertise_every: ^100ms}",
       "advertise_every: 100ms is none of 1s..255s, whole seconds, as version 2 wants"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], advertise_every: ^15ms}",
       "advertise_every: 15ms is none of 10ms..40950ms, in steps of 10ms"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], password: ^x}", "password: \"x\" is for version 2 only"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], version: 2, password: ^123456789}",
       "password: \"123456789\" has more than 8 characters"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], preempt: ^maybe}", "preempt: \"maybe\" is not one of true, false"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], track: [{port: ^van}]}", "track[0].port: \"van\" is no port"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], track: [{service: ^x}]}", "track[0].service: \"x\" is no service"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], track: [{route: ^9.0.0.0/8}]}",
       "track[0].route: 9.0.0.0/8 is the destination of no route"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: ^[10.0.0.2]}}",
       "load_sharing.routers: 1 addresses: the number is outside 2..64"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: ^[10.0.0.3, 10.0.0.4]}}",
       "load_sharing.routers: 10.0.0.2 is missing, the address of port lan"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, ^\"fe80::2\"]}}",
       "load_sharing.routers[1]: fe80::2 is of another family than the virtual router"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3], delivery: directed, "
       "hand_over: ^exact}}",
       "load_sharing.hand_over: is for shared delivery: in directed delivery every router forwards what reaches it"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3], advert_format: "
       "^units}}",
       "load_sharing.advert_format: \"units\" is not one of rfc, unit-list"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3], hand_over: ^none}}",
       "load_sharing.hand_over: \"none\" is not one of timer, sequence, exact"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3], server: ^10.0.0.3}}",
       "load_sharing.server: 10.0.0.3 is also virtual_routers[0].load_sharing.routers[1]"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3], discovery: [^asking]}}",
       "load_sharing.discovery[0]: \"asking\" is not one of passive, static, arp_scan, icmp_echo, icmp_info, "
       "whole_subnet"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, 10.0.0.3], key: ^short}}",
       "load_sharing.key: has less than 16 characters"},
      {"{id: 1, port: lan, addresses: [10.0.0.2], load_sharing: ^{routers: [10.0.0.2, 10.0.0.3]}}",
       "load_sharing: does not go with an address of the port's own: it would not be the group's"},
      {"{id: 1, port: lan, addresses: [10.0.0.1], track: [^{lower_by: 3}]}",
       "track[0]: needs one of the keys \"port\", \"route\" and \"service\""},
  }));
  CAPTURE(c.router);
  const std::string path = absl::StrCat("virtual_routers[0]", c.error[0] == ':' ? "" : ".");
  CheckOneError(With(absl::StrCat("  - ", c.router, "\n")), absl::StrCat(path, c.error));
}

}  // namespace
}  // namespace baton::controlplane
