#include <catch2/catch.hpp>

#include "common/headers.h"
#include "common/service_table.h"

namespace baton {
namespace {

const IpAddress kServiceAddress = IpAddress::V4(0xc633640a);       // 198.51.100.10
const IpAddress kOtherExternal = IpAddress::V4(0xc633640b);  // 198.51.100.11
const IpAddress kFirst = IpAddress::V4(0x0a00000b);          // 10.0.0.11
const IpAddress kSecond = IpAddress::V4(0x0a00000c);         // 10.0.0.12

Service Web() {
  return {.name = "web", .listen = {kServiceAddress, 80, kTcp}, .method = ForwardMethod::kDestination, .slot = 0,
          .backends = {{.name = "s1", .address = kFirst, .port = 8080, .weight = 2, .slot = 0},
                       {.name = "s2", .address = kSecond, .port = 8080, .weight = 1, .slot = 1}},
          .internals = {}, .tunnel = {}, .maglev = {}};
}

Service Dns() {
  return {.name = "dns", .listen = {kServiceAddress, 53, kUdp}, .method = ForwardMethod::kFull, .slot = 1,
          .backends = {{.name = "s1", .address = kFirst, .port = 53, .weight = 5, .slot = 2}},
          .internals = {}, .tunnel = {}, .maglev = {}};
}

TEST_CASE("a listener is found by address, port and protocol together [FE-17]") {
  const ServiceTable table({Web(), Dns()}, {});
  struct Case { const char* name; Endpoint to; const char* service; };
  const auto c = GENERATE(values<Case>({
      {"the web service", {kServiceAddress, 80, kTcp}, "web"},
      {"another port of the address is another service", {kServiceAddress, 53, kUdp}, "dns"},
      {"a port that nobody listens on", {kServiceAddress, 81, kTcp}, nullptr},
      {"the port, but of UDP", {kServiceAddress, 80, kUdp}, nullptr},
      {"the port, but of another address", {kOtherExternal, 80, kTcp}, nullptr},
      {"a backend is no listener", {kFirst, 8080, kTcp}, nullptr},
  }));
  CAPTURE(c.name);
  const Service* found = table.FindListener(c.to);
  if (c.service == nullptr) {
    CHECK(found == nullptr);
  } else {
    REQUIRE(found != nullptr);
    CHECK(found->name == c.service);
  }
}

TEST_CASE("the table holds per service its backends and the weight of each [FE-12] [FE-16]") {
  const ServiceTable table({Web(), Dns()}, {});
  const Service* web = table.FindListener({kServiceAddress, 80, kTcp});
  const Service* dns = table.FindListener({kServiceAddress, 53, kUdp});
  REQUIRE(web != nullptr);
  REQUIRE(dns != nullptr);
  REQUIRE(web->backends.size() == 2);
  CHECK(web->backends[0].weight == 2);
  CHECK(web->backends[1].weight == 1);
  // The same machine, 10.0.0.11, has another weight in another service.
  REQUIRE(dns->backends.size() == 1);
  CHECK(dns->backends[0].address == web->backends[0].address);
  CHECK(dns->backends[0].weight == 5);
}

TEST_CASE("a reply is known by its backend's address and port, with destination translation only [FE-20]") {
  const ServiceTable table({Web(), Dns()}, {});
  struct Case { const char* name; Endpoint from; bool known; };
  const auto c = GENERATE(values<Case>({
      {"the first backend", {kFirst, 8080, kTcp}, true},
      {"the second, told apart by its address alone", {kSecond, 8080, kTcp}, true},
      {"another port of a backend", {kFirst, 22, kTcp}, false},
      {"another protocol", {kFirst, 8080, kUdp}, false},
      {"a machine that is no backend", {kServiceAddress, 8080, kTcp}, false},
      {"a backend of full translation answers the box itself", {kFirst, 53, kUdp}, false},
  }));
  CAPTURE(c.name);
  const Service* found = table.FindByBackend(c.from);
  CHECK((found != nullptr) == c.known);
  if (c.known && found != nullptr) CHECK(found->name == "web");
}

TEST_CASE("services of both families and of echo live in one table") {
  const IpAddress v6 = IpAddress::Parse("2001:db8::10").value();
  Service six = Web();
  six.name = "web6";
  six.listen.address = v6;
  Service echo = Web();
  echo.name = "echo";
  echo.listen = {kServiceAddress, 0, kIcmp};
  const ServiceTable table({Web(), six, echo}, {});
  CHECK(table.FindListener({v6, 80, kTcp})->name == "web6");
  CHECK(table.FindListener({kServiceAddress, 0, kIcmp})->name == "echo");
  CHECK(table.FindListener({kServiceAddress, 0, kTcp}) == nullptr);
}

TEST_CASE("an empty table knows nobody") {
  const ServiceTable table({}, {});
  CHECK(table.services().empty());
  CHECK(table.FindListener({kServiceAddress, 80, kTcp}) == nullptr);
  CHECK(table.FindByBackend({kFirst, 8080, kTcp}) == nullptr);
}

TEST_CASE("each state of a row has its own time-out") {
  Timeouts timeouts;
  for (size_t i = 0; i < kRowStates; ++i) timeouts.ms[i] = static_cast<Millis>(1000 + i);
  const ServiceTable table({}, timeouts);
  CHECK(table.timeouts().of(RowState::kTcpSyn) == 1000);
  CHECK(table.timeouts().of(RowState::kUdp) == 1005);
  CHECK(table.timeouts().of(RowState::kIcmp) == 1006);
}

}  // namespace
}  // namespace baton
