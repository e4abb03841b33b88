// The substitution server among routers and end systems that the test plays, frame by frame.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

#include "controlplane/controller/controller.h"
#include "controlplane/load_sharing/codec.h"
#include "controlplane/vrrp/frame.h"

namespace baton::controlplane {
namespace {

using namespace std::chrono_literals;
using load_sharing::Allocation;
using load_sharing::Confirmation;
using load_sharing::FlowRequest;
using load_sharing::FlowResponse;
using load_sharing::Message;
using load_sharing::Response;
using load_sharing::ReviewRequest;
using load_sharing::UnitState;

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

const IpAddress kActive = Ip("10.0.0.11"), kBackup = Ip("10.0.0.12"), kServer = Ip("10.0.0.20");
const IpAddress kGroup = Ip("224.0.0.18"), kNobody = Ip("10.0.0.99");
const MacAddress kServerMac{{2, 0, 0, 0, 0, 0x20}};

// Of everybody else, by the last byte of the address.
MacAddress MacOf(const IpAddress& address) { return MacAddress{{2, 0, 0, 0, 1, static_cast<uint8_t>(address.v4())}}; }

ControllerConfig TheConfig() {
  const ControllerParse parsed = ParseControllerConfig(
      "{interface: eth0, virtual_routers: [{id: 7, addresses: [10.0.0.1], load_sharing: {routers: [10.0.0.11, "
      "10.0.0.12], "
      "server: 10.0.0.20, hand_over: sequence, review_every: 0s}}]}",
      "f");
  REQUIRE(parsed.Report() == "");
  return parsed.config;
}

PortInfo ThePort() {
  PortInfo port{.name = "eth0", .mac = kServerMac, .addresses = {}};
  port.addresses = {InterfaceAddress::Parse("192.0.2.20/24").value(), InterfaceAddress::Parse("10.0.0.20/24").value()};
  return port;
}

struct Heard {  // of the server's messages
  IpAddress to;
  MacAddress mac;
  Message message;
};

struct World : ControllerCallbacks {
  TimePoint now{1000s};
  std::vector<Heard> messages;
  std::vector<IpAddress> asked;  // by ARP
  std::vector<std::string> log;
  std::vector<IpAddress> end_systems = {Ip("10.0.0.2"), Ip("10.0.0.3")};
  std::vector<std::vector<uint8_t>> answers;  // on their way to the server
  Controller server{TheConfig(), ThePort(), 1, *this};

  void OnEvent(const std::string& text) override { log.push_back(text); }

  void SendFrame(absl::Span<const uint8_t> frame) override {
    if (const auto message = vrrp::Unwrap(frame)) {
      CHECK(message->envelope.src == kServerMac);
      CHECK(message->envelope.ends.src == kServer);
      const auto decoded = load_sharing::DecodeMessage(message->message, message->envelope.ends);
      REQUIRE(decoded.malformed == load_sharing::Malformed::kNothing);
      messages.push_back({message->envelope.ends.dst, message->envelope.dst, decoded.message});
      return;
    }
    const auto decoded = neighbor::Decode(frame);
    REQUIRE(decoded.ok());
    const auto* request = std::get_if<neighbor::ArpRequest>(&decoded->message);
    REQUIRE(request != nullptr);
    CHECK(request->sender == kServer);  // not the interface's first address
    asked.push_back(request->target);
    if (request->target != kActive && request->target != kBackup && !IsEndSystem(request->target)) return;
    neighbor::Frame reply{.dst = kServerMac, .src = MacOf(request->target), .tag = {}, .message = {}};
    reply.message = neighbor::ArpReply{MacOf(request->target), request->target, kServerMac, kServer};
    answers.push_back(neighbor::Encode(reply));
  }

  bool IsEndSystem(const IpAddress& address) const {
    return std::find(end_systems.begin(), end_systems.end(), address) != end_systems.end();
  }

  // All answers arrive at once; then time goes on to each deadline.
  void Go(Duration time) {
    const TimePoint end = now + time;
    for (;;) {
      while (!answers.empty()) {
        const std::vector<std::vector<uint8_t>> arrived = std::exchange(answers, {});
        for (const auto& frame : arrived) server.OnFrame(frame, now);
      }
      const TimePoint next = server.NextDeadline();
      if (next > end) break;
      now = std::max(now, next);
      server.Tick(now);
    }
    now = end;
  }

  void Advertise(const IpAddress& from, uint8_t vrid = 7, const char* address = "10.0.0.1") {
    const vrrp::Ends ends{from, kGroup};
    const vrrp::Advert advert{.vrid = vrid, .priority = 200, .interval = 1s, .addresses = {Ip(address)}};
    server.OnFrame(vrrp::Wrap({.dst = vrrp::MulticastMac(kGroup), .src = MacOf(from), .ends = ends},
                              vrrp::Encode(advert, ends, vrrp::ChecksumOver::kPseudoHeaderToo)), now);
  }
  void Say(const IpAddress& from, const Message& message) {
    const vrrp::Ends ends{from, kServer};
    server.OnFrame(vrrp::Wrap({.dst = kServerMac, .src = MacOf(from), .ends = ends},
                              load_sharing::EncodeMessage({.vrid = 7, .priority = 100, .interval = 1s}, message, ends,
                                                          vrrp::ChecksumOver::kPseudoHeaderToo)), now);
  }

