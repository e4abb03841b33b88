// What a reload would change, told from two files that differ in one place.
#include <catch2/catch.hpp>

#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include "controlplane/config/difference.h"
#include "controlplane/config/parse.h"

namespace baton::controlplane {
namespace {

constexpr char kFile[] = R"(node: {name: lb-a}
dataplane: {access_rows: 1000, hold: {packets: 64}, timeouts: {udp: 60s}}
ports:
  - {name: wan, device: "null:0", addresses: [198.51.100.2/24]}
  - {name: lan, device: "null:1", addresses: [10.0.0.2/24], mtu: 1500}
routes:
  - {to: 0.0.0.0/0, via: 198.51.100.1}
address_groups:
  - {name: web, external: [198.51.100.10], internal: [10.0.0.10]}
services:
  - name: web
    listen: {address: 198.51.100.10, port: 80, protocol: tcp}
    forward: full
    backends:
      - {name: s1, address: 10.0.0.11, weight: 2}
      - {name: s2, address: 10.0.0.12}
)";

Config Parsed(const std::string& text) {
  const ParseResult parsed = ParseConfig(text, "test.yaml");
  INFO(parsed.Report());
  REQUIRE(parsed.ok());
  return parsed.config;
}

std::string Told(const std::vector<ConfigChange>& changes) {
  return absl::StrJoin(changes, "\n", [](std::string* out, const ConfigChange& c) { out->append(c.ToString()); });
}

TEST_CASE("the difference of two files names thing, key, old and new value") {
  struct Case { const char* name; const char* from; const char* to; const char* changes; const char* restart; };
  const auto c = GENERATE(values<Case>({
      {"nothing", "lb-a", "lb-a", "", ""},
      {"order of backends",
       "      - {name: s1, address: 10.0.0.11, weight: 2}\n      - {name: s2, address: 10.0.0.12}\n",
       "      - {name: s2, address: 10.0.0.12}\n      - {name: s1, address: 10.0.0.11, weight: 2}\n", "", ""},
      {"a default written out", "10.0.0.12}", "10.0.0.12, weight: 1, port: 80}", "", ""},
      {"weight", "weight: 2", "weight: 3", "backend web/s1: weight: 2 -> 3", ""},
      {"a backend's address", "10.0.0.12}", "10.0.0.13}", "backend web/s2: endpoint: 10.0.0.12:80 -> 10.0.0.13:80", ""},
      {"a backend more", "      - {name: s2", "      - {name: s3, address: 10.0.0.13}\n      - {name: s2",
       "added backend web/s3: endpoint 10.0.0.13:80, weight 1, mac none", ""},
      {"a virtual router more", "services:\n",
       "virtual_routers: [{id: 7, port: lan, addresses: [10.0.0.1], track: [{port: wan, lower_by: 9}]}]\nservices:\n",
       "added virtual_router lan/ipv4/7: addresses 10.0.0.1, version 3, priority 100, advertise_every 1s, preempt yes, "
       "preempt_delay 0s, accept yes, checksum pseudo_header, password none, track port wan by 9",
       ""},
      {"a backend less", "      - {name: s2, address: 10.0.0.12}\n", "",
       "removed backend web/s2: endpoint 10.0.0.12:80, weight 1, mac none", ""},
      {"schedule", "    forward: full\n", "    forward: full\n    schedule: maglev\n",
       "service web: schedule: weight -> maglev", ""},
      {"ports to choose from", "    forward: full\n", "    forward: full\n    internal_ports: 2000-3000\n",
       "service web: internal_ports: 1024-65535 -> 2000-3000", ""},
      {"an internal address more", "[10.0.0.10]", "[10.0.0.10, 10.0.0.20]",
       "added address 10.0.0.20: kind internal, group web, prefer this node", ""},
      {"who is in charge", "internal: [10.0.0.10]", "internal: [10.0.0.10], prefer: lb-b",
       "address 198.51.100.10: prefer: this node -> lb-b\naddress 10.0.0.10: prefer: this node -> lb-b", ""},
      {"a gateway", "via: 198.51.100.1}", "via: 198.51.100.3}", "route 0.0.0.0/0: via: 198.51.100.1 -> 198.51.100.3",
       ""},
      {"a route for some sources more", "routes:\n",
       "routes:\n  - {to: 172.16.0.0/12, via: 10.0.0.1, from: 192.0.2.0/24}\n",
       "added route 172.16.0.0/12 from 192.0.2.0/24: via 10.0.0.1, port lan", ""},
      {"a route more", "routes:\n", "routes:\n  - {to: 172.16.0.0/12, via: 10.0.0.1}\n",
       "added route 172.16.0.0/12: via 10.0.0.1, port lan", ""},
      {"a route less", "  - {to: 0.0.0.0/0, via: 198.51.100.1}\n", "  - {to: 192.0.2.0/24, via: 198.51.100.1}\n",
       "added route 192.0.2.0/24: via 198.51.100.1, port wan\n"
       "removed route 0.0.0.0/0: via 198.51.100.1, port wan",
       ""},
      {"a time-out", "udp: 60s", "udp: 1500ms", "dataplane.timeouts: udp: 60s -> 1500ms", ""},
      {"rows", "access_rows: 1000", "access_rows: 2000", "", "dataplane.access_rows: 1000 -> 2000"},
      {"hold buffer", "packets: 64", "packets: 65", "", "dataplane.hold.packets: 64 -> 65"},
      {"the node's name", "lb-a", "lb-c", "", "node.name: lb-a -> lb-c"},
      {"a device", "null:1", "af_packet:eth1", "", "ports.lan.device: null:1 -> af_packet:eth1"},
      {"a port's mtu", "mtu: 1500", "mtu: 1400", "", "ports.lan.mtu: 1500 -> 1400"},
      {"a kernel side", "mtu: 1500", "kernel: lan0", "", "ports.lan.kernel: none -> lan0"},
      {"metrics", "services:\n", "api: {metrics: \"127.0.0.1:1\"}\nservices:\n", "",
       "api.metrics: 127.0.0.1:9111 -> 127.0.0.1:1"},
      {"arguments for DPDK", "services:\n", "dpdk: {eal_arguments: [--no-huge]}\nservices:\n", "",
       "dpdk.eal_arguments: none -> --no-huge"},
  }));
  CAPTURE(c.name);
  const std::string changed = absl::StrReplaceAll(kFile, {{c.from, c.to}});
  const ConfigDifference difference = Compare(Parsed(kFile), Parsed(changed));
  CHECK(Told(difference.changes) == c.changes);
  CHECK(Told(difference.restart) == c.restart);
  CHECK(difference.empty() == (*c.changes == '\0' && *c.restart == '\0'));
}

TEST_CASE("another tunnel is told") {
  const Config from = Parsed(kFile);
  Config to = from;
  to.services[0].tunnel = {Tunnel::Type::kVxlan, IpAddress::Parse("10.0.0.2").value(), 7, 4789};
  to.services[0].backends[0].mac = MacAddress::Parse("02:00:00:00:07:11").value();
  CHECK(Told(Compare(from, to).changes) ==
        "service web: tunnel: none -> vxlan 7 from 10.0.0.2 to port 4789\n"
        "backend web/s1: mac: none -> 02:00:00:00:07:11");
  to.services[0].tunnel.type = Tunnel::Type::kIp;
  CHECK(Told(Compare(from, to).changes) ==
        "service web: tunnel: none -> ip from 10.0.0.2\n"
        "backend web/s1: mac: none -> 02:00:00:00:07:11");
}

TEST_CASE("another application is told") {
  const Config from = Parsed(kFile);
  Config to = from;
  to.services[0].application = Application::kFtp;
  CHECK(Told(Compare(from, to).changes) == "service web: application: none -> ftp");
}

std::string WithRouters(const std::string& first, const std::string& others = "") {
  return std::string(kFile) +
         "virtual_routers:\n  - {id: 1, port: lan, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.2, "
         "10.0.0.3]" +
         first + "}}\n" + others;
}

TEST_CASE("of load sharing, what a review goes by changes in place; all else, and the position, needs a restart") {
  struct Case { const char* name; const char* first; const char* others; const char* changes; bool restart; };
  const auto c = GENERATE(values<Case>({
      {"imbalance", ", imbalance: 10", "", "load_sharing lan/ipv4/1: imbalance: 5 -> 10", false},
      {"thresholds", ", flow_threshold: 7, overflow_threshold: 8", "",
       "load_sharing lan/ipv4/1: flow_threshold: 0 -> 7\nload_sharing lan/ipv4/1: overflow_threshold: 0 -> 8", false},
      {"times of reviews", ", review_every: 30s, hold_off: 20s, average_over: 5s", "",
       "load_sharing lan/ipv4/1: review_every: 60s -> 30s\nload_sharing lan/ipv4/1: hold_off: 60s -> 20s\n"
       "load_sharing lan/ipv4/1: average_over: 10s -> 5s",
       false},
      {"start delays", ", start_delay: 1s, server_start_delay: 2s", "",
       "load_sharing lan/ipv4/1: start_delay: 200ms -> 1s\nload_sharing lan/ipv4/1: server_start_delay: 500ms -> 2s",
       false},
      {"skew", ", skew: 6ms", "", "", true},
      {"mode", ", hand_over: timer", "", "", true},
      {"format", ", advert_format: unit-list", "", "", true},
      {"key", ", key: 0123456789abcdef", "", "", true},
      {"a plain router behind it", "", "  - {id: 9, port: wan, addresses: [198.51.100.9]}\n",
       "added virtual_router wan/ipv4/9: addresses 198.51.100.9, version 3, priority 100, advertise_every 1s, preempt "
       "yes, "
       "preempt_delay 0s, accept yes, checksum pseudo_header, password none, track none",
       false},
  }));
  CAPTURE(c.name);
  const ConfigDifference difference = Compare(Parsed(WithRouters("")), Parsed(WithRouters(c.first, c.others)));
  CHECK(Told(difference.changes) == c.changes);
  CHECK(difference.restart.empty() != c.restart);
}

TEST_CASE("a virtual router in front of one that shares its load needs a restart, as that one gets another position") {
  std::string to = WithRouters("");
  to.insert(to.find("  - {id: 1, port: lan"), "  - {id: 9, port: wan, addresses: [198.51.100.9]}\n");
  CHECK_FALSE(Compare(Parsed(WithRouters("")), Parsed(to)).restart.empty());
  CHECK_FALSE(Compare(Parsed(to), Parsed(WithRouters(""))).restart.empty());
}

TEST_CASE("with several workers, the first FTP service and the last one need a restart") {
  Config from = Parsed(kFile);
  from.dataplane.workers = 2;
  Config to = from;
  to.services[0].application = Application::kFtp;
  CHECK(Told(Compare(from, to).restart) == "dataplane.workers.share: flows -> clients (application: ftp)");
  CHECK(Told(Compare(to, from).restart) == "dataplane.workers.share: clients (application: ftp) -> flows");
  CHECK(Compare(to, to).empty());
  from.dataplane.workers = to.dataplane.workers = 1;
  CHECK(Compare(from, to).restart.empty());
}

TEST_CASE("a service that goes takes its backends and its address with it") {
  const Config from = Parsed(kFile);
  Config to = from;
  to.services.clear();
  to.address_groups.clear();
  CHECK(
      Told(Compare(from, to).changes) ==
      "removed service web: listen 198.51.100.10:80 tcp, forward full, tunnel none, application none, schedule weight, "
      "internal_ports 1024-65535, group web\n"
      "removed backend web/s1: endpoint 10.0.0.11:80, weight 2, mac none\n"
      "removed backend web/s2: endpoint 10.0.0.12:80, weight 1, mac none\n"
      "removed address 198.51.100.10: kind external, group web, prefer this node\n"
      "removed address 10.0.0.10: kind internal, group web, prefer this node");
}

TEST_CASE("ports in another order are other ports: routes and rows know them by number") {
  const Config from = Parsed(kFile);
  Config to = from;
  std::swap(to.ports[0], to.ports[1]);
  CHECK(Told(Compare(from, to).restart) == "ports.lan.position: 1 -> 0\nports.wan.position: 0 -> 1");
}

}  // namespace
}  // namespace baton::controlplane
