// One unit's machine alone: what it keeps in its tables, and what it says of itself. How several of them work together
// is told in tests/simulation.
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/controlplane/load_sharing/unit.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;

TEST_CASE("[VR-31] [VR-32] [VR-107] table A: the routers in address order with a state each, then the server") {
  const Unit unit(kB, {}, {kServer});
  const std::vector<UnitRow>& units = unit.machine.tables().units();
  REQUIRE(units.size() == 4);
  CHECK(units[0].address == kA);
  CHECK(units[1].address == kB);
  CHECK(units[2].address == kC);
  CHECK(units[0].state == UnitState::kSuspended);
  CHECK(units[3].address == kServer);
  CHECK(units[3].is_server);
  CHECK(units[3].state == UnitState::kServer);
  // VR-Q09: the codes.
  CHECK(static_cast<int>(UnitState::kWorking) == 0);
  CHECK(static_cast<int>(UnitState::kSuspended) == 1);
  CHECK(static_cast<int>(UnitState::kFault) == 2);
  CHECK(static_cast<int>(UnitState::kServer) == 3);
  CHECK(static_cast<int>(UnitState::kServerFault) == 4);
}

TEST_CASE("[VR-15] [VR-34] [VR-58] a backup records who is in charge of what, of others too, and what it measures") {
  Backup b;
  b.Hear(TwoHosts());
  const Tables& tables = b.machine.tables();
  REQUIRE(tables.Find(kHost) != nullptr);
  CHECK(tables.unit(tables.Find(kHost)->unit).address == kB);
  REQUIRE(tables.Find(kOther) != nullptr);
  CHECK(tables.unit(tables.Find(kOther)->unit).address == kC);
  b.On(FlowsMeasured{.flows = {{kHost, 123'000}}, .overflows = 4, .overflow_unit = 1s});
  CHECK(tables.Find(kHost)->bits_per_second == 123'000);
  CHECK(tables.unit(tables.IndexOf(kB)).overflows == 4);
}

TEST_CASE("[VR-59] a backup that is given something goes from suspended to working, and says so") {
  Backup b;
  CHECK(b.ToldState() == UnitState::kSuspended);
  b.Hear(TwoHosts());
  CHECK(b.ToldState() == UnitState::kWorking);
}

TEST_CASE("[VR-31] [VR-69] table A at a backup is the active router's, where that tells it, but for its own state") {
  Backup b;
  b.Hear(TwoHosts());
  const Tables& tables = b.machine.tables();
  b.On(AdvertHeard{kA, UnitAdvert{{{kA, UnitState::kWorking}, {kB, UnitState::kFault}, {kC, UnitState::kFault},
                                   {Ip("10.0.0.99"), UnitState::kWorking}}, HandOver::kExact}});
  CHECK(tables.unit(tables.IndexOf(kA)).state == UnitState::kWorking);
  CHECK(tables.unit(tables.IndexOf(kB)).state == UnitState::kWorking);
  CHECK(tables.unit(tables.IndexOf(kC)).state == UnitState::kFault);
  CHECK(tables.unit(tables.IndexOf(kC)).conditions == 1);  // whose they are is another matter
  CHECK(b.machine.hand_over() == HandOver::kExact);
  REQUIRE(b.Sent<Response>().size() == 1);
  CHECK(b.Sent<Response>()[0].second.state == UnitState::kWorking);
}

// What A allocates in a life that begins then; it hears nobody.
Generation FirstOfALife(Machine& machine, TimePoint now) {
  std::vector<Action> out;
  machine.On(RoleChanged{Role::kActive}, now, out);
  machine.On(DeadlinePassed{}, now + 1s, out);
  machine.On(EndSystemsKnown{.end_systems = {kHost, kOther}, .complete = true}, now + 5s, out);
  return machine.generation();
}

Machine LifeOfA(TimePoint start) {
  Config config{.own = kA, .routers = {kA, kB, kC}};
  config.first_generation = GenerationAt(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(start.time_since_epoch()).count()));
  return Machine(config);
}

TEST_CASE(
    "[VR-Q22] a router that restarts and hears nobody gives no number twice: the others record what it says then") {
  const TimePoint start{1'815'000'000s};  // in 2027, when the highest bit of the numbers is set
  Machine first = LifeOfA(start), second = LifeOfA(start + 1s);
  const Generation before = FirstOfALife(first, start), after = FirstOfALife(second, start + 1s);
  CHECK(before != 0);
  CHECK(IsNewer(after, before));
  Backup b;
  b.Hear({.generation = before,
          .base = 0,
          .hand_over = HandOver::kTimer,
          .charges = {{kHost, kB, true}, {kOther, kC, true}}});
  CHECK(b.machine.generation() == before);
  b.Hear({.generation = after,
          .base = 0,
          .hand_over = HandOver::kTimer,
          .charges = {{kHost, kC, true}, {kOther, kB, true}}});
  CHECK(b.machine.generation() == after);
  CHECK(b.machine.tables().unit(b.machine.tables().Find(kOther)->unit).address == kB);
  // Nor in one life: without a link it forgets what it had, but not its numbers.
  std::vector<Action> out;
  second.On(RoleChanged{Role::kStopped}, start + 10s, out);
  CHECK(IsNewer(FirstOfALife(second, start + 11s), after));
}

TEST_CASE("[VR-Q22] a clock that was set back: the numbers look old until a response is heard, then they go on above") {
  Config config{.own = kA, .routers = {kA, kB, kC}};
  config.first_generation = 1000;
  Machine late(config);
  const TimePoint start{1000s};
  CHECK(FirstOfALife(late, start) == 1003);  // A is the first of three
  std::vector<Action> out;
  late.On(Heard(kB, Response{.generation = 5000, .state = UnitState::kWorking}), start + 6s, out);
  CHECK(IsNewer(late.generation(), 5000));
}

TEST_CASE("[VR-69] the mode in force is the active router's; a new active router's own is in force from then on") {
  Config config;
  config.hand_over = HandOver::kExact;
  Backup b(config);
  b.Hear(TwoHosts(HandOver::kSequence));
  CHECK(b.machine.hand_over() == HandOver::kSequence);
  b.now += 10s;
  b.On(RoleChanged{Role::kActive});
  CHECK(b.machine.hand_over() == HandOver::kExact);
}

TEST_CASE("[VR-93] [VR-104] a review is asked for above a threshold, and not again before the hold-off is over") {
  Config config;
  config.flow_threshold = 1000;
  config.hold_off = 60s;
  Backup b(config);
  b.Hear(TwoHosts());
  const auto measured = [&](uint64_t rate) {
    b.On(FlowsMeasured{.flows = {{kHost, rate}}, .overflows = 0, .overflow_unit = 1s});
    return b.Sent<ReviewRequest>();
  };
  CHECK(measured(1000).empty());  // VR-Q28: strictly larger
  const auto asked = measured(1001);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].first == kA);
  b.now += 59s;
  CHECK(measured(5000).empty());
  b.now += 1s;
  CHECK(measured(5000).size() == 1);
}

// A is active; B and C live and have the allocation of four end systems, of which the first two are A's.
struct Reviewing : Unit {
  static constexpr uint32_t kHosts = 4;
  explicit Reviewing(const Config& config) : Unit(kA, config) {
    On(RoleChanged{Role::kActive});
    now += 1s;
    Answer(0);
    std::vector<IpAddress> hosts;
    for (uint32_t i = 0; i < kHosts; ++i) hosts.push_back(IpAddress::V4(0x0a000033 + i));
    On(EndSystemsKnown{.end_systems = hosts, .complete = true});
    Confirm();
  }
  void Answer(Generation generation) {
    for (const IpAddress& unit : {kB, kC}) {
      On(Heard(unit, Response{.generation = generation, .state = UnitState::kWorking}));
    }
  }
  void Confirm() {
    for (const IpAddress& unit : {kB, kC}) {
      On(Heard(unit, Confirmation{.generation = machine.generation(), .unit = unit}));
    }
  }
  bool IsCollecting() const { return !Sent<FlowRequest>().empty(); }
};

Config EachSecond() {
  Config config;
  config.review_every = 1s;
  config.hold_off = 100ms;
  config.settle = 2s;
  config.measure = 3s;
  config.limits.of_mean = 0.05;
  config.response_period = 1000s;
  return config;
}

TEST_CASE("[VR-97] [VR-99] what was measured before a move is not taken for what is after it, and reviews wait") {
  Reviewing a(EachSecond());
  REQUIRE(a.machine.OwnerOf(kHost) == 0);
  a.On(FlowsMeasured{.flows = {{kHost, 1000}, {kOther, 1000}}});
  a.now += 2s;
  a.On(DeadlinePassed{});
  const auto asked = a.Sent<FlowRequest>();
  REQUIRE(asked.size() == 2);
  for (const auto& [unit, request] : asked) {  // theirs have none
    a.On(Heard(unit, FlowResponse{.generation = a.machine.generation(), .review = request.review, .flows = {}}));
  }
  const Generation before = a.machine.generation();
  a.On(EndSystemsKnown{.end_systems = {kHost, kOther}, .complete = true});
  REQUIRE(a.machine.generation() != before);  // one of the two has moved
  a.Confirm();
  const TimePoint moved = a.now;
  while (a.now < moved + 2900ms) {
    a.now += 100ms;
    a.On(DeadlinePassed{});
    CHECK_FALSE(a.IsCollecting());
    a.On(Heard(kB, ReviewRequest{a.machine.generation()}));
    CHECK_FALSE(a.IsCollecting());
  }
  a.now += 100ms;
  a.On(DeadlinePassed{});
  CHECK(a.IsCollecting());
}

TEST_CASE("[VR-91] thresholds and times that are changed while it runs are in force at once") {
  Config config;
  config.flow_threshold = 1000;
  config.hold_off = 60s;
  Backup b(config);
  b.Hear(TwoHosts());
  const auto asks = [&](uint64_t rate) {
    b.On(FlowsMeasured{.flows = {{kHost, rate}}, .overflows = 0, .overflow_unit = 1s});
    return !b.Sent<ReviewRequest>().empty();
  };
  CHECK(asks(1001));
  config.flow_threshold = 2000;
  config.hold_off = 5s;
  b.machine.Adjust(config, b.now);
  b.now += 5s;
  CHECK_FALSE(asks(2000));
  CHECK(asks(2001));

  Config never = EachSecond();
  never.review_every = 0s;
  Reviewing a(never);
  a.now += 600s;
  a.On(DeadlinePassed{});
  CHECK_FALSE(a.IsCollecting());
  a.machine.Adjust(EachSecond(), a.now);
  a.now += 1s;
  CHECK(a.machine.NextDeadline() <= a.now);
  a.On(DeadlinePassed{});
  CHECK(a.IsCollecting());
  a.machine.Adjust(never, a.now);
  CHECK(a.machine.OwnerOf(kHost) == 0);  // nothing else has changed
}

TEST_CASE("[VR-99] new end systems, of which nothing is measured, put no review off") {
  Reviewing a(EachSecond());
  a.now += 2s;
  a.On(EndSystemsKnown{.end_systems = {Ip("10.0.0.77")}});
  a.Confirm();
  a.now += 2s;
  a.On(DeadlinePassed{});
  CHECK(a.IsCollecting());
}

TEST_CASE("[VR-47] [VR-52] the first end system that is only seen after a discovery is allocated, without any review") {
  Config config;
  config.review_every = 0s;
  Unit a(kA, config);
  a.On(RoleChanged{Role::kActive});
  a.now += 2s;
  a.On(EndSystemsKnown{.end_systems = {}, .complete = true});
  CHECK(a.machine.generation() == 0);
  a.now += 60s;
  a.On(EndSystemsKnown{.end_systems = {kHost}});
  REQUIRE(a.Sent<Allocation>().size() == 1);
  CHECK(a.Sent<Allocation>()[0].second.charges == std::vector<Charge>{{kHost, kA, false}});
}

// When within a minute, in seconds, the active router asked the server for a review, while B is silent.
std::vector<int> AsksInAMinute(Unit& active) {
  std::vector<int> asked;
  for (int second = 0; second < 60; ++second, active.now += 1s) {
    const Generation generation = active.machine.generation();
    active.On(Heard(kServer, Response{.generation = generation, .state = UnitState::kServer}));
    size_t asks = active.Sent<ReviewRequest>().size();
    active.On(Heard(kC, Response{.generation = generation, .state = UnitState::kWorking}));
    asks += active.Sent<ReviewRequest>().size();
    if (asks > 0) asked.push_back(second);
  }
  return asked;
}

TEST_CASE("[VR-11] [VR-116] the server is told of a unit at fault until it has allocated what that unit had") {
  Unit a(kA, {}, {kServer});
  a.On(RoleChanged{Role::kActive});
  a.On(Heard(kServer, Response{.generation = 0, .state = UnitState::kServer}));
  for (const IpAddress& unit : {kB, kC}) a.On(Heard(unit, Response{.generation = 0, .state = UnitState::kSuspended}));
  a.On(Heard(kServer, TwoHosts()));
  CHECK(AsksInAMinute(a) == std::vector<int>{3, 4, 6, 10, 18, 34});
  CHECK(a.machine.tables().unit(a.machine.OwnerOf(kHost)).state == UnitState::kFault);
  a.On(Heard(kServer, Allocation{.generation = 11, .base = 7, .charges = {{kHost, kA, true}}}));
  CHECK(AsksInAMinute(a).empty());
}

TEST_CASE("[VR-109] the server answers advertisements as what it is") {
  Unit server(kServer, {}, {kServer});
  server.On(RoleChanged{Role::kServer});
  CHECK(server.ToldState() == UnitState::kServer);
}

TEST_CASE("[VR-56] a condition is an address of its own: a neighbour's has another router") {
  Backup b;
  b.Hear(TwoHosts());
  CHECK(b.Set(true) == std::vector<IpAddress>{kHost});
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
