#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/controlplane/control_fixture.h"

namespace baton::controlplane {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Whether `frame` announces 198.51.100.`last` to everybody: sender and target are the address (RFC 5227, 2.3).
bool Announces(const std::pair<PortId, std::vector<uint8_t>>& frame, uint8_t last) {
  const std::vector<uint8_t>& bytes = frame.second;
  return frame.first == 0 && bytes.size() >= 42 && bytes[0] == 0xff && bytes[12] == 0x08 && bytes[13] == 0x06 &&
         bytes[30] == 100 && bytes[31] == last && bytes[40] == 100 && bytes[41] == last;
}

int CountAnnouncements(World& world, uint8_t last) {
  const auto frames = world.TakeFrames();
  return static_cast<int>(
      std::count_if(frames.begin(), frames.end(), [&](const auto& frame) { return Announces(frame, last); }));
}

TEST_CASE("the first generation holds routes, services and addresses, for every worker") {
  World world;
  REQUIRE(world.control->Start(world.now).ok());
  CHECK(world.control->GetView()->generation == 1);
  world.Settle();
  for (const FakeWorker* worker : {&world.a, &world.b}) {
    CHECK(worker->generations == std::vector<uint64_t>{1});
    REQUIRE(worker->routes != nullptr);
    REQUIRE(worker->services != nullptr);
    CHECK(worker->services->FindListener({Ip("198.51.100.10"), 80, kTcp})->backends.size() == 2);
    REQUIRE(worker->addresses != nullptr);
    CHECK(worker->addresses->Find(Ip("198.51.100.2")) != kNoSlot);
  }
}

TEST_CASE("routes that cannot be built end the start") {
  World world;
  ControlSetup setup{.config = ControlConfig(), .ports = {}, .workers = {&world.a}, .buffers = &world.pool,
                     .build_routes = [](const RouteList&) -> absl::StatusOr<std::shared_ptr<const RouteTable>> {
                       return absl::ResourceExhaustedError("routes");
                     },
                     .complete_view = {}};
  Control control(std::move(setup));
  CHECK(control.Start(world.now).code() == absl::StatusCode::kResourceExhausted);
  CHECK(world.a.updates.empty());
}

TEST_CASE("addresses in charge are announced at the start, not before every worker knows them") {
  World world;
  REQUIRE(world.control->Start(world.now).ok());
  world.a.TakeAll();
  world.control->Poll(world.now);
  world.a.TakeAll();
  CHECK(world.TakeFrames().empty());  // the second worker would refuse the packets drawn here
  world.Settle();
  const auto frames = world.TakeFrames();
  const auto count = [&](uint8_t last) {
    return std::count_if(frames.begin(), frames.end(), [&](const auto& frame) { return Announces(frame, last); });
  };
  CHECK(count(10) == 1);
  CHECK(count(2) == 1);
  CHECK(count(20) == 0);  // prefers another box
  CHECK(world.pool.in_use() == 0);
}

TEST_CASE("[AM-17] ARP is answered for what the box is in charge of") {
  struct Case { const char* name; PortId port; uint8_t asked; bool answered; };
  const auto c = GENERATE(values<Case>({
      {"the port's own address", 0, 2, true},
      {"an external address in charge", 0, 10, true},
      {"an external address of another box", 0, 20, false},
      {"a stranger's address", 0, 99, false},
      {"an address of the other port's network", 1, 10, false},
      {"a port that does not exist", 9, 10, false},
  }));
  CAPTURE(c.name);
  World world;
  world.Start();
  world.Hear(c.port, WhoHas(c.asked));
  world.Settle();
  const auto frames = world.TakeFrames();
  const auto replies = std::count_if(frames.begin(), frames.end(), [&](const auto& frame) {
    const std::vector<uint8_t> reply = {2, 0, 0, 0, 0, 0x77, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 2,
                                        2, 0, 0, 0, 0, 1, 198, 51, 100, c.asked, 2, 0, 0, 0, 0, 0x77, 198, 51, 100, 77};
    return frame.first == 0 && frame.second.size() >= 42 &&
           std::equal(reply.begin(), reply.end(), frame.second.begin());
  });
  CHECK(replies == (c.answered ? 1 : 0));
  CHECK(world.pool.in_use() == 0);  // the request's buffer was given back
  CHECK(world.pool.freed_twice == 0);
}

TEST_CASE("[AM-22] a mode reaches every worker before the answer reaches who asked for it") {
  World world;
  world.Start();
  REQUIRE(world.SetMode("198.51.100.10", AddressMode::kMigration).ok());
  for (const FakeWorker* worker : {&world.a, &world.b}) {
    CHECK(world.ModeAt(*worker, "198.51.100.10") == AddressMode::kMigration);
    CHECK(world.ModeAt(*worker, "198.51.100.20") == AddressMode::kNone);
    CHECK(world.ModeAt(*worker, "10.0.0.10") == AddressMode::kNormal);
  }
  const auto view = world.control->GetView();
  const auto shown = std::find_if(view->addresses.begin(), view->addresses.end(),
                                  [](const AddressView& v) { return v.address.address == Ip("198.51.100.10"); });
  REQUIRE(shown != view->addresses.end());
  CHECK(shown->address.mode == AddressMode::kMigration);  // at once, although the view is made every 100 ms
  CHECK(shown->group == "web");
}

TEST_CASE("a mode that a worker does not commit is not reported as set") {
  World world(milliseconds(30));
  world.Start();
  absl::Status answer;
  std::thread asker([&] { answer = world.control->SetMode(Ip("198.51.100.10"), AddressMode::kNone); });
  world.control->WaitForRequests(seconds(60));
  world.control->Poll(world.now);
  world.a.TakeAll();  // the other worker stands still
  world.control->Poll(world.now);
  asker.join();
  CHECK(answer.code() == absl::StatusCode::kUnavailable);
}

TEST_CASE("[AM-33] who announces an address in each mode") {
  struct Case {
    const char* name;
    const char* address;
    uint8_t last;
    AddressMode mode;
    bool answers;
    int announcements;
  };
  const auto c = GENERATE(values<Case>({
      {"none: no longer", "198.51.100.10", 10, AddressMode::kNone, false, 0},
      {"migration keeps what was announced", "198.51.100.10", 10, AddressMode::kMigration, true, 0},
      {"normal again: nothing new to say", "198.51.100.10", 10, AddressMode::kNormal, true, 0},
      {"migration before the move: the other box answers", "198.51.100.20", 20, AddressMode::kMigration, false, 0},
      {"normal: now ours, and everybody hears it", "198.51.100.20", 20, AddressMode::kNormal, true, 1},
      {"none stays none", "198.51.100.20", 20, AddressMode::kNone, false, 0},
  }));
  CAPTURE(c.name);
  World world;
  world.Start();
  REQUIRE(world.SetMode(c.address, c.mode).ok());
  CHECK(CountAnnouncements(world, c.last) == c.announcements);
  world.Hear(0, WhoHas(c.last));
  world.Settle();
  const auto frames = world.TakeFrames();
  const bool answered = std::any_of(frames.begin(), frames.end(), [&](const auto& frame) {
    return frame.second.size() >= 42 && frame.second[21] == 2 && frame.second[31] == c.last;
  });
  CHECK(answered == c.answers);
}

TEST_CASE("[AM-33] of many addresses each is announced when it becomes normal") {
  Config config = ControlConfig();
  AddressGroupConfig& spare = config.address_groups[1];
  for (uint32_t last = 21; last < 200; ++last) spare.external.push_back(IpAddress::V4(0xc6336400 + last));
  World world(std::chrono::minutes(1), config);
  world.Start();
  for (uint32_t last = 20; last < 200; ++last) {
    CAPTURE(last);
    REQUIRE(world.SetMode(IpAddress::V4(0xc6336400 + last).ToString().c_str(), AddressMode::kNormal).ok());
    REQUIRE(CountAnnouncements(world, static_cast<uint8_t>(last)) == 1);
  }
}

TEST_CASE("an address taken back before the workers knew it is not announced") {
  World world;
  world.Start();
  absl::Status first, second;
  std::thread asker([&] { first = world.control->SetMode(Ip("198.51.100.20"), AddressMode::kNormal); });
  world.control->WaitForRequests(seconds(60));
  world.control->Poll(world.now);
  std::thread another([&] { second = world.control->SetMode(Ip("198.51.100.20"), AddressMode::kNone); });
  world.control->WaitForRequests(seconds(60));
  world.control->Poll(world.now);
  world.Settle();
  asker.join();
  another.join();
  CHECK(first.ok());
  CHECK(second.ok());
  CHECK(CountAnnouncements(world, 20) == 0);
}

TEST_CASE("a mode for what has none is refused with the field's name") {
  struct Case { const char* name; const char* address; absl::StatusCode code; };
  const auto c = GENERATE(values<Case>({
      {"a stranger", "198.51.100.99", absl::StatusCode::kNotFound},
      {"a backend", "10.0.0.11", absl::StatusCode::kNotFound},
      {"a port's own", "198.51.100.2", absl::StatusCode::kFailedPrecondition},
      {"a port's link-local", "fe80::ff:fe00:1", absl::StatusCode::kFailedPrecondition},
  }));
  CAPTURE(c.name);
  World world;
  world.Start();
  const absl::Status answer = world.SetMode(c.address, AddressMode::kNone);
  CHECK(answer.code() == c.code);
  CHECK(std::string(answer.message()).find("address: ") == 0);
  CHECK(world.control->GetView()->generation == 1);
}

TEST_CASE("[FE-15] a changed backend is in effect at every worker, for its service only") {
  struct Case { const char* name; BackendChange change; uint16_t effective; uint16_t configured; bool drained; };
  const auto c = GENERATE(values<Case>({
      {"weight", {"web", "s1", 9, std::nullopt}, 9, 9, false},
      {"weight 0", {"web", "s1", 0, std::nullopt}, 0, 0, false},
      {"drain", {"web", "s1", std::nullopt, true}, 0, 2, true},
      {"drain with a weight for later", {"web", "s1", 7, true}, 0, 7, true},
      {"not drained", {"web", "s1", std::nullopt, false}, 2, 2, false},
  }));
  CAPTURE(c.name);
  World world;
  world.Start();
  REQUIRE(world.ChangeBackend(c.change).ok());
  for (const FakeWorker* worker : {&world.a, &world.b}) {
    CHECK(worker->services->FindListener({Ip("198.51.100.10"), 80, kTcp})->backends[0].weight == c.effective);
    CHECK(worker->services->FindListener({Ip("198.51.100.10"), 443, kTcp})->backends[0].weight == 2);  // FE-16
  }
  const BackendView shown = world.control->GetView()->services[0].backends[0];
  CHECK(shown.weight == c.effective);
  CHECK(shown.configured_weight == c.configured);
  CHECK(shown.drained == c.drained);
}

TEST_CASE("a backend comes back from a drain with the weight it had") {
  World world;
  world.Start();
  REQUIRE(world.ChangeBackend({"web", "s1", 9, std::nullopt}).ok());
  REQUIRE(world.ChangeBackend({"web", "s1", std::nullopt, true}).ok());
  CHECK(world.a.services->services()[0].backends[0].weight == 0);
  REQUIRE(world.ChangeBackend({"web", "s1", std::nullopt, false}).ok());
  CHECK(world.a.services->services()[0].backends[0].weight == 9);
  CHECK(world.control->GetView()->control.snapshots_lent == 3);  // the former service tables are gone
}

TEST_CASE("a change that cannot be made is refused with the field's name") {
  struct Case { const char* name; BackendChange change; absl::StatusCode code; const char* field; };
  const auto c = GENERATE(values<Case>({
      {"unknown service", {"ftp", "s1", 1, std::nullopt}, absl::StatusCode::kNotFound, "service: "},
      {"unknown backend", {"web", "s3", 1, std::nullopt}, absl::StatusCode::kNotFound, "backend: "},
      {"weight too great", {"web", "s1", 65536, std::nullopt}, absl::StatusCode::kInvalidArgument, "weight: "},
      {"nothing to change", {"web", "s1", std::nullopt, std::nullopt}, absl::StatusCode::kInvalidArgument, "weight: "},
  }));
  CAPTURE(c.name);
  World world;
  world.Start();
  const absl::Status answer = world.ChangeBackend(c.change);
  CHECK(answer.code() == c.code);
  CHECK(std::string(answer.message()).find(c.field) == 0);
  CHECK(world.control->GetView()->generation == 1);
}

TEST_CASE("access rows are listed by the service's name") {
  World world;
  world.Start();
  AccessRow web, tls;
  web.service_slot = 0;
  tls.service_slot = 1;
  world.a.rows = {web, tls};
  world.b.rows = {tls};
  AccessFilter filter;
  filter.service = "tls";
  const auto rows = world.Ask([&] { return world.control->ListAccess(filter); });
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[0].worker == 0);
  CHECK((*rows)[1].worker == 1);
}

