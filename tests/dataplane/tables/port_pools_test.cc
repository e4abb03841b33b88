#include "dataplane/port_pools.h"

#include <map>
#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "common/headers.h"

namespace baton::dataplane {
namespace {

using Result = PortPools::Result;

const IpAddress kInternal = IpAddress::V4(0xc6336401);
const Endpoint kBackend = {.address = IpAddress::V4(0x0a000001), .port = 80, .protocol = kTcp};

std::unique_ptr<PortPools> Make(uint32_t capacity) {
  auto pools = PortPools::Create("test", capacity);
  REQUIRE(pools.ok());
  return *std::move(pools);
}

// REQUIREs a port of first..last.
uint16_t Take(PortPools& pools, uint16_t first, uint16_t last) {
  uint16_t port = 0;
  REQUIRE(pools.Take(kInternal, kBackend, first, last, &port) == Result::kOk);
  return port;
}

}  // namespace

TEST_CASE("[AM-50] the lowest free port is taken, and a released one again") {
  const auto pools = Make(4);
  uint16_t port = 0;
  CHECK(Take(*pools, 1024, 1025) == 1024);
  CHECK(Take(*pools, 1024, 1025) == 1025);
  CHECK(pools->Take(kInternal, kBackend, 1024, 1025, &port) == Result::kPortsExhausted);
  CHECK(pools->Release(kInternal, kBackend, 1024));
  CHECK(Take(*pools, 1024, 1025) == 1024);
  CHECK(pools->PortsInUse(kInternal, kBackend) == 2);
}

TEST_CASE("[AM-50] the same port serves another backend, protocol or internal address") {
  const auto pools = Make(8);
  CHECK(Take(*pools, 1024, 1024) == 1024);
  Endpoint other_port = kBackend, other_protocol = kBackend, other_address = kBackend;
  other_port.port = 81;
  other_protocol.protocol = kUdp;
  other_address.address = IpAddress::V4(0x0a000002);
  uint16_t port = 0;
  CHECK(pools->Take(kInternal, other_port, 1024, 1024, &port) == Result::kOk);
  CHECK(pools->Take(kInternal, other_protocol, 1024, 1024, &port) == Result::kOk);
  CHECK(pools->Take(kInternal, other_address, 1024, 1024, &port) == Result::kOk);
  CHECK(pools->Take(IpAddress::V4(0xc6336402), kBackend, 1024, 1024, &port) == Result::kOk);
  CHECK(pools->Take(kInternal, kBackend, 1024, 1024, &port) == Result::kPortsExhausted);
  CHECK(pools->pools_in_use() == 5);
}

TEST_CASE("a pool is given back with its last port, and then serves another backend") {
  const uint32_t capacity = GENERATE(1u, 8u, 100u);
  CAPTURE(capacity);
  const auto pools = Make(capacity);
  uint16_t port = 0;
  for (uint32_t i = 0; i < capacity; ++i) {
    Endpoint backend = kBackend;
    backend.address = IpAddress::V4(0x0a000001 + i);
    REQUIRE(pools->Take(kInternal, backend, 5000, 6000, &port) == Result::kOk);
    REQUIRE(port == 5000);
  }
  Endpoint one_more = kBackend;
  one_more.address = IpAddress::V4(0x0b000001);
  CHECK(pools->Take(kInternal, one_more, 5000, 6000, &port) == Result::kPoolsExhausted);
  CHECK(pools->TakeExact(kInternal, one_more, 5000) == Result::kPoolsExhausted);
  CHECK(Take(*pools, 5000, 6000) == 5001);  // a pool that exists is not refused
  CHECK(pools->Release(kInternal, kBackend, 5000));
  CHECK(pools->pools_in_use() == capacity);
  CHECK(pools->Release(kInternal, kBackend, 5001));
  CHECK(pools->pools_in_use() == capacity - 1);
  CHECK(pools->Take(kInternal, one_more, 5000, 6000, &port) == Result::kOk);
  CHECK(port == 5000);
}

TEST_CASE("a port that came from another box is in use") {
  const auto pools = Make(4);
  CHECK(pools->TakeExact(kInternal, kBackend, 1024) == Result::kOk);
  CHECK(pools->TakeExact(kInternal, kBackend, 1024) == Result::kPortsExhausted);
  CHECK(Take(*pools, 1024, 65535) == 1025);
}

TEST_CASE("what is not in use is not released") {
  const auto pools = Make(4);
  CHECK_FALSE(pools->Release(kInternal, kBackend, 1024));
  CHECK(Take(*pools, 1024, 65535) == 1024);
  CHECK_FALSE(pools->Release(kInternal, kBackend, 1025));
  CHECK(pools->Release(kInternal, kBackend, 1024));
  CHECK_FALSE(pools->Release(kInternal, kBackend, 1024));
  CHECK(pools->pools_in_use() == 0);
}

TEST_CASE("all 65536 ports can be in use at once, in order") {
  const auto pools = Make(1);
  for (uint32_t i = 0; i < 65536; ++i) {
    const uint16_t port = Take(*pools, 0, 65535);
    if (port != i) REQUIRE(port == i);
  }
  uint16_t port = 0;
  CHECK(pools->Take(kInternal, kBackend, 0, 65535, &port) == Result::kPortsExhausted);
  struct Case { const char* name; uint16_t released, first, last; Result result; };
  const auto c = GENERATE(values<Case>({
      {"the first port of all", 0, 0, 65535, Result::kOk},
      {"the last port of all", 65535, 0, 65535, Result::kOk},
      {"in the word where the search begins", 1100, 1090, 65535, Result::kOk},
      {"in the group of words where it begins", 3000, 1024, 65535, Result::kOk},
      {"in a later group", 60000, 1024, 65535, Result::kOk},
      {"the search begins in the last bit of the last word of a group", 8192, 8191, 65535, Result::kOk},
      {"below the range", 1023, 1024, 65535, Result::kPortsExhausted},
      {"above the range", 2000, 1024, 1999, Result::kPortsExhausted},
      {"in the range's word but before it", 1089, 1090, 65535, Result::kPortsExhausted},
  }));
  CAPTURE(c.name);
  REQUIRE(pools->Release(kInternal, kBackend, c.released));
  CHECK(pools->Take(kInternal, kBackend, c.first, c.last, &port) == c.result);
  if (c.result == Result::kOk) CHECK(port == c.released);
}

TEST_CASE("random operations have the results of a set of ports") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr uint32_t kCapacity = 5;
  const auto pools = Make(kCapacity);
  std::map<int, std::set<uint16_t>> model;  // by number of the backend; no empty sets
  for (int i = 0; i < 200000; ++i) {
    const int number = static_cast<int>(random() % 7);
    Endpoint backend = kBackend;
    backend.port = static_cast<uint16_t>(number);
    const bool known = model.count(number) != 0;
    // Narrow ranges over the edges of a word and of a group of words, so that they fill and empty.
    const uint16_t first = static_cast<uint16_t>((random() % 2 == 0 ? 4090 : 120) + random() % 8);
    const uint16_t last = static_cast<uint16_t>(first + random() % 40);
    uint16_t port = first;
    Result expected = Result::kOk, result = Result::kOk;
    bool released = false, expect_released = false;
    const int choice = static_cast<int>(random() % (i / 20000 % 2 == 0 ? 3 : 6));  // phases of growth and of decline
    if (choice == 0) {
      result = pools->TakeExact(kInternal, backend, last);
      if (!known && model.size() == kCapacity) expected = Result::kPoolsExhausted;
      else if (!model[number].insert(last).second) expected = Result::kPortsExhausted;
    } else if (choice == 1) {
      result = pools->Take(kInternal, backend, first, last, &port);
      uint32_t free = first;
      while (free <= last && known && model[number].count(static_cast<uint16_t>(free)) != 0) ++free;
      if (!known && model.size() == kCapacity) expected = Result::kPoolsExhausted;
      else if (free > last) expected = Result::kPortsExhausted;
      else model[number].insert(static_cast<uint16_t>(free));
      if (expected == Result::kOk && port != free) REQUIRE(port == free);
    } else {
      released = pools->Release(kInternal, backend, last);
      expect_released = known && model[number].erase(last) != 0;
      if (known && model[number].empty()) model.erase(number);
    }
    if (result != expected || released != expect_released || pools->pools_in_use() != model.size()) {
      CAPTURE(i, choice, number, first, last);
      REQUIRE(result == expected);
      REQUIRE(released == expect_released);
      REQUIRE(pools->pools_in_use() == model.size());
    }
  }
}

