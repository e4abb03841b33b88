// One unit's machine, and the other side of a hand-over is gone, or was never told. Stories of tests/simulation found
// each of these; told unit by unit they do not depend on what happens to be lost.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include "tests/controlplane/load_sharing/unit.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;
using Conditions = std::vector<IpAddress>;

// kHost is B's, and goes to C with allocation 8.
Allocation HostToC(HandOver mode) {
  return {.generation = 8, .base = 7, .hand_over = mode, .charges = {{kHost, kC}}};
}

bool StopsGiving(const Unit& unit, const IpAddress& to) {
  const auto ends = unit.Done<EndGiving>();
  return ends.size() == 1 && ends[0].generation == 8 && ends[0].to == to;
}

TEST_CASE("[VR-113] a giver takes the maker's next allocation for the confirmation of what that does not name") {
  Backup b;
  b.Hear(TwoHosts(HandOver::kExact));
  b.Hear(HostToC(HandOver::kExact));
  REQUIRE(b.Done<BeginGiving>().size() == 1);
  b.Wait(100ms);
  CHECK(b.Done<EndGiving>().empty());  // nobody has said that C has it
  SECTION("C's own was lost, and C is gone") {
    b.Hear({.generation = 9, .base = 8, .hand_over = HandOver::kExact, .charges = {{kOther, kA}}});
    b.Wait(10ms);
    CHECK(StopsGiving(b, kC));
  }
  SECTION("C has not confirmed it, and is named again: it begins at once, as an heir") {
    b.Hear({.generation = 9, .base = 8, .hand_over = HandOver::kExact, .charges = {{kHost, kC, true}}});
    CHECK(b.Set(false) == Conditions{kHost});
  }
  SECTION("the active router says it for C, which is gone") {
    b.On(Heard(kA, Confirmation{.generation = 8, .unit = kC}));
    b.Wait(10ms);
    CHECK(StopsGiving(b, kC));
  }
}

TEST_CASE("[VR-113] only the active router and the server speak for another unit") {
  Backup b;
  b.Hear(TwoHosts(HandOver::kSequence));
  b.Hear({.generation = 8, .base = 7, .hand_over = HandOver::kSequence, .charges = {{kHost, kA}}});
  b.On(Heard(kC, Confirmation{.generation = 8, .unit = kA}));
  CHECK(b.Done<EndGiving>().empty());
  b.On(Heard(kA, Confirmation{.generation = 8, .unit = kA}));
  CHECK(StopsGiving(b, kA));
}

TEST_CASE("[VR-Q22] who was active for a moment drops what its workers were still to stop when it became that") {
  Backup b;
  b.Hear(TwoHosts(HandOver::kSequence));
  b.Hear(HostToC(HandOver::kSequence));
  b.On(Heard(kC, Confirmation{.generation = 8, .unit = kC}));
  REQUIRE(StopsGiving(b, kC));
  b.On(RoleChanged{Role::kActive});
  b.On(RoleChanged{Role::kBackup});
  const Conditions blocked = b.Set(false);
  CHECK(std::find(blocked.begin(), blocked.end(), kHost) != blocked.end());
}

TEST_CASE("what the active router takes over from a unit that is gone is all that it had, named or not") {
  Backup b;
  const IpAddress third = Ip("10.0.0.53");
  b.Hear({.generation = 7, .base = 0, .hand_over = HandOver::kTimer,
          .charges = {{kHost, kC, true}, {kOther, kC, true}, {third, kB, true}}});
  const auto owner = [&](const IpAddress& condition) {
    return b.machine.tables().unit(b.machine.OwnerOf(condition)).address;
  };
  SECTION("an orphan for the active router") {
    b.Hear({.generation = 8, .base = 7, .hand_over = HandOver::kTimer, .charges = {{kHost, kA, true}}});
    CHECK(owner(kOther) == kA);
  }
  SECTION("it is gone, but what is named went elsewhere") {
    b.Hear({.generation = 8, .base = 7, .hand_over = HandOver::kTimer,
            .charges = {{kHost, kA, true}, {kOther, kB, true}}});
    CHECK(owner(kOther) == kB);
  }
  SECTION("no orphan, or not for the active router: it lives") {
    b.Hear({.generation = 8, .base = 7, .hand_over = HandOver::kTimer, .charges = {{kHost, kA}}});
    b.Hear({.generation = 9, .base = 8, .hand_over = HandOver::kTimer, .charges = {{third, kC, true}}});
    CHECK(owner(kOther) == kC);
  }
  SECTION("it was this unit") {
    b.Hear({.generation = 8, .base = 7, .hand_over = HandOver::kTimer, .charges = {{kHost, kB, true}}});
    b.Hear({.generation = 9, .base = 8, .hand_over = HandOver::kTimer, .charges = {{third, kA, true}}});
    CHECK(owner(kHost) == kA);
    CHECK(b.Set(false) == Conditions{third, kHost});
  }
}

