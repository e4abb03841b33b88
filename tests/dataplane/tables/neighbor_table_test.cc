#include "dataplane/neighbor_table.h"

#include <set>

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

const IpAddress kA = IpAddress::V4(0x0a000001), kB = IpAddress::V4(0x0a000002);
const MacAddress kMac = {{2, 0, 0, 0, 0, 1}};

std::unique_ptr<NeighborTable> Make(uint32_t capacity, uint32_t queue_limit) {
  auto table = NeighborTable::Create("test", capacity, queue_limit);
  REQUIRE(table.ok());
  return *std::move(table);
}

WaitingPacket Numbered(uint16_t number) { return {.buffer = nullptr, .data = nullptr, .length = number, .in_port = 0}; }

}  // namespace

TEST_CASE("a neighbour is named by its port and its address") {
  const auto table = Make(8, 8);
  const uint16_t on_0 = table->FindOrCreate(0, kA);
  const uint16_t on_1 = table->FindOrCreate(1, kA);
  CHECK(on_0 != on_1);
  CHECK(table->FindOrCreate(0, kA) == on_0);
  CHECK(table->Find(1, kA) == on_1);
  CHECK(table->Find(0, kB) == kNoNeighbor);
  CHECK(table->at(on_1).port == 1);
  CHECK(table->at(on_1).address == kA);
  CHECK(table->at(on_1).state == NeighborState::kIncomplete);
  CHECK(table->size() == 2);
}

TEST_CASE("a full table refuses new neighbours and keeps its old ones") {
  const uint32_t capacity = GENERATE(1u, 7u, 64u, 1000u);
  CAPTURE(capacity);
  const auto table = Make(capacity, 8);
  std::set<uint16_t> indices;
  for (uint32_t i = 0; i < capacity; ++i) {
    const uint16_t index = table->FindOrCreate(0, IpAddress::V4(0x0a000000 + i));
    REQUIRE(index != kNoNeighbor);
    indices.insert(index);
  }
  CHECK(indices.size() == capacity);
  const IpAddress one_more = IpAddress::V4(0x0b000000);
  CHECK(table->FindOrCreate(0, one_more) == kNoNeighbor);
  CHECK(table->Set(0, one_more, kMac) == kNoNeighbor);
  CHECK(table->Fail(0, one_more) == kNoNeighbor);
  const uint16_t last = table->Find(0, IpAddress::V4(0x0a000000 + capacity - 1));
  REQUIRE(last != kNoNeighbor);
  table->Forget(last);
  CHECK(table->FindOrCreate(0, one_more) != kNoNeighbor);
  CHECK(table->size() == capacity);
}

TEST_CASE("packets that wait come out in order once the address is known") {
  const auto table = Make(8, 8);
  const uint16_t a = table->FindOrCreate(0, kA), b = table->FindOrCreate(0, kB);
  for (const uint16_t number : {1, 2, 3}) {
    REQUIRE(table->Enqueue(a, Numbered(number)));
    REQUIRE(table->Enqueue(b, Numbered(static_cast<uint16_t>(10 * number))));
  }
  CHECK(table->waiting() == 6);
  CHECK(table->Set(0, kA, kMac) == a);
  CHECK(table->at(a).mac == kMac);
  CHECK(table->at(a).state == NeighborState::kReachable);
  WaitingPacket packet{};
  for (const uint16_t number : {1, 2, 3}) {
    REQUIRE(table->Dequeue(a, &packet));
    CHECK(packet.length == number);
  }
  CHECK_FALSE(table->Dequeue(a, &packet));
  CHECK(table->waiting() == 3);
  CHECK(table->Fail(0, kB) == b);
  CHECK(table->at(b).state == NeighborState::kFailed);
  REQUIRE(table->Dequeue(b, &packet));
  CHECK(packet.length == 10);
}

TEST_CASE("at most sixteen packets wait for one neighbour") {
  const auto table = Make(8, 100);
  const uint16_t a = table->FindOrCreate(0, kA);
  for (int i = 0; i < 16; ++i) REQUIRE(table->Enqueue(a, Numbered(1)));
  CHECK_FALSE(table->Enqueue(a, Numbered(1)));
  CHECK(table->Enqueue(table->FindOrCreate(0, kB), Numbered(1)));
  WaitingPacket packet{};
  REQUIRE(table->Dequeue(a, &packet));
  CHECK(table->Enqueue(a, Numbered(1)));
}

TEST_CASE("at most the queue limit waits for all neighbours together") {
  const auto table = Make(8, 3);
  const uint16_t a = table->FindOrCreate(0, kA), b = table->FindOrCreate(0, kB);
  REQUIRE(table->Enqueue(a, Numbered(1)));
  REQUIRE(table->Enqueue(a, Numbered(2)));
  REQUIRE(table->Enqueue(b, Numbered(3)));
  CHECK_FALSE(table->Enqueue(a, Numbered(4)));
  CHECK_FALSE(table->Enqueue(b, Numbered(4)));
  WaitingPacket packet{};
  REQUIRE(table->Dequeue(a, &packet));
  CHECK(packet.length == 1);
  REQUIRE(table->Enqueue(b, Numbered(4)));
  REQUIRE(table->Dequeue(b, &packet));
  CHECK(packet.length == 3);
  REQUIRE(table->Dequeue(b, &packet));
  CHECK(packet.length == 4);
}

TEST_CASE("forgetting who was reachable changes the generation, and nothing else does") {
  const auto table = Make(8, 8);
  const uint32_t before = table->generation();
  const uint16_t a = table->FindOrCreate(0, kA);
  table->Set(0, kA, kMac);
  table->Fail(0, kA);
  CHECK(table->generation() == before);
  table->Forget(a);
  CHECK(table->generation() != before);
  CHECK(table->Find(0, kA) == kNoNeighbor);
  const uint16_t again = table->FindOrCreate(0, kA);
  CHECK(table->at(again).state == NeighborState::kIncomplete);
  CHECK(table->at(again).mac.is_zero());
  const uint32_t after = table->generation();
  table->Fail(0, kA);
  table->Forget(again);  // it never answered: nobody can have kept its index
  CHECK(table->generation() == after);
}

TEST_CASE("a neighbour is asked for at most once a second") {
  const auto table = Make(8, 8);
  const Millis start = GENERATE(Millis{0}, Millis{12345}, Millis{0xffffff00});  // the last one wraps
  CAPTURE(start);
  const uint16_t a = table->FindOrCreate(0, kA);
  CHECK(table->ShouldAsk(a, start));
  CHECK_FALSE(table->ShouldAsk(a, start));
  CHECK_FALSE(table->ShouldAsk(a, start + 999));
  CHECK(table->ShouldAsk(a, start + 1000));
  CHECK_FALSE(table->ShouldAsk(a, start + 1999));
  CHECK(table->ShouldAsk(table->FindOrCreate(0, kB), start + 1));
}

TEST_CASE("control learns which neighbours packets went to lately") {
  const auto table = Make(8, 8);
  table->SetClock(100);
  const uint16_t a = table->FindOrCreate(0, kA);
  CHECK_FALSE(table->Used(0, kA, 30));
  table->Touch(a);
  CHECK(table->Used(0, kA, 30));
  CHECK_FALSE(table->Used(1, kA, 30));
  table->SetClock(130);
  CHECK(table->Used(0, kA, 30));
  table->SetClock(131);
  CHECK_FALSE(table->Used(0, kA, 30));
}

TEST_CASE("a table of no neighbours or too many is refused") {
  CHECK(NeighborTable::Create("test", 0, 8).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(NeighborTable::Create("test", 65535, 8).status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace baton::dataplane
