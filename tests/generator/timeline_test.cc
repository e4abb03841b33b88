#include "generator/timeline.h"

#include <catch2/catch.hpp>

#include "tests/generator/frames.h"
#include "tests/generator/harm.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

TEST_CASE("what a histogram has grown by") {
  Histogram before, now, grown;
  for (const uint64_t ns : {100u, 100u, 5000u}) before.Note(ns);
  now.CopyFrom(before);
  grown.SetGrowth(before, now);
  CHECK(grown.count() == 0);
  CHECK(grown.most() == 0);
  for (const uint64_t ns : {100u, 200u, 220u}) now.Note(ns);
  grown.SetGrowth(before, now);
  CHECK(grown.count() == 3);
  CHECK(grown.Quantile(0.5) == 200);
  CHECK(grown.most() == 220);  // not 5000, which was before
  now.Note(1'000'003);
  grown.SetGrowth(before, now);
  CHECK(grown.most() == 1'000'003);  // the highest of all: exact
  grown.SetGrowth(Histogram(), Histogram());
  CHECK(grown.most() == 0);
}

TEST_CASE("each second has its own counts and times, and packets of before go where they belong") {
  constexpr int64_t kSecond = 1'000'000'000;
  Timeline timeline(2 * kSecond + 1);
  timeline.Begin(7);
  CHECK_FALSE(timeline.Due(kSecond + 6));
  REQUIRE(timeline.Due(kSecond + 7));
  Counted totals;
  Histogram trips;
  totals.requests.sent = 10;
  trips.Note(100);
  timeline.Next(kSecond + 7, totals, trips);
  totals.requests.sent = 30;
  totals.requests.arrived = 12;  // the first 10 only now
  for (int i = 0; i < 10; ++i) {
    timeline.counts().Move(0, [](Counted& counts, uint64_t n) { counts.requests.arrived += n; });
  }
  trips.Note(200);
  trips.Note(200);
  timeline.Next(2 * kSecond + 7, totals, trips);
  CHECK_FALSE(timeline.Due(INT64_MAX - 1));  // the rest of it is the last one
  timeline.Close(totals, trips);
  const auto& counts = timeline.counts().all();
  REQUIRE(counts.size() == 3);
  CHECK(counts[0].requests.arrived == 10);
  CHECK(counts[0].requests.lost() == 0);
  CHECK(counts[1].requests.sent == 20);
  CHECK(counts[1].requests.arrived == 2);
  CHECK(counts[2].requests.sent == 0);
  REQUIRE(timeline.trips().size() == 3);
  CHECK(timeline.trips()[0].most_ns == 100);
  CHECK(timeline.trips()[1].count == 2);
  CHECK(timeline.trips()[1].p50_ns == 200);
  CHECK(timeline.trips()[2].count == 0);
}

TEST_CASE("seconds of a run, with an event in between, are exact") {
  constexpr int64_t kDelayNs = 7 * kMs;
  const Profile profile = ProfileFrom(TwoPorts(
      "duration: 2500ms\nsettle: 50ms\nevents: [{at: 1995ms, run: a}]\n"
      "flows: [{name: one, protocol: udp, to: \"10.9.0.1:53\", count: 10, rate: 10k, size: 80}]\n"));
  MemoryWire wire;
  ImpairedLink delays[] = {{wire.end(0), {.delay_ns = kDelayNs}, 1}, {wire.end(1), {.delay_ns = kDelayNs}, 2}};
  Harm requests(delays[0], {1000, 2000}, 0), responses(delays[1], {1000, 2000}, kDelayNs);
  Simulation simulation(profile, {{.link = &requests, .mac = kClientMac, .peer = kServerMac},
                                  {.link = &responses, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  REQUIRE(result.timeline.size() == 3);
  uint64_t trips = 0;
  for (size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    const SecondOfRun& second = result.timeline[i];
    CHECK(second.from_s == Approx(static_cast<double>(i)).margin(1e-5));
    CHECK(second.to_s == Approx(i == 2 ? 2.5 : static_cast<double>(i) + 1).margin(1e-5));
    CheckPart(second.counts.requests, requests.counts[i]);
    CheckPart(second.counts.responses, responses.counts[i]);
    CHECK(second.round_trip.p50_ns == Approx(14e6).epsilon(0.009));
    CHECK(second.round_trip.most_ns == Approx(14e6).epsilon(0.009));
    trips += second.round_trip.count;
  }
  CHECK(trips == result.classes[0].round_trip.count());
  // Those of the first 14 ms arrive late, those of the last second all the same.
  CHECK(result.timeline[0].round_trip.count < result.timeline[1].round_trip.count);
}

}  // namespace
}  // namespace baton::generator
