#include <catch2/catch.hpp>

#include <algorithm>

#include "common/headers.h"
#include "controlplane/tables.h"

namespace baton::controlplane {
namespace {

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

std::vector<PortInfo> Ports() {
  PortInfo wan{.name = "wan", .mac = MacAddress::Parse("02:00:00:00:00:01").value(), .addresses = {}};
  wan.addresses = {InterfaceAddress::Parse("198.51.100.2/24").value(),
                   InterfaceAddress::Parse("2001:db8:1::2/64").value()};
  PortInfo lan{.name = "lan", .mac = MacAddress::Parse("02:00:00:00:00:02").value(), .addresses = {}};
  lan.addresses = {InterfaceAddress::Parse("10.0.0.2/24").value()};
  return {wan, lan};
}

ServiceConfig HttpService(const char* name, const char* listen, const char* group) {
  ServiceConfig service;
  service.name = name;
  service.listen = {Ip(listen), 80, kTcp};
  service.group = group;
  service.backends = {{.name = "s1", .address = Ip("10.0.0.11"), .port = 0, .weight = 2},
                      {.name = "s2", .address = Ip("10.0.0.12"), .port = 8080, .weight = 1}};
  return service;
}

Config TwoGroups() {
  Config config;
  config.node = "lb-a";
  config.address_groups = {{"web", {Ip("198.51.100.10")}, {Ip("10.0.0.10"), Ip("2001:db8:2::10")}, ""},
                           {"mail", {Ip("198.51.100.20")}, {Ip("10.0.0.20")}, "lb-b"}};
  config.services = {HttpService("web", "198.51.100.10", "web"), HttpService("mail", "198.51.100.20", "mail")};
  return config;
}

struct Built {
  SlotRegistry slots;
  LiveSettings live;

  std::vector<Service> Services(const Config& config, absl::Span<const Service> former = {}) {
    return BuildServices(config, live, slots, former).value();
  }
  std::vector<KnownAddress> Addresses(const Config& config) {
    const std::vector<PortInfo> ports = Ports();
    return BuildAddresses(config, ports, live, slots).value();
  }
};

const KnownAddress* FindAddress(const std::vector<KnownAddress>& all, const char* text) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const KnownAddress& k) { return k.local.address == Ip(text); });
  return at == all.end() ? nullptr : &*at;
}

TEST_CASE("[AM-07][FE-12] a service holds its own backends with the weight of each") {
  Built built;
  const auto services = built.Services(TwoGroups());
  REQUIRE(services.size() == 2);
  const Service& web = services[0];
  CHECK(web.listen == Endpoint{Ip("198.51.100.10"), 80, kTcp});
  REQUIRE(web.backends.size() == 2);
  CHECK(web.backends[0].name == "s1");
  CHECK(web.backends[0].weight == 2);
  CHECK(web.backends[0].port == 80);    // none given: that of the listen address
  CHECK(web.backends[1].weight == 1);
  CHECK(web.backends[1].port == 8080);
}

TEST_CASE("[FE-16] weights are per service, also where a backend serves several") {
  Built built;
  Config config = TwoGroups();
  config.services[1].backends[0].weight = 7;  // the same s1 at 10.0.0.11 as in `web`
  auto services = built.Services(config);
  CHECK(services[0].backends[0].weight == 2);
  CHECK(services[1].backends[0].weight == 7);
  built.live.backends[services[1].backends[0].slot].weight = 9;
  services = built.Services(config);
  CHECK(services[0].backends[0].weight == 2);
  CHECK(services[1].backends[0].weight == 9);
}

TEST_CASE("[FE-15] what was set since replaces the configured weight; a drained backend has none") {
  struct Case { const char* name; std::optional<uint16_t> weight; bool drained; uint16_t effective; };
  const auto c = GENERATE(values<Case>({
      {"nothing set", std::nullopt, false, 2},
      {"another weight", uint16_t{5}, false, 5},
      {"weight zero", uint16_t{0}, false, 0},
      {"drained", std::nullopt, true, 0},
      {"drained with another weight", uint16_t{5}, true, 0},
      {"the greatest weight", uint16_t{65535}, false, 65535},
  }));
  CAPTURE(c.name);
  Built built;
  const Slot slot = built.Services(TwoGroups())[0].backends[0].slot;
  built.live.backends[slot] = {.weight = c.weight, .drained = c.drained};
  CHECK(built.Services(TwoGroups())[0].backends[0].weight == c.effective);
  CHECK(built.Services(TwoGroups())[0].backends[1].weight == 1);  // and nobody else's
}

