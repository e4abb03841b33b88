// Discovery of end systems. Frames of ICMP were made with scapy 2.5, so that the checksums are somebody else's.
#include "controlplane/load_sharing/discovery.h"

#include <catch2/catch.hpp>

#include "controlplane/load_sharing/probe.h"
#include "controlplane/neighbor/codec.h"
#include "tests/controlplane/neighbor/golden.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;
using neighbor::Bytes;
using neighbor::Hex;
using neighbor::Ip;
using neighbor::Mac;
using Frames = std::vector<Bytes>;
using Addresses = std::vector<IpAddress>;

const MacAddress kMac = Mac("02:00:00:00:00:02"), kHostMac = Mac("02:00:00:00:00:64");
const TimePoint kNow{100s};

// From 0.0.0.2 to everybody: identifier 0x4242, sequence number 1.
const Bytes kInformationRequest = Hex(
    "ffffffffffff 020000000002 0800  4500001c000000004001 7ae0 00000002 ffffffff  0f00 aebc 4242 0001");
// From 192.0.2.100 to 192.0.2.2.
const Bytes kInformationReply = Hex(
    "020000000002 020000000064 0800  4500001c000100004001 f679 c0000264 c0000202  1000 adbc 4242 0001");
const Bytes kEchoRequest = Hex(
    "ffffffffffff 020000000002 0800  4500001c000000004001 b8df c0000202 ffffffff  0800 b5bc 4242 0001");
// VLAN 7, from 2001:db8::2 to ff02::1.
const Bytes kEchoRequest6 = Hex(
    "333300000001 020000000002 8100 0007 86dd  6000000000083a40 20010db8000000000000000000000002"
    "ff020000000000000000000000000001  8000 10bb 4242 0001");
// VLAN 7, from 2001:db8::64 to 2001:db8::2 with the data "ab".
const Bytes kEchoReply6 = Hex(
    "020000000002 020000000064 8100 0007 86dd  60000000000a3a40 20010db8000000000000000000000064"
    "20010db8000000000000000000000002  8100 7f3d 4242 0001 6162");

DiscoveryConfig Config(DiscoveryMethods methods) {
  DiscoveryConfig config;
  config.methods = methods;
  config.mac = kMac;
  config.own = Ip("192.0.2.2");
  config.prefix = *Prefix::Parse("192.0.2.0/24");
  config.identifier = 0x4242;
  config.not_nodes = {Ip("192.0.2.1"), Ip("192.0.2.3")};
  return config;
}

DiscoveryConfig Config6(DiscoveryMethods methods) {
  DiscoveryConfig config = Config(methods);
  config.vlan = 7;
  config.own = Ip("2001:db8::2");
  config.prefix = *Prefix::Parse("2001:db8::/64");
  config.not_nodes = {Ip("2001:db8::1")};
  return config;
}

Bytes Reply(const char* from, uint16_t sequence, const char* to = "192.0.2.2") {
  return EncodeProbe({.dst_mac = kMac, .src_mac = kHostMac, .dst = Ip(to), .src = Ip(from),
                      .kind = Probe::Kind::kInformation, .reply = true, .identifier = 0x4242, .sequence = sequence});
}

Bytes ArpReplyFrom(const char* address) {
  return neighbor::Encode({.dst = kMac, .src = kHostMac, .tag = {},
                           .message = neighbor::ArpReply{kHostMac, Ip(address), kMac, Ip("192.0.2.2")}});
}

// All that it sends until it waits no more.
Frames RunToEnd(Discovery& discovery) {
  Frames frames;
  for (int i = 0; i < 100000 && discovery.running(); ++i) {
    for (Bytes& frame : discovery.Tick(discovery.NextDeadline())) frames.push_back(std::move(frame));
  }
  REQUIRE(!discovery.running());
  return frames;
}

Addresses AddressesOf(const std::vector<Node>& nodes) {
  Addresses addresses;
  for (const Node& node : nodes) addresses.push_back(node.address);
  return addresses;
}

