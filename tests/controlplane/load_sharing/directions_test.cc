// Who is told about another router, when, and how often.
#include <catch2/catch.hpp>

#include "controlplane/load_sharing/directions.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

const IpAddress kFirst = Ip("10.0.0.51"), kSecond = Ip("10.0.0.52");
constexpr UnitIndex kOwn = 0, kOther = 1;

struct World {
  Tables tables{{Ip("10.0.0.11"), Ip("10.0.0.12")}, {}};
  Directions directions;
  TimePoint now{1000s};

  void Allocate(Generation generation, UnitIndex first, UnitIndex second) {
    tables.Assign(kFirst, first, generation, false);
    tables.Assign(kSecond, second, generation, false);
    directions.Follow(tables, kOwn, generation);
  }
  std::vector<IpAddress> Take(size_t most = 10) { return directions.Take(now, most); }
};

TEST_CASE("only who is another router's is told, a few times, a second apart") {
  World world;
  CHECK(world.directions.NextDeadline() == TimePoint::max());
  world.Allocate(1, kOwn, kOther);
  for (int i = 0; i < Directions::kTimes; ++i) {
    CHECK(world.directions.NextDeadline() <= world.now);
    CHECK(world.Take() == std::vector<IpAddress>{kSecond});
    CHECK(world.Take().empty());
    world.now += 1s;
  }
  CHECK(world.Take().empty());
  CHECK(world.directions.NextDeadline() == TimePoint::max());
}

TEST_CASE("who comes back to the active router is told, too, and nobody about what stays") {
  World world;
  world.Allocate(1, kOther, kOther);
  CHECK(world.Take().size() == 2);
  world.now += 10s;
  while (!world.Take().empty()) world.now += 1s;
  world.Allocate(2, kOther, kOwn);
  CHECK(world.Take() == std::vector<IpAddress>{kSecond});
  world.directions.Follow(world.tables, kOwn, 2);
  CHECK(world.Take().empty());
}

TEST_CASE("a router that becomes active begins anew: everybody was told its address") {
  World world;
  world.Allocate(1, kOther, kOther);
  world.directions.Begin();
  CHECK(world.Take().empty());
  world.directions.Follow(world.tables, kOwn, 1);
  CHECK(world.Take().size() == 2);
}

TEST_CASE("at most so many at a time") {
  World world;
  for (uint32_t i = 0; i < 100; ++i) world.tables.Assign(IpAddress::V4(0x0a000100 + i), kOther, 1, false);
  world.directions.Follow(world.tables, kOwn, 1);
  CHECK(world.Take(64).size() == 64);
  CHECK(world.directions.NextDeadline() <= world.now);
  CHECK(world.Take(64).size() == 36);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
