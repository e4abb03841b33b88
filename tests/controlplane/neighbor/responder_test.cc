#include <catch2/catch.hpp>

#include "controlplane/neighbor/responder.h"
#include "tests/controlplane/neighbor/golden.h"

namespace baton::controlplane::neighbor {
namespace {

const MacAddress kOurs = Mac("02:00:00:00:00:02");    // as in golden.h: the port is 10.0.0.2 and 2001:db8::2
const MacAddress kTheirs = Mac("02:00:00:00:00:01");
const MacAddress kOther = Mac("02:00:00:00:00:99");
const IpAddress kVip = Ip("198.51.100.10");

PortInfo Port(uint16_t vlan = 0) {
  PortInfo port;
  port.name = "lan";
  port.mac = kOurs;
  port.vlan = vlan;
  for (const char* own : {"10.0.0.2/24", "10.1.0.2/16", "2001:db8::2/64", "2001:db8:1::2/64"}) {
    port.addresses.push_back(InterfaceAddress::Parse(own).value());
  }
  return port;
}

const MacAddress kVirtual = Mac("00:00:5e:00:01:07");
const Station kSelf{kOurs, kOurs};

// 10.0.0.3 is a virtual router's; nobody shall learn where its MAC address is.
std::optional<Station> IsOurs(const IpAddress& a) {
  if (a == Ip("10.0.0.3") || a == Ip("2001:db8::3")) return Station{kVirtual, kOurs};
  return a == Ip("10.0.0.2") || a == Ip("2001:db8::2") || a == kVip ? std::optional(kSelf) : std::nullopt;
}

Judgement JudgeBytes(const Bytes& bytes) { return Judge(Port(), Decode(bytes).value(), IsOurs); }

Frame Request(absl::string_view sender, absl::string_view target, const MacAddress& mac = kTheirs) {
  return {MacAddress::Broadcast(), mac, {}, ArpRequest{mac, Ip(sender), {}, Ip(target)}};
}

TEST_CASE("a request for our address is answered with the golden reply, and the asker learnt (RFC 826)") {
  const Judgement judgement = JudgeBytes(kArpRequestBytes);
  REQUIRE(judgement.answer.has_value());
  CHECK(Encode(*judgement.answer) == kArpReplyBytes);
  REQUIRE(judgement.lesson.has_value());
  CHECK(judgement.lesson->neighbor == Ip("10.0.0.1"));
  CHECK(std::get<Asked>(judgement.lesson->event).mac == kTheirs);
}

TEST_CASE("a solicitation for our address is answered with the golden advertisement (RFC 4861, 7.2.4)") {
  const Judgement judgement = JudgeBytes(kSolicitationBytes);
  REQUIRE(judgement.answer.has_value());
  CHECK(Encode(*judgement.answer) == kAdvertisementBytes);
  REQUIRE(judgement.lesson.has_value());
  CHECK(judgement.lesson->neighbor == Ip("2001:db8::1"));
}

TEST_CASE(
    "a virtual router's address is told with its own MAC address, from the one that it may be learnt by (RFC 9568, "
    "8.1.2)") {
  const Judgement asked = Judge(Port(), Request("10.0.0.1", "10.0.0.3"), IsOurs);
  REQUIRE(asked.answer.has_value());
  CHECK(asked.answer->src == kOurs);
  const auto& reply = std::get<ArpReply>(asked.answer->message);
  CHECK(reply.sender_mac == kVirtual);
  CHECK(reply.sender == Ip("10.0.0.3"));
  const Frame solicitation{
      Mac("33:33:ff:00:00:03"),
      kTheirs,
      {},
      Solicitation{
          .src = Ip("2001:db8::1"), .dst = Ip("ff02::1:ff00:3"), .target = Ip("2001:db8::3"), .source_mac = kTheirs}};
  const Judgement solicited = Judge(Port(), solicitation, IsOurs);
  REQUIRE(solicited.answer.has_value());
  CHECK(solicited.answer->src == kOurs);
  CHECK(std::get<Advertisement>(solicited.answer->message).target_mac == kVirtual);
  const Frame announced = AnnouncementOf(Port(), Ip("10.0.0.3"), {kVirtual, kVirtual});
  CHECK(announced.src == kVirtual);
  CHECK(std::get<ArpRequest>(announced.message).sender_mac == kVirtual);
}

TEST_CASE("duplicate address detection is answered to all nodes, unsolicited; nobody is learnt (RFC 4861, 7.2.4)") {
  const Judgement judgement = JudgeBytes(kDadBytes);
  REQUIRE(judgement.answer.has_value());
  CHECK(judgement.answer->dst == Mac("33:33:00:00:00:01"));
  const auto& advertisement = std::get<Advertisement>(judgement.answer->message);
  CHECK(advertisement.dst == Ip("ff02::1"));
  CHECK(advertisement.target_mac == kOurs);
  CHECK_FALSE(advertisement.solicited);
  CHECK(advertisement.overrides);
  CHECK_FALSE(judgement.lesson.has_value());
}

TEST_CASE("a solicitation without a link-layer option is answered to the frame's source, and teaches nothing") {
  Frame frame = Decode(kSolicitationBytes).value();
  std::get<Solicitation>(frame.message).source_mac.reset();
  const Judgement judgement = Judge(Port(), frame, IsOurs);
  REQUIRE(judgement.answer.has_value());
  CHECK(judgement.answer->dst == kTheirs);
  CHECK_FALSE(judgement.lesson.has_value());
}

TEST_CASE("what an ARP request means depends on who asks for whom") {
  struct Case { const char* name; Frame frame; bool answered; bool conflict; const char* lesson; };
  const Case cases[] = {
      {"for us", Request("10.0.0.1", "10.0.0.2"), true, false, "asked"},
      {"for an address we are in charge of", Request("10.0.0.1", "198.51.100.10"), true, false, "asked"},
      {"for somebody else", Request("10.0.0.1", "10.0.0.7"), false, false, "advertised"},
      {"gratuitous", Request("10.0.0.1", "10.0.0.1"), false, false, "advertised"},
      {"a probe for our address: defended (RFC 5227, 2.1.1)", Request("0.0.0.0", "10.0.0.2"), true, false, ""},
      {"a probe for another address", Request("0.0.0.0", "10.0.0.7"), false, false, ""},
      {"from a network that is not ours: answered, not learnt", Request("203.0.113.9", "10.0.0.2"), true, false, ""},
      {"claims our address (RFC 5227, 2.4)", Request("10.0.0.2", "10.0.0.2"), false, true, ""},
      {"claims our address and asks for another", Request("198.51.100.10", "10.0.0.7"), false, true, ""},
      {"claims our address and asks for ours", Request("198.51.100.10", "10.0.0.2"), false, true, ""},
      {"our own frame", Request("10.0.0.2", "10.0.0.2", kOurs), false, false, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Judgement judgement = Judge(Port(), c.frame, IsOurs);
    CHECK(judgement.answer.has_value() == c.answered);
    CHECK(judgement.conflict == c.conflict);
    std::string lesson;
    if (judgement.lesson.has_value()) {
      const Event& event = judgement.lesson->event;
      lesson = std::holds_alternative<Asked>(event) ? "asked" : "advertised";
      if (const auto* heard = std::get_if<Advertised>(&event)) {
        CHECK(heard->overrides);
        CHECK_FALSE(heard->solicited);
      }
    }
    CHECK(lesson == c.lesson);
  }
}

TEST_CASE("only a reply to us shows that the neighbour hears us") {
  struct Case { const char* name; MacAddress dst; const char* target; bool solicited; };
  const Case cases[] = {
      {"to us", kOurs, "10.0.0.2", true},
      {"to all", MacAddress::Broadcast(), "10.0.0.2", false},
      {"for somebody else", kOurs, "10.0.0.7", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Frame frame{c.dst, kTheirs, {}, ArpReply{kTheirs, Ip("10.0.0.1"), kOurs, Ip(c.target)}};
    const Judgement judgement = Judge(Port(), frame, IsOurs);
    REQUIRE(judgement.lesson.has_value());
    CHECK(std::get<Advertised>(judgement.lesson->event).solicited == c.solicited);
  }
}

TEST_CASE("replies, solicitations and advertisements that claim our address are conflicts and teach nothing") {
  const Frame frames[] = {
      {kOurs, kOther, {}, ArpReply{kOther, Ip("10.0.0.2"), kOurs, Ip("10.0.0.2")}},
      {kOurs, kOther, {}, Solicitation{Ip("2001:db8::2"), Ip("ff02::1:ff00:7"), Ip("2001:db8::7"), kOther}},
      {kOurs, kOther, {}, Advertisement{.src = Ip("2001:db8::2"), .dst = Ip("ff02::1"), .target = Ip("2001:db8::2"),
                                        .target_mac = kOther}},
  };
  for (const Frame& frame : frames) {
    const Judgement judgement = Judge(Port(), frame, IsOurs);
    CHECK(judgement.conflict);
    CHECK_FALSE(judgement.answer.has_value());
    CHECK_FALSE(judgement.lesson.has_value());
  }
}

TEST_CASE("an advertisement's flags reach the machine") {
  const bool solicited = GENERATE(false, true), overrides = GENERATE(false, true);
  const Frame frame{kOurs, kTheirs, {},
                    Advertisement{.src = Ip("2001:db8::1"), .dst = Ip("2001:db8::2"), .target = Ip("2001:db8::1"),
                                  .target_mac = kTheirs, .solicited = solicited, .overrides = overrides}};
  const Judgement judgement = Judge(Port(), frame, IsOurs);
  REQUIRE(judgement.lesson.has_value());
  const auto& heard = std::get<Advertised>(judgement.lesson->event);
  CHECK(heard.mac == kTheirs);
  CHECK(heard.solicited == solicited);
  CHECK(heard.overrides == overrides);
}

TEST_CASE("a station that gives our MAC address as its own is not believed") {
  Frame frame = Request("10.0.0.1", "10.0.0.2", kOurs);
  frame.src = kTheirs;
  const Judgement judgement = Judge(Port(), frame, IsOurs);
  CHECK_FALSE(judgement.lesson.has_value());
}

TEST_CASE("we ask from our address in the target's network, else from the first of the family") {
  struct Case { const char* target; const char* source; };
  const auto c = GENERATE(values<Case>({
      {"10.1.5.5", "10.1.0.2"},
      {"10.0.0.5", "10.0.0.2"},
      {"192.0.2.1", "10.0.0.2"},
      {"2001:db8:1::9", "2001:db8:1::2"},
      {"2001:db8:9::9", "2001:db8::2"},
      {"fe80::9", "fe80::ff:fe00:2"},  // RFC 4291, appendix A, from 02:00:00:00:00:02
  }));
  CAPTURE(c.target);
  CHECK(SourceFor(Port(), Ip(c.target)) == Ip(c.source));
}

TEST_CASE("a port without addresses asks from its link-local address, or as an ARP probe does") {
  PortInfo bare = Port();
  bare.addresses.clear();
  CHECK(SourceFor(bare, Ip("2001:db8::1")) == Ip("fe80::ff:fe00:2"));
  CHECK(SourceFor(bare, Ip("10.0.0.1")) == Ip("0.0.0.0"));
}

TEST_CASE("questions and announcements, byte by byte, on VLAN 100") {
  const PortInfo port = Port(100);
  const std::string ethernet = " 020000000002 8100 0064 ";
  CHECK(Encode(SolicitationFor(port, Ip("10.0.0.1"), {})) ==
        Hex("ffffffffffff" + ethernet + "0806 0001 0800 0604 0001 020000000002 0a000002 000000000000 0a000001"));
  CHECK(Encode(SolicitationFor(port, Ip("10.0.0.1"), kTheirs)) ==
        Hex("020000000001" + ethernet + "0806 0001 0800 0604 0001 020000000002 0a000002 000000000000 0a000001"));
  CHECK(Encode(AnnouncementOf(port, kVip, kSelf)) ==
        Hex("ffffffffffff" + ethernet + "0806 0001 0800 0604 0001 020000000002 c633640a 000000000000 c633640a"));
}

TEST_CASE("a solicitation goes to the solicited-node group, a probe to the neighbour itself (RFC 4861, 7.2.2, 7.3.3)") {
  const Frame all = SolicitationFor(Port(), Ip("2001:db8::1:2345"), {});
  CHECK(all.dst == Mac("33:33:ff:01:23:45"));
  CHECK(std::get<Solicitation>(all.message) ==
        Solicitation{Ip("2001:db8::2"), Ip("ff02::1:ff01:2345"), Ip("2001:db8::1:2345"), kOurs});
  const Frame one = SolicitationFor(Port(), Ip("2001:db8::1:2345"), kTheirs);
  CHECK(one.dst == kTheirs);
  CHECK(std::get<Solicitation>(one.message).dst == Ip("2001:db8::1:2345"));
}

TEST_CASE("an IPv6 announcement is unsolicited and overrides (RFC 4861, 7.2.6)") {
  const Frame frame = AnnouncementOf(Port(), Ip("2001:db8::2"), kSelf);
  CHECK(frame.dst == Mac("33:33:00:00:00:01"));
  CHECK(std::get<Advertisement>(frame.message) ==
        Advertisement{Ip("2001:db8::2"), Ip("ff02::1"), Ip("2001:db8::2"), kOurs, true, false, true});
}

}  // namespace
}  // namespace baton::controlplane::neighbor
