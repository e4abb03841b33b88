// The samples of conf/: they are good, they mean what they say, and what becomes of them by damage is refused politely.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <catch2/catch.hpp>

#include "common/headers.h"
#include "controlplane/config/parse.h"

namespace baton::controlplane {
namespace {

// BATON_CONF is the folder conf/, set by the build.
std::string Sample(const std::string& name) { return std::string(BATON_CONF) + "/" + name; }

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

IpAddress Address(const char* text) { return IpAddress::Parse(text).value(); }

TEST_CASE("every sample is good") {
  int samples = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(BATON_CONF)) {
    const auto folder = entry.path().parent_path().filename();
    // Those two are of other programs.
    if (entry.path().extension() != ".yaml" || folder == "gen" || folder == "controller") continue;
    ++samples;
    CHECK(LoadConfig(entry.path().string()).Report() == "");
  }
  CHECK(samples >= 2);
}

TEST_CASE("the smallest sample has defaults for the rest") {
  const ParseResult result = LoadConfig(Sample("minimal.yaml"));
  REQUIRE(result.Report().empty());
  const Config& config = result.config;
  CHECK(config.node == "baton");
  CHECK(config.dataplane.access_rows == 1'000'000);
  CHECK(config.dataplane.polling == Polling::kAdaptive);
  REQUIRE(config.ports.size() == 1);
  CHECK(config.ports[0].mtu == 1500);
  CHECK(config.ports[0].mac.is_zero());
  REQUIRE(config.routes.size() == 1);
  CHECK(config.routes[0].to.ToString() == "192.0.2.0/24");
  CHECK(config.routes[0].connected());
  REQUIRE(config.services.size() == 1);
  CHECK(config.services[0].forward == ForwardMethod::kDestination);
  CHECK(config.services[0].schedule == Schedule::kWeight);
  CHECK(config.services[0].backends[1].port == 80);  // the listen port
  CHECK(config.services[0].backends[1].weight == 1);
  // The listen address is in no group: it is one of its own.
  REQUIRE(config.address_groups.size() == 1);
  CHECK(config.address_groups[0].name == "192.0.2.10");
  CHECK(config.address_groups[0].external == std::vector{Address("192.0.2.10")});
  CHECK(config.services[0].group == "192.0.2.10");
}

TEST_CASE("ports, routes and settings of the large sample") {
  const ParseResult result = LoadConfig(Sample("edge.yaml"));
  REQUIRE(result.Report().empty());
  const Config& config = result.config;
  CHECK(config.node == "lb-a");
  CHECK(config.dataplane.access_rows_ipv6 == 250'000);
  CHECK(config.dataplane.hold.packets == 32768);
  CHECK(config.dataplane.hold.time_limit == std::chrono::seconds(2));
  CHECK(config.dataplane.timeouts.of(RowState::kTcpEstablished) == 1'800'000);
  CHECK(config.dataplane.timeouts.of(RowState::kTcpSyn) == 30'000);
  CHECK(config.eal_arguments == std::vector<std::string>{"-l", "0-1", "--file-prefix", "lb-a"});
  REQUIRE(config.ports.size() == 2);
  CHECK(config.ports[0].device.kind == DeviceConfig::Kind::kPci);
  CHECK(config.ports[1].device.argument == "veth-lan");
  CHECK(config.ports[1].vlan == 42);
  CHECK(config.ports[1].mac.ToString() == "02:00:00:00:00:0a");
  // The written ones first, then the networks of the ports.
  const RouteList expected = {
      {Prefix::Parse("0.0.0.0/0").value(), Address("198.51.100.1"), 0},
      {Prefix::Parse("::/0").value(), Address("2001:db8:1::1"), 0},
      {Prefix::Parse("10.1.0.0/16").value(), Address("10.0.0.1"), 1},
      {Prefix::Parse("198.51.100.0/24").value(), {}, 0},
      {Prefix::Parse("2001:db8:1::/64").value(), {}, 0},
      {Prefix::Parse("10.0.0.0/24").value(), {}, 1},
      {Prefix::Parse("2001:db8:2::/64").value(), {}, 1},
  };
  CHECK(config.routes == expected);
}

TEST_CASE("groups and services of the large sample") {
  const ParseResult result = LoadConfig(Sample("edge.yaml"));
  REQUIRE(result.Report().empty());
  const Config& config = result.config;
  REQUIRE(config.address_groups.size() == 2);
  CHECK(config.address_groups[0].prefer == "lb-a");
  CHECK(config.address_groups[1].internal == std::vector{Address("10.0.0.10"), Address("10.0.0.11"),
                                                         Address("10.0.0.12"), Address("10.0.0.13"),
                                                         Address("2001:db8:2::10")});
  REQUIRE(config.services.size() == 5);
  CHECK(config.services[0].listen == Endpoint{Address("198.51.100.10"), 80, kTcp});
  CHECK(config.services[0].backends[0].port == 8080);
  CHECK(config.services[0].backends[0].weight == 2);
  CHECK(config.services[0].group == "web");
  CHECK(config.services[2].listen == Endpoint{Address("198.51.100.10"), 0, kIcmp});
  CHECK(config.services[2].backends[0].port == 0);
  CHECK(config.services[3].forward == ForwardMethod::kFull);
  CHECK(config.services[3].schedule == Schedule::kMaglev);
  CHECK(config.services[3].first_port == 1024);
  CHECK(config.services[3].group == "dns");
  CHECK(config.services[4].backends[1].weight == 0);
}

TEST_CASE("icmp on an IPv6 address is ICMPv6") {
  const ParseResult result = ParseConfig(
      "ports: [{name: p, device: \"null:\", addresses: [\"2001:db8::2/64\"]}]\n"
      "services: [{name: s, listen: {address: \"2001:db8::10\", protocol: icmp},"
      " backends: [{name: a, address: \"2001:db8::11\"}]}]\n",
      "f");
  REQUIRE(result.Report().empty());
  CHECK(result.config.services[0].listen == Endpoint{Address("2001:db8::10"), 0, kIcmpv6});
}

TEST_CASE("a file that cannot be read is an error") {
  CHECK(LoadConfig("/nonexistent/baton.yaml").Report() ==
        "/nonexistent/baton.yaml:1:1: cannot be read: No such file or directory\n");
  CHECK(LoadConfig("/").Report() == "/:1:1: cannot be read: Is a directory\n");
}

// Every error names a place within the text, and whatever is accepted keeps the promises of config.h.
void CheckResult(const std::string& text) {
  const ParseResult result = ParseConfig(text, "f");
  const auto lines = std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r') + 1;
  bool sound = true;
  int last_line = 1;
  for (const ConfigError& e : result.errors) {
    sound = sound && e.line >= last_line && e.line <= lines && e.column >= 1 && !e.problem.empty();
    last_line = e.line;
  }
  if (result.ok()) {
    sound = sound && !result.config.ports.empty();
    for (const ServiceConfig& s : result.config.services) sound = sound && !s.group.empty() && !s.backends.empty();
    for (const Route& r : result.config.routes) sound = sound && r.port < result.config.ports.size();
  }
  if (!sound) FAIL("unsound result for:\n" << text << "\n" << result.Report());
}

TEST_CASE("a damaged sample is refused or read, never a crash") {
  const std::string sample = TextOf(Sample("edge.yaml"));
  REQUIRE(sample.size() > 1000);
  constexpr uint32_t kSeed = 1;
  CAPTURE(kSeed);
  std::mt19937 random(kSeed);
  const auto below = [&random](size_t limit) { return static_cast<size_t>(random() % limit); };
  const std::string tokens = "{}[]:,-?&*!|>'\"%@`# \n\t\r~0";
  for (int round = 0; round < 1000; ++round) {
    std::string text = sample;
    for (size_t changes = 1 + below(4); changes > 0; --changes) {
      const size_t at = below(text.size());
      switch (below(5)) {
        case 0:
          text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
          break;
        case 1:
          text[at] = tokens[below(tokens.size())];
          break;
        case 2:
          text.erase(at, 1 + below(20));
          break;
        case 3:
          text.insert(at, text.substr(below(text.size()), below(60)));
          break;
        default:
          text.insert(at, 1, tokens[below(tokens.size())]);
          break;
      }
    }
    CheckResult(text);
  }
  for (size_t cut = 0; cut < sample.size(); cut += 7) CheckResult(sample.substr(0, cut));
}

}  // namespace
}  // namespace baton::controlplane
