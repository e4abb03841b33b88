// Control messages stay proportional to what changes: what they would be if all were told of everything each time.
#include <catch2/catch.hpp>

#include "tests/simulation/group.h"

namespace baton::simulation {
namespace {

using namespace std::chrono_literals;

struct Three : Group {
  explicit Three(size_t end_systems)
      : Group({.routers = 3, .end_systems = end_systems, .mode = ls::HandOver::kExact}) {
    for (size_t i = 0; i < 3; ++i) Start(i);
    RunFor(6s);
    REQUIRE(failure() == "");
  }
  // Messages of types 3 to 8 until all is quiet again.
  size_t After(const ls::Event& event) {
    const size_t before = sent();
    Tell(0, event);
    RunFor(6s);
    REQUIRE(machine(0).UnderWay() == nullptr);
    return sent() - before;
  }
};

TEST_CASE("one end system more takes as many messages among 40 as among 4,000 [VR-57] [VR-64]") {
  const size_t count = GENERATE(size_t{40}, size_t{4000});
  CAPTURE(count);
  Three group(count);
  group.AddEndSystem();
  const size_t sent = group.After(ls::EndSystemsKnown{.end_systems = {Group::EndSystem(count)}});
  CHECK(sent == 4);  // the allocation, two confirmations, and the report to who takes it over
  CHECK(group.InCharge(count) != group.units());
}

TEST_CASE("a router that restarts is told all of it; the others only of what was its own") {
  Three group(4000);
  group.MeasureFlows(1s);
  const size_t share = 4000 / 3 + 1, packets = 4000 / 36 + 1, of_share = share / 36 + 1;
  const size_t before = group.sent();
  group.Crash(2);
  group.RunFor(4s);
  // Its share moves twice: to the active router at once, then to both; with a few confirmations, and the reports.
  CHECK(group.sent() - before >= 2 * of_share);
  CHECK(group.sent() - before <= 2 * of_share + 12);
  const size_t then = group.sent();
  group.Start(2);
  group.RunFor(400ms);  // and there is no allocation yet
  CHECK(group.sent() - then >= packets);
  CHECK(group.sent() - then <= packets + 3);
}

}  // namespace
}  // namespace baton::simulation
