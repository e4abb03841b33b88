// The driver: frames in, frames and roles out, on a clock of the test's.
#include <catch2/catch.hpp>

#include "controlplane/vrrp/frame.h"
#include "controlplane/vrrp/routers.h"

namespace baton::controlplane::vrrp {
namespace {

using namespace std::chrono_literals;

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

const MacAddress kPortMac{{2, 0, 0, 0, 0, 1}};

struct World : Callbacks {
  std::vector<std::vector<uint8_t>> frames;
  std::vector<std::pair<size_t, bool>> roles;
  std::vector<std::string> events;
  TimePoint now{1000s};
  Routers routers{*this};

  void SendFrame(PortId, absl::Span<const uint8_t> frame) override { frames.emplace_back(frame.begin(), frame.end()); }
  void OnRole(size_t router, bool active) override { roles.emplace_back(router, active); }
  void OnEvent(size_t, const std::string& text) override { events.push_back(text); }

  void Run(Duration duration) {
    for (const TimePoint end = now + duration; now < end; now += 1ms) routers.Tick(now);
  }
  // An advertisement of another router of VRID 1 on port 0.
  void Hear(uint8_t priority, const char* from = "10.0.0.12", uint8_t ttl = 255, uint8_t vrid = 1) {
    const Advert advert{.vrid = vrid, .priority = priority, .interval = 100ms, .addresses = {Ip("10.0.0.1")}};
    HearMessage(Encode(advert, {Ip(from), Ip("224.0.0.18")}, ChecksumOver::kMessage), from, "224.0.0.18", ttl);
  }
  void HearMessage(const std::vector<uint8_t>& message, const char* from, const char* to, uint8_t ttl,
                   uint16_t vlan = 0) {
    const Envelope envelope{MulticastMac(Ip("224.0.0.18")), {{2, 0, 0, 0, 0, 2}}, vlan, {Ip(from), Ip(to)}, ttl};
    CHECK(routers.OnFrame(0, Wrap(envelope, message), now));
  }
  Advert Sent(size_t index) const {
    const auto unwrapped = Unwrap(frames.at(index));
    REQUIRE(unwrapped.has_value());
    const Decoded decoded = Decode(unwrapped->message, unwrapped->envelope.ends);
    REQUIRE(decoded.malformed == Malformed::kNothing);
    return decoded.advert;
  }
};

Settings Lan(uint8_t priority = 100) {
  Settings s;
  s.machine = {
      .vrid = 1, .priority = priority, .interval = 100ms, .own = Ip("10.0.0.11"), .addresses = {Ip("10.0.0.1")}};
  s.port = 0;
  s.port_mac = kPortMac;
  return s;
}

TEST_CASE("[VR-04] [VR-06] a backup that hears nobody takes over, and advertises from then on at each interval") {
  World world;
  world.routers.Configure({Lan()}, world.now);
  CHECK(world.frames.empty());
  world.Run(360ms);  // 3 x 100 ms, and a skew of 156/256 of 100 ms: 360.9 ms
  CHECK(world.roles.empty());
  world.Run(2ms);
  REQUIRE(world.roles == std::vector<std::pair<size_t, bool>>{{0, true}});
  REQUIRE(world.frames.size() == 1);  // at the moment that it takes over
  world.Run(1s);
  CHECK(world.frames.size() == 11);
  const auto unwrapped = Unwrap(world.frames[0]);
  CHECK(unwrapped->envelope.ttl == 255);
  CHECK(unwrapped->envelope.ends.dst == Ip("224.0.0.18"));
  CHECK(unwrapped->envelope.src == VirtualMac(Family::kIpv4, 1));  // RFC 9568, 7.2
  CHECK(world.Sent(0).priority == 100);
  CHECK(world.Sent(0).addresses == std::vector<IpAddress>{Ip("10.0.0.1")});
}

TEST_CASE("[VR-05] each valid advertisement starts the watch of a backup again") {
  World world;
  world.routers.Configure({Lan()}, world.now);
  for (int i = 0; i < 20; ++i) {
    world.Run(300ms);
    world.Hear(200);
  }
  CHECK(world.roles.empty());
  CHECK(world.routers.status(0).counters.heard == 20);
  CHECK(world.routers.status(0).state.active == Ip("10.0.0.12"));
}

TEST_CASE("an owner is active at once; who stops says so and the others do not wait") {
  World world;
  Settings owner = Lan(kOwnerPriority);
  world.routers.Configure({owner}, world.now);
  CHECK(world.routers.active(0));
  world.routers.Stop(world.now);
  REQUIRE(world.frames.size() == 2);
  CHECK(world.Sent(1).priority == kResigning);
  World backup;
  backup.routers.Configure({Lan()}, backup.now);
  backup.Hear(200);
  backup.Hear(0);
  backup.Run(63ms);  // the skew alone
  CHECK(backup.routers.active(0));
}

TEST_CASE(
    "[VR-16] [VR-25] virtual routers are told apart by id, family and port; unknown ones are counted and ignored") {
  World world;
  Settings second = Lan(100);
  second.machine.vrid = 2;
  second.machine.addresses = {Ip("10.0.0.2")};
  world.routers.Configure({Lan(), second}, world.now);
  for (int i = 0; i < 5; ++i) {
    world.Run(100ms);
    world.Hear(200);
    world.Hear(200, "10.0.0.12", 255, 9);
  }
  CHECK_FALSE(world.routers.active(0));
  CHECK(world.routers.active(1));
  CHECK(world.routers.strays().unknown_vrid == 5);
}

TEST_CASE("[VR-24] what is not to be believed is counted by its reason and changes nothing") {
  World world;
  world.routers.Configure({Lan()}, world.now);
  world.Hear(200, "10.0.0.12", 254);
  world.Hear(200, "10.0.0.11");
  const Advert advert{.vrid = 1, .priority = 200, .interval = 100ms, .addresses = {Ip("10.0.0.1")}};
  const Ends ends{Ip("10.0.0.12"), Ip("224.0.0.18")};
  std::vector<uint8_t> message = Encode(advert, ends, ChecksumOver::kMessage);
  world.HearMessage(message, "10.0.0.12", "224.0.0.18", 255, 20);
  world.HearMessage(Encode(advert, {ends.src, Ip("10.0.0.11")}, ChecksumOver::kMessage), "10.0.0.12", "10.0.0.11", 255);
  message[2] ^= 1;
  world.HearMessage(message, "10.0.0.12", "224.0.0.18", 255);
  const Counters& counters = world.routers.status(0).counters;
  CHECK(counters.heard == 0);
  CHECK(counters.refused[static_cast<size_t>(Refusal::kTtl)] == 1);
  CHECK(counters.refused[static_cast<size_t>(Refusal::kOwnAddress)] == 1);
  CHECK(world.routers.strays().wrong_vlan == 1);
  CHECK(world.routers.strays().not_multicast == 1);
  CHECK(world.routers.strays().malformed[static_cast<size_t>(Malformed::kChecksum)] == 1);
  CHECK(world.routers.status(0).state.active == IpAddress{});
}

TEST_CASE("a second router that claims to be active is told once, not for each packet") {
  World world;
  world.routers.Configure({Lan(kOwnerPriority - 1)}, world.now);
  world.Run(400ms);
  REQUIRE(world.routers.active(0));
  world.events.clear();
  for (int i = 0; i < 10; ++i) world.Hear(100);
  CHECK(world.events == std::vector<std::string>{"10.0.0.12 claims to be active, too"});
}

TEST_CASE("without a link a virtual router takes part in nothing; with one it begins anew") {
  World world;
  world.routers.Configure({Lan()}, world.now);
  world.Run(400ms);
  REQUIRE(world.routers.active(0));
  world.routers.SetUp(0, false, world.now);
  CHECK(world.roles.back() == std::pair<size_t, bool>{0, false});
  const size_t sent = world.frames.size();
  world.Run(1s);
  CHECK(world.frames.size() == sent);
  world.routers.SetUp(0, true, world.now);
  world.Run(400ms);
  CHECK(world.routers.active(0));
}

TEST_CASE("tracking lowers the priority that is advertised") {
  World world;
  world.routers.Configure({Lan(200)}, world.now);
  world.Run(400ms);
  world.routers.SetPriority(0, 50, world.now);
  world.Run(100ms);
  CHECK(world.Sent(world.frames.size() - 1).priority == 50);
  world.Hear(100);  // now the stronger one
  CHECK_FALSE(world.routers.active(0));
}

TEST_CASE("another configuration: who is the same but for its preference goes on; the others resign or begin") {
  World world;
  Settings second = Lan(100);
  second.machine.vrid = 2;
  second.machine.addresses = {Ip("10.0.0.2")};
  world.routers.Configure({Lan(), second}, world.now);
  world.Run(400ms);
  world.frames.clear();
  world.roles.clear();
  world.routers.Configure({second, Lan(150)}, world.now);  // the other order, another priority
  CHECK(world.frames.empty());
  CHECK(world.routers.active(0));
  CHECK(world.routers.active(1));
  Settings moved = Lan(150);
  moved.machine.addresses = {Ip("10.0.0.3")};
  world.routers.Configure({moved}, world.now);
  REQUIRE(world.frames.size() == 2);
  CHECK(world.Sent(0).priority == kResigning);
  CHECK(world.Sent(1).priority == kResigning);
  CHECK_FALSE(world.routers.active(0));
}

// Advertisements with a list of units are the callbacks' to read and write: here, the priority and two bytes more.
struct ListWorld : World {
  bool believes = true;
  static std::vector<uint8_t> List(uint8_t priority, const Ends& ends) {
    std::vector<uint8_t> message = {0x31, 1, priority, 1, 0, 10, 0, 0, 9, 9};
    PutChecksum(message, ends, ChecksumOver::kMessage);
    return message;
  }
  bool IsUnitList(size_t, const Unwrapped& heard) override { return heard.message.size() == 10; }
  std::optional<Advert> ReadUnitList(size_t, const Unwrapped& heard) override {
    if (!believes) return std::nullopt;
    return Advert{.vrid = 1, .priority = heard.message[2], .interval = 100ms};
  }
  std::vector<uint8_t> WriteUnitList(size_t, uint8_t priority, const Ends& ends) override {
    return List(priority, ends);
  }
  void HearList(uint8_t priority) {
    const Ends ends{Ip("10.0.0.12"), Ip("224.0.0.18")};
    HearMessage(List(priority, ends), "10.0.0.12", "224.0.0.18", 255);
  }
  uint64_t OfOtherFormat() const {
    return routers.status(0).counters.refused[static_cast<size_t>(Refusal::kFormat)];
  }
};

Settings WithUnitList() {
  Settings s = Lan();
  s.unit_list = true;
  return s;
}

TEST_CASE("[VR-19] a list of units elects as any advertisement does; those of the RFCs are refused by name") {
  ListWorld world;
  world.routers.Configure({WithUnitList()}, world.now);
  for (int i = 0; i < 5; ++i) {
    world.Run(100ms);
    world.HearList(200);
  }
  CHECK_FALSE(world.routers.active(0));
  CHECK(world.routers.status(0).state.active == Ip("10.0.0.12"));
  CHECK(world.routers.status(0).counters.heard == 5);
  world.HearList(kResigning);
  world.Run(63ms);
  REQUIRE(world.routers.active(0));
  CHECK(Unwrap(world.frames.back())->message.size() == 10);
  CHECK(Unwrap(world.frames.back())->message[2] == 100);
  world.Hear(200);  // an advertisement of RFC 9568
  CHECK(world.routers.active(0));
  CHECK(world.OfOtherFormat() == 1);
  world.believes = false;  // it is counted by who reads it
  world.HearList(200);
  CHECK(world.routers.active(0));
  CHECK(world.OfOtherFormat() == 1);
  world.routers.Stop(world.now);
  CHECK(Unwrap(world.frames.back())->message[2] == kResigning);
}

TEST_CASE("a list of units in a group with advertisements of the RFCs is refused by name") {
  ListWorld world;
  world.routers.Configure({Lan()}, world.now);
  world.HearList(200);
  CHECK(world.OfOtherFormat() == 1);
  CHECK(world.routers.status(0).counters.heard == 0);
  CHECK(world.routers.status(0).state.active == IpAddress{});
  World plain;  // nobody there who knows of lists
  plain.routers.Configure({Lan()}, plain.now);
  plain.HearMessage(ListWorld::List(200, {Ip("10.0.0.12"), Ip("224.0.0.18")}), "10.0.0.12", "224.0.0.18", 255);
  CHECK(plain.routers.strays().malformed[static_cast<size_t>(Malformed::kLength)] == 1);
}

TEST_CASE("a shared virtual MAC address is never the source of a frame") {
  World world;
  Settings shared = Lan();
  shared.shared = true;
  world.routers.Configure({shared}, world.now);
  world.Run(400ms);
  REQUIRE(world.frames.size() == 1);
  CHECK(Unwrap(world.frames[0])->envelope.src == kPortMac);
}

}  // namespace
}  // namespace baton::controlplane::vrrp
