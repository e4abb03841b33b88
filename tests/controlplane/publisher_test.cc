#include <catch2/catch.hpp>

#include "controlplane/publisher.h"
#include "tests/controlplane/fake_worker.h"

namespace baton::controlplane {
namespace {

// Snapshots that write down when they die. They are never looked into, so that they need no table behind them.
struct Deaths {
  int routes = 0, services = 0, addresses = 0;

  std::shared_ptr<const RouteTable> Routes() {  // the data plane's type: here only a pointer
    char* place = new char;
    return {reinterpret_cast<const RouteTable*>(place), [this, place](const RouteTable*) { delete place; ++routes; }};
  }
  std::shared_ptr<const ServiceTable> Services() {
    return {new ServiceTable({}, Timeouts{}), [this](const ServiceTable* t) { delete t; ++services; }};
  }
  std::shared_ptr<const AddressTable> Addresses() {
    return {new AddressTable({}), [this](const AddressTable* t) { delete t; ++addresses; }};
  }
};

void TakeEvents(Publisher& publisher, size_t index, FakeWorker& worker) {
  Event event;
  while (worker.Take(&event)) CHECK(publisher.OnEvent(index, event));
}

SetNeighbor Neighbor(uint32_t address, uint8_t mac, SetNeighbor::State state = SetNeighbor::State::kReachable) {
  return {IpAddress::V4(address), MacAddress{{2, 0, 0, 0, 0, mac}}, 0, state};
}

TEST_CASE("a generation reaches every worker with its commit behind it") {
  Deaths deaths;
  FakeWorker a(16), b(16);
  Publisher publisher({&a, &b}, 16);
  CHECK(publisher.Publish({deaths.Routes(), deaths.Services(), deaths.Addresses()}) == 1);
  for (FakeWorker* worker : {&a, &b}) {
    REQUIRE(worker->updates.size() == 4);
    CHECK(std::get<Commit>(worker->updates.back()).generation == 1);
    worker->TakeAll();
  }
  CHECK(publisher.committed(0) == 0);  // not before the worker says so
  TakeEvents(publisher, 0, a);
  CHECK(publisher.committed(0) == 1);
  CHECK(publisher.committed(1) == 0);
  CHECK(publisher.lent() == 3);
}

TEST_CASE("nothing to publish makes no generation") {
  FakeWorker a(16);
  Publisher publisher({&a}, 16);
  CHECK(publisher.Publish({}) == 0);
  CHECK(a.updates.empty());
}

TEST_CASE("a snapshot dies once, when the last worker has handed it back") {
  Deaths deaths;
  FakeWorker a(16), b(16);
  Publisher publisher({&a, &b}, 16);
  publisher.Publish({.routes = {}, .services = deaths.Services(), .addresses = {}});
  publisher.Publish({.routes = {}, .services = deaths.Services(), .addresses = {}});
  a.TakeAll();
  TakeEvents(publisher, 0, a);
  CHECK(deaths.services == 0);  // b may still be using the first
  b.TakeAll();
  CHECK(deaths.services == 0);  // handed back, but control has not looked yet
  TakeEvents(publisher, 1, b);
  CHECK(deaths.services == 1);
  CHECK(publisher.lent() == 1);
  CHECK(publisher.unknown_retired() == 0);
}

TEST_CASE("what one worker has handed back lives on while another has not even got it") {
  Deaths deaths;
  FakeWorker fast(16), full(1);
  Publisher publisher({&fast, &full}, 16);
  publisher.Tell(Neighbor(1, 1));  // occupies the only place of the second worker's ring
  publisher.Publish({.routes = {}, .services = deaths.Services(), .addresses = {}});
  publisher.Publish({.routes = {}, .services = {}, .addresses = deaths.Addresses()});
  fast.TakeAll();
  TakeEvents(publisher, 0, fast);
  REQUIRE(publisher.OnEvent(0, RetiredServices{fast.services}));
  CHECK(deaths.services == 0);
  while (full.TakeOne()) publisher.Poll();
  CHECK(full.services == fast.services);
  CHECK(full.addresses == fast.addresses);
  CHECK(full.generations == std::vector<uint64_t>{1, 2});
}

TEST_CASE("a full ring is tried again until all is through, in order") {
  Deaths deaths;
  FakeWorker worker(1);
  Publisher publisher({&worker}, 16);
  publisher.Publish({deaths.Routes(), deaths.Services(), deaths.Addresses()});
  CHECK(publisher.outbox(0) == 3);
  CHECK_FALSE(publisher.Poll());  // still full: no progress
  std::vector<size_t> kinds;
  for (int turn = 0; turn < 4; ++turn) {
    REQUIRE(worker.updates.size() == 1);
    kinds.push_back(worker.updates.front().index());
    worker.TakeOne();
    CHECK(publisher.Poll() == (turn < 3));
  }
  CHECK(kinds == std::vector<size_t>{Update(UseRoutes{}).index(), Update(UseServices{}).index(),
                                     Update(UseAddresses{}).index(), Update(Commit{}).index()});
  CHECK(publisher.outbox(0) == 0);
  CHECK(worker.generations == std::vector<uint64_t>{1});
}

TEST_CASE("no message of a generation goes out before the commit of the one on its way") {
  Deaths deaths;
  FakeWorker worker(1);
  Publisher publisher({&worker}, 16);
  publisher.Publish({deaths.Routes(), deaths.Services(), {}});
  const auto later = deaths.Services();
  publisher.Publish({.routes = {}, .services = deaths.Services(), .addresses = {}});
  publisher.Publish({.routes = {}, .services = later, .addresses = {}});
  CHECK(deaths.services == 1);  // generation 2 was never sent: generation 3 replaced it
  const RouteTable* routes = nullptr;
  const ServiceTable* first = nullptr;
  while (worker.TakeOne()) {
    if (worker.generations.size() == 1 && routes == nullptr) {
      routes = worker.routes;
      first = worker.services;
    }
    publisher.Poll();
  }
  CHECK(routes != nullptr);
  CHECK(first != later.get());
  CHECK(worker.services == later.get());
  CHECK(worker.routes == routes);
  CHECK(worker.generations == std::vector<uint64_t>{1, 3});
}

TEST_CASE("however many generations wait, an outbox holds one on its way and one behind it") {
  Deaths deaths;
  FakeWorker worker(1);
  Publisher publisher({&worker}, 16);
  for (int i = 0; i < 1000; ++i) publisher.Publish({deaths.Routes(), deaths.Services(), deaths.Addresses()});
  CHECK(publisher.outbox(0) == 3 + 4);
  CHECK(deaths.routes == 998);
  while (worker.TakeOne()) publisher.Poll();
  CHECK(worker.generations == std::vector<uint64_t>{1, 1000});
  TakeEvents(publisher, 0, worker);
  CHECK(deaths.routes == 999);
  CHECK(deaths.services == 999);
  CHECK(deaths.addresses == 999);
}

TEST_CASE("what is still lent dies with the publisher, once") {
  Deaths deaths;
  FakeWorker a(2), b(8);
  {
    Publisher publisher({&a, &b}, 16);
    publisher.Publish({deaths.Routes(), deaths.Services(), deaths.Addresses()});
    publisher.Publish({deaths.Routes(), deaths.Services(), deaths.Addresses()});
  }
  CHECK(deaths.routes == 2);
  CHECK(deaths.services == 2);
  CHECK(deaths.addresses == 2);
}

TEST_CASE("a snapshot handed back twice, or never lent, is counted and frees nothing") {
  Deaths deaths;
  FakeWorker a(16), b(16);
  Publisher publisher({&a, &b}, 16);
  const auto first = deaths.Services();
  publisher.Publish({.routes = {}, .services = first, .addresses = {}});
  publisher.OnEvent(0, RetiredServices{first.get()});
  publisher.OnEvent(0, RetiredServices{first.get()});  // the second worker's is still out
  publisher.OnEvent(1, RetiredAddresses{nullptr});
  CHECK(publisher.unknown_retired() == 2);
  CHECK(publisher.lent() == 1);
}

TEST_CASE("neighbours go to every worker in the order in which they became known") {
  FakeWorker a(16), b(16);
  Publisher publisher({&a, &b}, 16);
  for (uint8_t i = 1; i <= 3; ++i) publisher.Tell(Neighbor(i, i));
  for (FakeWorker* worker : {&a, &b}) {
    worker->TakeAll();
    REQUIRE(worker->neighbors.size() == 3);
    for (uint8_t i = 1; i <= 3; ++i) CHECK(worker->neighbors[i - 1].mac.bytes[5] == i);
  }
}

TEST_CASE("of a neighbour that waits only the last word goes out, at its place in the queue") {
  FakeWorker worker(1);
  Publisher publisher({&worker}, 16);
  publisher.Tell(Neighbor(9, 9));  // fills the ring
  publisher.Tell(Neighbor(1, 1));
  publisher.Tell(Neighbor(2, 2));
  publisher.Tell(Neighbor(1, 3, SetNeighbor::State::kFailed));
  CHECK(publisher.outbox(0) == 2);
  while (worker.TakeOne()) publisher.Poll();
  REQUIRE(worker.neighbors.size() == 3);
  CHECK(worker.neighbors[1].address == IpAddress::V4(1));
  CHECK(worker.neighbors[1].state == SetNeighbor::State::kFailed);
  CHECK(worker.neighbors[2].address == IpAddress::V4(2));
}

TEST_CASE("more neighbours than may wait are refused and counted") {
  FakeWorker worker(1);
  Publisher publisher({&worker}, 2);
  for (uint8_t i = 1; i <= 5; ++i) publisher.Tell(Neighbor(i, i));  // one in the ring, two in the outbox
  CHECK(publisher.outbox(0) == 2);
  CHECK(publisher.neighbors_refused() == 2);
  publisher.Tell(Neighbor(2, 7));  // waits already: replaced, not refused
  CHECK(publisher.neighbors_refused() == 2);
}

TEST_CASE("generations and neighbours take turns, so neither starves") {
  Deaths deaths;
  FakeWorker worker(1);
  Publisher publisher({&worker}, 16);
  publisher.Publish({.routes = {}, .services = deaths.Services(), .addresses = {}});
  publisher.Tell(Neighbor(1, 1));
  publisher.Publish({.routes = {}, .services = deaths.Services(), .addresses = {}});
  std::vector<std::string> order;
  for (int turn = 0; turn < 6; ++turn) {
    REQUIRE(worker.updates.size() == 1);
    if (std::holds_alternative<SetNeighbor>(worker.updates.front())) order.push_back("neighbor");
    if (const auto* commit = std::get_if<Commit>(&worker.updates.front())) {
      order.push_back("generation " + std::to_string(commit->generation));
    }
    worker.TakeOne();
    publisher.Tell(Neighbor(2 + turn, 1));  // there is always one more to tell
    publisher.Poll();
  }
  CHECK(order == std::vector<std::string>{"generation 1", "neighbor", "neighbor", "generation 2"});
}

}  // namespace
}  // namespace baton::controlplane
