// What DPDK is started with, as tables of cases: what we add, and that what the operator gave is not added again.
#include "programs/batond/eal_arguments.h"

#include <algorithm>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <catch2/catch.hpp>

namespace baton {
namespace {

using controlplane::Config;
using controlplane::DeviceConfig;

constexpr size_t kPlenty = size_t{64} << 30;
const Machine kTwoCpus = {.cpus = {0, 1}, .free_hugepage_bytes = kPlenty};

Config OnePort(DeviceConfig::Kind kind) {
  Config config;
  config.node = "lb-a";
  config.ports.push_back({.name = "wan", .device = {.kind = kind, .argument = "x"}, .addresses = {}, .mac = {}});
  return config;
}

std::string Joined(const Config& config, const std::string& given, const Machine& machine) {
  return absl::StrJoin(EalArguments(config, absl::StrSplit(given, ' ', absl::SkipEmpty()), machine), " ");
}

size_t CountStarting(const std::vector<std::string>& arguments, absl::string_view with) {
  return static_cast<size_t>(std::count_if(arguments.begin(), arguments.end(),
                                           [&](const std::string& a) { return absl::StartsWith(a, with); }));
}

}  // namespace

TEST_CASE("what the operator leaves open gets our defaults, what he gives is not added a second time") {
  constexpr DeviceConfig::Kind kVeth = DeviceConfig::Kind::kAfPacket;
  constexpr DeviceConfig::Kind kPci = DeviceConfig::Kind::kPci;
  constexpr DeviceConfig::Kind kNamed = DeviceConfig::Kind::kDpdk;
  struct Case { const char* name; DeviceConfig::Kind device; const char* given; const char* arguments; };
  const auto c = GENERATE(values<Case>({
      {"nothing given", kVeth, "", "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a --no-pci"},
      {"a PCI device wants the scan", kPci, "", "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a"},
      {"so does a device that EAL makes", kNamed, "", "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a"},
      {"-l and its list", kVeth, "-l 2,3", "--file-prefix=baton-lb-a --no-pci -l 2,3"},
      {"-l with its list behind it", kVeth, "-l2,3", "--file-prefix=baton-lb-a --no-pci -l2,3"},
      {"-c", kVeth, "-c 0x3", "--file-prefix=baton-lb-a --no-pci -c 0x3"},
      {"--lcores=", kVeth, "--lcores=0@4,1@5", "--file-prefix=baton-lb-a --no-pci --lcores=0@4,1@5"},
      {"--lcores and its list", kVeth, "--lcores 0@4", "--file-prefix=baton-lb-a --no-pci --lcores 0@4"},
      {"an option that only begins like --lcores", kVeth, "--lcores-x",
       "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a --no-pci --lcores-x"},
      {"a log level is no list of cores", kVeth, "--log-level=8",
       "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a --no-pci --log-level=8"},
      {"--file-prefix=", kVeth, "--file-prefix=mine", "--lcores=0@(0,1),1@(0,1) --no-pci --file-prefix=mine"},
      {"--file-prefix and its text", kVeth, "--file-prefix mine", "--lcores=0@(0,1),1@(0,1) --no-pci --file-prefix mine"},
      {"--no-pci", kVeth, "--no-pci", "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a --no-pci"},
      {"-a", kVeth, "-a 0000:3b:00.0", "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a -a 0000:3b:00.0"},
      {"--allow=", kVeth, "--allow=0000:3b:00.0",
       "--lcores=0@(0,1),1@(0,1) --file-prefix=baton-lb-a --allow=0000:3b:00.0"},
      {"everything", kVeth, "-l 0 --file-prefix=p --no-pci -m 512", "-l 0 --file-prefix=p --no-pci -m 512"},
  }));
  CAPTURE(c.name);
  CHECK(Joined(OnePort(c.device), c.given, kTwoCpus) == c.arguments);
}

TEST_CASE("the main thread and each worker float over all CPUs, however few there are") {
  struct Case { const char* name; int workers; std::vector<int> cpus; const char* lcores; };
  const auto c = GENERATE(values<Case>({
      {"one CPU", 1, {0}, "--lcores=0@(0),1@(0)"},
      {"more workers than CPUs", 3, {4, 6}, "--lcores=0@(4,6),1@(4,6),2@(4,6),3@(4,6)"},
  }));
  CAPTURE(c.name);
  Config config = OnePort(DeviceConfig::Kind::kNull);
  config.dataplane.workers = c.workers;
  CHECK(EalArguments(config, {}, {.cpus = c.cpus, .free_hugepage_bytes = kPlenty}).front() == c.lcores);
}

TEST_CASE("the configuration's own options come before the command line's, and count as given") {
  Config config = OnePort(DeviceConfig::Kind::kNull);
  config.eal_arguments = {"-l", "0,1", "--log-level=8"};
  CHECK(Joined(config, "--log-level=7 --vdev=net_null0", kTwoCpus) ==
        "--file-prefix=baton-lb-a --no-pci -l 0,1 --log-level=8 --log-level=7 --vdev=net_null0");
}

TEST_CASE("without enough hugepages DPDK gets ordinary memory, and enough of it") {
  Config config = OnePort(DeviceConfig::Kind::kNull);
  config.dataplane.access_rows = 100'000;
  config.dataplane.packet_buffers = 10'000;
  config.dataplane.port_pools = 100;
  // By hand: a row is two cache lines; its two keys take a slot and a bucket entry each. A buffer is 2 KB and more.
  const size_t at_least = 100'000 * (128 + 2 * 32) + size_t{10'000} * 2048 + 100 * 8192;
  const size_t needed = NeededMemory(config);
  REQUIRE(needed > at_least);