// A is active, the server allocates, and all have its allocation 8.
struct Served : Unit {
  explicit Served(Allocation last = HostToC(HandOver::kExact), const IpAddress& silent = {}) : Unit(kA, {}, {kServer}) {
    On(RoleChanged{Role::kActive});
    On(Heard(kServer, Response{.generation = 0, .state = UnitState::kServer}));
    if (last.base != 0) On(Heard(kServer, TwoHosts(HandOver::kExact)));
    On(Heard(kServer, std::move(last)));
    Respond(silent == kC ? std::vector<IpAddress>{kB} : std::vector<IpAddress>{kB, kC});
  }
  void Respond(const std::vector<IpAddress>& units) {
    On(Heard(kServer, Response{.generation = 8, .state = UnitState::kServer}));
    for (const IpAddress& unit : units) On(Heard(unit, Response{.generation = 8, .state = UnitState::kWorking}));
  }
  bool TellsBThatCHasIt() const {
    const auto sent = Sent<Confirmation>();
    return std::any_of(sent.begin(), sent.end(), [](const auto& one) {
      return one.first == kB && one.second == Confirmation{.generation = 8, .unit = kC};
    });
  }
};

TEST_CASE("[VR-Q21] what another router was giving to a unit at fault is covered once that one was told to stop") {
  Served a;
  a.Wait(2s);
  a.Respond({kB});
  a.Wait(1s + 1ms);  // C has been silent for the response period
  REQUIRE(a.machine.tables().unit(a.machine.OwnerOf(kHost)).state == UnitState::kFault);
  CHECK(a.Set(true) == Conditions{kOther});
  CHECK(a.TellsBThatCHasIt());
  CHECK(a.machine.HereOf(kHost) == Here::kBlocks);
  SECTION("and then passes until C is back") {
    a.Wait(Config{}.report_wait);
    CHECK(a.Set(true) == Conditions{kHost});
    CHECK(a.machine.HereOf(kHost) == Here::kPasses);
    a.Respond({kC});
    CHECK(a.Set(false) == Conditions{kHost, kOther});
    CHECK(a.machine.HereOf(kHost) == Here::kBlocks);
  }
  SECTION("unless C is back before: it never passes") {
    a.Respond({kC});
    a.Wait(Config{}.report_wait);
    CHECK(a.Set(true).empty());
    CHECK(a.machine.HereOf(kHost) == Here::kBlocks);
  }
  SECTION("B is told once more") {
    a.Wait(Config{}.report_wait / 2);
    CHECK(a.TellsBThatCHasIt());
    CHECK(a.Set(true).empty());
  }
  SECTION("or the server says that it is another's") {
    const bool orphan = GENERATE(true, false);  // it need not know of the fault
    a.On(Heard(kServer, Allocation{.generation = 12, .base = 8, .hand_over = HandOver::kExact,
                                   .charges = {{kHost, kB, orphan}, {kOther, kA, true}}}));
    a.Wait(Config{}.report_wait);
    CHECK(a.Set(true).empty());
    CHECK(a.machine.HereOf(kHost) == Here::kBlocks);
    CHECK(a.machine.HereOf(kOther) == Here::kPasses);
  }
}

TEST_CASE("[VR-Q21] a unit that is back before it is covered is not, though by then its giver is gone as well") {
  Served a({.generation = 8, .base = 7, .hand_over = HandOver::kExact, .charges = {{kOther, kB}}});
  a.Wait(2s);
  a.Respond({});
  a.Wait(1s + 1ms);  // B is found at fault first, then C
  REQUIRE(a.machine.LifeOf(kC) == Membership::Life::kFault);
  CHECK(a.machine.HereOf(kOther) == Here::kBlocks);
  a.Respond({kB});
  a.Wait(Config{}.report_wait);
  CHECK(a.Set(true).empty());
  CHECK(a.machine.HereOf(kOther) == Here::kBlocks);
}

