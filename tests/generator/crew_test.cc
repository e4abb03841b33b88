// Several cores: whose each flow is, frames handed over, sums. All engines are polled by one thread, in turn.
#include <deque>

#include <catch2/catch.hpp>

#include "generator/link/lending_link.h"
#include "generator/report/verdict.h"
#include "generator/sum.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

constexpr int64_t kMillisecond = 1'000'000;

const std::string kFlows = R"(
  {name: v4, protocol: udp, to: "10.9.0.1:53", count: 101, rate: 40k, activity: uniform},
  {name: one, protocol: udp, to: "10.9.0.1:54", count: 1, rate: 5k},
  {name: zipf, protocol: udp, to: "[2001:db8:9::1]:53", count: 50, rate: 30k, size: 84, activity: zipf},
  {name: echo, protocol: icmp, to: 10.9.0.1, count: 7, rate: 5k},
  {name: tcp, protocol: tcp, to: "10.9.0.1:80", count: 60, rate: 1k, response: 3000, requests: 2})";

Profile WithCores(int cores, const std::string& rest) {
  Profile profile = ProfileFrom(TwoPorts(rest));
  profile.cores = static_cast<uint16_t>(cores);
  return profile;
}

// A run whose cores' ports are given by the test.
struct Cores {
  explicit Cores(const Profile& p) : profile(p), crew(profile) {}

