// The driver on simulated time: what workers are told and what the network sees.
#include <catch2/catch.hpp>

#include <set>

#include <absl/strings/str_cat.h>

#include "controlplane/neighbor/neighbors.h"
#include "controlplane/neighbor/responder.h"
#include "tests/controlplane/neighbor/golden.h"

namespace baton::controlplane::neighbor {
namespace {

using namespace std::chrono_literals;
using Worker = SetNeighbor::State;

const MacAddress kBox = Mac("02:00:00:00:00:02");
const MacAddress kHostMac = Mac("02:00:00:00:00:01");
const IpAddress kHost = Ip("10.0.0.1");

struct Sent {
  PortId port;
  Frame frame;
};

struct World : Callbacks {
  std::vector<Sent> sent;
  std::vector<SetNeighbor> told;
  std::set<IpAddress> announced = {Ip("10.0.0.2"), Ip("2001:db8::2"), Ip("192.0.2.2")};
  std::map<IpAddress, Station> virtual_stations;
  bool used = true;

  void SendFrame(PortId port, absl::Span<const uint8_t> frame) override {
    sent.push_back({port, Decode(frame).value()});  // whatever we send must decode
  }
  void Tell(const SetNeighbor& update) override { told.push_back(update); }
  bool IsUsed(PortId, const IpAddress&) const override { return used; }
  std::map<std::pair<IpAddress, IpAddress>, Station> stations_for;  // by who asks, and for what
  mutable std::vector<Asker> askers;

  std::optional<Station> VirtualStation(PortId, const IpAddress& a, const Asker& asker) const override {
    askers.push_back(asker);
    if (const auto for_one = stations_for.find({asker.address, a}); for_one != stations_for.end()) {
      return for_one->second;
    }
    const auto at = virtual_stations.find(a);
    return at == virtual_stations.end() ? std::nullopt : std::optional(at->second);
  }
  bool IsAnnounced(PortId port, const IpAddress& a) const override {
    return announced.count(a) != 0 && (a == Ip("192.0.2.2")) == (port == 1);
  }
};

struct Lab {
  World world;
  TimePoint now = TimePoint{} + 1h;
  Neighbors neighbors;

  explicit Lab(size_t limit = 8) : neighbors(MakeConfig(limit), world) {}

  static Config MakeConfig(size_t limit) {
    Config config;
    config.limit = limit;
    PortInfo lan{.name = "lan", .mac = kBox, .addresses = {}};
    lan.addresses = {InterfaceAddress::Parse("10.0.0.2/8").value(), InterfaceAddress::Parse("2001:db8::2/64").value()};
    PortInfo wan{.name = "wan", .mac = Mac("02:00:00:00:00:03"), .vlan = 7, .addresses = {}};
    wan.addresses = {InterfaceAddress::Parse("192.0.2.2/24").value()};
    config.ports = {lan, wan};
    return config;
  }