TEST_CASE("frames of ICMP, byte by byte [VR-41]") {
  struct Case {
    const char* name;
    Probe probe;
    Bytes bytes;
  };
  const MacAddress all = MacAddress::Broadcast();
  const std::vector<Case> cases = {
      {"information request", {all, kMac, 0, Ip("255.255.255.255"), Ip("0.0.0.2"), Probe::Kind::kInformation, false,
                               0x4242, 1}, kInformationRequest},
      {"echo request", {all, kMac, 0, Ip("255.255.255.255"), Ip("192.0.2.2"), Probe::Kind::kEcho, false, 0x4242, 1},
       kEchoRequest},
      {"echo request over IPv6 with a tag", {Mac("33:33:00:00:00:01"), kMac, 7, Ip("ff02::1"), Ip("2001:db8::2"),
                                             Probe::Kind::kEcho, false, 0x4242, 1}, kEchoRequest6},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(EncodeProbe(c.probe) == c.bytes);
    CHECK(DecodeProbe(c.bytes) == c.probe);
    for (size_t length = 0; length < c.bytes.size(); ++length) {
      CHECK(!DecodeProbe(absl::MakeSpan(c.bytes).first(length)).has_value());
    }
  }
  const Probe reply{kMac, kHostMac, 7, Ip("2001:db8::2"), Ip("2001:db8::64"), Probe::Kind::kEcho, true, 0x4242, 1};
  CHECK(DecodeProbe(kEchoReply6) == reply);
}

TEST_CASE("what is no probe") {
  struct Case {
    const char* name;
    size_t at;
    uint8_t value;
  };
  const auto c = GENERATE(values<Case>({
      {"a wrong checksum", 41, 2},
      {"a fragment", 21, 1},
      {"UDP", 23, 17},
      {"a header longer than the packet", 14, 0x4f},
      {"longer than the frame", 17, 0x1d},
      {"another Ethernet type", 13, 1},
  }));
  CAPTURE(c.name);
  Bytes bytes = kInformationReply;
  REQUIRE(DecodeProbe(bytes).has_value());
  bytes[c.at] = c.value;
  CHECK(!DecodeProbe(bytes).has_value());
}

TEST_CASE("information request and reply find an end system [VR-33][VR-41][VR-42][VR-43]") {
  Discovery discovery(Config({.icmp_info = true}));
  discovery.Start(kNow);
  CHECK(discovery.Tick(kNow) == Frames{kInformationRequest});
  CHECK(discovery.Hear(kInformationReply, kNow + 1ms));
  CHECK(!discovery.Hear(kInformationReply, kNow + 2ms));
  CHECK(discovery.Nodes(kNow + 2ms) ==
        std::vector<Node>{{Ip("192.0.2.100"), Node::Kind::kEndSystem, Node::Origin::kAnswered}});
  // Asked once more, with a number of its own; answers to both count, until two seconds after the last.
  CHECK(discovery.NextDeadline() == kNow + 500ms);
  const Frames again = discovery.Tick(kNow + 500ms);
  REQUIRE(again.size() == 1);
  CHECK(DecodeProbe(again[0])->sequence == 2);
  CHECK(discovery.Hear(Reply("192.0.2.101", 1), kNow + 600ms));
  CHECK(discovery.Hear(Reply("192.0.2.102", 2), kNow + 600ms));
  CHECK(discovery.NextDeadline() == kNow + 2500ms);
  CHECK(discovery.Tick(kNow + 2500ms).empty());
  CHECK(!discovery.running());
  CHECK(!discovery.Hear(Reply("192.0.2.103", 2), kNow + 3s));
}

