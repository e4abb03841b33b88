#include <memory>

#include <catch2/catch.hpp>

#include "common/headers.h"
#include "dataplane/ftp_connections.h"
#include "tests/dataplane/pipeline/small_box.h"

namespace baton::dataplane {
namespace {

struct Fixture {
  std::unique_ptr<PortPools> pools = PortPools::Create("ftp", 2).value();
  FtpConnections connections{3, HashSeed{}, *pools};
};

FtpExpectation Expected(const char* src, uint16_t port) {
  return {.src = Ip(src), .dst = Ip("10.0.0.10"), .dst_port = port, .port = port, .active = false, .reserved = false,
          .pool = {}};
}

TEST_CASE_METHOD(Fixture, "as many connections as there is room for, found by their rows") {
  for (const uint32_t row : {8u, 0u, 4u}) CHECK(connections.Open(row));
  CHECK(!connections.Open(1));
  for (const uint32_t row : {0u, 4u, 8u}) CHECK(connections.Find(row)->row == row);
  CHECK(connections.Find(1) == nullptr);
  connections.Close(4);
  connections.Close(4);
  CHECK(connections.count() == 2);
  CHECK(connections.Find(4) == nullptr);
  CHECK(connections.Find(8)->row == 8);
  CHECK(connections.Open(1));
}

TEST_CASE_METHOD(Fixture, "one is expected at a time, for a minute, by all of source, destination and port") {
  connections.Open(0);
  connections.Open(1);
  FtpConnection& a = *connections.Find(0);
  connections.Expect(a, Expected("192.0.2.7", 5000), 100);
  connections.Expect(*connections.Find(1), Expected("192.0.2.7", 5001), 100);
  const auto find = [&](const char* src, uint16_t port, Millis now) {
    return connections.FindExpected(Ip(src), Ip("10.0.0.10"), port, now);
  };
  CHECK(find("192.0.2.7", 5000, 60'099) == &a);
  CHECK(find("192.0.2.7", 5000, 60'100) == nullptr);
  CHECK(find("192.0.2.8", 5000, 100) == nullptr);
  CHECK(find("192.0.2.7", 5001, 100) == connections.Find(1));
  connections.Expect(a, Expected("192.0.2.7", 5002), 200);
  CHECK(find("192.0.2.7", 5000, 200) == nullptr);
  CHECK(connections.expected() == 2);
  connections.Reset(0);
  CHECK(find("192.0.2.7", 5002, 200) == nullptr);
  connections.Close(1);
  CHECK(connections.expected() == 0);
}

TEST_CASE_METHOD(Fixture, "a port that is taken for what is expected goes back with it") {
  connections.Open(0);
  FtpExpectation e = Expected("10.0.0.11", 0);
  e.pool = {e.src, 20, kTcp};
  e.reserved = pools->Take(e.dst, e.pool, 2011, 2011, &e.dst_port) == PortPools::Result::kOk;
  REQUIRE(e.reserved);
  connections.Expect(*connections.Find(0), e, 0);
  CHECK(pools->PortsInUse(e.dst, e.pool) == 1);
  connections.Close(0);
  CHECK(pools->PortsInUse(e.dst, e.pool) == 0);
}

}  // namespace
}  // namespace baton::dataplane
