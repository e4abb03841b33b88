#include "controlplane/load_sharing/inbox.h"

#include <map>

#include <catch2/catch.hpp>

namespace baton::controlplane::load_sharing {
namespace {

using Bytes = std::vector<uint8_t>;
using vrrp::ChecksumOver;
using vrrp::Ends;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

const Ends kEnds{Ip("192.0.2.2"), Ip("192.0.2.3")};

Identity Group() {
  return {.version = 3, .vrid = 7, .own = Ip("192.0.2.3"), .units = {Ip("192.0.2.2"), Ip("192.0.2.3")}};
}

Bytes Encoded(const Message& message, const Ends& ends = kEnds, Header header = {.vrid = 7, .priority = 200}) {
  return EncodeMessage(header, message, ends, ChecksumOver::kMessage);
}

std::map<std::string, uint64_t> Counted(const Inbox& inbox) {
  std::map<std::string, uint64_t> counted;
  for (const Inbox::Count& count : inbox.Refused()) {
    if (count.messages != 0) counted[count.reason] = count.messages;
  }
  return counted;
}

TEST_CASE("a message of a unit is believed") {
  Seals seals({}, 1);
  Inbox inbox(Group(), seals);
  const Inbox::Heard heard = inbox.Hear(Encoded(FlowRequest{6, 9}), kEnds, 255);
  CHECK(heard.refusal == Refusal::kNothing);
  CHECK(heard.message == Message(FlowRequest{6, 9}));
  CHECK(heard.from == Ip("192.0.2.2"));
  CHECK(heard.priority == 200);
  CHECK(inbox.heard() == 1);
  CHECK(Counted(inbox).empty());
}

TEST_CASE("what is not believed is counted by reason [VR-24][VR-25][VR-30]") {
  struct Case {
    const char* reason;
    Bytes bytes;
    Ends ends = kEnds;
    uint8_t ttl = 255;
  };
  const Ends stranger{Ip("192.0.2.9"), kEnds.dst}, own{Ip("192.0.2.3"), kEnds.dst};
  const Bytes good = Encoded(FlowRequest{6, 9});
  Bytes wrong_sum = good, other_type = good;
  wrong_sum[7] ^= 1;
  other_type[0] = 0x39;
  vrrp::PutChecksum(other_type, kEnds, ChecksumOver::kMessage);
  const std::vector<Case> cases = {
      {"ttl", good, kEnds, 254},
      {"version", Encoded(FlowRequest{6, 9}, kEnds, {.version = 2, .vrid = 7})},
      {"vrid", Encoded(FlowRequest{6, 9}, kEnds, {.vrid = 8})},
      {"sender", good, stranger},
      {"own_address", good, own},
      {"malformed_checksum", wrong_sum},
      {"malformed_type", other_type},
      {"malformed_length", {}},
      {"malformed_length", {0x37, 7, 200}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.reason);
    Seals seals({}, 1);
    Inbox inbox(Group(), seals);
    const Inbox::Heard heard = inbox.Hear(c.bytes, c.ends, c.ttl);
    CHECK(heard.refusal != Refusal::kNothing);
    CHECK(heard.message == Message{});
    CHECK(inbox.heard() == 0);
    CHECK(Counted(inbox) == std::map<std::string, uint64_t>{{c.reason, 1}});
  }
}

TEST_CASE("version 2 with a password: of the types that carry one [VR-23]") {
  Identity identity = Group();
  identity.version = 2;
  identity.auth_type = vrrp::kSimpleText;
  identity.password = "secret";
  Seals seals({}, 1);
  Inbox inbox(identity, seals);
  Header header{.version = 2, .vrid = 7, .priority = 200, .auth_type = vrrp::kSimpleText, .password = "secret"};
  CHECK(inbox.Hear(Encoded(Allocation{6}, kEnds, header), kEnds, 255).refusal == Refusal::kNothing);
  CHECK(inbox.Hear(Encoded(FlowRequest{6, 9}, kEnds, header), kEnds, 255).refusal == Refusal::kNothing);
  header.password = "Secret";
  CHECK(inbox.Hear(Encoded(Allocation{6}, kEnds, header), kEnds, 255).refusal == Refusal::kPassword);
  header.auth_type = vrrp::kNoAuthentication;
  CHECK(inbox.Hear(Encoded(Allocation{6}, kEnds, header), kEnds, 255).refusal == Refusal::kPassword);
  CHECK(Counted(inbox) == std::map<std::string, uint64_t>{{"password", 2}});
}

TEST_CASE("with a key a message is believed once, and none without a trailer") {
  Seals sender({{1, "key"}}, 100), seals({{1, "key"}}, 1);
  Inbox inbox(Group(), seals);
  const Bytes sealed = sender.Seal(Encoded(FlowRequest{6, 9}), kEnds, ChecksumOver::kMessage);
  CHECK(inbox.Hear(sealed, kEnds, 255).refusal == Refusal::kNothing);
  CHECK(inbox.Hear(sealed, kEnds, 255).refusal == Refusal::kSeal);
  CHECK(inbox.Hear(Encoded(FlowRequest{6, 9}), kEnds, 255).refusal == Refusal::kSeal);
  CHECK(Counted(inbox) == std::map<std::string, uint64_t>{{"seal_no_trailer", 1}, {"seal_replayed", 1}});
}

TEST_CASE("[VR-24] [VR-25] lists of units are believed, or refused and counted, as messages are") {
  struct Case {
    const char* reason;  // empty: believed
    Ends ends = kEnds;
    Header header = {.vrid = 7, .priority = 200};
    uint8_t ttl = 255;
    bool cut = false, sealed = true;
  };
  const Ends stranger{Ip("192.0.2.9"), kEnds.dst}, own{Ip("192.0.2.3"), kEnds.dst};
  const std::vector<Case> cases = {
      {"", kEnds},
      {"ttl", kEnds, {.vrid = 7}, 254},
      {"version", kEnds, {.version = 2, .vrid = 7}},
      {"vrid", kEnds, {.vrid = 8}},
      {"sender", stranger},
      {"own_address", own},
      {"malformed_length", kEnds, {.vrid = 7}, 255, true},
      {"seal_no_trailer", kEnds, {.vrid = 7}, 255, false, false},
  };
  const UnitAdvert advert{{{Ip("192.0.2.2")}, {Ip("192.0.2.3"), UnitState::kFault}}, HandOver::kExact};
  for (const Case& c : cases) {
    CAPTURE(c.reason);
    Seals sender(c.sealed ? std::vector<Key>{{1, "key"}} : std::vector<Key>{}, 100), seals({{1, "key"}}, 1);
    Inbox inbox(Group(), seals);
    Bytes bytes =
        sender.Seal(EncodeUnitAdvert(c.header, advert, c.ends, ChecksumOver::kMessage), c.ends, ChecksumOver::kMessage);
    if (c.cut) {
      bytes.resize(12);
      vrrp::PutChecksum(bytes, c.ends, ChecksumOver::kMessage);
    }
    const Inbox::HeardUnits heard = inbox.HearUnits(bytes, c.ends, c.ttl);
    const bool believed = *c.reason == 0;
    CHECK((heard.refusal == Refusal::kNothing) == believed);
    CHECK((heard.advert == advert) == believed);
    CHECK(inbox.heard() == (believed ? 1 : 0));
    CHECK(Counted(inbox) ==
          (believed ? std::map<std::string, uint64_t>{} : std::map<std::string, uint64_t>{{c.reason, 1}}));
    if (believed) CHECK(inbox.HearUnits(bytes, c.ends, c.ttl).refusal == Refusal::kSeal);  // once
  }
}

TEST_CASE("a list of units with another password is refused [VR-23]") {
  Identity identity = Group();
  identity.version = 2;
  identity.auth_type = vrrp::kSimpleText;
  identity.password = "secret";
  Seals seals({}, 1);
  Inbox inbox(identity, seals);
  Header header{.version = 2, .vrid = 7, .priority = 200, .auth_type = vrrp::kSimpleText, .password = "secret"};
  const UnitAdvert advert{{{Ip("192.0.2.2")}}, HandOver::kTimer};
  CHECK(inbox.HearUnits(EncodeUnitAdvert(header, advert, kEnds, ChecksumOver::kMessage), kEnds, 255).refusal ==
        Refusal::kNothing);
  header.password = "Secret";
  CHECK(inbox.HearUnits(EncodeUnitAdvert(header, advert, kEnds, ChecksumOver::kMessage), kEnds, 255).refusal ==
        Refusal::kPassword);
  CHECK(Counted(inbox) == std::map<std::string, uint64_t>{{"password", 1}});
}

TEST_CASE("each reason has a name of its own") {
  Seals seals({}, 1);
  Inbox inbox(Group(), seals);
  std::map<std::string, int> names;
  for (const Inbox::Count& count : inbox.Refused()) ++names[count.reason];
  CHECK(names.size() == 6 + 11 + 5);
  CHECK(names.count("?") + names.count("malformed_?") + names.count("seal_?") == 0);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