TEST_CASE("which replies count [VR-42][VR-44]") {
  struct Case {
    const char* name;
    Bytes frame;
    bool counts;
  };
  Bytes other_identifier = Reply("192.0.2.100", 1), request = kInformationRequest;
  other_identifier[39] ^= 1;
  other_identifier[37] ^= 1;  // the checksum: one up here, one down there
  const std::vector<Case> cases = {
      {"to us", Reply("192.0.2.100", 1), true},
      {"to us without the network", Reply("192.0.2.100", 1, "0.0.0.2"), true},
      {"to everybody", Reply("192.0.2.100", 1, "255.255.255.255"), true},
      {"to somebody else", Reply("192.0.2.100", 1, "192.0.2.7"), false},
      {"to a request that was not sent", Reply("192.0.2.100", 2), false},
      {"to a request before", Reply("192.0.2.100", 0), false},
      {"to another router's request", other_identifier, false},
      {"another router's request itself", request, false},
      {"from a unit", Reply("192.0.2.3", 1), false},
      {"from the virtual router", Reply("192.0.2.1", 1), false},
      {"from the network's address", Reply("192.0.2.0", 1), false},
      {"from the broadcast address", Reply("192.0.2.255", 1), false},
      {"from nobody", Reply("0.0.0.0", 1), false},
      {"from a group", Reply("224.0.0.5", 1), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Discovery discovery(Config({.icmp_info = true}));
    discovery.Start(kNow);
    CHECK(discovery.Tick(kNow).size() == 1);
    CHECK(discovery.Hear(c.frame, kNow + 1ms) == c.counts);
    CHECK(discovery.Nodes(kNow + 1ms).size() == (c.counts ? 1 : 0));
  }
  Discovery without(Config({.icmp_echo = true}));
  without.Start(kNow);
  CHECK(without.Tick(kNow) == Frames{kEchoRequest});
  CHECK(!without.Hear(Reply("192.0.2.100", 1), kNow));
}

TEST_CASE("a scan asks for each address, not too fast, and once more who did not answer") {
  Discovery discovery(Config({.arp_scan = true}));
  discovery.Start(kNow);
  Frames frames;
  Addresses asked;
  TimePoint now = kNow;
  for (; asked.size() < 251; now += 1ms) {
    REQUIRE(now < kNow + 2s);
    for (const Bytes& bytes : discovery.Tick(now)) {
      const auto frame = neighbor::Decode(bytes);
      REQUIRE(frame.ok());
      CHECK(frame->dst == MacAddress::Broadcast());
      const auto& request = std::get<neighbor::ArpRequest>(frame->message);
      CHECK(request.sender == Ip("192.0.2.2"));
      CHECK(request.sender_mac == kMac);
      asked.push_back(request.target);
    }
    CHECK(asked.size() <= static_cast<size_t>((now - kNow) / 2ms) + 1);
  }
  // 254 hosts, but for the two routers and the virtual address.
  CHECK(asked.front() == Ip("192.0.2.4"));
  CHECK(asked.back() == Ip("192.0.2.254"));
  for (const char* host : {"192.0.2.100", "192.0.2.200"}) CHECK(discovery.Hear(ArpReplyFrom(host), now));
  CHECK(RunToEnd(discovery).size() == 249);
  CHECK(AddressesOf(discovery.Nodes(now)) == Addresses{Ip("192.0.2.100"), Ip("192.0.2.200")});
  CHECK(discovery.Conditions(now) == Addresses{Ip("192.0.2.100"), Ip("192.0.2.200")});
}

TEST_CASE("a call that comes late sends no flood") {
  Discovery discovery(Config({.arp_scan = true}));
  discovery.Start(kNow);
  CHECK(discovery.Tick(kNow + 10s).size() == kProbesPerTick);
  CHECK(discovery.Tick(kNow + 10s).size() <= 1);
}

TEST_CASE("a discovery replaces what answered before; static nodes stay") {
  DiscoveryConfig config = Config({.arp_scan = true});
  config.end_systems = {Ip("192.0.2.50")};
  Discovery discovery(config);
  discovery.Start(kNow);
  CHECK(discovery.Hear(ArpReplyFrom("192.0.2.100"), kNow));
  CHECK(discovery.Hear(ArpReplyFrom("192.0.2.101"), kNow));
  CHECK(!discovery.Hear(ArpReplyFrom("192.0.2.50"), kNow));
  RunToEnd(discovery);
  const TimePoint later = kNow + 1h;
  CHECK(discovery.Nodes(later).size() == 3);
  discovery.Start(later);
  discovery.Tick(later);
  CHECK(!discovery.Hear(ArpReplyFrom("192.0.2.101"), later));
  CHECK(discovery.Nodes(later).size() == 3);  // until it is over
  RunToEnd(discovery);
  CHECK(discovery.Nodes(later) ==
        std::vector<Node>{{Ip("192.0.2.50"), Node::Kind::kEndSystem, Node::Origin::kStatic},
                          {Ip("192.0.2.101"), Node::Kind::kEndSystem, Node::Origin::kAnswered}});
}

TEST_CASE("a router to another subnet is a node, but no condition [VR-45]") {
  DiscoveryConfig config = Config({.arp_scan = true, .passive = true});
  config.routers = {Ip("192.0.2.4")};
  Discovery discovery(config);
  discovery.Start(kNow);
  discovery.Hear(ArpReplyFrom("192.0.2.4"), kNow);
  discovery.Hear(ArpReplyFrom("192.0.2.100"), kNow);
  CHECK(discovery.Saw(Ip("198.51.100.5"), kNow));  // from behind it
  CHECK(discovery.Nodes(kNow) ==
        std::vector<Node>{{Ip("192.0.2.4"), Node::Kind::kRouter, Node::Origin::kStatic},
                          {Ip("192.0.2.100"), Node::Kind::kEndSystem, Node::Origin::kAnswered},
                          {Ip("198.51.100.5"), Node::Kind::kEndSystem, Node::Origin::kLearned}});
  CHECK(discovery.Conditions(kNow) == Addresses{Ip("192.0.2.100"), Ip("198.51.100.5")});

  Discovery discovery6(Config6({.arp_scan = true}));
  const Bytes advertisement = neighbor::Encode(
      {.dst = kMac, .src = kHostMac, .tag = 7,
       .message = neighbor::Advertisement{.src = Ip("2001:db8::4"), .dst = Ip("2001:db8::2"), .target = Ip("2001:db8::4"),
                                          .target_mac = kHostMac, .router = true, .solicited = true}});
  CHECK(discovery6.Hear(advertisement, kNow));
  CHECK(discovery6.Nodes(kNow) ==
        std::vector<Node>{{Ip("2001:db8::4"), Node::Kind::kRouter, Node::Origin::kAnswered}});
}

TEST_CASE("what is learned is forgotten when it was not seen for long [VR-48]") {
  Discovery discovery(Config({.passive = true}));
  CHECK(discovery.Saw(Ip("192.0.2.100"), kNow));
  CHECK(discovery.Saw(Ip("192.0.2.101"), kNow));
  CHECK(!discovery.Saw(Ip("192.0.2.101"), kNow + 9min));
  CHECK(discovery.Conditions(kNow + 10min).size() == 2);
  CHECK(discovery.Conditions(kNow + 11min) == Addresses{Ip("192.0.2.101")});
  CHECK(discovery.Saw(Ip("192.0.2.100"), kNow + 12min));
  // ARP tells of stations, too.
  const Bytes question = neighbor::Encode(
      {.dst = MacAddress::Broadcast(), .src = kHostMac, .tag = {},
       .message = neighbor::ArpRequest{kHostMac, Ip("192.0.2.102"), {}, Ip("192.0.2.1")}});
  CHECK(discovery.Hear(question, kNow + 12min));
  Discovery deaf(Config({}));
  CHECK(!deaf.Saw(Ip("192.0.2.100"), kNow));
  CHECK(!deaf.Hear(question, kNow));
}

TEST_CASE("all addresses are conditions until the first is registered [VR-47][VR-48]") {
  DiscoveryConfig config = Config({.whole_subnet = true});
  config.prefix = *Prefix::Parse("192.0.2.0/29");
  Discovery discovery(config);
  // .1 to .6, but for the units and the virtual router.
  CHECK(discovery.Conditions(kNow) == Addresses{Ip("192.0.2.4"), Ip("192.0.2.5"), Ip("192.0.2.6")});
  CHECK(discovery.Nodes(kNow).empty());
  CHECK(discovery.Saw(Ip("192.0.2.5"), kNow));
  CHECK(discovery.Conditions(kNow) == Addresses{Ip("192.0.2.5")});
}

TEST_CASE("over IPv6 everybody is asked for an echo, and who is known for its MAC address") {
  Discovery discovery(Config6({.arp_scan = true, .passive = true}));
  CHECK(discovery.Saw(Ip("2001:db8::77"), kNow));
  CHECK(!discovery.Saw(Ip("fe80::77"), kNow));  // never a source of what is forwarded
  CHECK(!discovery.Saw(Ip("192.0.2.100"), kNow));
  discovery.Start(kNow + 1s);
  const Frames frames = discovery.Tick(kNow + 1s);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0] == kEchoRequest6);
  const auto question = neighbor::Decode(frames[1]);
  REQUIRE(question.ok());
  CHECK(std::get<neighbor::Solicitation>(question->message).target == Ip("2001:db8::77"));
  CHECK(question->dst == Mac("33:33:ff:00:00:77"));
  CHECK(question->vlan() == 7);
  CHECK(discovery.Hear(kEchoReply6, kNow + 1s));
  CHECK(AddressesOf(discovery.Nodes(kNow + 1s)) == Addresses{Ip("2001:db8::64"), Ip("2001:db8::77")});
}

TEST_CASE("more nodes than the limit are counted; forgotten ones make space") {
  DiscoveryConfig config = Config({.passive = true});
  config.limit = 2;
  Discovery discovery(config);
  CHECK(discovery.Saw(Ip("192.0.2.100"), kNow));
  CHECK(discovery.Saw(Ip("192.0.2.101"), kNow));
  CHECK(!discovery.Saw(Ip("192.0.2.102"), kNow));
  CHECK(discovery.refused() == 1);
  CHECK(!discovery.Saw(Ip("192.0.2.101"), kNow + 9min));
  CHECK(discovery.Saw(Ip("192.0.2.102"), kNow + 11min));
  CHECK(discovery.Conditions(kNow + 11min) == Addresses{Ip("192.0.2.101"), Ip("192.0.2.102")});
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
