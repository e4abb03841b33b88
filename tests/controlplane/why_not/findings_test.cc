// The classic mistakes, one a case: a box that is right but for this one, and what is said of it.
#include "controlplane/why_not/findings.h"

#include <functional>

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

#include "common/headers.h"
#include "controlplane/config/parse.h"

namespace baton::controlplane {
namespace {

using Severity = Finding::Severity;

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

constexpr char kRight[] = R"(
node: {name: lb-a}
ports:
  - {name: wan, device: "null:0", addresses: [198.51.100.2/24, "2001:db8:100::2/64"]}
  - {name: lan, device: "null:1", addresses: [10.0.0.2/24]}
routes:
  - {to: 0.0.0.0/0, via: 198.51.100.1, port: wan}
address_groups:
  - {name: nat, external: [198.51.100.20], internal: [10.0.0.100]}
services:
  - name: web
    listen: {address: 198.51.100.20, port: 80, protocol: tcp}
    forward: full
    backends: [{name: s1, address: 10.0.0.11}, {name: s2, address: 10.0.0.12}]
)";

struct Box {
  explicit Box(const std::string& yaml = kRight) {
    const ParseResult parsed = ParseConfig(yaml, "test.yaml");
    INFO(parsed.Report());
    REQUIRE(parsed.ok());
    config = parsed.config;
    for (const PortConfig& port : config.ports) {
      PortView p;
      p.info.name = port.name;
      p.link_up = true;
      view.ports.push_back(p);
    }
    for (const ServiceConfig& service : config.services) {
      ServiceView s;
      s.name = service.name;
      for (const BackendConfig& b : service.backends) {
        BackendView backend;
        backend.name = b.name;
        backend.weight = b.weight;
        s.backends.push_back(backend);
      }
      view.services.push_back(s);
    }
    WorkerView worker;
    worker.counters = &counters;
    worker.rows_capacity = worker.rows_capacity_ipv6 = worker.neighbors_capacity = worker.port_pools_capacity = 100;
    worker.hold_capacity = worker.fragments_capacity = 100;
    view.workers = {worker};
    view.addresses = {{{Ip("198.51.100.20"), AddressKind::kExternal}, "nat"}};
    view.buffers_capacity = 1000;
  }
  void AddNeighbor(PortId port, const char* address, const char* state) {
    view.neighbors.push_back({.port = port, .address = Ip(address), .mac = {}, .state = state, .age = {}});
  }
  Config config;
  WorkerCounters counters{4};
  View view;
};

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

TEST_CASE("of a box that is right nothing is said") {
  const Box box;
  const auto found = FindMistakes(box.config, box.view);
  for (const Finding& f : found) UNSCOPED_INFO(f.object << ": " << f.problem);
  CHECK(found.empty());
}

TEST_CASE("what the running box sees") {
  struct Case {
    const char* name;
    std::function<void(Box&)> spoil;
    Severity severity;
    const char* object;
    const char* problem;
    const char* change;
  };
  const auto c = GENERATE(values<Case>({
      {"a link is down", [](Box& b) { b.view.ports[1].link_up = false; }, Severity::kError, "port lan", "has no link",
       "Look at the cable"},
      {"a backend does not answer", [](Box& b) { b.AddNeighbor(1, "10.0.0.12", "failed"); }, Severity::kError,
       "backend web/s2", "10.0.0.12 does not answer ARP on port lan", "See that it is up"},
      {"the gateway is not resolved", [](Box& b) { b.AddNeighbor(0, "198.51.100.1", "incomplete"); }, Severity::kError,
       "route 0.0.0.0/0", "198.51.100.1 does not answer ARP on port wan", "same VLAN"},
      {"all backends are drained", [](Box& b) { for (auto& s : b.view.services[0].backends) s.weight = 0; },
       Severity::kError, "service web", "no backend takes new connections", "batonctl backend web NAME enable"},
      {"an address is in mode none", [](Box& b) { b.view.addresses[0].address.mode = AddressMode::kNone; },
       Severity::kError, "address 198.51.100.20", "mode none", "batonctl mode 198.51.100.20 normal"},
      {"an address is in migration", [](Box& b) { b.view.addresses[0].address.mode = AddressMode::kMigration; },
       Severity::kWarning, "address 198.51.100.20", "held", "batonctl mode 198.51.100.20 normal"},
      {"the access table is nearly full", [](Box& b) { b.counters.rows.Set(90); }, Severity::kWarning, "worker 0",
       "rows of the access table: 90 of 100 are in use", "dataplane.access_rows"},
      {"the access table is full", [](Box& b) { b.counters.rows.Set(100); }, Severity::kError, "worker 0",
       "rows of the access table: 100 of 100 are in use", "dataplane.access_rows"},
      {"the port pools are full", [](Box& b) { b.counters.port_pools.Set(100); }, Severity::kError, "worker 0",
       "port pools: 100 of 100 are in use", "dataplane.port_pools"},
      {"the buffers are nearly all in use", [](Box& b) { b.view.buffers_in_use = 950; }, Severity::kWarning, "buffers",
       "packet buffers: 950 of 1000 are in use", "dataplane.packet_buffers"},
      {"another station has our address", [](Box& b) { b.view.control.address_conflicts = 2; }, Severity::kWarning,
       "addresses", "claimed an address of the box 2 times", "Find the station"},
  }));
  CAPTURE(c.name);
  Box box;
  c.spoil(box);
  const auto found = FindMistakes(box.config, box.view);
  REQUIRE(found.size() == 1);
  CHECK(found[0].severity == c.severity);
  CHECK(found[0].object == c.object);
  CAPTURE(found[0].problem, found[0].change);
  CHECK(absl::StrContains(found[0].problem, c.problem));
  CHECK(absl::StrContains(found[0].change, c.change));
}

TEST_CASE("what the file alone tells") {
  struct Case {
    const char* name;
    const char *what, *with;  // in the file that is right
    Severity severity;
    const char* object;
    const char* problem;
    const char* change;
  };
  const auto c = GENERATE(values<Case>({
      {"no default route", "to: 0.0.0.0/0", "to: 192.0.2.0/24", Severity::kWarning, "routes",
       "there is no default route for IPv4", "via: the clients' gateway"},
      {"answers must come back", "forward: full", "forward: destination", Severity::kCheck, "backend web/s1",
       "its answers must come back through the box", "must lead to 10.0.0.2."},
      {"direct backends need the address", "forward: full", "forward: direct", Severity::kCheck, "backend web/s1",
       "must have the service's address itself", "ip address add 198.51.100.20/32 dev lo"},
      {"the way out is narrower", "addresses: [10.0.0.2/24]", "mtu: 1400, addresses: [10.0.0.2/24]", Severity::kWarning,
       "service web", "packets of up to 1500 bytes come in on port wan, but only 1400 fit the way out on port lan",
       "Raise the MTU of port lan"},
  }));
  CAPTURE(c.name);
  const Box box(Replaced(kRight, c.what, c.with));
  for (const View& view : {box.view, View()}) {  // running, and not
    const auto found = FindMistakes(box.config, view);
    REQUIRE_FALSE(found.empty());
    CHECK(found[0].severity == c.severity);
    CHECK(found[0].object == c.object);
    CAPTURE(found[0].problem, found[0].change);
    CHECK(absl::StrContains(found[0].problem, c.problem));
    CHECK(absl::StrContains(found[0].change, c.change));
  }
}

TEST_CASE("a backend behind a gateway answers another way unless somebody sees to it") {
  std::string yaml = Replaced(kRight, "routes:\n", "routes:\n  - {to: 10.9.0.0/16, via: 10.0.0.254, port: lan}\n");
  yaml = Replaced(yaml, "{name: s2, address: 10.0.0.12}", "{name: s2, address: 10.9.0.12}");
  SECTION("destination: a warning") {
    const Box box(Replaced(yaml, "forward: full", "forward: destination"));
    const auto found = FindMistakes(box.config, box.view);
    REQUIRE(found.size() == 2);
    CHECK(found[0].severity == Severity::kWarning);
    CHECK(found[0].object == "backend web/s2");
    CHECK(absl::StrContains(found[0].problem, "behind the gateway 10.0.0.254"));
    CHECK(absl::StrContains(found[0].change, "forward: full"));
  }
  SECTION("full: its way to the internal address is to be looked at") {
    const Box box(yaml);
    const auto found = FindMistakes(box.config, box.view);
    REQUIRE(found.size() == 1);
    CHECK(found[0].severity == Severity::kCheck);
    CHECK(found[0].object == "backend web/s2");
    CHECK(found[0].change == "The backend's way to 10.0.0.100 must lead to 10.0.0.2.");
  }
}

TEST_CASE("errors come before warnings, and these before what to check") {
  Box box(Replaced(kRight, "forward: full", "forward: destination"));
  box.view.addresses[0].address.mode = AddressMode::kMigration;
  box.view.ports[0].link_up = false;
  const auto found = FindMistakes(box.config, box.view);
  REQUIRE(found.size() == 4);
  CHECK(Word(found[0].severity) == "error");
  CHECK(Word(found[1].severity) == "warning");
  CHECK(Word(found[2].severity) == "check");
  CHECK(Word(found[3].severity) == "check");
}

}  // namespace
}  // namespace baton::controlplane
