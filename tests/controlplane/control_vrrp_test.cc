// Control with virtual routers: roles become addresses and MAC addresses at the workers, and answers to ARP.
#include <catch2/catch.hpp>

#include <algorithm>

#include "controlplane/vrrp/frame.h"
#include "tests/controlplane/control_fixture.h"

namespace baton::controlplane {
namespace {

using namespace std::chrono_literals;

constexpr uint8_t kVrid = 7;
const MacAddress kVirtual{{0x00, 0x00, 0x5e, 0x00, 0x01, kVrid}};

Config WithRouter(std::vector<TrackConfig> track = {}) {
  Config config = ControlConfig();
  config.virtual_routers = {{.id = kVrid, .port = "wan", .addresses = {Ip("198.51.100.1")}, .priority = 100,
                             .advertise_every = 100ms, .track = std::move(track), .port_id = 0}};
  return config;
}

struct RouterWorld : World {
  explicit RouterWorld(std::vector<TrackConfig> track = {}) : World(1min, WithRouter(std::move(track))) { Start(); }

  void Run(Duration duration) {
    for (const TimePoint end = now + duration; now < end; now += 1ms) Settle();
  }
  // The priorities that are advertised; other frames are passed over.
  std::vector<int> Advertised() {
    std::vector<int> priorities;
    for (const auto& [port, frame] : TakeFrames()) {
      const auto unwrapped = vrrp::Unwrap(frame);
      if (!unwrapped) continue;
      CHECK(port == 0);
      priorities.push_back(vrrp::Decode(unwrapped->message, unwrapped->envelope.ends).advert.priority);
    }
    return priorities;
  }
  bool Takes(const FakeWorker& worker) const {
    return worker.addresses->VirtualRouterOf(0, kVirtual.bytes.data()) != kNoVirtualRouter;
  }
  void HearAdvert(uint8_t priority) {
    const vrrp::Ends ends{Ip("198.51.100.3"), Ip("224.0.0.18")};
    const vrrp::Advert advert{
        .vrid = kVrid, .priority = priority, .interval = 100ms, .addresses = {Ip("198.51.100.1")}};
    World::Hear(0, vrrp::Wrap({vrrp::MulticastMac(ends.dst), kVirtual, 0, ends},
                              vrrp::Encode(advert, ends, vrrp::ChecksumOver::kPseudoHeaderToo)));
    Settle();
  }
};

TEST_CASE(
    "[VR-06] the active router takes frames for the virtual MAC address and the virtual address; a backup does not") {
  RouterWorld world;
  for (const FakeWorker* worker : {&world.a, &world.b}) {
    CHECK(worker->addresses->HearsVrrp(0));
    CHECK_FALSE(worker->addresses->HearsVrrp(1));
    CHECK_FALSE(world.Takes(*worker));
    CHECK(world.ModeAt(*worker, "198.51.100.1") == AddressMode::kNone);
  }
  world.Run(400ms);
  for (const FakeWorker* worker : {&world.a, &world.b}) {
    CHECK(world.Takes(*worker));
    CHECK(world.ModeAt(*worker, "198.51.100.1") == AddressMode::kNormal);
  }
  world.HearAdvert(200);
  for (const FakeWorker* worker : {&world.a, &world.b}) CHECK_FALSE(world.Takes(*worker));
  CHECK(world.log == std::vector<std::string>{
                         "virtual router 7 (wan, IPv4): initialize -> backup",
                         "virtual router 7 (wan, IPv4): backup -> active",
                         "virtual router 7 (wan, IPv4): active -> backup, active is 198.51.100.3"});
  const std::vector<LoggedEvent> events = world.control->EventsAfter(1);
  REQUIRE(events.size() == 2);
  CHECK((events[0].kind == "virtual_router" && events[0].text == world.log[1]));
  CHECK((events[1].number == 3 && events[1].text == world.log[2] && events[1].at == world.now));
  CHECK(world.copied.empty());  // VRRP is not the kernel's
  CHECK(world.pool.in_use() == world.a.frames.size());
}

TEST_CASE(
    "ARP for a virtual address is answered with the virtual MAC address, by the active router alone (RFC 9568, "
    "8.1.2)") {
  RouterWorld world;
  const auto replies = [&] {
    world.TakeFrames();
    world.Hear(0, WhoHas(1));
    world.Settle();
    std::vector<MacAddress> macs;
    for (const auto& [port, frame] : world.TakeFrames()) {
      if (frame.size() >= 42 && frame[12] == 0x08 && frame[13] == 0x06 && frame[21] == 2) {
        CHECK(MacAddress::From(&frame[6]) == MacAddress::From(&frame[22]));
        macs.push_back(MacAddress::From(&frame[22]));
      }
    }
    return macs;
  };
  CHECK(replies().empty());
  world.Run(400ms);
  CHECK(replies() == std::vector<MacAddress>{kVirtual});
}

TEST_CASE("becoming active is announced with the virtual MAC address, once every worker takes it (RFC 9568, 6.4.2)") {
  RouterWorld world;
  while (!world.control->GetView()->virtual_routers.at(0).status.since.time_since_epoch().count() ||
         world.log.size() < 2) {
    world.now += 1ms;
    world.control->Poll(world.now);
    world.a.TakeAll();  // worker b does not run
  }
  const auto announced = [&] {
    const auto frames = world.TakeFrames();
    return std::count_if(frames.begin(), frames.end(), [](const auto& sent) {
      const std::vector<uint8_t>& f = sent.second;
      return f[0] == 0xff && f[12] == 0x08 && f[13] == 0x06 && MacAddress::From(&f[6]) == kVirtual &&
             MacAddress::From(&f[22]) == kVirtual;
    });
  };
  world.control->Poll(world.now);
  CHECK(announced() == 0);
  world.Settle();
  CHECK(announced() == 1);
}

TEST_CASE("what is tracked lowers the priority while it is down") {
  using Kind = TrackConfig::Kind;
  struct Case { const char* name; TrackConfig track; int lowered; };
  const auto c = GENERATE(values<Case>({
      {"a port", {.kind = Kind::kPort, .name = "lan", .lower_by = 30}, 70},
      {"a port, by more than there is", {.kind = Kind::kPort, .name = "lan", .lower_by = 254}, 1},
      {"a service", {.kind = Kind::kService, .name = "web", .lower_by = 30}, 70},
      {"a route", {.kind = Kind::kRoute, .name = "", .route = {IpAddress::V4(0x0a000000), 24}, .lower_by = 30}, 70},
  }));
  CAPTURE(c.name);
  RouterWorld world({c.track});
  world.Run(600ms);
  CHECK(world.Advertised().back() == 100);
  const bool service = c.track.kind == Kind::kService;
  world.links[1] = service;
  for (const char* backend : {"s1", "s2"}) {
    if (service) REQUIRE(world.ChangeBackend({.service = "web", .backend = backend, .weight = {}, .drain = true}).ok());
  }
  world.Run(250ms);
  CHECK(world.Advertised().back() == c.lowered);
  world.links[1] = true;
  if (service) REQUIRE(world.ChangeBackend({.service = "web", .backend = "s1", .weight = {}, .drain = false}).ok());
  world.Run(250ms);
  CHECK(world.Advertised().back() == 100);
}

TEST_CASE("without a link on its own port a router is no router; at the end it resigns") {
  RouterWorld world;
  world.Run(500ms);
  world.links[0] = false;
  world.Run(200ms);
  CHECK_FALSE(world.Takes(world.a));
  world.links[0] = true;
  world.Run(600ms);
  CHECK(world.Takes(world.a));
  world.Advertised();
  world.control->Resign(world.now);
  world.a.TakeAll();
  CHECK(world.Advertised() == std::vector<int>{0});
}

TEST_CASE("an operator has the active router resign: a backup then takes over within its skew") {
  RouterWorld world;
  const auto resign = [&](const RouterFilter& filter) {
    return world.Ask([&] { return world.control->ResignRouter(filter); });
  };
  CHECK(resign({.id = kVrid, .port = "", .family = ""}).value() == 0);  // a backup
  world.Run(500ms);
  world.Advertised();
  CHECK(resign({.id = 8, .port = "", .family = ""}).status().code() == absl::StatusCode::kNotFound);
  CHECK(resign({.id = kVrid, .port = "lan", .family = ""}).status().code() == absl::StatusCode::kNotFound);
  CHECK(resign({.id = kVrid, .port = "wan", .family = "ipv4"}).value() == 1);
  CHECK(world.Advertised() == std::vector<int>{0});
  world.Settle();
  CHECK_FALSE(world.Takes(world.a));
  world.Run(500ms);  // nobody else is there
  CHECK(world.Takes(world.a));
}

TEST_CASE("a box that is not among the routers of its group does not start") {
  Config config = WithRouter();
  config.virtual_routers[0].addresses = {Ip("fe80::1")};
  config.virtual_routers[0].load_sharing = LoadSharingConfig{.routers = {Ip("fe80::2"), Ip("fe80::3")}};
  World stranger(1min, config);
  CHECK(stranger.control->Start(stranger.now).message() ==
        "virtual router 7 on port wan: load_sharing.routers: fe80::ff:fe00:1 is missing, the address of the port with "
        "02:00:00:00:00:01");
  config.virtual_routers[0].load_sharing->routers[0] = Ip("fe80::ff:fe00:1");
  World member(1min, config);
  CHECK(member.control->Start(member.now).ok());
}

TEST_CASE("an operator asks for a review and for moves; what cannot be is refused with its reason") {
  Config config = WithRouter();
  config.virtual_routers[0].load_sharing = LoadSharingConfig{
      .routers = {Ip("198.51.100.2"), Ip("198.51.100.3")}, .end_systems = {Ip("198.51.100.51")}};
  World world(1min, config);
  world.Start();
  const auto run = [&](Duration duration) {
    for (const TimePoint end = world.now + duration; world.now < end; world.now += 1ms) {
      world.Settle();
      world.TakeFrames();
    }
  };
  const auto review = [&](uint32_t id) {
    return world.Ask([&] { return world.control->ReviewRouter({.id = id, .port = "", .family = ""}); });
  };
  const auto move = [&](const char* end_system, const char* unit) {
    return world.Ask([&] {
      return world.control->MoveConditions(
          {.router = {.id = kVrid, .port = "", .family = ""}, .end_systems = {Ip(end_system)}, .to = Ip(unit)});
    });
  };
  CHECK(review(kVrid).status().message() == "load sharing: no active router is known yet, ask again soon");
  run(1s);
  const auto reviewing = review(kVrid);
  REQUIRE(reviewing.ok());
  REQUIRE(reviewing->size() == 1);
  CHECK(reviewing->at(0).port == "wan");
  CHECK(reviewing->at(0).unit == Ip("198.51.100.2"));
  CHECK(reviewing->at(0).is_this);
  CHECK(review(8).status().message() == "virtual router: there is none with id 8");
  CHECK(move("198.51.100.51", "2001:db8::3").status().message() == "virtual router: there is none with id 7");
  CHECK(move("198.51.100.51", "198.51.100.3").status().message() == "unit: 198.51.100.3 is at fault");
  run(10s);
  CHECK(move("198.51.100.51", "198.51.100.2").status().message() ==
        "end system: 198.51.100.51 is 198.51.100.2's already");

  const auto list = [&](uint32_t id) {
    return world.Ask([&] { return world.control->ListConditions({.id = id, .limit = 9}); });
  };
  REQUIRE(list(0).ok());
  REQUIRE(list(kVrid)->size() == 1);
  const SharedCondition shared = list(kVrid)->at(0);
  CHECK((shared.port == "wan" && shared.id == kVrid && shared.row.address == Ip("198.51.100.51")));
  CHECK((shared.row.unit == Ip("198.51.100.2") && shared.row.here == load_sharing::Here::kPasses));
  CHECK(list(8).status().message() == "group: no virtual router 8 shares its load");
  const auto known = world.Ask([&] { return world.control->ListEndSystems({.id = 0, .limit = 9}); });
  REQUIRE(known.ok());
  CHECK(known->size() == 1);

  RouterWorld alone;
  CHECK(alone.Ask([&] { return alone.control->ReviewRouter({.id = kVrid, .port = "", .family = ""}); })
            .status()
            .message() == "virtual router: 7 on wan (ipv4) shares no load");
}

TEST_CASE("a reload adds, changes and removes virtual routers") {
  RouterWorld world;
  world.Run(500ms);
  world.file.config = WithRouter();
  world.file.config.virtual_routers[0].priority = 120;
  CHECK(world.Reload().outcome() == std::string("applied"));
  world.Advertised();
  world.Run(150ms);
  CHECK(world.Advertised() == std::vector<int>{120});  // still active, and did not have to become so again
  world.file.config = ControlConfig();
  CHECK(world.Reload().outcome() == std::string("applied"));
  CHECK(world.Advertised() == std::vector<int>{0});
  world.Settle();
  CHECK_FALSE(world.a.addresses->HearsVrrp(0));
  CHECK(world.a.addresses->Find(Ip("198.51.100.1")) == kNoSlot);
  world.file.config = WithRouter();
  CHECK(world.Reload().outcome() == std::string("applied"));
  world.Run(500ms);
  CHECK(world.Takes(world.a));
}

}  // namespace
}  // namespace baton::controlplane
