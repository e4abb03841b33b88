// The message sequences of the specification's section 4, as they come out of several machines on a LAN that loses
// nothing. A, B, C are routers, the strongest first; the unit behind the last router is the server.
#include <catch2/catch.hpp>

#include "tests/simulation/group.h"

namespace baton::simulation {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

TEST_CASE("4.8, the initial sequence: six end systems, three each [VR-40] [VR-46] [VR-49] [VR-52] [VR-57] [VR-64]") {
  Group group({.routers = 2, .end_systems = 6, .mode = ls::HandOver::kSequence, .trace = true});
  group.Start(0);
  group.Start(1);
  group.RunFor(4s);
  CHECK(group.TakeTrace() == Lines{
      "A discovers",
      "A>* allocation 1 whole: .0>A .1>A .2>A .3>B .4>B .5>B",
      "B>A confirmation 1 of B",
      "A>B report 1",  // VR-79
  });
  for (size_t i = 0; i < 6; ++i) CHECK(group.InCharge(i) == (i < 3 ? 0 : 1));  // VR-60
  CHECK(group.failure() == "");
}

TEST_CASE("4.6, timer: no report; the new router begins when the delay is over [VR-70] [VR-71] [VR-72] [VR-73]") {
  Group group({.routers = 2, .end_systems = 2, .mode = ls::HandOver::kTimer, .trace = true,
               .configure = [](ls::Config& config) { config.start_delay = 90ms; }});
  group.Start(0);
  group.Start(1);
  Lines trace;
  while (group.machine(1).generation() == 0 && group.now() < TimePoint(1010s)) group.RunFor(1ms);
  const TimePoint recorded = group.now();
  CHECK(group.machine(1).tables().Find(Group::EndSystem(1))->unit == 1);  // in table C at once
  CHECK_FALSE(group.data(1).Passes(Group::EndSystem(1)));
  group.RunFor(10ms);
  CHECK_FALSE(group.data(0).Passes(Group::EndSystem(1)));  // the confirmation is there long before
  while (!group.data(1).Passes(Group::EndSystem(1)) && group.now() < TimePoint(1010s)) group.RunFor(1ms);
  CHECK(group.now() - recorded >= 88ms);
  CHECK(group.now() - recorded <= 92ms);
  CHECK(group.TakeTrace() == Lines{
      "A discovers",
      "A>* allocation 1 whole: .0>A .1>B",
      "B>A confirmation 1 of B",
      "B>A confirmation 1 of B",  // 45 ms later, for one may be lost
  });
}

TEST_CASE("4.10, a review that a backup asks for [VR-92] [VR-93] [VR-95] [VR-96] [VR-97] [VR-99] [VR-100]") {
  Group group({.routers = 2, .end_systems = 4, .mode = ls::HandOver::kExact, .trace = true,
               .configure = [](ls::Config& config) { config.flow_threshold = 1000; }});
  group.Start(0);
  group.Start(1);
  group.RunFor(4s);
  (void)group.TakeTrace();
  const auto flow = [](size_t end_system, uint64_t bits_per_second) {
    return ls::Flow{Group::EndSystem(end_system), bits_per_second};
  };
  group.Tell(0, ls::FlowsMeasured{.flows = {flow(0, 100), flow(1, 100)}});
  group.Tell(1, ls::FlowsMeasured{.flows = {flow(2, 1000), flow(3, 1000)}});  // not larger than the threshold
  group.RunFor(1s);
  CHECK(group.TakeTrace() == Lines{});
  group.Tell(1, ls::FlowsMeasured{.flows = {flow(2, 1001), flow(3, 900)}});
  group.RunFor(1s);
  CHECK(group.TakeTrace() == Lines{
      "B>A review request",
      "A>B flow request",
      "B>A flows .2=1001 .3=900",
      "A discovers",
      "A>* allocation 3: .3>A",  // 1100 and 1001: a move more would not bring it any closer
      "A>B confirmation 3 of A",
      "B>A confirmation 3 of B",
      "B>A report 3",
  });
  // VR-104: whatever came of it, not again for a while.
  group.Tell(1, ls::FlowsMeasured{.flows = {flow(2, 2000)}});
  group.RunFor(1s);
  CHECK(group.TakeTrace() == Lines{});
  group.RunFor(3s);
  group.Tell(1, ls::FlowsMeasured{.flows = {flow(2, 1001)}});
  group.RunFor(1s);
  CHECK(group.TakeTrace().front() == "B>A review request");
  CHECK(group.failure() == "");
}

TEST_CASE("4.10, a review of the active router's own, and then not for a while [VR-94] [VR-103] [VR-105]") {
  Group group({.routers = 2, .end_systems = 4, .trace = true,
               .configure = [](ls::Config& config) { config.overflow_threshold = 5; }});
  group.Start(0);
  group.Start(1);
  group.RunFor(4s);
  (void)group.TakeTrace();
  group.Tell(0, ls::FlowsMeasured{.overflows = 5});
  CHECK(group.TakeTrace() == Lines{});
  group.Tell(0, ls::FlowsMeasured{.overflows = 6});
  group.RunFor(1s);
  CHECK(group.TakeTrace() == Lines{"A>B flow request", "B>A flows"});  // evenly shared: all stays as it is
  group.Tell(0, ls::FlowsMeasured{.overflows = 6});
  group.RunFor(1s);
  CHECK(group.TakeTrace() == Lines{});
  // A request of a backup is answered all the same (VR-Q36).
  group.Tell(1, ls::ReviewAsked{});
  group.RunFor(1s);
  CHECK(group.TakeTrace() == Lines{"B>A review request", "A>B flow request", "B>A flows"});
}

TEST_CASE("an operator moves end systems: a hand-over like any other, by who allocates, of all or none") {
  Group group({.routers = 3, .end_systems = 6, .mode = ls::HandOver::kExact, .trace = true,
               .configure = [](ls::Config& config) { config.settle = 20ms; }});
  for (size_t unit = 0; unit < 3; ++unit) group.Start(unit);
  group.RunFor(4s);
  (void)group.TakeTrace();
  group.SendPackets(1ms);
  const auto to_move = [&](size_t unit, std::vector<IpAddress> end_systems, const IpAddress& to) {
    return group.machine(unit).ToMove(end_systems, to, group.now()).status();
  };
  using Code = absl::StatusCode;
  const IpAddress first = Group::EndSystem(0);  // A's
  REQUIRE(group.InCharge(0) == 0);
  CHECK(to_move(0, {Ip("10.0.9.9")}, Group::Unit(2)).message() == "end system: 10.0.9.9 is not known");
  CHECK(to_move(0, {first}, Ip("10.0.0.9")).message() ==
        "unit: 10.0.0.9 is no router of the group: 10.0.0.1, 10.0.0.2, 10.0.0.3");
  CHECK(to_move(0, {first, Group::EndSystem(5)}, Group::Unit(2)).message() ==
        "end system: 10.0.1.5 is 10.0.0.3's already");
  CHECK(to_move(1, {first}, Group::Unit(2)).message() == "load sharing: 10.0.0.1 allocates: ask there");
  group.Tell(1, ls::MoveAsked{{first}, Group::Unit(2)});
  group.Tell(0, ls::MoveAsked{{first, Ip("10.0.9.9")}, Group::Unit(2)});
  CHECK(group.TakeTrace() == Lines{});

  REQUIRE(to_move(0, {first, Group::EndSystem(2)}, Group::Unit(2)).ok());
  const ls::Generation generation = group.machine(0).generation();
  group.Tell(0, ls::MoveAsked{{Group::EndSystem(2), first}, Group::Unit(2)});
  CHECK(group.machine(0).generation() != generation);
  CHECK(to_move(0, {Group::EndSystem(3)}, Group::Unit(0)).code() == Code::kUnavailable);  // not confirmed yet
  group.RunFor(10ms);
  // Of others' hand-overs the router that allocates knows only that this is how long they take.
  CHECK(to_move(0, {Group::EndSystem(3)}, Group::Unit(0)).message() ==
        "load sharing: the last allocation has not settled yet, ask again soon");
  group.RunFor(15ms);
  CHECK(to_move(0, {first}, Group::Unit(1)).message() == "load sharing: hand-over is under way, ask again soon");
  group.RunFor(1s);
  for (const size_t moved : {0, 2}) CHECK(group.InCharge(moved) == 2);
  CHECK(group.InCharge(1) == 0);
  CHECK(group.InCharge(3) == 1);

  group.Tell(0, ls::MoveAsked{{}, Group::Unit(1)});
  group.RunFor(1s);
  for (size_t i = 0; i < 6; ++i) CHECK(group.InCharge(i) == 1);
  CHECK(to_move(0, {}, Group::Unit(1)).message() == "end system: all are 10.0.0.2's already");
  group.Crash(2);
  group.RunFor(5s);
  CHECK(to_move(0, {first}, Group::Unit(2)).message() == "unit: 10.0.0.3 is at fault");
  CHECK(group.lost() == 0);
  CHECK(group.failure() == "");
}

// Moves .7 from router to router without waiting for what is under way, and sees where it ends, and that packets went.
void MoveQuickly(ls::HandOver mode, const std::vector<size_t>& ways, Duration pause) {
  CAPTURE(static_cast<int>(mode), std::chrono::duration_cast<std::chrono::microseconds>(pause).count(), ways);
  // `sequence` takes a packet that another one of its flow has overtaken for a retransmission (VR-83).
  const Duration skew = mode == ls::HandOver::kSequence ? Duration(0ms) : Duration(500us);
  Group group({.routers = 4, .end_systems = 8, .mode = mode, .skew = skew,
               .configure = [](ls::Config& config) { config.settle = 0ms; }});
  for (size_t unit = 0; unit < 4; ++unit) group.Start(unit);
  group.RunFor(4s);
  group.SendPackets(200us);
  REQUIRE(group.InCharge(7) == 3);
  for (const size_t to : ways) {
    const auto refused = [&] {
      return !group.machine(0).ToMove({Group::EndSystem(7)}, Group::Unit(to), group.now()).ok();
    };
    for (int ms = 0; ms < 100 && refused(); ++ms) group.RunFor(1ms);  // until all have confirmed
    REQUIRE_FALSE(refused());
    group.Tell(0, ls::MoveAsked{{Group::EndSystem(7)}, Group::Unit(to)});
    group.RunFor(pause);
  }
  group.RunFor(2s);
  CHECK(group.InCharge(7) == ways.back());
  group.SendPackets(0s);
  group.RunFor(1s);
  group.CheckQuiet();
  if (mode == ls::HandOver::kExact) CHECK(group.lost() == 0);
  CHECK(group.failure() == "");
}

constexpr ls::HandOver kModes[] = {ls::HandOver::kTimer, ls::HandOver::kSequence, ls::HandOver::kExact};

// The router that allocates has no part in these.
TEST_CASE("an end system is handed on before its old router has stopped, which goes on for the one between [VR-67]") {
  for (const ls::HandOver mode : kModes) {
    for (const Duration pause : {Duration(1ms), Duration(5ms), Duration(30ms), Duration(56ms), Duration(250ms)}) {
      MoveQuickly(mode, {1, 2}, pause);
    }
  }
}

TEST_CASE("an end system comes back to a router that still gives it: it is given, reported and taken again [VR-67]") {
  for (const ls::HandOver mode : kModes) {
    for (const Duration pause : {Duration(1ms), Duration(5ms), Duration(30ms), Duration(56ms), Duration(250ms)}) {
      MoveQuickly(mode, {1, 3}, pause);
      MoveQuickly(mode, {1, 3, 1}, pause);
      MoveQuickly(mode, {1, 2, 3}, pause);
    }
  }
}

TEST_CASE("an operator's review is not held off, and is refused where nobody could do it") {
  Group group({.routers = 2, .end_systems = 4, .trace = true});
  group.Start(0);
  CHECK(group.machine(0).ReviewBy().status().code() == absl::StatusCode::kUnavailable);
  group.Start(1);
  group.RunFor(4s);
  (void)group.TakeTrace();
  for (int i = 0; i < 2; ++i) {
    CHECK(group.machine(1).ReviewBy().value() == Group::Unit(0));
    group.Tell(1, ls::ReviewAsked{});
    group.RunFor(1s);
    CHECK(group.TakeTrace() == Lines{"B>A review request", "A>B flow request", "B>A flows"});
    CHECK(group.machine(0).ReviewBy().value() == Group::Unit(0));
    group.Tell(0, ls::ReviewAsked{});
    CHECK(group.machine(0).ReviewBy().status().message() == "load sharing: review is under way, ask again soon");
    group.RunFor(1s);
    CHECK(group.TakeTrace() == Lines{"A>B flow request", "B>A flows"});
  }
  ls::Config config;
  config.own = Group::Unit(0);
  config.routers = {Group::Unit(0)};
  CHECK(ls::Machine(config).ReviewBy().status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(group.failure() == "");
}

TEST_CASE("4.11, the server allocates; the active router records only [VR-110] [VR-111] [VR-112] [VR-113] [VR-115]") {
  Group group({.routers = 2, .end_systems = 4, .server = true, .mode = ls::HandOver::kSequence, .trace = true});
  group.Start(2);
  group.Start(0);
  group.Start(1);
  group.RunFor(4s);
  CHECK(group.TakeTrace() == Lines{
      "C discovers",
      "C>A flow request",  // who is alive, and does anybody know of an allocation?
      "C>B flow request",
      "A>C flows",
      "B>C flows",
      "C>* allocation 3 whole: .0>A .1>A .2>B .3>B",
      "B>C confirmation 3 of B",
      "C>A confirmation 3 of B",
      "A>B report 3",  // VR-115
  });
  for (size_t i = 0; i < 4; ++i) CHECK(group.InCharge(i) == (i < 2 ? 0 : 1));
  CHECK_FALSE(group.machine(0).makes_allocations());  // VR-Q34
  CHECK(group.failure() == "");
}

TEST_CASE("4.11, the server fails: the active router does it all itself [VR-119]") {
  Group group({.routers = 2, .end_systems = 4, .server = true, .mode = ls::HandOver::kSequence, .trace = true});
  group.Start(2);
  group.Start(0);
  group.Start(1);
  group.RunFor(4s);
  (void)group.TakeTrace();
  group.Crash(2);
  group.RunFor(3s);
  CHECK(group.machine(0).tables().unit(2).state == ls::UnitState::kServerFault);
  CHECK(group.machine(0).makes_allocations());
  CHECK(group.TakeTrace() == Lines{"A discovers"});
  group.AddEndSystem();
  group.Tell(0, ls::EndSystemsKnown{.end_systems = {Group::EndSystem(4)}});
  group.RunFor(1s);
  CHECK(group.TakeTrace() == Lines{"A>* allocation 4: .4>A", "B>A confirmation 4 of B"});
}

TEST_CASE("a backup at fault: its conditions are forwarded at once, and shared anew [VR-11] [VR-12] [VR-13]") {
  Group group({.routers = 3, .end_systems = 6, .mode = ls::HandOver::kExact, .trace = true});
  for (size_t i = 0; i < 3; ++i) group.Start(i);
  group.RunFor(4s);
  (void)group.TakeTrace();
  group.Crash(2);
  group.RunFor(900ms);
  CHECK(group.InCharge(4) == group.units());  // nobody knows yet
  group.RunFor(200ms);
  CHECK(group.machine(0).tables().unit(2).state == ls::UnitState::kFault);
  CHECK(group.InCharge(4) == 0);
  group.RunFor(3s);
  CHECK(group.TakeTrace() == Lines{
      "A>* allocation 4: .4>A! .5>A!",
      "B>A confirmation 4 of B",
      "A>* allocation 7: .4>A .5>B",
      "B>A confirmation 7 of B",
      "A>B report 7",
  });
  CHECK(group.InCharge(5) == 1);
}

TEST_CASE("the active router dies: what was its own is its successor's, the rest stays [VR-Q22] [VR-39]") {
  Group group({.routers = 3, .end_systems = 6, .mode = ls::HandOver::kExact, .trace = true});
  for (size_t i = 0; i < 3; ++i) group.Start(i);
  group.RunFor(4s);
  (void)group.TakeTrace();
  group.Crash(0);
  group.RunFor(500ms);
  REQUIRE(group.active() == 1);
  for (size_t i = 0; i < 6; ++i) CHECK(group.InCharge(i) == (i < 4 ? 1 : 2));
  CHECK(group.TakeTrace() == Lines{
      // And what the dead one gave away lately is with whoever has it: no report of it will come any more.
      "B>* allocation 2: .0>B! .1>B! .2>B! .3>B! .4>C! .5>C!",
      "B discovers",
      "C>B confirmation 2 of C",
  });
}

}  // namespace
}  // namespace baton::simulation