TEST_CASE("a listing that cannot be made is refused with the field's name") {
  struct Case { const char* service; uint32_t limit; absl::StatusCode code; const char* field; };
  const auto c = GENERATE(values<Case>({
      {"ftp", 10, absl::StatusCode::kNotFound, "service: "},
      {"", 0, absl::StatusCode::kInvalidArgument, "limit: "},
      {"", 1'000'001, absl::StatusCode::kInvalidArgument, "limit: "},
  }));
  World world;
  world.Start();
  AccessFilter filter;
  filter.service = c.service;
  filter.limit = c.limit;
  const auto rows = world.Ask([&] { return world.control->ListAccess(filter); });
  CHECK(rows.status().code() == c.code);
  CHECK(std::string(rows.status().message()).find(c.field) == 0);
}

TEST_CASE("a neighbour that a worker needs is asked for, and its answer told to every worker") {
  World world;
  world.Start();
  world.b.events.push_back(NeedNeighbor{Ip("198.51.100.77"), 0});
  world.Settle();
  const auto frames = world.TakeFrames();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].first == 0);
  CHECK(frames[0].second[21] == 1);   // a request
  CHECK(frames[0].second[41] == 77);  // for that address
  std::vector<uint8_t> reply = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x77, 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 2,
                                2, 0, 0, 0, 0, 0x77, 198, 51, 100, 77, 2, 0, 0, 0, 0, 1, 198, 51, 100, 2};
  world.Hear(0, reply);
  world.Settle();
  for (const FakeWorker* worker : {&world.a, &world.b}) {
    REQUIRE(worker->neighbors.size() == 1);
    CHECK(worker->neighbors[0].address == Ip("198.51.100.77"));
    CHECK(worker->neighbors[0].mac.ToString() == "02:00:00:00:00:77");
    CHECK(worker->neighbors[0].state == SetNeighbor::State::kReachable);
  }
  world.now += milliseconds(100);
  world.Settle();
  REQUIRE(world.control->GetView()->neighbors.size() == 1);
  CHECK(world.control->GetView()->neighbors[0].state == "reachable");
}

