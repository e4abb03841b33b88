// What is attributed to each event: counted a second time by links that harm frames by the clock of the test, and know
// nothing of stamps or epochs.
#include "generator/epochs.h"

#include <array>

#include <catch2/catch.hpp>

#include "generator/report/events.h"
#include "tests/generator/frames.h"
#include "tests/generator/harm.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

constexpr int64_t kDelayNs = 7'000'000;

// 7 ms each way: whenever an event comes, some 1400 packets of before are still on their way.
TEST_CASE("a packet and its answer belong to the event before the request's sending, exactly") {
  const auto events_ms = GENERATE(values<std::vector<int64_t>>({{100}, {0, 3, 5, 150}, {50, 50, 199}, {}}));
  std::string events;
  for (const int64_t ms : events_ms) absl::StrAppend(&events, "{at: ", ms, "ms, run: \"true\"}, ");
  CAPTURE(events);
  const Profile profile = ProfileFrom(TwoPorts(absl::StrCat(
      "duration: 200ms\nsettle: 50ms\nevents: [", events, "]\nflows:\n",
      "- {name: one, protocol: udp, to: \"10.9.0.1:53\", count: 10, rate: 70k, size: 80, activity: uniform}\n",
      "- {name: two, protocol: udp, to: \"10.9.0.1:54\", count: 1, rate: 30k, size: 80}\n")));
  MemoryWire wire;
  ImpairedLink delays[] = {{wire.end(0), {.delay_ns = kDelayNs}, 1}, {wire.end(1), {.delay_ns = kDelayNs}, 2}};
  Harm requests(delays[0], events_ms, 0), responses(delays[1], events_ms, kDelayNs);
  Simulation simulation(profile, {{.link = &requests, .mac = kClientMac, .peer = kServerMac},
                                  {.link = &responses, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(result);
  REQUIRE(epochs.size() == events_ms.size() + 1);
  DirectionCounts sum;
  for (size_t e = 0; e < epochs.size(); ++e) {
    CAPTURE(e);
    CHECK(epochs[e].from_s == Approx(e == 0 ? 0 : static_cast<double>(events_ms[e - 1]) / 1000).margin(2e-6));
    CheckPart(epochs[e].requests, requests.counts[e]);
    CheckPart(epochs[e].responses, responses.counts[e]);
    sum.Add(epochs[e].both());
  }
  CHECK(epochs.back().to_s == Approx(0.2).margin(2e-6));
  CHECK(sum.sent > 35'000);
  CHECK(sum.sent == simulation.engine().progress().sent.load());
  CHECK(sum.arrived == simulation.engine().progress().arrived.load());
  CHECK(simulation.engine().events_begun() == events_ms.size());
}

// Nothing arrives at the servers from one time to another.
class Cut final : public Link {
 public:
  Cut(Link& inner, int64_t from_ms, int64_t to_ms)
      : inner_(inner), from_ns_(kBeganNs + from_ms * kMs), to_ns_(kBeganNs + to_ms * kMs) {}
  int Receive(Frame* frames, int max) override {
    const int count = inner_.Receive(frames, max);
    if (now_ns_ < from_ns_ || now_ns_ >= to_ns_) return count;
    inner_.Free(frames, count);
    return 0;
  }
  int Send(const Frame* frames, int count) override { return inner_.Send(frames, count); }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
  void Advance(int64_t now_ns) override { now_ns_ = now_ns; }

 private:
  Link& inner_;
  int64_t from_ns_, to_ns_, now_ns_ = 0;
};

// Ten flows that send once a millisecond; events at 100 and 200 of 300 ms. Expected: each part's longest gap in ms.
TEST_CASE("each part of the run has its own part of a gap") {
  struct Case {
    const char* name;
    int64_t cut_ms, mended_ms;
    std::array<double, 3> gaps_ms;
  };
  const auto c = GENERATE(values<Case>({
      {"nothing happens: the flows' own pace", 1000, 1000, {1, 1, 1}},
      {"a gap within one part", 120, 170, {1, 51, 1}},
      {"a gap that an event began", 100, 150, {1, 51, 1}},
      {"a gap over an event", 90, 130, {10, 31, 1}},
      {"a gap over a whole part", 60, 240, {40, 100, 41}},
      {"an end that is not mended", 250, 1000, {1, 1, 50}},
      {"flows that never come to life", 0, 1000, {100, 100, 100}},
  }));
  CAPTURE(c.name);
  const Profile profile = ProfileFrom(TwoPorts(
      "duration: 300ms\nsettle: 10ms\nevents: [{at: 200ms, run: a}, {at: 100ms, run: b}]\n"
      "flows: [{name: v4, protocol: udp, to: \"10.9.0.1:53\", count: 10, rate: 10k}]\n"));
  CHECK(profile.events[0].run == "b");
  MemoryWire wire;
  Cut cut(wire.end(1), c.cut_ms, c.mended_ms);
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &cut, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(simulation.Result());
  REQUIRE(epochs.size() == 3);
  for (size_t e = 0; e < 3; ++e) {
    CAPTURE(e);
    // Up to an interval less, where an event lies within the flows' own pause.
    CHECK(static_cast<double>(epochs[e].gap.ns) / 1e6 == Approx(c.gaps_ms[e]).margin(1.1));
  }
}

TEST_CASE("events come on time among connections that never rest, and their requests are attributed exactly") {
  // Many requests for a connection: in the first case each poll sends some before it looks at the time.
  const auto* more = GENERATE("1000}]\n", "3}]\nimpair: {delay: 3ms}\n");
  CAPTURE(more);
  const Profile profile = ProfileFrom(TwoPorts(absl::StrCat(
      "duration: 100ms\nsettle: 50ms\nevents: [{at: 0ms, run: a}, {at: 30ms, run: b}, {at: 60ms, run: c}]\n",
      "flows: [{name: web, protocol: tcp, to: \"10.9.0.1:80\", count: 1000, rate: max, requests: ", more)));
  const auto loopback = Loopback::Create(profile).value();
  Simulation simulation(profile, loopback->uses());
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(result);
  REQUIRE(epochs.size() == 4);
  CHECK(epochs[0].requests.sent == 0);
  DirectionCounts sum;
  Ends ends;
  for (size_t e = 1; e < 4; ++e) {
    CAPTURE(e);
    CHECK(epochs[e].from_s == Approx(0.03 * (static_cast<double>(e) - 1)).margin(2e-6));
    CHECK(epochs[e].requests.sent > 500);
    CHECK(epochs[e].requests.arrived == epochs[e].requests.sent);
    CHECK(epochs[e].responses.sent == epochs[e].requests.sent);
    CHECK(epochs[e].responses.arrived == epochs[e].requests.sent);
    sum.Add(epochs[e].requests);
    ends.Add(epochs[e].ends);
  }
  CHECK(ends.opened == result.classes[0].tcp.opened);
  CHECK(ends.completed == result.classes[0].tcp.completed);
  CHECK(sum.sent == result.classes[0].requests.counts.sent);
  CHECK(sum.arrived == result.classes[0].requests.counts.arrived);
}

// A hundred connections a millisecond apart, each of one exchange; then nothing comes through any more.
TEST_CASE("connections that an event ends are its own, however late that shows") {
  const Profile profile = ProfileFrom(TwoPorts(
      "duration: 200ms\nsettle: 15s\nevents: [{at: 100ms, run: a}]\n"
      "flows: [{name: web, protocol: tcp, to: \"10.9.0.1:80\", count: 200, rate: 1k}]\n"));
  MemoryWire wire;
  Cut cut(wire.end(1), 100, 100'000);
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &cut, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone({}, 20'000);
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(simulation.Result());
  REQUIRE(epochs.size() == 2);
  CHECK(epochs[0].ends.opened == Approx(100).margin(1));
  CHECK(epochs[0].ends.completed == Approx(100).margin(1));
  CHECK(epochs[0].ends.timed_out == 0);
  CHECK(epochs[1].ends.opened == Approx(100).margin(1));
  CHECK(epochs[1].ends.completed <= 1);
  CHECK(epochs[1].ends.timed_out + epochs[1].ends.completed == epochs[1].ends.opened);
  CHECK(epochs[1].ends.reset == 0);
}

TEST_CASE("an event whose time does not come has no part") {
  const Profile profile = ProfileFrom(TwoPorts(
      "duration: 300ms\nsettle: 10ms\nevents: [{at: 100ms, run: a}, {at: 200ms, run: b}]\n"
      "flows: [{name: v4, protocol: udp, to: \"10.9.0.1:53\", count: 10, rate: 10k}]\n"));
  const auto loopback = Loopback::Create(profile).value();
  Simulation simulation(profile, loopback->uses());
  simulation.RunUntilDone([&](int64_t now_ns) {
    if (now_ns == kBeganNs + 150 * kMs) simulation.engine().StopSending();
  });
  const RunResult result = simulation.Result();
  CHECK(simulation.engine().events_begun() == 1);
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(result);
  REQUIRE(epochs.size() == 2);
  CHECK(epochs[0].requests.sent == Approx(1000).margin(1));
  CHECK(epochs[1].requests.sent == Approx(500).margin(1));
  CHECK(epochs[1].requests.lost() == 0);
}

TEST_CASE("answers of hosts that are not ours are attributed too") {
  const Profile profile = ProfileFrom(R"(ports:
  - {name: a, device: "null:", role: clients, addresses: [10.1.0.2]}
duration: 100ms
settle: 10ms
events: [{at: 50ms, run: a}]
flows: [{name: echo, protocol: udp, to: "10.9.0.1:7", count: 10, rate: 10k}]
)");
  MemoryWire wire;
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac}});
  Frame frames[kBurst];
  simulation.RunUntilDone([&](int64_t now_ns) {
    const int count = wire.end(1).Receive(frames, kBurst);
    if (now_ns < kBeganNs + 50 * kMs) {
      for (int i = 0; i < count; ++i) {  // the sums stay right when the addresses are exchanged
        std::swap_ranges(frames[i].data + 26, frames[i].data + 30, frames[i].data + 30);
        REQUIRE(wire.end(1).Send(&frames[i], 1) == 1);
      }
    } else {
      wire.end(1).Free(frames, count);
    }
  });
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(simulation.Result());
  REQUIRE(epochs.size() == 2);
  CHECK(epochs[0].requests.sent == 0);  // nobody can judge these
  CHECK(epochs[0].responses.sent == Approx(500).margin(1));
  CHECK(epochs[0].responses.lost() <= 1);
  CHECK(epochs[1].responses.sent == Approx(500).margin(1));
  CHECK(epochs[1].responses.arrived <= 1);
}

}  // namespace
}  // namespace baton::generator