TEST_CASE(
    "[AM-50] of several workers each has the ports that leave its index as remainder, and all together have all") {
  std::set<uint16_t> taken;
  for (const uint16_t index : {0, 1, 2}) {
    const auto pools = PortPools::Create("share", 4, {index, 3}).value();
    uint16_t port = 0;
    while (pools->Take(kInternal, kBackend, 1000, 1009, &port) == Result::kOk) {
      CHECK(port % 3 == index);
      CHECK((port >= 1000 && port <= 1009));
      CHECK(taken.insert(port).second);
    }
    CHECK(pools->Release(kInternal, kBackend, static_cast<uint16_t>(1002 + index)));  // 1002 is 3 * 334
    CHECK(Take(*pools, 1000, 1009) == 1002 + index);
    CHECK(pools->TakeExact(kInternal, kBackend, static_cast<uint16_t>(1002 + index)) == Result::kPortsExhausted);
  }
  CHECK(taken.size() == 10);
}

TEST_CASE("a range without a port of this worker takes no pool, and the last port is somebody's") {
  const auto pools = PortPools::Create("none", 4, {2, 3}).value();
  uint16_t port = 0;
  CHECK(pools->Take(kInternal, kBackend, 1002, 1003, &port) == Result::kPortsExhausted);  // remainders 0 and 1
  CHECK(pools->pools_in_use() == 0);
  CHECK(pools->Take(kInternal, kBackend, 65535, 65535, &port) == Result::kPortsExhausted);  // 65535 = 3 * 21845
  CHECK(pools->pools_in_use() == 0);
  CHECK(PortPools::Create("last", 4, {0, 3}).value()->Take(kInternal, kBackend, 65535, 65535, &port) == Result::kOk);
  CHECK(port == 65535);
}