TEST_CASE("[VR-Q21] what the active router itself was taking from a unit at fault passes at once, nobody will report") {
  Served a;
  a.On(Heard(kServer,
             Allocation{.generation = 9, .base = 8, .hand_over = HandOver::kExact, .charges = {{kOther, kA}}}));
  REQUIRE(a.machine.HereOf(kOther) == Here::kHolds);
  a.Wait(2s);
  a.Respond({kB});
  a.Wait(1s + 1ms);
  const Conditions passing = a.Set(true);
  CHECK(std::find(passing.begin(), passing.end(), kOther) != passing.end());
  CHECK(a.machine.HereOf(kOther) == Here::kPasses);
  // It was away only. Once it has the allocation it gives it, until it is told that this unit has begun.
  const Response back{.generation = 9, .state = UnitState::kWorking};
  const std::vector<std::pair<IpAddress, Confirmation>> told{{kC, {.generation = 9, .unit = kA}}};
  a.On(Heard(kC, Response{.generation = 8, .state = UnitState::kWorking}));
  CHECK(a.Sent<Confirmation>().empty());
  if (GENERATE(true, false)) a.On(Heard(kServer, Confirmation{.generation = 9, .unit = kC}));
  else a.On(Heard(kC, back));
  CHECK(a.Sent<Confirmation>() == told);
  a.On(Heard(kC, back));  // the first may be lost
  CHECK(a.Sent<Confirmation>() == told);
  a.On(Heard(kC, Report{.generation = 9}));
  a.On(Heard(kC, back));
  CHECK(a.Sent<Confirmation>().empty());
}

TEST_CASE("[VR-Q21] who was told all whole does not know who gives to a unit at fault, tells everybody, and covers") {
  Allocation whole = TwoHosts(HandOver::kExact);
  whole.generation = 8;
  Served a(std::move(whole), kC);
  const auto tells_all = [&a] {
    const auto sent = a.Sent<Confirmation>();
    return sent == std::vector<std::pair<IpAddress, Confirmation>>{{IpAddress{}, {.generation = 8, .unit = kC}}};
  };
  a.Wait(2s);
  a.Respond({kB});
  a.Wait(1s + 1ms);
  REQUIRE(a.machine.LifeOf(kC) == Membership::Life::kFault);
  CHECK(tells_all());
  CHECK(a.machine.HereOf(kOther) == Here::kBlocks);
  a.Wait(Config{}.report_wait / 2);
  CHECK(tells_all());
  a.Wait(Config{}.report_wait / 2);
  CHECK(a.Set(true) == Conditions{kOther});
  CHECK(a.machine.HereOf(kOther) == Here::kPasses);
  a.On(Heard(kC, Response{.generation = 0, .state = UnitState::kSuspended}));
  CHECK(a.Set(false) == Conditions{kOther});
}

TEST_CASE("[VR-Q21] who takes from a unit at fault is told twice that nobody will report") {
  Served a;
  const std::vector<std::pair<IpAddress, Confirmation>> told{
      {kC, {.generation = 8, .unit = kB, .status = Confirmation::Status::kNoBase}}};
  a.Wait(2s);
  a.Respond({kC});
  a.Wait(1s + 1ms);
  REQUIRE(a.machine.LifeOf(kB) == Membership::Life::kFault);
  CHECK(a.Sent<Confirmation>() == told);
  a.Wait(Config{}.flow_wait);
  CHECK(a.Sent<Confirmation>() == told);
}

TEST_CASE("[VR-Q21] what was taken from a unit passes when the active router says that it knows nothing, and goes on") {
  Backup b;
  b.Hear(TwoHosts(HandOver::kExact));
  b.Hear({.generation = 8, .base = 7, .hand_over = HandOver::kExact, .charges = {{kOther, kB}}});
  b.Hear({.generation = 9, .base = 8, .hand_over = HandOver::kExact, .charges = {{kOther, kA}}});
  REQUIRE(b.machine.HereOf(kOther) == Here::kHolds);
  const auto says = [&b](const IpAddress& from, const Confirmation& confirmation) { b.On(Heard(from, confirmation)); };
  const Confirmation nothing{.generation = 8, .unit = kC, .status = Confirmation::Status::kNoBase};
  says(kC, nothing);  // of itself it says so to who allocates
  CHECK(b.machine.HereOf(kOther) == Here::kHolds);
  says(kA, {.generation = 7, .unit = kC, .status = Confirmation::Status::kNoBase});
  CHECK(b.machine.HereOf(kOther) == Here::kHolds);
  says(kA, nothing);
  CHECK(b.Set(true) == Conditions{kOther});
  CHECK(b.Done<BeginGiving>().size() == 1);  // to A, which waits for this unit's report
  CHECK(b.machine.HereOf(kOther) == Here::kPasses);
}

