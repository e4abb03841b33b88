// What is attributed to each event: counted a second time by links that harm frames by the clock of the test, and know
// nothing of stamps or epochs.
#include "generator/epochs.h"

#include <array>
#include <cstring>

#include <catch2/catch.hpp>

#include "generator/report/events.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

constexpr int64_t kBeganNs = 1'000'000'000;  // of the simulation
constexpr int64_t kDelayNs = 7'000'000;
constexpr int64_t kMs = 1'000'000;

// Harms what is sent through it, and counts that by when the request was sent: `delay_ns` before it comes here. Each frame
// suffers what its place in the sequence says, at another rate in each part of the run.
class Harm final : public Link {
 public:
  Harm(Link& inner, std::vector<int64_t> events_ms, int64_t delay_ns) : inner_(inner), delay_ns_(delay_ns) {
    for (const int64_t ms : events_ms) events_ns_.push_back(kBeganNs + ms * kMs);
    counts.resize(events_ns_.size() + 1);
  }

  int Receive(Frame* frames, int max) override { return inner_.Receive(frames, max); }
  int Send(const Frame* frames, int count) override {
    size_t part = 0;
    while (part < events_ns_.size() && now_ns_ - delay_ns_ >= events_ns_[part]) ++part;
    for (int i = 0; i < count; ++i) SendOne(frames[i], part);
    return count;
  }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
  void Advance(int64_t now_ns) override {
    now_ns_ = now_ns;
    inner_.Advance(now_ns);
  }

  struct Count {
    uint64_t sent = 0, lost = 0, duplicated = 0, corrupted = 0;
  };
  std::vector<Count> counts;

 private:
  void SendOne(const Frame& frame, size_t part) {
    Count& count = counts[part];
    ++count.sent;
    const uint64_t place = ++seen_ % (20 + 7 * part);
    if (place == 3) {
      ++count.lost;
      inner_.Free(&frame, 1);
      return;
    }
    if (place == 8) {
      ++count.corrupted;
      frame.data[14 + 20 + 8 + kStampSize] ^= 0x10;  // behind the stamp
    } else if (place == 11) {
      ++count.duplicated;
      Frame copy;
      REQUIRE(inner_.Allocate(&copy, 1));
      std::memcpy(copy.data, frame.data, frame.length);
      copy.length = frame.length;
      REQUIRE(inner_.Send(&copy, 1) == 1);
    }
    REQUIRE(inner_.Send(&frame, 1) == 1);
  }

  Link& inner_;
  std::vector<int64_t> events_ns_;
  int64_t delay_ns_;
  int64_t now_ns_ = 0;
  uint64_t seen_ = 0;
};

void CheckPart(const DirectionCounts& counted, const Harm::Count& done) {
  CHECK(counted.sent == done.sent);
  CHECK(counted.lost() == done.lost + done.corrupted);
  CHECK(counted.duplicated == done.duplicated);
  CHECK(counted.corrupted == done.corrupted);
  CHECK(counted.reordered + counted.late == 0);
}

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