TEST_CASE("the kernel hears what neighbours say, but no question: answering is control's") {
  World world;
  world.Start();
  world.Hear(0, WhoHas(2));  // ours
  world.Hear(0, WhoHas(99));
  world.Settle();
  CHECK(world.copied.empty());
  std::vector<uint8_t> reply = WhoHas(2);
  reply[21] = 2;  // operation
  world.Hear(0, reply);
  world.Hear(1, reply);  // a port without a kernel side
  world.Settle();
  REQUIRE(world.copied.size() == 1);
  CHECK(world.copied[0] == std::pair<PortId, std::vector<uint8_t>>(0, reply));
  CHECK(world.control->GetView()->buffers_in_use == 0);
}

TEST_CASE("control's own frames are lost, and counted, when pool or ring are full") {
  World world;
  world.Start();
  SECTION("no buffer") {
    while (world.pool.Allocate().handle != nullptr) {}
    world.b.events.push_back(NeedNeighbor{Ip("198.51.100.77"), 0});
    world.now += milliseconds(100);
    world.Settle();
    CHECK(world.control->GetView()->control.frames_lost_no_buffer == 1);
  }
  SECTION("full ring") {
    for (size_t i = 0; i < World::kRing; ++i) world.a.updates.push_back(SetNeighbor{});
    world.b.events.push_back(NeedNeighbor{Ip("198.51.100.77"), 0});
    world.now += milliseconds(100);
    world.control->Poll(world.now);
    CHECK(world.control->GetView()->control.frames_lost_ring_full == 1);
    CHECK(world.pool.in_use() == 0);
  }
}