  void Hear(const Frame& frame, PortId port = 0) { neighbors.OnFrame(port, Encode(frame), now); }
  void Need(const IpAddress& a, PortId port = 0) { neighbors.OnNeed({.address = a, .port = port}, now); }
  void Reply(const MacAddress& mac = kHostMac) {
    Hear({kBox, mac, {}, ArpReply{mac, kHost, kBox, Ip("10.0.0.2")}});
  }
  // Runs every deadline up to `duration` from now, in order.
  void Pass(Duration duration) {
    const TimePoint end = now + duration;
    while (neighbors.NextDeadline() <= end) {
      now = std::max(now, neighbors.NextDeadline());
      neighbors.Tick(now);
    }
    now = end;
  }
  std::string State(const IpAddress& a) const {
    for (const ListedNeighbor& n : neighbors.List(now)) {
      if (n.address == a) return std::string(n.state);
    }
    return "";
  }
};

Frame RequestFrom(const IpAddress& sender, const MacAddress& mac, const IpAddress& target) {
  return {MacAddress::Broadcast(), mac, {}, ArpRequest{mac, sender, {}, target}};
}

TEST_CASE("a needed neighbour is asked for and told to workers when it answers") {
  Lab lab;
  lab.Need(kHost);
  REQUIRE(lab.world.sent.size() == 1);
  CHECK(lab.world.sent[0].frame == RequestFrom(Ip("10.0.0.2"), kBox, kHost));
  CHECK(lab.world.told.empty());
  lab.now += 3ms;
  lab.Reply();
  REQUIRE(lab.world.told.size() == 1);
  CHECK(lab.world.told[0].address == kHost);
  CHECK(lab.world.told[0].mac == kHostMac);
  CHECK(lab.world.told[0].port == 0);
  CHECK(lab.world.told[0].state == Worker::kReachable);
  lab.now += 2s;
  const auto list = lab.neighbors.List(lab.now);
  REQUIRE(list.size() == 1);
  CHECK(list[0].mac == kHostMac);
  CHECK(list[0].state == "reachable");
  CHECK(list[0].age == 2s);
}

TEST_CASE("an IPv6 neighbour likewise, on its port's VLAN") {
  Lab lab;
  lab.Need(Ip("fe80::9"), 1);
  REQUIRE(lab.world.sent.size() == 1);
  CHECK(lab.world.sent[0].port == 1);
  CHECK(lab.world.sent[0].frame.vlan() == 7);
  const Frame answer{Mac("02:00:00:00:00:03"), kHostMac, 7,
                     Advertisement{.src = Ip("fe80::9"), .dst = Ip("fe80::ff:fe00:3"), .target = Ip("fe80::9"),
                                   .target_mac = kHostMac, .solicited = true, .overrides = true}};
  Frame untagged = answer;
  untagged.tag.reset();
  lab.Hear(untagged, 1);
  CHECK(lab.world.told.empty());
  CHECK(lab.neighbors.counters().wrong_vlan == 1);
  lab.Hear(answer, 1);
  REQUIRE(lab.world.told.size() == 1);
  CHECK(lab.world.told[0].port == 1);
}

TEST_CASE("lost replies: the third question still helps; after it the neighbour fails and may be needed again") {
  Lab lab;
  lab.Need(kHost);
  lab.Pass(2500ms);
  CHECK(lab.world.sent.size() == 3);
  SECTION("the reply to the third arrives") {
    lab.Reply();
    CHECK(lab.State(kHost) == "reachable");
  }
  SECTION("none arrives") {
    lab.Pass(1s);
    CHECK(lab.State(kHost) == "failed");
    REQUIRE(lab.world.told.size() == 1);
    CHECK(lab.world.told[0].state == Worker::kFailed);
    CHECK(lab.neighbors.counters().failed == 1);
    lab.Need(kHost);
    CHECK(lab.world.sent.size() == 3);
    lab.Pass(1s);
    CHECK(lab.neighbors.size() == 0);
    CHECK(lab.world.told.back().state == Worker::kForget);
    lab.Need(kHost);
    CHECK(lab.world.sent.size() == 4);
  }
}

TEST_CASE("while used it is probed by unicast and workers hear nothing; two of three probes may be lost") {
  Lab lab;
  lab.Need(kHost);
  lab.Reply();
  for (int round = 0; round < 20; ++round) {
    lab.Pass(32500ms);  // probes at 30, 31 and 32 s
    CHECK(lab.State(kHost) == "probe");
    CHECK(lab.world.sent.back().frame.dst == kHostMac);
    lab.Reply();
    CHECK(lab.State(kHost) == "reachable");
  }
  CHECK(lab.world.sent.size() == 1 + 20 * 3);
  CHECK(lab.world.told.size() == 1);
}

TEST_CASE("a neighbour that moved to another MAC address is found again by broadcast, without being forgotten") {
  Lab lab;
  lab.Need(kHost);
  lab.Reply();
  lab.Pass(33500ms);  // three probes without answer
  CHECK(lab.world.sent.back().frame.dst == MacAddress::Broadcast());
  const MacAddress moved = Mac("02:00:00:00:00:0b");
  lab.Reply(moved);
  REQUIRE(lab.world.told.size() == 2);
  CHECK(lab.world.told[1].state == Worker::kReachable);
  CHECK(lab.world.told[1].mac == moved);
}

TEST_CASE("gratuitous ARP moves a known neighbour at once and creates none") {
  Lab lab;
  const MacAddress moved = Mac("02:00:00:00:00:0b");
  lab.Hear(RequestFrom(kHost, moved, kHost));
  CHECK(lab.neighbors.size() == 0);
  lab.Need(kHost);
  lab.Reply();
  lab.Hear(RequestFrom(kHost, moved, kHost));
  REQUIRE(lab.world.told.size() == 2);
  CHECK(lab.world.told[1].mac == moved);
  CHECK(lab.State(kHost) == "stale");
}

TEST_CASE("an unused neighbour is forgotten after 5 minutes and nothing remains to be done") {
  Lab lab;
  lab.world.used = false;
  lab.Need(kHost);
  lab.Reply();
  lab.Pass(299s);
  CHECK(lab.neighbors.size() == 1);
  lab.Pass(1s);
  CHECK(lab.neighbors.size() == 0);
  CHECK(lab.world.told.back().state == Worker::kForget);
  CHECK(lab.world.sent.size() == 1);
  CHECK(lab.neighbors.NextDeadline() == TimePoint::max());
}

TEST_CASE("a request for an address in charge is answered and its sender told to workers") {
  Lab lab;
  const IpAddress vip = Ip("10.9.9.9");
  lab.Hear(RequestFrom(kHost, kHostMac, vip));
  CHECK(lab.world.sent.empty());  // not ours yet [AM-33]
  lab.world.announced.insert(vip);
  lab.Hear(RequestFrom(kHost, kHostMac, vip));
  REQUIRE(lab.world.sent.size() == 1);
  CHECK(lab.world.sent[0].frame == Frame{kHostMac, kBox, {}, ArpReply{kBox, vip, kHostMac, kHost}});
  REQUIRE(lab.world.told.size() == 1);
  CHECK(lab.world.told[0].address == kHost);
  CHECK(lab.neighbors.counters().answered == 1);
}

TEST_CASE("the port's link-local address is answered for without being configured") {
  Lab lab;
  const IpAddress own = LinkLocalFrom(kBox);
  lab.Hear({Ipv6MulticastMac(SolicitedNodeMulticast(own)), kHostMac, {},
            Solicitation{Ip("fe80::1"), SolicitedNodeMulticast(own), own, kHostMac}});
  CHECK(lab.world.sent.size() == 1);
}

TEST_CASE("a claim to our address is counted, not learnt (RFC 5227, 2.4)") {
  Lab lab;
  lab.Hear(RequestFrom(Ip("10.0.0.2"), kHostMac, Ip("10.0.0.2")));
  CHECK(lab.neighbors.counters().conflicts == 1);
  CHECK(lab.neighbors.size() == 0);
  CHECK(lab.world.sent.empty());
}

TEST_CASE("malformed frames are counted by kind, others ignored") {
  Lab lab;
  Bytes arp = kArpRequestBytes, solicitation = kSolicitationBytes, advertisement = kAdvertisementBytes;
  arp[15] = 9;
  solicitation.back() ^= 1;
  advertisement.back() ^= 1;
  Bytes router = kDadBytes;
  router[54] = 134;
  for (const Bytes& bytes : {arp, solicitation, advertisement, Bytes{1, 2, 3}, router}) {
    lab.neighbors.OnFrame(0, bytes, lab.now);
  }
  CHECK(lab.neighbors.counters().malformed == std::array<uint64_t, kKinds>{1, 1, 1, 1});
  CHECK(lab.neighbors.counters().ignored == 1);
  lab.neighbors.OnFrame(9, arp, lab.now);  // no such port
  CHECK(lab.neighbors.size() == 0);
}

TEST_CASE("a full table refuses and counts; those it has go on; a place that falls free is used") {
  Lab lab(8);
  for (uint32_t i = 0; i < 9; ++i) lab.Need(IpAddress::V4(0x0a000100 + i));
  CHECK(lab.neighbors.size() == 8);
  CHECK(lab.neighbors.counters().table_full == 1);
  CHECK(lab.world.sent.size() == 8);
  const IpAddress first = IpAddress::V4(0x0a000100);
  lab.Hear({kBox, kHostMac, {}, ArpReply{kHostMac, first, kBox, Ip("10.0.0.2")}});
  CHECK(lab.State(first) == "reachable");
  lab.Pass(4s);  // the others fail and are forgotten
  CHECK(lab.neighbors.size() == 1);
  lab.Need(IpAddress::V4(0x0a000108));
  CHECK(lab.neighbors.size() == 2);
}

TEST_CASE("a flood of requests from invented senders is bounded: one answer each, a quarter of the table kept free") {
  Lab lab(64);
  for (uint32_t i = 0; i < 20'000; ++i) lab.Hear(RequestFrom(IpAddress::V4(0x0a100000 + i), kHostMac, Ip("10.0.0.2")));
  CHECK(lab.world.sent.size() == 20'000);
  CHECK(lab.neighbors.size() == 48);
  CHECK(lab.world.told.size() == 48);
  CHECK(lab.neighbors.counters().table_full == 20'000 - 48);
  lab.Need(kHost);
  CHECK(lab.State(kHost) == "incomplete");
}

TEST_CASE("a tick does at most so much, and says that there is more to do") {
  Lab lab(1000);
  for (uint32_t i = 0; i < 200; ++i) lab.Need(IpAddress::V4(0x0a000100 + i));
  lab.world.sent.clear();
  lab.now += 1s;
  lab.neighbors.Tick(lab.now);
  CHECK(lab.world.sent.size() == kDeadlinesPerTick);
  CHECK(lab.neighbors.NextDeadline() <= lab.now);
  for (int i = 0; i < 3; ++i) lab.neighbors.Tick(lab.now);
  CHECK(lab.world.sent.size() == 200);
  CHECK(lab.neighbors.NextDeadline() == lab.now + 1s);
}

TEST_CASE("an announcement is repeated after 2 s (RFC 5227, 2.3) unless the address was given away") {
  Lab lab;
  const IpAddress vip = Ip("10.9.9.9");
  lab.world.announced.insert(vip);
  lab.neighbors.Announce(vip, 0, lab.now);
  REQUIRE(lab.world.sent.size() == 1);
  CHECK(lab.world.sent[0].frame == RequestFrom(vip, kBox, vip));
  const bool kept = GENERATE(true, false);
  if (!kept) lab.world.announced.erase(vip);
  lab.Pass(1999ms);
  CHECK(lab.world.sent.size() == 1);
  lab.Pass(10s);
  CHECK(lab.world.sent.size() == (kept ? 2 : 1));
  CHECK(lab.neighbors.NextDeadline() == TimePoint::max());
}

TEST_CASE("the box that had an address is forgotten as a neighbour when the address becomes ours") {
  Lab lab;
  lab.Need(kHost);
  lab.Reply();
  lab.world.announced.insert(kHost);
  lab.neighbors.Announce(kHost, 0, lab.now);
  CHECK(lab.neighbors.size() == 0);
  CHECK(lab.world.told.back().state == Worker::kForget);
  lab.Need(kHost);
  CHECK(lab.neighbors.size() == 0);  // nobody asks for an address of his own
}

TEST_CASE("an announcement that each neighbour's own answer follows is not repeated") {
  Lab lab;
  lab.neighbors.Announce(Ip("10.0.0.2"), 0, lab.now, false);
  lab.Pass(10s);
  CHECK(lab.world.sent.size() == 1);
}

TEST_CASE("[VR-01] who asks for a gateway may get an answer of its own, from a box that announces it to nobody else") {
  Lab lab;
  const IpAddress gateway = Ip("10.0.0.9");
  const MacAddress other = Mac("02:00:00:00:00:44");
  lab.world.stations_for[{kHost, gateway}] = {other, kBox};
  lab.Hear(RequestFrom(kHost, kHostMac, gateway));
  REQUIRE(lab.world.sent.size() == 1);
  CHECK(lab.world.sent[0].frame == Frame{kHostMac, kBox, {}, ArpReply{other, gateway, kHostMac, kHost}});
  CHECK(lab.world.askers.back().address == kHost);
  CHECK_FALSE(lab.world.askers.back().us_alone);
  Frame to_us = RequestFrom(Ip("10.0.0.77"), Mac("02:00:00:00:00:77"), gateway);
  to_us.dst = kBox;
  lab.Hear(to_us);
  CHECK(lab.world.sent.size() == 1);
  CHECK(lab.world.askers.back().us_alone);
}

TEST_CASE("an address on two ports is two neighbours") {
  Lab lab;
  lab.Need(Ip("fe80::9"), 0);
  lab.Need(Ip("fe80::9"), 1);
  CHECK(lab.neighbors.size() == 2);
}

}  // namespace
}  // namespace baton::controlplane::neighbor