  template <typename T>
  std::vector<std::pair<IpAddress, T>> Said() const {
    std::vector<std::pair<IpAddress, T>> found;
    for (const Heard& heard : messages) {
      if (const auto* m = std::get_if<T>(&heard.message)) found.push_back({heard.to, *m});
    }
    return found;
  }
  // Every flow request that was sent is answered: nothing is forwarded yet.
  void AnswerFlowRequests(load_sharing::Generation generation) {
    for (const auto& [to, request] : Said<FlowRequest>()) {
      Say(to, FlowResponse{.generation = generation, .review = request.review, .overflow_unit = 1s});
    }
  }
  // Until it has allocated, and the backup's confirmation is on its way.
  Allocation FirstAllocation() {
    server.Start(now);
    Go(100ms);
    Advertise(kActive);
    AnswerFlowRequests(0);
    for (int i = 0; i < 100 && Said<Allocation>().empty(); ++i) Go(100ms);
    const auto made = Said<Allocation>();
    REQUIRE(made.size() == 1);
    CHECK(made[0].first == kGroup);
    return made[0].second;
  }
};

TEST_CASE("[VR-108] [VR-109] [VR-110] the first advertisement is answered as a server, and discovery begins with it") {
  World world;
  world.server.Start(world.now);
  world.Go(3s);
  CHECK(world.asked == std::vector<IpAddress>{kActive, kBackup});  // who it will have to tell
  CHECK(world.messages.empty());
  world.Advertise(kActive);
  const auto responses = world.Said<Response>();
  REQUIRE(responses.size() == 1);
  CHECK(responses[0].first == kActive);
  CHECK(world.messages[0].mac == MacOf(kActive));
  CHECK(responses[0].second.state == UnitState::kServer);
  CHECK(responses[0].second.units == std::vector<IpAddress>{kActive, kBackup, kServer});
  world.Go(1s);
  for (const char* host : {"10.0.0.2", "10.0.0.3", "10.0.0.254"}) {  // everybody of its own network
    CAPTURE(host);
    CHECK(std::find(world.asked.begin(), world.asked.end(), Ip(host)) != world.asked.end());
  }
}

TEST_CASE("[VR-111] [VR-113] what it found it shares out, and relays the confirmation to the active router") {
  World world;
  const Allocation made = world.FirstAllocation();
  CHECK(made.hand_over == load_sharing::HandOver::kSequence);
  std::map<IpAddress, int> shares;
  for (const load_sharing::Charge& charge : made.charges) ++shares[charge.unit];
  // Both are the active router's before anything is allocated: one of two may be named or not.
  CHECK(shares[kBackup] == 1);
  CHECK(shares.count(kServer) == 0);  // VR-Q35
  world.messages.clear();
  world.Say(kBackup, Confirmation{.generation = made.generation, .unit = kBackup});
  const auto relayed = world.Said<Confirmation>();
  REQUIRE(relayed.size() == 1);
  CHECK(relayed[0].first == kActive);
  CHECK(relayed[0].second.unit == kBackup);
  CHECK(relayed[0].second.generation == made.generation);
}

TEST_CASE(
    "[VR-116] [VR-117] a review that a backup asks for: the server collects from the active router and the backup") {
  World world;
  const Allocation made = world.FirstAllocation();
  world.Say(kBackup, Confirmation{.generation = made.generation, .unit = kBackup});
  world.Go(1s);
  world.messages.clear();
  world.Say(kBackup, ReviewRequest{made.generation});
  std::vector<IpAddress> asked;
  for (const auto& [to, request] : world.Said<FlowRequest>()) asked.push_back(to);
  CHECK(asked == std::vector<IpAddress>{kActive, kBackup});
}

TEST_CASE("a router of none of the units is active: the server answers the group's next one as a server still") {
  World world;
  world.server.Start(world.now);
  world.Go(100ms);
  world.Advertise(kActive);
  world.Advertise(kNobody);
  REQUIRE(world.log.size() >= 1);
  CHECK(world.log.back() == "virtual router 7 (eth0, IPv4): 10.0.0.99 is active and shares no load: it forwards alone");
  CHECK(world.Said<Response>().size() == 1);
  world.Advertise(kBackup);
  const auto responses = world.Said<Response>();
  REQUIRE(responses.size() == 2);
  CHECK(responses[1].first == kBackup);
  CHECK(responses[1].second.state == UnitState::kServer);
}

TEST_CASE(
    "advertisements of another virtual router, or of a wrongly configured one, begin nothing; the log says so once") {
  World world;
  world.server.Start(world.now);
  world.Go(100ms);
  world.Advertise(kActive, 8);
  CHECK(world.log.empty());
  for (int i = 0; i < 3; ++i) world.Advertise(kActive, 7, "10.0.0.9");
  CHECK(world.log ==
        std::vector<std::string>{"virtual router 7 (eth0, IPv4): advertisements of 10.0.0.11 are refused: addresses"});
  CHECK(world.messages.empty());
  const std::vector<std::string> state = world.server.State();
  CHECK(std::find(state.begin(), state.end(), "  advertisements refused, addresses: 3") != state.end());
}

TEST_CASE("whatever comes in, the server goes on") {
  World world;
  const Allocation made = world.FirstAllocation();
  const vrrp::Ends ends{kBackup, kServer};
  const std::vector<uint8_t> good =
      vrrp::Wrap({.dst = kServerMac, .src = MacOf(kBackup), .ends = ends},
                 load_sharing::EncodeMessage({.vrid = 7, .priority = 100, .interval = 1s},
                                             Confirmation{.generation = made.generation, .unit = kBackup}, ends,
                                             vrrp::ChecksumOver::kPseudoHeaderToo));
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::vector<uint8_t> frame = good;
    frame.resize(random() % (frame.size() + 1));
    for (int changes = 0; changes < 2 && !frame.empty(); ++changes) {
      frame[random() % frame.size()] = static_cast<uint8_t>(random());
    }
    world.server.OnFrame(frame, world.now);
  }
  world.messages.clear();
  world.server.OnFrame(good, world.now);
  CHECK(world.Said<Confirmation>().size() == 1);
}

}  // namespace
}  // namespace baton::controlplane
