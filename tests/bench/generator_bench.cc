// How fast one core of the generator is, both ends of the traffic on it, joined in memory: every packet is built, sent,
// received, checked and counted. By the CPU time of the thread, so that others on the core do not count. Prints one JSON
// object a line. Run by scripts/bench generator.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include "generator/loopback.h"
#include "generator/profile/reader.h"
#include "generator/report/verdict.h"
#include "generator/run.h"

namespace baton::generator {
namespace {

constexpr int kRuns = 7;

std::string ProfileOf(uint32_t flows, bool ipv4, bool tcp) {
  return absl::StrCat(R"(ports:
  - {name: a, device: "null:", role: clients, addresses: [10.1.0.1-10.1.3.255, "2001:db8::1-2001:db8::3ff"]}
  - {name: b, device: "null:", role: servers, addresses: [10.2.0.2, "2001:db8:1::2"]}
duration: 700ms
settle: 1ms
flows: [{name: f, activity: uniform, rate: max, to: )",
                      ipv4 ? "\"10.2.0.2:53\"" : "\"[2001:db8:1::2]:53\"",
                      tcp ? ", protocol: tcp, request: 100, response: 1000"
                          : ipv4 ? ", protocol: udp, size: 64" : ", protocol: udp, size: 84",
                      ", count: ", flows, "}]\n");
}

double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Sample {
  double mpps = 0;           // TCP: millions of complete connections
  double cpu_share = 0;  // of the time: below 1 somebody else had the core
  double bytes_per_flow = 0;
  bool clean = false;
};

Sample Measure(uint32_t flows, bool ipv4, bool tcp) {
  const ProfileResult parsed = ParseProfile(ProfileOf(flows, ipv4, tcp), "bench");
  if (!parsed.ok()) return {};
  const auto loopback = Loopback::Create(parsed.profile);
  const auto engine = Engine::Create(parsed.profile, (*loopback)->uses());
  if (!engine.ok()) return {};
  const double before = CpuSeconds();
  Drive(**engine, false);
  const double cpu_s = CpuSeconds() - before;
  const RunResult result = (*engine)->Result();
  const Totals totals = TotalsOf(result);
  const uint64_t arrived = totals.requests.arrived + totals.responses.arrived;
  const uint64_t done = tcp ? result.classes[0].tcp.completed : arrived;
  return {.mpps = static_cast<double>(done) / cpu_s / 1e6, .cpu_share = cpu_s / result.sending_s,
          .bytes_per_flow = result.bytes_per_flow,
          .clean = arrived == totals.sent() && totals.sent() > 0};
}

bool Print(uint32_t flows, bool ipv4, bool tcp) {
  std::vector<Sample> samples;
  for (int i = 0; i < kRuns; ++i) samples.push_back(Measure(flows, ipv4, tcp));
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.mpps < b.mpps; });
  const bool clean = std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return s.clean; });
  const char* name = tcp ? "connections_per_second" : "mpps_per_core";
  const double unit = tcp ? 1e6 : 1;
  std::printf("{\"bench\": \"generator\", \"family\": \"%s\", \"flows\": %u, \"%s\": %.*f, \"least\": %.*f, "
              "\"most\": %.*f, \"cpu_share\": %.2f, \"bytes_per_flow\": %.1f, \"lost_nothing\": %s}\n",
              ipv4 ? "ipv4" : "ipv6", flows, name, tcp ? 0 : 2, samples[kRuns / 2].mpps * unit, tcp ? 0 : 2,
              samples.front().mpps * unit, tcp ? 0 : 2, samples.back().mpps * unit, samples[kRuns / 2].cpu_share, samples.front().bytes_per_flow, clean ? "true" : "false");
  std::fflush(stdout);
  return clean;
}

}  // namespace
}  // namespace baton::generator

int main(int argc, char** argv) {
  std::vector<uint32_t> sizes;
  for (int i = 1; i < argc; ++i) {
    uint32_t flows = 0;
    if (!absl::SimpleAtoi(argv[i], &flows) || flows == 0 || flows > 60'000'000) {
      std::fprintf(stderr, "generator_bench [FLOWS ...]: 1 to 60000000\n");
      return 2;
    }
    sizes.push_back(flows);
  }
  if (sizes.empty()) sizes = {10'000, 1'000'000};
  bool clean = true;
  for (const uint32_t flows : sizes) {
    for (const bool tcp : {false, true}) {
      for (const bool ipv4 : {true, false}) clean = baton::generator::Print(flows, ipv4, tcp) && clean;
    }
  }
  return clean ? 0 : 1;
}