// B was active for a moment, A was after it, and is gone: B is active again, and has no allocation that counts.
struct ActiveAgain : Unit {
  explicit ActiveAgain(const Config& config) : Unit(kB, config) {
    On(RoleChanged{Role::kBackup});
    On(AdvertHeard{kA});
    Hear(TwoHosts());
    On(RoleChanged{Role::kActive});
    On(RoleChanged{Role::kBackup});
    On(AdvertHeard{kA});
    On(RoleChanged{Role::kActive});
  }
  Conditions NamedWhole() const {
    const auto sent = Sent<Allocation>();
    Conditions named;
    if (sent.size() != 1 || sent[0].second.base != 0) return named;
    for (const Charge& charge : sent[0].second.charges) named.push_back(charge.condition);
    std::sort(named.begin(), named.end());
    return named;
  }
};

TEST_CASE("[VR-Q22] who is active and has no allocation listens, and then names all that it knows of") {
  ActiveAgain b({});
  CHECK(b.Sent<Allocation>().empty());
  b.On(Heard(kC, Response{.generation = 7, .state = UnitState::kWorking}));
  CHECK(b.Sent<Allocation>().empty());
  b.Wait(Config{}.learn);
  CHECK(b.NamedWhole() == Conditions{kHost, kOther});
}

TEST_CASE("[VR-Q22] and so it does when a unit is found at fault before that") {
  Config config;
  config.response_period = config.learn / 4;
  ActiveAgain b(config);
  b.Wait(config.response_period + 1ms);
  CHECK(b.NamedWhole() == Conditions{kHost, kOther});
}

TEST_CASE("[VR-70] in timer mode the active router stops for who shows that it has the allocation, confirmed or not") {
  Unit a(kA, {}, {kServer});
  a.On(RoleChanged{Role::kActive});
  a.On(Heard(kServer, TwoHosts()));
  const IpAddress third = Ip("10.0.0.53");
  a.On(Heard(kServer, Allocation{.generation = 8, .base = 7, .charges = {{third, kB}}}));
  REQUIRE(a.machine.HereOf(third) == Here::kPasses);
  a.On(Heard(kC, Response{.generation = 8, .state = UnitState::kWorking}));
  a.On(Heard(kB, Response{.generation = 7, .state = UnitState::kWorking}));
  CHECK(a.machine.HereOf(third) == Here::kPasses);
  a.On(Heard(kB, Response{.generation = 8, .state = UnitState::kWorking}));
  CHECK(a.Set(false) == Conditions{third});
  CHECK(a.machine.HereOf(third) == Here::kBlocks);
}

// It has made the first allocation, which nobody has confirmed.
struct Server : Unit {
  Server() : Unit(kServer, {}, {kServer}) {
    On(RoleChanged{Role::kServer});
    On(AdvertHeard{kA});
    for (const auto& [unit, request] : Sent<FlowRequest>()) On(Heard(unit, FlowResponse{.review = request.review}));
    On(EndSystemsKnown{.end_systems = {kHost, kOther}, .complete = true});
    REQUIRE(machine.generation() != 0);
    REQUIRE(machine.UnderWay() == std::string("allocation"));
  }
};

TEST_CASE("[VR-62] who was at fault and confirms an allocation is at work for the server, and reports what it gives") {
  Server server;
  for (int i = 0; i < 10; ++i) server.Wait(1s);
  const Tables& tables = server.machine.tables();
  REQUIRE(tables.unit(tables.IndexOf(kB)).state == UnitState::kFault);
  server.On(Heard(kB, Confirmation{.generation = server.machine.generation(), .unit = kB}));
  CHECK(tables.unit(tables.IndexOf(kB)).state == UnitState::kWorking);
  CHECK(server.machine.LifeOf(kB) == Membership::Life::kAlive);
}

TEST_CASE("a server that was away waits for nobody to confirm what the active router has replaced") {
  Server server;
  const Generation later = server.machine.generation() + 1;
  server.On(Heard(kA, Allocation{.generation = later, .base = 0, .charges = {{kHost, kB, true}, {kOther, kC, true}}}));
  REQUIRE(server.machine.generation() == later);
  const char* under_way = server.machine.UnderWay();
  CHECK((under_way == nullptr || under_way != std::string("allocation")));
}

