#include "dataplane/hold_buffer.h"

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

constexpr HoldBuffer::Limits kRoomy = {
    .packets = 100, .packets_per_address = 100, .bytes_per_address = 100'000, .time_limit = 2000};

WaitingPacket Numbered(uintptr_t number, uint16_t length = 100) {
  return {.buffer = reinterpret_cast<void*>(number), .data = nullptr, .length = length, .in_port = 1};
}

// The number of the packet that comes out next, or 0.
uintptr_t Next(HoldBuffer& hold, Slot address) {
  WaitingPacket packet;
  return hold.Take(address, &packet) ? reinterpret_cast<uintptr_t>(packet.buffer) : 0;
}

uintptr_t NextExpired(HoldBuffer& hold, Slot address, Millis now) {
  WaitingPacket packet;
  return hold.TakeExpired(address, now, &packet) ? reinterpret_cast<uintptr_t>(packet.buffer) : 0;
}

}  // namespace

TEST_CASE("[AM-19][AM-37] packets are kept, and come out in order of arrival, each address on its own") {
  HoldBuffer hold(kRoomy, 3);
  CHECK_FALSE(hold.Holds(0));
  for (uintptr_t i = 1; i <= 6; ++i) {
    REQUIRE(hold.Add(static_cast<Slot>(i % 2), Numbered(i), 0) == DropReason::kNone);
  }
  CHECK(hold.packets() == 6);
  CHECK(hold.packets(0) == 3);
  CHECK_FALSE(hold.Holds(2));
  CHECK(Next(hold, 2) == 0);
  CHECK(Next(hold, 1) == 1);
  CHECK(Next(hold, 0) == 2);
  REQUIRE(hold.Add(0, Numbered(8), 0) == DropReason::kNone);  // takes the place that 2 left: still behind 4 and 6
  CHECK(Next(hold, 0) == 4);
  CHECK(Next(hold, 1) == 3);
  CHECK(Next(hold, 0) == 6);
  CHECK(Next(hold, 0) == 8);
  CHECK(Next(hold, 0) == 0);
  CHECK(Next(hold, 1) == 5);
  CHECK(hold.packets() == 0);
}

TEST_CASE("a packet comes out as it went in") {
  HoldBuffer hold(kRoomy, 1);
  uint8_t bytes[8];
  int buffer;
  REQUIRE(hold.Add(0, {.buffer = &buffer, .data = bytes + 2, .length = 6, .in_port = 7}, 0) == DropReason::kNone);
  WaitingPacket packet;
  REQUIRE(hold.Take(0, &packet));
  CHECK(packet.buffer == &buffer);
  CHECK(packet.data == bytes + 2);
  CHECK(packet.length == 6);
  CHECK(packet.in_port == 7);
}

TEST_CASE("[AM-19] the hold is bounded, and a packet over a limit is refused while the others stay") {
  // Two addresses in turn are offered 8 packets of 100 bytes each.
  struct Case { const char* name; HoldBuffer::Limits limits; uint32_t first, second; };
  const auto c = GENERATE(values<Case>({
      {"room for all", {16, 8, 800, 1000}, 8, 8},
      {"packets of all addresses", {15, 8, 800, 1000}, 8, 7},
      {"packets of all addresses, early", {3, 8, 800, 1000}, 2, 1},
      {"packets of an address", {16, 7, 800, 1000}, 7, 7},
      {"bytes of an address", {16, 8, 799, 1000}, 7, 7},
      {"less bytes than a packet has", {16, 8, 99, 1000}, 0, 0},
  }));
  CAPTURE(c.name);
  HoldBuffer hold(c.limits, 2);
  for (int round = 0; round < 3; ++round) {  // the limits are the same after it was emptied
    uint32_t added[2] = {0, 0};
    for (uintptr_t i = 0; i < 16; ++i) {
      const DropReason reason = hold.Add(static_cast<Slot>(i % 2), Numbered(i + 1), 0);
      CHECK((reason == DropReason::kNone || reason == DropReason::kHoldFull));
      added[i % 2] += reason == DropReason::kNone ? 1 : 0;
    }
    CHECK(added[0] == c.first);
    CHECK(added[1] == c.second);
    CHECK(hold.packets() == c.first + c.second);
    for (uintptr_t i = 0; i < c.first; ++i) CHECK(Next(hold, 0) == 2 * i + 1);
    for (uintptr_t i = 0; i < c.second; ++i) CHECK(Next(hold, 1) == 2 * i + 2);
    CHECK(hold.packets() == 0);
  }
}

TEST_CASE("bytes are given back with the packet that had them") {
  HoldBuffer hold({.packets = 8, .packets_per_address = 8, .bytes_per_address = 1000, .time_limit = 1000}, 1);
  REQUIRE(hold.Add(0, Numbered(1, 900), 0) == DropReason::kNone);
  REQUIRE(hold.Add(0, Numbered(2, 100), 0) == DropReason::kNone);
  CHECK(hold.Add(0, Numbered(3, 1), 0) == DropReason::kHoldFull);
  CHECK(Next(hold, 0) == 1);
  CHECK(hold.Add(0, Numbered(4, 901), 0) == DropReason::kHoldFull);
  CHECK(hold.Add(0, Numbered(5, 900), 0) == DropReason::kNone);
}

TEST_CASE("[AM-70] a hold of no packets drops them, for a reason of its own") {
  HoldBuffer hold({.packets = 0, .packets_per_address = 10, .bytes_per_address = 1000, .time_limit = 1000}, 1);
  CHECK(hold.Add(0, Numbered(1), 0) == DropReason::kHoldDisabled);
  CHECK_FALSE(hold.Holds(0));
  CHECK(Next(hold, 0) == 0);
}

TEST_CASE("a packet expires when it has waited for the time limit, also when the clock's milliseconds wrap") {
  const Millis start = GENERATE(as<Millis>(), 0, 5'000, 0xffff'fff0, 0xffff'ffff - 2'000);
  CAPTURE(start);
  HoldBuffer hold(kRoomy, 2);
  REQUIRE(hold.Add(0, Numbered(1), start) == DropReason::kNone);
  REQUIRE(hold.Add(0, Numbered(2), start + 500) == DropReason::kNone);
  REQUIRE(hold.Add(1, Numbered(3), start) == DropReason::kNone);
  CHECK(NextExpired(hold, 0, start + 1'999) == 0);
  CHECK(NextExpired(hold, 0, start + 2'000) == 1);
  CHECK(NextExpired(hold, 0, start + 2'000) == 0);
  CHECK(NextExpired(hold, 0, start + 2'499) == 0);
  CHECK(NextExpired(hold, 0, start + 2'500) == 2);
  CHECK(NextExpired(hold, 0, start + 9'000) == 0);
  CHECK(hold.packets() == 1);
  CHECK(Next(hold, 1) == 3);  // expiry is the caller's business
}

}  // namespace baton::dataplane
