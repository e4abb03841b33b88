// The rings between workers over real rte_rings.
#include "dataplane/dpdk/steering.h"

#include <set>

#include <catch2/catch.hpp>

#include "common/counters.h"

namespace baton::dataplane {
namespace {

SteeredPacket Numbered(uint16_t number) {
  static char buffer;
  return {.buffer = &buffer, .data = nullptr, .length = number, .port = 3, .rewritten = number % 2 == 1};
}

}  // namespace

TEST_CASE("what one worker gives another one comes out whole and in order, and nowhere else") {
  const auto steering = DpdkSteering::Create("order", 3).value();
  const SteeredPacket packets[] = {Numbered(1), Numbered(2), Numbered(3)};
  CHECK(steering->of(0).Give(2, packets, 3) == 3);
  SteeredPacket got[8];
  CHECK(steering->of(0).Take(got, 8) == 0);
  CHECK(steering->of(1).Take(got, 8) == 0);
  REQUIRE(steering->of(2).Take(got, 2) == 2);
  CHECK(got[0].length == 1);
  CHECK(got[0].buffer == packets[0].buffer);
  CHECK(got[0].port == 3);
  CHECK(got[0].rewritten);
  CHECK_FALSE(got[1].rewritten);
  REQUIRE(steering->of(2).Take(got, 8) == 1);
  CHECK(got[0].length == 3);
}

TEST_CASE("a full ring takes the first packets, and other rings are not full with it") {
  const auto steering = DpdkSteering::Create("full", 3, 4).value();
  const SteeredPacket packets[] = {Numbered(1), Numbered(2), Numbered(3), Numbered(4)};
  CHECK(steering->of(0).Give(1, packets, 4) == 3);
  CHECK(steering->of(0).Give(1, packets, 1) == 0);
  CHECK(steering->of(0).Give(2, packets, 1) == 1);
  CHECK(steering->of(2).Give(1, packets, 1) == 1);
  SteeredPacket got[8];
  CHECK(steering->of(1).Take(got, 8) == 4);
}

TEST_CASE("no giver can starve another one") {
  const auto steering = DpdkSteering::Create("fair", 3).value();
  const SteeredPacket first = Numbered(100), second = Numbered(200);
  for (int i = 0; i < 10; ++i) {
    steering->of(0).Give(2, &first, 1);
    steering->of(1).Give(2, &second, 1);
  }
  std::set<uint16_t> seen;
  SteeredPacket got;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(steering->of(2).Take(&got, 1) == 1);
    seen.insert(got.length);
  }
  CHECK(seen == std::set<uint16_t>{100, 200});
}

TEST_CASE("rings for the most workers there may be") {
  const auto steering = DpdkSteering::Create("most", kMaxWorkers, 64);
  REQUIRE(steering.ok());
  const SteeredPacket packet = Numbered(7);
  CHECK((*steering)->of(0).Give(kMaxWorkers - 1, &packet, 1) == 1);
  SteeredPacket got;
  CHECK((*steering)->of(kMaxWorkers - 1).Take(&got, 1) == 1);
}

}  // namespace baton::dataplane