TEST_CASE("[AM-54] full translation takes the internal addresses of the service's own group, in its backends' family") {
  Built built;
  Config config = TwoGroups();
  for (ServiceConfig& service : config.services) service.forward = ForwardMethod::kFull;
  const auto addresses = built.Addresses(config);
  const auto services = built.Services(config);
  REQUIRE(services[0].internals.size() == 1);  // no backend is IPv6: 2001:db8:2::10 is of no use
  CHECK(services[0].internals[0].address == Ip("10.0.0.10"));
  REQUIRE(services[1].internals.size() == 1);
  CHECK(services[1].internals[0].address == Ip("10.0.0.20"));
  for (const Service& service : services) {
    CHECK(addresses[service.internals[0].address_slot].local.address == service.internals[0].address);
    CHECK(addresses[service.address_slot].local.address == service.listen.address);
  }
}

TEST_CASE("destination translation has the internal addresses for neighbours of its backends, direct has none") {
  Built built;
  Config config = TwoGroups();
  CHECK(built.Services(config)[0].internals.size() == 1);
  config.services[0].forward = ForwardMethod::kDirect;
  CHECK(built.Services(config)[0].internals.empty());
}

TEST_CASE("slots stay when the configuration changes around them, and are not given again") {
  Built built;
  const auto before_addresses = built.Addresses(TwoGroups());
  const auto before = built.Services(TwoGroups());
  Config config = TwoGroups();
  config.services.erase(config.services.begin());  // `web` and its group go
  config.address_groups.erase(config.address_groups.begin());
  config.services.push_back(HttpService("new", "198.51.100.30", ""));
  const auto after_addresses = built.Addresses(config);
  const auto after = built.Services(config);

  CHECK(after[0].name == "mail");
  CHECK(after[0].slot == before[1].slot);
  CHECK(after[0].address_slot == before[1].address_slot);
  CHECK(after[0].backends[0].slot == before[1].backends[0].slot);
  CHECK(after[1].slot == 2);
  CHECK(after[1].backends[0].slot == 4);
  CHECK(after[1].address_slot == before_addresses.size());

  const KnownAddress& gone = after_addresses[before[0].address_slot];
  CHECK(gone.gone());  // nothing finds it by its address, and it makes nobody look at modes
  CHECK(gone.local.mode == AddressMode::kNormal);
  CHECK_FALSE(gone.local.announced);
}

TEST_CASE("a backend that moves to another endpoint is another backend") {
  Built built;
  const auto before = built.Services(TwoGroups());
  Config config = TwoGroups();
  config.services[0].backends[0].address = Ip("10.0.0.99");
  const auto after = built.Services(config);
  CHECK(after[0].backends[0].slot == 4);
  CHECK(after[0].backends[1].slot == before[0].backends[1].slot);
}

