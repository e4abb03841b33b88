#include "dataplane/condition_table.h"

#include <map>
#include <random>
#include <utility>

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

constexpr HashSeed kSeed = {0x1234567890abcdef, 0xfedcba0987654321};

IpAddress V4(uint32_t number) { return IpAddress::V4(0x0a000000 + number); }
IpAddress V6(uint32_t number) {
  std::array<uint8_t, 16> bytes = {0x20, 0x01, 0x0d, 0xb8};
  for (int i = 0; i < 4; ++i) bytes[static_cast<size_t>(12 + i)] = static_cast<uint8_t>(number >> (24 - 8 * i));
  return IpAddress::FromV6Bytes(bytes.data());
}

TEST_CASE("[VR-35] the condition table agrees with a plain map, whatever is set and forgotten") {
  const auto seed = GENERATE(range(1U, 9U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr uint32_t kCapacity = 300;
  ConditionTable table(kCapacity, {kSeed.a + seed, kSeed.b});
  std::map<std::pair<ConditionGroup, IpAddress>, std::pair<ConditionState, uint64_t>> model;
  for (int step = 0; step < 40'000; ++step) {
    const uint32_t number = random() % 400;
    const auto group = static_cast<ConditionGroup>(random() % 2);
    const IpAddress address = group == 1 && seed % 2 == 0 ? V6(number) : V4(number);
    const auto place = model.find({group, address});
    switch (random() % 4) {
      case 0:
      case 1: {
        const auto state = static_cast<ConditionState>(random() % 6);
        const bool room = place != model.end() || model.size() < kCapacity;
        REQUIRE(table.Set(address, group, state) == room);
        if (!room) break;
        if (place == model.end()) model[{group, address}] = {state, 0};
        model[{group, address}].first = state;
        break;
      }
      case 2:
        table.Forget(address, group);
        model.erase({group, address});
        break;
      case 3: {
        const ConditionTable::Entry entry = table.Find(address, group);
        REQUIRE((entry != ConditionTable::kNone) == (place != model.end()));
        if (place == model.end()) break;
        REQUIRE(ConditionTable::StateOf(entry) == place->second.first);
        ConditionTable::Record& record = table.record(ConditionTable::PlaceOf(entry));
        REQUIRE(record.address == address);
        REQUIRE(record.packets == place->second.second);
        ++record.packets;
        ++place->second.second;
        break;
      }
    }
    REQUIRE(table.size() == model.size());
  }
  size_t walked = 0;
  for (uint32_t bucket = 0; bucket < table.buckets(); ++bucket) {
    for (int way = 0; way < ConditionTable::kWays; ++way) {
      const ConditionTable::Entry entry = table.at(bucket, way);
      if (entry == ConditionTable::kNone) continue;
      const IpAddress address = table.record(ConditionTable::PlaceOf(entry)).address;
      CHECK(model.count({ConditionTable::GroupOf(entry), address}) == 1);
      ++walked;
    }
  }
  CHECK(walked == model.size());
}

TEST_CASE("a million conditions fit, each is found, and nothing else is") {
  constexpr uint32_t kMany = 1'000'000;
  ConditionTable table(kMany, kSeed);
  for (uint32_t i = 0; i < kMany; ++i) REQUIRE(table.Set(V4(i), 3, ConditionState::kPass));
  CHECK_FALSE(table.Set(V4(kMany), 3, ConditionState::kPass));
  uint32_t found = 0, wrong = 0;
  for (uint32_t i = 0; i < kMany; ++i) {
    const ConditionTable::Entry entry = table.Find(V4(i), 3);
    found += entry != ConditionTable::kNone && table.record(ConditionTable::PlaceOf(entry)).address == V4(i);
    wrong += table.Find(V4(i), 4) != ConditionTable::kNone;
    wrong += table.Find(V4(kMany + i), 3) != ConditionTable::kNone;
  }
  CHECK(found == kMany);
  CHECK(wrong == 0);
}

TEST_CASE("a table without room finds nothing and takes nothing") {
  ConditionTable table(0, kSeed);
  CHECK(table.Find(V4(1), 0) == ConditionTable::kNone);
  CHECK_FALSE(table.Set(V4(1), 0, ConditionState::kPass));
  table.Forget(V4(1), 0);
  CHECK(table.size() == 0);
}

}  // namespace
}  // namespace baton::dataplane