TEST_CASE("a turn takes a bounded number of reports") {
  World world;
  world.Start();
  for (int i = 0; i < 1000; ++i) world.a.events.push_back(NeedNeighbor{Ip("198.51.100.77"), 0});
  world.control->Poll(world.now);
  CHECK(world.a.events.size() == 1000 - 256);
}

TEST_CASE("the view is made ten times a second and completed by the program") {
  World world;
  world.Start();
  const auto first = world.control->GetView();
  CHECK(first->node == "lb-a");
  CHECK(first->ports[0].link_up);
  CHECK(first->workers[1].committed_generation == 1);
  CHECK(first->buffers_capacity == 64);
  CHECK(first->routes.size() == 2);
  world.now += milliseconds(99);
  world.Settle();
  CHECK(world.control->GetView() == first);
  world.now += milliseconds(1);
  world.Settle();
  CHECK(world.control->GetView() != first);
  CHECK(world.control->GetView()->made == world.now);
  CHECK(first->made == world.now - milliseconds(100));  // who holds a picture keeps it
}

TEST_CASE("what workers reported last is given back at the end") {
  World world;
  world.Start();
  world.Hear(0, WhoHas(10));
  CHECK(world.pool.in_use() == 1);
  world.control.reset();
  CHECK(world.pool.in_use() == 0);
}

TEST_CASE("requests to a closed control are refused at once") {
  World world;
  world.Start();
  world.control->Close();
  CHECK(world.control->SetMode(Ip("198.51.100.10"), AddressMode::kNone).code() == absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace baton::controlplane
