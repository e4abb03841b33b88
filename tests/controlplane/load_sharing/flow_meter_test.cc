#include "controlplane/load_sharing/flow_meter.h"

#include <catch2/catch.hpp>

namespace baton::controlplane::load_sharing {
namespace {

const IpAddress kA = IpAddress::V4(0x0a00000b), kB = IpAddress::V4(0x0a00000c);

TimePoint At(int seconds) { return TimePoint(std::chrono::seconds(100 + seconds)); }

TEST_CASE("[VR-88][VR-89] the rate of a condition is that of the past period, over all workers") {
  FlowMeter meter(std::chrono::seconds(10));
  FlowsMeasured measured;
  const auto read = [&](int second, uint64_t at_one, uint64_t at_other) {
    meter.Begin(At(second), 0);
    meter.Add(kA, at_one);
    meter.Add(kA, at_other);
    meter.Add(kB, 0);
    measured = meter.End();
  };
  read(0, 0, 0);
  CHECK(measured.flows.empty());
  for (int s = 1; s <= 30; ++s) read(s, static_cast<uint64_t>(100 * s), static_cast<uint64_t>(25 * s));
  // 125 bytes a second are 1000 bit/s; who had nothing is not named.
  REQUIRE(measured.flows.size() == 1);
  CHECK(measured.flows[0] == Flow{kA, 1000});
  for (int s = 31; s <= 45; ++s) read(s, 3000, 750);
  CHECK(measured.flows.empty());  // a period later nothing is left of it
}

TEST_CASE("[VR-88] the average of a condition that moved begins with its first reading, not with the period") {
  FlowMeter meter(std::chrono::seconds(10));
  FlowsMeasured measured;
  // 125 bytes a second of A, all the time; as many of B, from its second on, when it comes from another router.
  const auto read = [&](int second, uint64_t of_b, uint32_t moved) {
    meter.Begin(At(second), 0);
    meter.Add(kA, 125 * static_cast<uint64_t>(second));
    meter.Add(kB, of_b, moved);
    measured = meter.End();
  };
  for (int s = 0; s <= 20; ++s) read(s, 0, 4);
  read(21, 100, 5);  // of a part of this second
  REQUIRE(measured.flows.size() == 1);
  CHECK(measured.flows[0] == Flow{kA, 1000});
  for (int s = 22; s <= 40; ++s) {
    read(s, 100 + 125 * static_cast<uint64_t>(s - 21), 5);
    CAPTURE(s);
    CHECK(measured.flows == std::vector<Flow>{{kA, 1000}, {kB, 1000}});
  }
}

TEST_CASE("[VR-88] counts that begin anew count from zero") {
  FlowMeter meter(std::chrono::seconds(10));
  for (int s = 0; s <= 10; ++s) {
    meter.Begin(At(s), 0);
    meter.Add(kA, 1'000'000);
    meter.End();
  }
  meter.Begin(At(11), 0);
  meter.Add(kA, 750);  // since the first half period's end at 5: 6000 bits in 6 s
  const FlowsMeasured measured = meter.End();
  REQUIRE(measured.flows.size() == 1);
  CHECK(measured.flows[0].bits_per_second == 1000);
}

TEST_CASE("[VR-87] overflows are counted per unit of time") {
  FlowMeter meter;
  meter.Begin(At(0), 40);
  CHECK(meter.End().overflows == 0);  // what was before is of no unit
  meter.Begin(At(1), 47);
  const FlowsMeasured measured = meter.End();
  CHECK(measured.overflows == 7);
  CHECK(measured.overflow_unit == std::chrono::seconds(1));
  meter.Begin(At(2), 47);
  CHECK(meter.End().overflows == 0);

  WorkerCounters counters(0);
  counters.drops[static_cast<size_t>(DropReason::kHoldFull)].Add(3);
  counters.drops[static_cast<size_t>(DropReason::kHandOverFull)].Add(4);
  counters.drops[static_cast<size_t>(DropReason::kNoRoute)].Add(100);
  CHECK(OverflowsOf(counters) == 7);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