  RunResult Run(const std::function<void(int64_t)>& step = {}, int64_t poll_ns = 1000) {
    int64_t now_ns = 1'000'000'000;
    for (bool busy = true; busy; now_ns += poll_ns) {
      busy = false;
      for (const auto& engine : engines) {
        if (engine->phase() == Phase::kDone) continue;
        engine->PollOnce(now_ns);
        busy = true;
      }
      if (step) step(now_ns);
      if (now_ns > int64_t{60'000'000'000}) FAIL("the run does not end");
    }
    std::vector<RunResult> results;
    for (const auto& engine : engines) results.push_back(engine->Result());
    return SumOf(profile, std::move(results));
  }

  Profile profile;
  Crew crew;
  std::vector<std::unique_ptr<Engine>> engines;
};

struct Looped : Cores {
  explicit Looped(const Profile& p) : Cores(p) {
    for (int core = 0; core < crew.cores(); ++core) {
      loopbacks.push_back(Loopback::Create(crew.part(core)).value());
      engines.push_back(Engine::Create(crew, core, loopbacks.back()->uses()).value());
    }
  }
  Injected InjectedBy(Role role) const {
    Injected sum;
    for (const auto& loopback : loopbacks) sum.Add(loopback->InjectedBy(role));
    return sum;
  }
  std::vector<std::unique_ptr<Loopback>> loopbacks;
};

TEST_CASE("the parts of a profile are all of it: flows, rates and sources") {
  for (const int cores : {1, 2, 3, 16}) {
    const Profile profile = WithCores(cores, "duration: 1s\nflows: [" + kFlows + "]\n");
    const Crew crew(profile);
    REQUIRE(crew.cores() == cores);
    uint32_t first = 0;
    std::vector<std::vector<int>> seen;
    for (const FlowProfile& flow : profile.flows) seen.emplace_back(flow.count);
    std::vector<double> rates(profile.flows.size());
    for (int core = 0; core < cores; ++core) {
      CHECK(crew.first_flow(core) == first);
      for (size_t i = 0; i < profile.flows.size(); ++i) {
        const FlowProfile& own = crew.part(core).flows[i];
        rates[i] += own.rate;
        for (uint32_t f = 0; f < own.count; ++f) {
          ++seen[i].at(own.NumberOf(f));
          CHECK(crew.OwnerOf(first) == core);
          CHECK(crew.OwnerOfSource(0, own.to.family(), own.first_source + own.NumberOf(f)) == core);
          ++first;
        }
      }
    }
    CHECK(first == profile.flow_count());
    CHECK(crew.OwnerOf(first) == Crew::kNobody);
    CHECK(crew.OwnerOf(UINT32_MAX) == Crew::kNobody);
    CHECK(crew.OwnerOfSource(0, Family::kIpv6, 50) == Crew::kNobody);
    for (size_t i = 0; i < seen.size(); ++i) {
      CHECK(std::all_of(seen[i].begin(), seen[i].end(), [](int times) { return times == 1; }));
      CHECK(rates[i] == Approx(profile.flows[i].rate).epsilon(1e-9));
    }
  }
}

TEST_CASE("every count is exact under harm, whatever the number of cores") {
  for (const int cores : {1, 2, 3}) {
    Looped run(
        WithCores(cores, "duration: 300ms\nsettle: 50ms\nimpair: {lost: 2%, duplicated: 3%, corrupted: 1%}\nflows: [" +
                             kFlows.substr(0, kFlows.find("  {name: tcp")) + "]\n"));
    const RunResult result = run.Run();
    const Injected requests = run.InjectedBy(Role::kClients), responses = run.InjectedBy(Role::kServers);
    const Totals totals = TotalsOf(result);
    CHECK(totals.requests.sent == Approx(0.3 * 80'000).margin(4));
    CHECK(totals.requests.sent == requests.passed);
    CHECK(totals.responses.sent == responses.passed);
    CHECK(totals.requests.lost() == requests.lost + requests.corrupted);
    CHECK(totals.responses.lost() == responses.lost + responses.corrupted);
    CHECK(totals.requests.duplicated == requests.duplicated);
    CHECK(totals.responses.duplicated == responses.duplicated);
    CHECK(requests.lost > 300);
    CHECK(totals.skipped == 0);
    CHECK(result.flows == run.profile.flow_count());
    Counted seconds;
    for (const SecondOfRun& second : result.timeline) seconds.Add(second.counts);
    CHECK(seconds.requests.sent == totals.requests.sent);
    CHECK(seconds.responses.arrived == totals.responses.arrived);
  }
}

TEST_CASE("events cut all cores' counts, and seconds have the round trips of all") {
  const std::string rest =
      "duration: 2500ms\nsettle: 50ms\nevents: [{at: 1200ms, run: x}]\nimpair: {lost: 1%, delay: 2ms}\n"
      "flows: [{name: v4, protocol: udp, to: \"10.9.0.1:53\", count: 10, rate: 20k}]\n";
  Looped run(WithCores(3, rest));
  const RunResult result = run.Run({}, 5000);
  const ClassResult& c = result.classes[0];
  REQUIRE(c.epochs.size() == 2);
  REQUIRE(result.timeline.size() == 3);
  CHECK(result.epoch_begins_s[1] == Approx(1.2).margin(0.001));
  CHECK(c.epochs[0].requests.sent == Approx(24'000).margin(5));
  CHECK(c.epochs[0].requests.sent + c.epochs[1].requests.sent == c.requests.counts.sent);
  CHECK(c.epochs[0].responses.lost() + c.epochs[1].responses.lost() == c.responses.counts.lost());
  uint64_t trips = 0;
  for (const SecondOfRun& second : result.timeline) {
    trips += second.round_trip.count;
    CHECK(second.round_trip.p50_ns == Approx(4e6).epsilon(0.02));
  }
  CHECK(trips == c.round_trip.count());
  CHECK(result.timeline[0].counts.requests.sent == Approx(20'000).margin(5));
}

// To servers' own addresses: clients look for them on the wire.
std::string AtServers(std::string flows) {
  for (size_t at; (at = flows.find("10.9.0.1")) != std::string::npos;) flows.replace(at, 8, "10.2.0.2");
  for (size_t at; (at = flows.find("2001:db8:9::1")) != std::string::npos;) flows.replace(at, 13, "2001:db8:1::2");
  return flows;
}

// All cores at one wire: whoever polls first gets what is there, as from queues that know nothing of flows.
struct OneWire : Cores {
  explicit OneWire(const Profile& p) : Cores(p) {
    for (int core = 0; core < crew.cores(); ++core) {
      engines.push_back(Engine::Create(crew, core, {{.link = &wire.end(0), .mac = kClientMac, .peer = {}},
                                                    {.link = &wire.end(1), .mac = kServerMac, .peer = {}}}).value());
    }
  }
  MemoryWire wire;
};

TEST_CASE("frames get to the core of their flow; next hops that one core learns are known to all") {
  for (const int cores : {2, 5}) {
    auto run = std::make_unique<OneWire>(
        WithCores(cores, "duration: 300ms\nsettle: 50ms\nflows: [" + AtServers(kFlows) + "]\n"));
    const RunResult result = run->Run();
    const Totals totals = TotalsOf(result);
    CHECK(result.unresolved.empty());
    CHECK(totals.requests.sent > 24'000);
    CHECK(totals.requests.lost() + totals.responses.lost() == 0);
    CHECK(totals.requests.duplicated + totals.responses.duplicated + totals.requests.reordered == 0);
    CHECK(totals.wrong_server + totals.wrong_address + result.strays.foreign == 0);
    CHECK(result.classes[4].tcp.opened == Approx(300).margin(1));
    CHECK(result.classes[4].tcp.completed == result.classes[4].tcp.opened);
    CHECK(result.handed_over > 1000);
    run->engines.clear();
    CHECK(run->wire.buffers_free() == run->wire.buffers());
  }
}

TEST_CASE("SPIs are dealt out with their flows; floods and fragments are one core's, wherever they arrive") {
  OneWire run(WithCores(3, R"(duration: 300ms
settle: 50ms
flows:
  - {name: vpn, protocol: esp, to: 10.2.0.2, count: 100, rate: 20k, size: 130, first_spi: 4096, rekey: 100ms}
  - {name: cut, protocol: udp, to: "10.2.0.2:53", count: 10, rate: 1k, size: 4000, fragments: 1500}
  - {name: flood, protocol: syn_flood, to: "10.2.0.2:81", sources: 203.0.113.0/24, rate: 10k}
)"));
  const RunResult result = run.Run();
  const ClassResult& vpn = result.classes[0];
  CHECK(vpn.requests.counts.sent == Approx(6000).margin(2));
  CHECK(vpn.responses.counts.arrived == vpn.requests.counts.sent);
  CHECK(vpn.requests.counts.corrupted + vpn.responses.counts.corrupted + result.strays.corrupted == 0);
  CHECK(result.classes[1].requests.counts.sent == Approx(300).margin(1));
  CHECK(result.classes[1].responses.counts.arrived == result.classes[1].requests.counts.sent);
  CHECK(result.fragments.datagrams == 2 * result.classes[1].requests.counts.sent);
  REQUIRE(result.unanswered.size() == 1);
  CHECK(result.unanswered[0].counts.sent == Approx(3000).margin(2));
  CHECK(result.unanswered[0].counts.arrived == result.unanswered[0].counts.sent);
  CHECK(result.strays.foreign == 0);
  // Each SPI of the class at one core: 4096 + its number in the class.
  const FlowProfile& part = run.crew.part(1).flows[0];
  CHECK(Associations(part.esp, part.count, part.part, part.parts).SpiFor(1, 2) == 4096 + 200 + part.NumberOf(1));
}

// Ports with one queue: the second and the third core send through the first one's links, and receive nothing.
struct OneQueue : Cores {
  explicit OneQueue(const Profile& p) : Cores(p) {
    for (int core = 0; core < crew.cores(); ++core) {
      std::vector<PortUse> uses{{.link = &clients, .mac = kClientMac, .peer = {}},
                                {.link = &servers, .mac = kServerMac, .peer = {}}};
      if (core > 0) uses[0].link = &clients.Lend();
      if (core > 0) uses[1].link = &servers.Lend();
      engines.push_back(Engine::Create(crew, core, uses).value());
    }
  }
  MemoryWire wire;
  LendingLink clients{wire.end(0)}, servers{wire.end(1)};
};

TEST_CASE("ports with fewer queues than cores carry all cores' traffic") {
  OneQueue run(WithCores(3, "duration: 300ms\nsettle: 50ms\nflows: [" + AtServers(kFlows) + "]\n"));
  const RunResult result = run.Run();
  const Totals totals = TotalsOf(result);
  CHECK(totals.requests.sent > 24'000);
  CHECK(totals.requests.lost() + totals.responses.lost() == 0);
  CHECK(result.classes[4].tcp.completed == result.classes[4].tcp.opened);
  // Two cores of three get all of theirs from the first one.
  CHECK(result.handed_over > totals.sent() / 2);
}

TEST_CASE("nobody answers: all cores end, and the next hop is named once") {
  Profile profile =
      WithCores(3, "duration: 300ms\nflows: [{name: v4, protocol: udp, to: \"10.9.0.1:53\", rate: 1k}]\n");
  OneWire run(profile);
  const RunResult result = run.Run({}, 50'000);
  CHECK(result.unresolved == std::vector<std::string>{"10.9.0.1"});
  CHECK(TotalsOf(result).sent() == 0);
}

TEST_CASE("stopping ends all cores; what was sent is judged") {
  Looped run(WithCores(2, "duration: 10s\nsettle: 10ms\nflows: [" + kFlows + "]\n"));
  const RunResult result = run.Run([&](int64_t now_ns) {
    if (now_ns != 1'000'000'000 + 100 * kMillisecond) return;
    for (const auto& engine : run.engines) engine->StopSending();
  });
  CHECK(result.interrupted);
  CHECK(result.sending_s == Approx(0.1).epsilon(0.02));
  CHECK(TotalsOf(result).requests.lost() == 0);
}

TEST_CASE("a ring is full at its depth and keeps the order") {
  FrameRing ring;
  uint8_t bytes[FrameRing::kDepth];
  for (int round = 0; round < 3; ++round) {
    for (uint32_t i = 0; i < FrameRing::kDepth; ++i) {
      REQUIRE(ring.Room() == FrameRing::kDepth - i);
      ring.Put({.data = &bytes[i]});
    }
    CHECK(ring.Room() == 0);
    Frame frames[kBurst];
    for (uint32_t next = 0; next < FrameRing::kDepth;) {
      const int count = ring.Take(frames, 50);
      REQUIRE(count > 0);
      for (int i = 0; i < count; ++i) REQUIRE(frames[i].data == &bytes[next++]);
    }
    CHECK(ring.Take(frames, 50) == 0);
  }
}

}  // namespace
}  // namespace baton::generator
