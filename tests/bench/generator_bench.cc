// How fast a core of the generator is, both ends of the traffic on it, joined in memory: every packet is built, sent,
// received, checked and counted. One core, then several at once, each on wires of its own. By the CPU time of the
// threads, so that others on the cores do not count. Prints one JSON object a line. Run by scripts/bench generator.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include "generator/loopback.h"
#include "generator/profile/reader.h"
#include "generator/report/verdict.h"
#include "generator/run.h"
#include "generator/sum.h"

namespace baton::generator {
namespace {

constexpr int kRuns = 7;

std::string ProfileOf(uint32_t flows, bool ipv4, bool tcp, int settle_ms) {
  return absl::StrCat(R"(ports:
  - {name: a, device: "null:", role: clients, addresses: [10.1.0.1-10.1.3.255, "2001:db8::1-2001:db8::3ff"]}
  - {name: b, device: "null:", role: servers, addresses: [10.2.0.2, "2001:db8:1::2"]}
duration: 700ms
settle: )", settle_ms, R"(ms
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
  double mpps = 0;       // of each core; TCP: millions of complete connections
  double cpu_share = 0;  // of the time: below 1 somebody else had the core
  double bytes_per_flow = 0;
  bool clean = false;
};

Sample Measure(uint32_t flows, bool ipv4, bool tcp, unsigned cores) {
  // A core that has to wait for a CPU at the end must still get to what is on its way.
  const int settle_ms = cores == 1 ? 1 : 20;
  const ProfileResult parsed =
      ParseProfile(absl::StrCat("cores: ", cores, "\n", ProfileOf(flows, ipv4, tcp, settle_ms)), "bench");
  if (!parsed.ok()) return {};
  Crew crew(parsed.profile);
  std::vector<std::unique_ptr<Loopback>> loopbacks;
  std::vector<std::unique_ptr<Engine>> engines;
  for (int core = 0; core < crew.cores(); ++core) {
    loopbacks.push_back(Loopback::Create(crew.part(core)).value());
    auto engine = Engine::Create(crew, core, loopbacks.back()->uses());
    if (!engine.ok()) return {};
    engines.push_back(std::move(*engine));
  }
  std::vector<double> seconds(cores);
  std::vector<std::thread> threads;
  for (unsigned core = 0; core < cores; ++core) {
    threads.emplace_back([&engine = *engines[core], &taken = seconds[core]] {
      const double before = CpuSeconds();
      Drive(engine, false);
      taken = CpuSeconds() - before;
    });
  }
  for (std::thread& thread : threads) thread.join();
  double cpu_s = 0;
  std::vector<RunResult> results;
  for (const auto& engine : engines) results.push_back(engine->Result());
  for (const double taken : seconds) cpu_s += taken;
  const RunResult result = SumOf(parsed.profile, std::move(results));
  const Totals totals = TotalsOf(result);
  const uint64_t arrived = totals.requests.arrived + totals.responses.arrived;
  const uint64_t done = tcp ? result.classes[0].tcp.completed : arrived;
  return {.mpps = static_cast<double>(done) / cpu_s / 1e6, .cpu_share = cpu_s / result.sending_s / cores,
          .bytes_per_flow = result.bytes_per_flow,
          .clean = arrived == totals.sent() && totals.sent() > 0};
}

bool Print(uint32_t flows, bool ipv4, bool tcp, unsigned cores) {
  std::vector<Sample> samples;
  for (int i = 0; i < kRuns; ++i) samples.push_back(Measure(flows, ipv4, tcp, cores));
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.mpps < b.mpps; });
  const bool clean = std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return s.clean; });
  const char* name = tcp ? "connections_per_second" : "mpps_per_core";
  const double unit = tcp ? 1e6 : 1;
  std::printf(
      "{\"bench\": \"generator\", \"family\": \"%s\", \"cores\": %u, \"flows\": %u, \"%s\": %.*f, \"least\": %.*f, "
      "\"most\": %.*f, \"cpu_share\": %.2f, \"bytes_per_flow\": %.1f, \"lost_nothing\": %s}\n",
      ipv4 ? "ipv4" : "ipv6", cores, flows, name, tcp ? 0 : 2, samples[kRuns / 2].mpps * unit, tcp ? 0 : 2,
      samples.front().mpps * unit, tcp ? 0 : 2, samples.back().mpps * unit, samples[kRuns / 2].cpu_share,
      samples.front().bytes_per_flow, clean ? "true" : "false");
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
      for (const bool ipv4 : {true, false}) clean = baton::generator::Print(flows, ipv4, tcp, 1) && clean;
    }
  }
  const unsigned cpus = std::thread::hardware_concurrency();
  for (unsigned cores = 2; cores <= cpus && cores <= 4; cores *= 2) {
    for (const bool tcp : {false, true}) clean = baton::generator::Print(sizes[0], true, tcp, cores) && clean;
  }
  return clean ? 0 : 1;
}