TEST_CASE("a server is asked for what was made on the other side of a LAN in parts, whose number it has seen already") {
  Server server;
  for (const IpAddress& unit : {kB, kC}) {
    server.On(Heard(unit, Confirmation{.generation = server.machine.generation(), .unit = unit}));
  }
  server.Wait(Config{}.settle);
  server.On(Heard(kA, FlowResponse{.generation = server.machine.generation()}));
  const Generation theirs = server.machine.generation() + 5;
  if (GENERATE(true, false)) server.On(Heard(kB, FlowResponse{.generation = theirs}));
  server.On(Heard(kA, Confirmation{.generation = theirs, .unit = kA, .status = Confirmation::Status::kMissing}));
  for (int i = 0; i < 20; ++i) server.Wait(100ms);  // the active router does not have it, either
  CHECK(IsNewer(server.machine.generation(), theirs));
}

TEST_CASE("[VR-113] who is told all of it begins at once, and those who were giving to it are told so") {
  Server server;
  const auto confirm = [&server](const IpAddress& unit, Confirmation::Status status) {
    server.On(Heard(unit, Confirmation{.generation = server.machine.generation(), .unit = unit, .status = status}));
  };
  for (const IpAddress& unit : {kB, kC}) {
    confirm(unit, Confirmation::Status::kRecorded);
    CHECK(server.Sent<Confirmation>().size() == 1);  // to the active router, and to nobody else
  }
  server.Wait(Config{}.settle);
  server.On(Heard(kA, FlowResponse{.generation = server.machine.generation()}));
  const UnitIndex b = server.machine.tables().IndexOf(kB);
  const IpAddress moved = server.machine.tables().ConditionsOf(b).front();
  server.On(MoveAsked{{moved}, kA});
  REQUIRE(server.machine.OwnerOf(moved) != b);
  confirm(kA, Confirmation::Status::kNoBase);  // it was active, was not for a moment, and has forgotten all
  const auto sent = server.Sent<Allocation>();
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].first == kA);
  REQUIRE(sent[0].second.base == 0);
  confirm(kA, Confirmation::Status::kRecorded);
  const Confirmation begun{.generation = server.machine.generation(), .unit = kA};
  CHECK(server.Sent<Confirmation>() == std::vector<std::pair<IpAddress, Confirmation>>{{kB, begun}});
}

// A is active and makes the allocations: the first of all; it moves one of its own to C; it takes over from C, which is
// gone. B confirms the first only.
TEST_CASE("who misses two allocations gets them in turn, as they were made, and not the last one whole") {
  Config config;
  config.settle = 10ms;
  config.response_period = 500ms;
  config.hand_over = HandOver::kExact;
  Unit a(kA, config);
  a.On(RoleChanged{Role::kActive});
  const auto respond = [&a](const IpAddress& unit, Generation generation) {
    a.On(Heard(unit, Response{.generation = generation, .state = UnitState::kWorking}));
  };
  const auto confirm = [&a](const IpAddress& unit, Confirmation::Status status, Generation generation) {
    a.On(Heard(unit, Confirmation{.generation = generation, .unit = unit, .status = status}));
  };
  for (const IpAddress& unit : {kB, kC}) a.On(Heard(unit, Response{.state = UnitState::kSuspended}));
  a.Wait(config.learn);
  a.On(EndSystemsKnown{.end_systems = {kHost, kOther, Ip("10.0.0.53")}, .complete = true});
  const Generation first = a.machine.generation();
  REQUIRE(first != 0);
  for (const IpAddress& unit : {kB, kC}) confirm(unit, Confirmation::Status::kRecorded, first);
  a.Wait(100ms);
  for (const IpAddress& unit : {kB, kC}) respond(unit, first);
  const IpAddress moved = a.machine.tables().ConditionsOf(a.machine.tables().IndexOf(kA)).front();
  a.On(MoveAsked{{moved}, kC});
  const Generation second = a.machine.generation();
  REQUIRE(second != first);
  confirm(kC, Confirmation::Status::kRecorded, second);
  a.Wait(450ms);
  respond(kB, first);
  a.Wait(100ms);  // C is gone
  const Generation third = a.machine.generation();
  REQUIRE(third != second);
  REQUIRE(a.machine.OwnerOf(moved) == a.machine.tables().IndexOf(kA));
  const auto to_b = [&a] {
    std::vector<std::pair<Generation, Generation>> sent;
    for (const auto& [to, allocation] : a.Sent<Allocation>()) {
      if (to == kB) sent.emplace_back(allocation.generation, allocation.base);
    }
    return sent;
  };
  using Sent = std::vector<std::pair<Generation, Generation>>;
  confirm(kB, Confirmation::Status::kNoBase, third);
  CHECK(to_b() == Sent{{second, first}});
  confirm(kB, Confirmation::Status::kRecorded, second);
  CHECK(to_b() == Sent{{third, second}});
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