TEST_CASE("[AM-50] where cards spread, each worker has the ports whose replies come to it, lowest first") {
  const auto workers = GENERATE(uint16_t{2}, uint16_t{3}, uint16_t{16});
  const bool ipv4 = GENERATE(true, false);
  const IpAddress internal = ipv4 ? kInternal : IpAddress::Parse("2001:db8:a::10").value();
  const ClientHash hash(workers);
  std::set<uint16_t> taken;
  bool right = true;
  for (uint16_t index = 0; index < workers; ++index) {
    const auto pools = PortPools::Create("hash", 4, {index, workers}, &hash).value();
    uint16_t port = 0;
    int last = 0;
    std::vector<uint16_t> own;
    while (pools->Take(internal, kBackend, 1024, 65535, &port) == Result::kOk) {
      // Address and port as a reply has them behind each other.
      std::vector<uint8_t> input(ipv4 ? internal.v4_bytes() : internal.v6_bytes(),
                                 (ipv4 ? internal.v4_bytes() + 4 : internal.v6_bytes() + 16));
      input.push_back(static_cast<uint8_t>(port >> 8));
      input.push_back(static_cast<uint8_t>(port));
      right = right && ToeplitzHash(kSpreadKey, input) % kSpreadSlots % workers == index && port > last &&
              taken.insert(port).second;
      last = port;
      own.push_back(port);
    }
    CHECK(pools->PortsInUse(internal, kBackend) == own.size());
    const uint16_t middle = own[own.size() / 2];
    CHECK(pools->TakeExact(internal, kBackend, middle) == Result::kPortsExhausted);
    CHECK(pools->Release(internal, kBackend, middle));
    CHECK_FALSE(pools->Release(internal, kBackend, middle));
    CHECK(pools->Take(internal, kBackend, 1024, 65535, &port) == Result::kOk);
    CHECK(port == middle);
    for (const uint16_t each : own) right = right && pools->Release(internal, kBackend, each);
    CHECK(pools->pools_in_use() == 0);
  }
  CHECK(right);
  CHECK(taken.size() == 65536 - 1024);
  CHECK(*taken.begin() == 1024);
}

}  // namespace baton::dataplane
