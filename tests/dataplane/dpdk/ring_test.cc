#include "dataplane/dpdk/ring.h"

#include <thread>

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

struct Worker {
  Worker(const std::string& name, uint32_t ring_size)
      : rings(std::move(WorkerRings::Create(name, ring_size).value())),
        neighbors(std::move(NeighborTable::Create(name, 8, 8).value())), link(*rings, counters, *neighbors) {}

  WorkerCounters counters{0};
  std::unique_ptr<WorkerRings> rings;
  std::unique_ptr<NeighborTable> neighbors;
  DpdkWorkerLink link;
};

}  // namespace

TEST_CASE("updates arrive as they were posted, in order") {
  Worker worker("ring_order", 8);
  const SetNeighbor neighbor = {.address = IpAddress::V4(0x0a000001), .mac = {{2, 0, 0, 0, 0, 1}}, .port = 3,
                                .state = SetNeighbor::State::kReachable};
  REQUIRE(worker.link.Post(neighbor));
  REQUIRE(worker.link.Post(Commit{7}));
  CHECK(worker.link.updates_waiting() == 2);
  Update update;
  REQUIRE(worker.rings->Take(&update));
  REQUIRE(std::holds_alternative<SetNeighbor>(update));
  CHECK(std::get<SetNeighbor>(update).address == neighbor.address);
  CHECK(std::get<SetNeighbor>(update).mac == neighbor.mac);
  CHECK(std::get<SetNeighbor>(update).port == 3);
  REQUIRE(worker.rings->Take(&update));
  REQUIRE(std::holds_alternative<Commit>(update));
  CHECK(std::get<Commit>(update).generation == 7);
  CHECK_FALSE(worker.rings->Take(&update));
  CHECK(worker.link.updates_waiting() == 0);
}

TEST_CASE("events go the other way and do not meet updates") {
  Worker worker("ring_events", 8);
  REQUIRE(worker.link.Post(Commit{1}));
  REQUIRE(worker.rings->Post(Committed{1}));
  REQUIRE(worker.rings->Post(NeedNeighbor{IpAddress::V4(0x0a000001), 2}));
  CHECK(worker.link.events_waiting() == 2);
  CHECK(worker.link.updates_waiting() == 1);
  Event event;
  REQUIRE(worker.link.Take(&event));
  REQUIRE(std::holds_alternative<Committed>(event));
  REQUIRE(worker.link.Take(&event));
  REQUIRE(std::holds_alternative<NeedNeighbor>(event));
  CHECK(std::get<NeedNeighbor>(event).port == 2);
  CHECK_FALSE(worker.link.Take(&event));
}

TEST_CASE("a full ring refuses and goes on when there is room") {
  Worker worker("ring_full", 8);
  CHECK(worker.link.ring_capacity() == 7);
  for (uint64_t i = 0; i < 7; ++i) REQUIRE(worker.link.Post(Commit{i}));
  CHECK_FALSE(worker.link.Post(Commit{7}));
  for (uint64_t i = 0; i < 7; ++i) REQUIRE(worker.rings->Post(Committed{i}));
  CHECK_FALSE(worker.rings->Post(Committed{7}));
  Update update;
  REQUIRE(worker.rings->Take(&update));
  CHECK(std::get<Commit>(update).generation == 0);
  CHECK(worker.link.Post(Commit{8}));
}

TEST_CASE("a size that is no power of two is rounded up") {
  Worker worker("ring_round", 1000);
  CHECK(worker.link.ring_capacity() == 1023);
}

TEST_CASE("two threads pass every message through small rings") {
  Worker worker("ring_threads", 8);
  constexpr uint64_t kMessages = 20000;
  std::thread echo([&] {
    Update update;
    for (uint64_t i = 0; i < kMessages; ++i) {
      while (!worker.rings->Take(&update)) std::this_thread::yield();
      while (!worker.rings->Post(Committed{std::get<Commit>(update).generation})) std::this_thread::yield();
    }
  });
  uint64_t posted = 0, taken = 0, wrong = 0;
  Event event;
  while (taken < kMessages) {
    if (posted < kMessages && worker.link.Post(Commit{posted})) ++posted;
    if (!worker.link.Take(&event)) {
      std::this_thread::yield();
      continue;
    }
    if (std::get<Committed>(event).generation != taken) ++wrong;
    ++taken;
  }
  echo.join();
  CHECK(wrong == 0);
}

TEST_CASE("control reads which neighbours were used, through the link") {
  Worker worker("ring_used", 8);
  const IpAddress a = IpAddress::V4(0x0a000001);
  worker.neighbors->SetClock(50);
  const uint16_t index = worker.neighbors->FindOrCreate(1, a);
  CHECK_FALSE(worker.link.NeighborUsed(1, a, 10));
  worker.neighbors->Touch(index);
  CHECK(worker.link.NeighborUsed(1, a, 10));
}

TEST_CASE("rings that do not fit into memory are refused") {
  const auto rings = WorkerRings::Create("ring_huge", 1u << 28);
  CHECK(rings.status().code() == absl::StatusCode::kResourceExhausted);
}

}  // namespace baton::dataplane
