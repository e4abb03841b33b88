#include "generator/neighbors.h"

#include <catch2/catch.hpp>

#include "controlplane/neighbor/codec.h"
#include "tests/generator/frames.h"

namespace baton::generator {
namespace {

namespace neighbor = controlplane::neighbor;

constexpr MacAddress kGatewayMac{{2, 0, 0, 0, 0, 0x11}}, kNewMac{{2, 0, 0, 0, 0, 0x22}};
constexpr int64_t kSecond = 1'000'000'000;

struct Fixture {
  Hosts hosts{{Address("10.1.0.2"), Address("10.1.0.3"), Address("2001:db8::2")}};
  Neighbors neighbors{HostMacs(kClientMac, false), hosts};

  std::optional<neighbor::Frame> Hear(const MacAddress& src, const MacAddress& dst, neighbor::ArpRequest message) {
    return Hear({.dst = dst, .src = src, .tag = {}, .message = message});
  }
  std::optional<neighbor::Frame> Hear(const neighbor::Frame& frame) {
    const auto bytes = neighbor::Encode(frame);
    const auto answer = neighbors.Hear(bytes.data(), bytes.size(), kSecond);
    if (!answer) return std::nullopt;
    return neighbor::Decode(*answer).value();
  }
  neighbor::Frame GatewayReply(const MacAddress& mac) {
    return {.dst = kClientMac, .src = mac, .tag = {},
            .message = neighbor::ArpReply{mac, Address("10.1.0.1"), kClientMac, Address("10.1.0.2")}};
  }
};

TEST_CASE_METHOD(Fixture, "each host answers ARP; others are not spoken for") {
  const auto ask = [&](const char* whom) {
    return Hear(kGatewayMac, MacAddress::Broadcast(),
                neighbor::ArpRequest{kGatewayMac, Address("10.1.0.1"), {}, Address(whom)});
  };
  const auto answer = ask("10.1.0.3");
  REQUIRE(answer);
  CHECK(answer->dst == kGatewayMac);
  const auto& reply = std::get<neighbor::ArpReply>(answer->message);
  CHECK(reply.sender == Address("10.1.0.3"));
  CHECK(reply.sender_mac == kClientMac);
  CHECK_FALSE(ask("10.1.0.4"));
}

TEST_CASE_METHOD(Fixture, "each host answers neighbour discovery, as a host: not as a router") {
  const IpAddress target = Address("2001:db8::2");
  const IpAddress group = SolicitedNodeMulticast(target);
  const auto answer = Hear({.dst = Ipv6MulticastMac(group), .src = kGatewayMac, .tag = {},
                            .message = neighbor::Solicitation{.src = Address("2001:db8::1"), .dst = group,
                                                              .target = target, .source_mac = kGatewayMac}});
  REQUIRE(answer);
  const auto& advertisement = std::get<neighbor::Advertisement>(answer->message);
  CHECK(advertisement.target == target);
  CHECK(advertisement.target_mac == kClientMac);
  CHECK(advertisement.solicited);
  CHECK_FALSE(advertisement.router);
}

TEST_CASE_METHOD(Fixture, "a next hop is asked for until it answers, then now and then") {
  const size_t gateway = neighbors.Need(Address("10.1.0.1"));
  CHECK(neighbors.Need(Address("10.1.0.1")) == gateway);
  CHECK_FALSE(neighbors.all_known());
  const auto question = neighbors.Ask(kSecond);
  REQUIRE(question);
  const auto frame = neighbor::Decode(*question).value();
  CHECK(frame.dst == MacAddress::Broadcast());
  CHECK(std::get<neighbor::ArpRequest>(frame.message).sender == Address("10.1.0.2"));
  CHECK(std::get<neighbor::ArpRequest>(frame.message).target == Address("10.1.0.1"));
  CHECK_FALSE(neighbors.Ask(kSecond + kSecond / 20));
  CHECK(neighbors.Ask(kSecond + kSecond / 10));
  CHECK_FALSE(Hear(GatewayReply(kGatewayMac)));
  CHECK(neighbors.all_known());
  CHECK(neighbors.mac(gateway) == kGatewayMac);
  const auto again = neighbors.Ask(12 * kSecond);
  REQUIRE(again);
  CHECK(neighbor::Decode(*again).value().dst == kGatewayMac);  // RFC 1122, 2.3.2.1: by unicast
}

TEST_CASE_METHOD(Fixture, "a next hop that moves is followed at its announcement") {
  const size_t gateway = neighbors.Need(Address("10.1.0.1"));
  Hear(GatewayReply(kGatewayMac));
  // RFC 5227, 2.3: an announcement asks for its own address.
  Hear(kNewMac, MacAddress::Broadcast(),
       neighbor::ArpRequest{kNewMac, Address("10.1.0.1"), {}, Address("10.1.0.1")});
  CHECK(neighbors.mac(gateway) == kNewMac);
  CHECK(neighbors.changes() == 2);
}

TEST_CASE_METHOD(Fixture, "what a next hop moved from and to is told, its first address is none") {
  neighbors.Need(Address("10.1.0.99"));
  const size_t gateway = neighbors.Need(Address("10.1.0.1"));
  Hear(GatewayReply(kGatewayMac));
  Hear(GatewayReply(kGatewayMac));
  CHECK(neighbors.moves().empty());
  Hear(GatewayReply(kNewMac));
  REQUIRE(neighbors.moves().size() == 1);
  CHECK(neighbors.move_count() == 1);
  CHECK(neighbors.moves()[0].place == gateway);
  CHECK(neighbors.moves()[0].from == kGatewayMac);
  CHECK(neighbors.moves()[0].to == kNewMac);
  CHECK(neighbors.moves()[0].at_ns == kSecond);
}

TEST_CASE("hosts with MAC addresses of their own answer and ask with these") {
  const Hosts hosts{{Address("10.1.0.2"), Address("10.1.0.3"), Address("2001:db8::2"), Address("2001:db8::3")}};
  const HostMacs macs(kClientMac, true);
  Neighbors neighbors{macs, hosts};
  const auto hear = [&](const neighbor::Frame& frame) {
    const auto bytes = neighbor::Encode(frame);
    const auto answer = neighbors.Hear(bytes.data(), bytes.size(), kSecond);
    REQUIRE(answer);
    return neighbor::Decode(*answer).value();
  };
  const auto arp = hear({.dst = MacAddress::Broadcast(), .src = kGatewayMac, .tag = {},
                         .message = neighbor::ArpRequest{kGatewayMac, Address("10.1.0.1"), {}, Address("10.1.0.3")}});
  CHECK(arp.src == macs.Of(1));
  CHECK(std::get<neighbor::ArpReply>(arp.message).sender_mac == macs.Of(1));
  const IpAddress target = Address("2001:db8::3"), group = SolicitedNodeMulticast(target);
  const auto nd = hear({.dst = Ipv6MulticastMac(group), .src = kGatewayMac, .tag = {},
                        .message = neighbor::Solicitation{.src = Address("2001:db8::1"), .dst = group,
                                                          .target = target, .source_mac = kGatewayMac}});
  CHECK(nd.src == macs.Of(1));
  CHECK(std::get<neighbor::Advertisement>(nd.message).target_mac == macs.Of(1));
  neighbors.Need(Address("10.1.0.1"));
  const auto question = neighbors.Ask(kSecond);
  REQUIRE(question);
  const auto asked = neighbor::Decode(*question).value();
  CHECK(asked.src == macs.Of(0));
  CHECK(std::get<neighbor::ArpRequest>(asked.message).sender_mac == macs.Of(0));
}

TEST_CASE_METHOD(Fixture, "an IPv6 next hop is learnt from its advertisement") {
  const size_t gateway = neighbors.Need(Address("2001:db8::1"));
  REQUIRE(neighbors.Ask(kSecond));
  Hear({.dst = kClientMac, .src = kGatewayMac, .tag = {},
        .message = neighbor::Advertisement{.src = Address("2001:db8::1"), .dst = Address("2001:db8::2"),
                                           .target = Address("2001:db8::1"), .target_mac = kGatewayMac, .router = true,
                                           .solicited = true, .overrides = true}});
  CHECK(neighbors.mac(gateway) == kGatewayMac);
}

}  // namespace
}  // namespace baton::generator
