// What no single value shows: names and addresses that meet twice, routes and backends out of reach.
#include <absl/strings/match.h>
#include <absl/strings/str_replace.h>

#include "controlplane/config/trunk.h"
#include "tests/controlplane/config/marked_text.h"

namespace baton::controlplane {
namespace {

constexpr const char* kEnd = nullptr;  // nothing is replaced; the bad text is added at the end

struct Case {
  const char* name;
  const char* good;
  const char* bad;
  const char* error;
};

TEST_CASE("a name is used once among its kind") {
  const auto c = GENERATE(values<Case>({
      {"ports", "name: wan", "name: ^lan", "ports[1].name: \"lan\" is also ports[0].name"},
      {"backends of a service", "name: b", "name: ^a",
       "services[0].backends[1].name: \"a\" is also services[0].backends[0].name"},
      {"address groups", "  - {name: g, ", "  - {name: g, external: [192.0.2.101]}\n  - {name: ^g, ",
       "address_groups[1].name: \"g\" is also address_groups[0].name"},
      {"services", kEnd,
       "  - {name: ^s, listen: {address: 192.0.2.9, port: 81, protocol: tcp}, backends: [{name: a, address: "
       "10.0.0.9}]}\n",
       "services[1].name: \"s\" is also services[0].name"},
      {"devices", "\"null:\", addresses: [10.0.0.2/24]}\n  - {name: wan, device: \"af_packet:eth1\"",
       "\"af_packet:eth1\", addresses: [10.0.0.2/24]}\n  - {name: wan, device: ^\"af_packet:eth1\"",
       "ports[1].device: \"af_packet:eth1\" is also ports[0].device"},
      {"interfaces of the kernel", "\"null:\", addresses: [10.0.0.2/24]}\n  - {name: wan, device: \"af_packet:eth1\"",
       "\"null:\", addresses: [10.0.0.2/24], kernel: wan0}\n  - {name: wan, device: \"af_packet:eth1\", kernel: ^wan0",
       "ports[1].kernel: \"wan0\" is also ports[0].kernel"},
      {"a device and an interface of the kernel",
       "\"null:\", addresses: [10.0.0.2/24]}\n  - {name: wan, device: \"af_packet:eth1\"",
       "\"null:\", addresses: [10.0.0.2/24], kernel: eth1}\n  - {name: wan, device: ^\"af_packet:eth1\"",
       "ports[1].device: \"af_packet:eth1\" is also ports[0].kernel"},
  }));
  CAPTURE(c.name);
  CheckOneError(c.good == nullptr ? std::string(kGood) + c.bad : Replaced(c.good, c.bad), c.error);
}

TEST_CASE("a VLAN of a device is a port of its own") {
  constexpr const char* kWan = "\"2001:db8::2/64\"]}\n";
  constexpr const char* kVlan = "  - {name: v, device: \"port:wan\", vlan: 20, addresses: [203.0.113.2/24]}\n";
  const ParseResult result = ParseConfig(Replaced(kWan, absl::StrCat(kWan, kVlan)), "f");
  CHECK(result.Report().empty());
  REQUIRE(result.config.ports.size() == 3);
  CHECK(TrunkOf(result.config.ports, 1) == kNoPort);
  CHECK(TrunkOf(result.config.ports, 2) == 1);
  const auto c = GENERATE(values<Case>({
      {"of a port that is not there", "\"port:wan\"", "^\"port:van\"",
       "ports[2].device: \"port:van\" names no port above this one that has a device of its own"},
      {"of itself", "\"port:wan\"", "^\"port:v\"",
       "ports[2].device: \"port:v\" names no port above this one that has a device of its own"},
      {"without a tag", " vlan: 20,", " vlan: ^0,", "ports[2].vlan: 0 is the vlan of port wan itself"},
      {"with a larger MTU", " vlan: 20,", " vlan: 20, mtu: ^1501,", "ports[2].mtu: 1501 is more than 1500 of port wan"},
      {"with a MAC address", " vlan: 20,", " vlan: 20, mac: ^\"02:00:00:00:00:09\",",
       "ports[2].mac: 02:00:00:00:00:09 is for port wan to have"},
      {"twice", "203.0.113.2/24]}\n",
       "203.0.113.2/24]}\n  - {name: w, device: \"port:wan\", vlan: ^20, addresses: [198.51.100.2/24]}\n",
       "ports[3].vlan: 20 of port wan is also ports[2].vlan"},
  }));
  CAPTURE(c.name);
  std::string bad = kVlan;
  bad.replace(bad.find(c.good), std::string(c.good).size(), c.bad);
  CheckOneError(Replaced(kWan, absl::StrCat(kWan, bad)), c.error);
}

TEST_CASE("an address is used once") {
  const auto c = GENERATE(values<Case>({
      {"networks of two ports overlap", "addresses: [192.0.2.2/24", "addresses: [192.0.2.2/24, ^10.0.1.2/16",
       "ports[1].addresses[1]: 10.0.1.2/16 overlaps 10.0.0.0/24 of ports[0].addresses[0]"},
      {"networks of one port overlap", "[10.0.0.2/24]", "[10.0.0.2/24, ^10.0.0.130/25]",
       "ports[0].addresses[1]: 10.0.0.130/25 overlaps 10.0.0.0/24 of ports[0].addresses[0]"},
      {"a port's address twice", "[10.0.0.2/24]", "[10.0.0.2/24, ^10.0.0.2/24]",
       "ports[0].addresses[1]: 10.0.0.2 is also ports[0].addresses[0]"},
      {"an external address of a port", "external: [192.0.2.100]", "external: [192.0.2.100, ^192.0.2.2]",
       "address_groups[0].external[1]: 192.0.2.2 is also ports[1].addresses[0]"},
      {"an address of two groups", "[10.0.0.50]}\n", "[10.0.0.50]}\n  - {name: h, external: [^192.0.2.100]}\n",
       "address_groups[1].external[0]: 192.0.2.100 is also address_groups[0].external[0]"},
      {"an internal address that is external", "internal: [10.0.0.50]", "internal: [10.0.0.50, ^192.0.2.100]",
       "address_groups[0].internal[1]: 192.0.2.100 is also address_groups[0].external[0]"},
      {"ranges that overlap", "internal: [10.0.0.50]", "internal: [10.0.0.50, ^10.0.0.45-10.0.0.55]",
       "address_groups[0].internal[1]: 10.0.0.50 is also address_groups[0].internal[0]"},
      {"a range without end", "internal: [10.0.0.50]", "internal: [10.0.0.50, ^\"2001:db8::1-2001:db8:1::\"]",
       "address_groups[0].internal[1]: 2001:db8::1-2001:db8:1:: has more than 60000 addresses"},
      {"a range over the end of a network", "internal: [10.0.0.50]", "internal: [10.0.0.50, ^10.0.0.250-10.0.1.4]",
       "address_groups[0].internal[1]: 10.0.0.255 is the broadcast address of 10.0.0.0/24"},
      {"a service listens on a port's address", "listen: {address: 192.0.2.100", "listen: {address: ^10.0.0.2",
       "services[0].listen.address: 10.0.0.2 is also ports[0].addresses[0]"},
      {"a service listens on an internal address", "listen: {address: 192.0.2.100", "listen: {address: ^10.0.0.50",
       "services[0].listen.address: 10.0.0.50 is also address_groups[0].internal[0]"},
      {"a service listens on a broadcast address", "listen: {address: 192.0.2.100", "listen: {address: ^192.0.2.255",
       "services[0].listen.address: 192.0.2.255 is the broadcast address of 192.0.2.0/24"},
      {"two services on one listen address, port and protocol", kEnd,
       "  - name: t\n    listen: ^{address: 192.0.2.100, port: 80, protocol: tcp}\n"
       "    backends: [{name: a, address: 10.0.0.13}]\n",
       "services[1].listen: 192.0.2.100:80 tcp is also services[0].listen"},
      {"a backend that is the box", "10.0.0.11", "^192.0.2.2",
       "services[0].backends[0].address: 192.0.2.2 is an address of this box: ports[1].addresses[0]"},
      {"a backend that is a listen address", "10.0.0.11", "^192.0.2.100",
       "services[0].backends[0].address: 192.0.2.100 is an address of this box: address_groups[0].external[0]"},
      {"a backend that is a broadcast address", "10.0.0.11", "^10.0.0.255",
       "services[0].backends[0].address: 10.0.0.255 is the broadcast address of 10.0.0.0/24"},
      {"a backend twice", "address: 10.0.0.12", "address: ^10.0.0.11",
       "services[0].backends[1].address: 10.0.0.11:80 tcp is also services[0].backends[0].address"},
  }));
  CAPTURE(c.name);
  CheckOneError(c.good == nullptr ? std::string(kGood) + c.bad : Replaced(c.good, c.bad), c.error);
}

TEST_CASE("routes lead somewhere, once") {
  const auto c = GENERATE(values<Case>({
      {"a gateway on no network", "via: 192.0.2.1", "via: ^203.0.113.1",
       "routes[0].via: 203.0.113.1 is on no port's network"},
      {"a gateway of the other family", "via: 192.0.2.1", "via: ^\"2001:db8::1\"",
       "routes[0].via: 2001:db8::1 is of another family than 0.0.0.0/0"},
      {"a gateway that is the box", "via: 192.0.2.1", "via: ^192.0.2.2",
       "routes[0].via: 192.0.2.2 is an address of this box: ports[1].addresses[0]"},
      {"a gateway that is a listen address", "via: 192.0.2.1", "via: ^192.0.2.100",
       "routes[0].via: 192.0.2.100 is an address of this box: address_groups[0].external[0]"},
      {"a gateway on another port", "via: 192.0.2.1", "via: ^192.0.2.1, port: lan",
       "routes[0].via: 192.0.2.1 is on the network of port \"wan\", not of \"lan\""},
      {"a port that is not there", "via: 192.0.2.1", "via: 192.0.2.1, port: ^dmz",
       "routes[0].port: \"dmz\" is the name of no port"},
      {"a destination twice", "via: 192.0.2.1}\n", "via: 192.0.2.1}\n  - {to: ^0.0.0.0/0, via: 192.0.2.7}\n",
       "routes[1].to: 0.0.0.0/0 is also routes[0].to"},
      {"a destination twice for one source", "via: 192.0.2.1}\n",
       "via: 192.0.2.1}\n  - {to: 0.0.0.0/0, via: 192.0.2.7, from: 192.0.2.0/24}\n"
       "  - {to: ^0.0.0.0/0, via: 192.0.2.8, from: 192.0.2.0/24}\n",
       "routes[2].to: 0.0.0.0/0 is also routes[1].to"},
      {"a source of the other family", "via: 192.0.2.1", "via: 192.0.2.1, from: ^\"2001:db8::/32\"",
       "routes[0].from: 2001:db8::/32 is of another family than 0.0.0.0/0"},
      {"a destination that is a port's network", "to: 0.0.0.0/0", "to: ^10.0.0.0/24",
       "routes[0].to: 10.0.0.0/24 is also ports[0].addresses[0]"},
      {"a backend outside of every route", kEnd,
       "  - name: t\n    listen: {address: \"2001:db8::100\", port: 80, protocol: tcp}\n"
       "    backends: [{name: near, address: \"2001:db8::9\"}, {name: far, address: ^\"2001:db8:9::1\"}]\n",
       "services[1].backends[1].address: 2001:db8:9::1 is outside of every route"},
  }));
  CAPTURE(c.name);
  CheckOneError(c.good == nullptr ? std::string(kGood) + c.bad : Replaced(c.good, c.bad), c.error);
}

TEST_CASE("backends and methods fit their service") {
  const auto c = GENERATE(values<Case>({
      {"a backend of the other family", "address: 10.0.0.12", "address: ^\"2001:db8::12\"",
       "services[0].backends[1].address: 2001:db8::12 is of another family than 192.0.2.100, which is not supported "
       "yet"},
      {"full without internal addresses [AM-54]",
       "    listen: {address: 192.0.2.100, port: 80, protocol: tcp}\n    forward: full",
       "    listen: {address: 192.0.2.101, port: 80, protocol: tcp}\n    forward: ^full",
       "services[0].forward: \"full\" needs an internal IPv4 address in the address group of 192.0.2.101"},
      {"full with internal addresses of the other family [AM-54]",
       "[10.0.0.50]}\nservices:\n  - name: s\n    listen: {address: 192.0.2.100, port: 80, protocol: tcp}\n    "
       "forward: full",
       "[\"2001:db8::9\"]}\nservices:\n  - name: s\n    listen: {address: 192.0.2.100, port: 80, protocol: tcp}\n    "
       "forward: ^full",
       "services[0].forward: \"full\" needs an internal IPv4 address in the address group of 192.0.2.100"},
      {"with destination translation a backend has one external address [AM-13]", kEnd,
       "  - name: t\n    listen: {address: 192.0.2.101, port: 80, protocol: tcp}\n"
       "    backends: [{name: a, address: 10.0.0.13}]\n"
       "  - name: u\n    listen: {address: 192.0.2.102, port: 80, protocol: tcp}\n"
       "    backends: [{name: a, address: ^10.0.0.13, port: 81}]\n",
       "services[2].backends[0].address: 10.0.0.13 belongs to 192.0.2.101 already; with \"forward: destination\" a "
       "backend has one external address"},
      {"with destination translation a reply tells its service", kEnd,
       "  - name: t\n    listen: {address: 192.0.2.101, port: 80, protocol: tcp}\n"
       "    backends: [{name: a, address: 10.0.0.13}]\n"
       "  - name: u\n    listen: {address: 192.0.2.101, port: 81, protocol: tcp}\n"
       "    backends: [{name: a, address: ^10.0.0.13, port: 80}]\n",
       "services[2].backends[0].address: 10.0.0.13:80 tcp is also services[1].backends[0].address"},
      {"internal ports of a method that has none", "forward: full", "internal_ports: ^1024-2047",
       "services[0].internal_ports: \"1024-2047\" is of use only with \"forward: full\""},
  }));
  CAPTURE(c.name);
  CheckOneError(c.good == nullptr ? std::string(kGood) + c.bad : Replaced(c.good, c.bad), c.error);
}

// What differs in port or protocol, or is of a service with `full` translation, may be shared.
TEST_CASE("what may be shared is accepted") {
  const auto c = GENERATE(values<Case>({
      {"one port of a listen address by tcp and udp", kEnd,
       "  - {name: t, listen: {address: 192.0.2.100, port: 80, protocol: udp}, backends: [{name: a, address: "
       "10.0.0.13}]}\n",
       ""},
      {"a backend of two services with full translation", kEnd,
       "  - {name: t, listen: {address: 192.0.2.100, port: 81, protocol: tcp}, forward: full, backends: [{name: a, "
       "address: 10.0.0.11, port: 80}]}\n",
       ""},
      {"a server behind one external address with two ports [AM-13]", kEnd,
       "  - {name: t, listen: {address: 192.0.2.101, port: 81, protocol: tcp}, backends: [{name: a, address: "
       "10.0.0.13}]}\n"
       "  - {name: u, listen: {address: 192.0.2.101, port: 82, protocol: tcp}, backends: [{name: a, address: "
       "10.0.0.13}]}\n",
       ""},
      {"two addresses of a port on one network", "[10.0.0.2/24]", "[10.0.0.2/24, 10.0.0.3/24]", ""},
      {"both hosts of a /31 (RFC 3021)", "[10.0.0.2/24]", "[10.0.0.2/24, 10.9.0.0/31]", ""},
  }));
  CAPTURE(c.name);
  const std::string text = c.good == nullptr ? std::string(kGood) + c.bad : Replaced(c.good, c.bad);
  CHECK(ParseConfig(text, "f").Report() == c.error);
}

TEST_CASE("FTP goes with several workers") {
  const std::string two = absl::StrReplaceAll(
      kGood, {{"workers: 1", "workers: 2"}, {"forward: full", "forward: full\n    application: ftp"}});
  CHECK(ParseConfig(two, "f").Report() == "");
  CHECK(ParseConfig(absl::StrReplaceAll(two, {{"workers: 2", "workers: 1"}}), "f").ok());
}

TEST_CASE("what is not translated goes to a neighbour, and to the port it was sent to") {
  constexpr const char* kBackends = "forward: full\n    backends:\n      - {name: a, address: 10.0.0.11, weight: 1}";
  constexpr const char* kBoth = "forward: full\n    backends:\n      - {name: a, address: 10.0.0.11, weight: 1}\n"
                                "      - {name: b, address: 10.0.0.12}";
  const auto c = GENERATE(values<Case>({
      {"a backend behind a router", kBackends,
       "forward: direct\n    backends:\n      - {name: a, address: ^10.9.0.11}",
       "services[0].backends[0].address: 10.9.0.11 is on no port's network, which \"forward: direct\" needs"},
      {"another port", kBackends,
       "forward: direct\n    backends:\n      - {name: a, address: 10.0.0.11, port: ^8080}",
       "services[0].backends[0].port: 8080 is not the listen port 80, and nothing is translated"},
      {"another port through a tunnel", kBackends,
       "forward: tunnel\n    tunnel: {type: ip, source: 10.0.0.2}\n    backends:\n"
       "      - {name: a, address: 10.0.0.11, port: ^8080}",
       "services[0].backends[0].port: 8080 is not the listen port 80, and nothing is translated"},
      {"a tunnel from nowhere", "forward: full", "forward: tunnel\n    tunnel: {type: ip, source: ^10.0.0.3}",
       "services[0].tunnel.source: 10.0.0.3 is no port's address"},
      {"a tunnel of another family", kBoth,
       "forward: tunnel\n    tunnel: {type: ip, source: \"2001:db8::2\"}\n    backends:\n"
       "      - {name: b, address: \"2001:db8::11\"}\n      - {name: a, address: ^10.0.0.11}",
       "services[0].backends[1].address: 10.0.0.11 is of another family than 2001:db8::2, which is not supported yet"},
      {"a device without its address", kBoth,
       "forward: tunnel\n    tunnel: {type: vxlan, source: 10.0.0.2, vni: 7}\n    backends:\n"
       "      - {name: c, address: 10.0.0.13, mac: \"02:00:00:00:00:01\"}\n      - ^{name: a, address: 10.0.0.11}",
       "services[0].backends[1]: needs a mac, that of its VXLAN device"},
      {"an address without its device", "weight: 1", "mac: ^\"02:00:00:00:00:01\"",
       "services[0].backends[0].mac: \"02:00:00:00:00:01\" is of use only with a tunnel of type vxlan"},
  }));
  CAPTURE(c.name);
  CheckOneError(Replaced(c.good, c.bad), c.error);
  const std::string good = "forward: direct\n    backends:\n      - {name: a, address: 10.0.0.11, port: 80}";
  CHECK(ParseConfig(Replaced(kBackends, good), "f").Report().empty());
}

TEST_CASE("what follows from a refused value is not reported again") {
  const auto c = GENERATE(values<Case>({
      {"the method of a refused word", "forward: full", "forward: ^half",
       "services[0].forward: \"half\" is not one of destination, full, direct, tunnel"},
      {"routes over a refused network", "192.0.2.2/24", "^192.0.2.0/24",
       "ports[1].addresses[0]: \"192.0.2.0/24\" is the address of the network itself, not of a host"},
      {"the group of a refused internal address [AM-54]", "[10.0.0.50]", "[^10.0.0.300]",
       "address_groups[0].internal[0]: \"10.0.0.300\" is not an IPv4 or IPv6 address"},
      {"a route to a port whose name was refused", "name: lan", "name: ^\"l a n\"",
       "ports[0].name: \"l a n\" is not a name: 1..63 letters, digits, '.', '_' and '-', beginning with a letter or "
       "digit"},
  }));
  CAPTURE(c.name);
  CheckOneError(Replaced(c.good, c.bad), c.error);
}

}  // namespace
}  // namespace baton::controlplane