  const auto without = EalArguments(config, {}, {.cpus = {0}, .free_hugepage_bytes = needed - 1});
  CHECK(CountStarting(without, "--no-huge") == 1);
  CHECK(CountStarting(without, "--no-shconf") == 1);
  const auto m = std::find(without.begin(), without.end(), "-m");
  REQUIRE(std::distance(m, without.end()) >= 2);
  size_t megabytes = 0;
  REQUIRE(absl::SimpleAtoi(*(m + 1), &megabytes));
  CHECK(megabytes << 20 >= needed);
  CHECK(megabytes << 20 <= needed + (size_t{2} << 20));

  const auto with = EalArguments(config, {}, {.cpus = {0}, .free_hugepage_bytes = needed});
  CHECK(CountStarting(with, "--no-huge") + CountStarting(with, "-m") == 0);
}

TEST_CASE("who says anything about memory himself is left alone") {
  const std::string given = GENERATE(as<std::string>(), "--no-huge", "-m 64", "-m64", "--in-memory", "--socket-mem=64",
                                     "--socket-mem 64", "--legacy-mem");
  CAPTURE(given);
  const std::vector<std::string> words = absl::StrSplit(given, ' ');
  const auto arguments = EalArguments(OnePort(DeviceConfig::Kind::kNull), words, {.cpus = {0}, .free_hugepage_bytes = 0});
  CHECK(absl::StrJoin(arguments, " ") == "--lcores=0@(0),1@(0) --file-prefix=baton-lb-a --no-pci " + given);
}

TEST_CASE("each size that the operator raises needs more memory") {
  struct Case { const char* name; void (*raise)(Config&); size_t more; };
  const auto c = GENERATE(values<Case>({
      {"rows", [](Config& to) { to.dataplane.access_rows += 1'000'000; }, size_t{1'000'000} * 128},
      {"packet buffers", [](Config& to) { to.dataplane.packet_buffers += 10'000; }, size_t{10'000} * 2048},
      {"jumbo frames, in every buffer", [](Config& to) { to.ports[0].mtu = 9000; }, size_t{65536} * 7168},
      {"port pools", [](Config& to) { to.dataplane.port_pools += 1000; }, size_t{1000} * 8192},
      {"workers, which have their own pools", [](Config& to) { ++to.dataplane.workers; }, size_t{1024} * 8192},
  }));
  CAPTURE(c.name);
  Config config = OnePort(DeviceConfig::Kind::kNull);
  const size_t before = NeededMemory(config);
  c.raise(config);
  CHECK(NeededMemory(config) >= before + c.more);
}

}  // namespace baton