TEST_CASE("no slot is left: refused, and those who have one keep it") {
  SlotRegistry slots({.services = 1, .backends = 1, .addresses = 1});
  CHECK(slots.Service("web").value() == 0);
  CHECK(slots.Service("mail").status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(slots.Service("web").value() == 0);
  CHECK(slots.Address(Ip("10.0.0.1")).value() == 0);
  CHECK(slots.Address(Ip("10.0.0.2")).status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(slots.addresses().size() == 1);
  CHECK(slots.Backend("web", "s1", Ip("10.0.0.1"), 80).value() == 0);
  CHECK(slots.Backend("web", "s2", Ip("10.0.0.1"), 80).status().code() == absl::StatusCode::kResourceExhausted);
}

TEST_CASE("[AM-14][AM-15][AM-17] every address has its kind, its mode and the port that answers for it") {
  struct Case {
    const char* address;
    AddressKind kind;
    AddressMode mode;
    bool announced;
    PortId announce_on;
    const char* group;
  };
  const auto c = GENERATE(values<Case>({
      {"198.51.100.2", AddressKind::kOwn, AddressMode::kNormal, true, 0, ""},
      {"2001:db8:1::2", AddressKind::kOwn, AddressMode::kNormal, true, 0, ""},
      {"10.0.0.2", AddressKind::kOwn, AddressMode::kNormal, true, 1, ""},
      {"fe80::ff:fe00:1", AddressKind::kOwn, AddressMode::kNormal, true, 0, ""},  // RFC 4291, appendix A
      {"fe80::ff:fe00:2", AddressKind::kOwn, AddressMode::kNormal, true, 1, ""},
      {"198.51.100.10", AddressKind::kExternal, AddressMode::kNormal, true, 0, "web"},
      {"10.0.0.10", AddressKind::kInternal, AddressMode::kNormal, true, 1, "web"},
      {"2001:db8:2::10", AddressKind::kInternal, AddressMode::kNormal, true, kNoPort, "web"},  // in no port's network
      {"198.51.100.20", AddressKind::kExternal, AddressMode::kNone, false, 0, "mail"},  // prefers lb-b, we are lb-a
      {"10.0.0.20", AddressKind::kInternal, AddressMode::kNone, false, 1, "mail"},
      {"203.0.113.5", AddressKind::kExternal, AddressMode::kNormal, true, kNoPort, ""},  // a service without a group
  }));
  CAPTURE(c.address);
  Built built;
  Config config = TwoGroups();
  config.services.push_back(HttpService("routed", "203.0.113.5", ""));
  const auto addresses = built.Addresses(config);
  CHECK(addresses.size() == 11);
  const KnownAddress* known = FindAddress(addresses, c.address);
  REQUIRE(known != nullptr);
  CHECK(known->local.kind == c.kind);
  CHECK(known->local.mode == c.mode);
  CHECK(known->local.announced == c.announced);
  CHECK(known->announce_on == c.announce_on);
  CHECK(known->group == c.group);
}

TEST_CASE("[AM-22] a mode that was set applies to its address and to no other") {
  Built built;
  const auto before = built.Addresses(TwoGroups());
  const Slot slot = built.slots.Address(Ip("198.51.100.10")).value();
  built.live.modes[slot] = {.mode = AddressMode::kMigration, .announced = true};
  const auto after = built.Addresses(TwoGroups());
  REQUIRE(after.size() == before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    CAPTURE(after[i].local.address.ToString());
    CHECK(after[i].local.mode == (i == slot ? AddressMode::kMigration : before[i].local.mode));
    CHECK(after[i].local.announced == before[i].local.announced);
  }
}

TEST_CASE("a Maglev table follows the weights and is kept while they stay") {
  Built built;
  Config config = TwoGroups();
  config.services[0].schedule = Schedule::kMaglev;
  const auto first = built.Services(config);
  REQUIRE(first[0].maglev.size() == 65537);
  CHECK(first[1].maglev.empty());  // `mail` does not use it
  const auto of_s1 = std::count(first[0].maglev.begin(), first[0].maglev.end(), 0);
  CHECK(of_s1 > 65537 * 0.65);  // weight 2 of 3, and the paper's imbalance is around one percent
  CHECK(of_s1 < 65537 * 0.69);

  auto marked = first;
  marked[0].maglev[0] = 4711;  // recognisable: what is kept is not built
  CHECK(built.Services(config, marked)[0].maglev[0] == 4711);

  built.live.backends[first[0].backends[0].slot].drained = true;
  const auto drained = built.Services(config, marked);
  CHECK(std::count(drained[0].maglev.begin(), drained[0].maglev.end(), 1) == 65537);
  built.live.backends[first[0].backends[1].slot].drained = true;
  CHECK(built.Services(config, drained)[0].maglev.empty());
}

}  // namespace
}  // namespace baton::controlplane
