// The substitution server's part of the specification (4.11) as message sequences, and what reviews have in common
// whoever asked for them. A and B are routers, the strongest first; C is the server where there is one.
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/simulation/group.h"

namespace baton::simulation {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

ls::Flow FlowOf(size_t end_system, uint64_t bits_per_second) {
  return {Group::EndSystem(end_system), bits_per_second};
}

// Two routers that share four end systems; A has .0 and .1, B .2 and .3.
struct Shared {
  Group group;
  explicit Shared(GroupOptions options) : group([&] {
    options.routers = 2;
    options.end_systems = 4;
    options.trace = true;
    return options;
  }()) {
    if (options.server) group.Start(2);
    group.Start(0);
    group.Start(1);
    group.RunFor(5s);
    for (size_t i = 0; i < 4; ++i) REQUIRE(group.InCharge(i) == (i < 2 ? 0 : 1));
    (void)group.TakeTrace();
  }
  void Measure(uint64_t b_has) {
    group.Tell(0, ls::FlowsMeasured{.flows = {FlowOf(0, 300), FlowOf(1, 400)}});
    group.Tell(1, ls::FlowsMeasured{.flows = {FlowOf(2, 300), FlowOf(3, b_has)}});
  }
};

TEST_CASE("4.11, timer: the delay behind a server is its own, and covers the relay [VR-114]") {
  const Duration delay = GENERATE(20ms, 300ms);
  CAPTURE(delay.count());
  Shared shared({.server = true, .mode = ls::HandOver::kTimer, .delay = 6ms,
                 .configure = [delay](ls::Config& config) {
                   config.start_delay = 1ms;  // shorter than the confirmation and its relay take
                   config.server_start_delay = delay;
                 }});
  Group& group = shared.group;
  group.Tell(0, ls::FlowsMeasured{.flows = {FlowOf(0, 300), FlowOf(1, 1400)}});
  group.Tell(1, ls::FlowsMeasured{.flows = {FlowOf(2, 300), FlowOf(3, 400)}});
  group.Tell(0, ls::ReviewAsked{});
  const IpAddress moved = Group::EndSystem(0);  // from A to B
  const ls::Generation before = group.machine(1).generation();
  while (group.machine(1).generation() == before && group.now() < TimePoint(1010s)) group.RunFor(1ms);
  const TimePoint recorded = group.now();
  REQUIRE(group.machine(1).tables().Find(moved)->unit == 1);
  while (group.data(0).Passes(moved) && group.now() < TimePoint(1010s)) {
    CHECK_FALSE(group.data(1).Passes(moved));
    group.RunFor(1ms);
  }
  CHECK(group.now() - recorded >= 11ms);  // to the server, and on to the active router
  while (!group.data(1).Passes(moved) && group.now() < TimePoint(1010s)) group.RunFor(1ms);
  CHECK(group.now() - recorded >= delay - 2ms);
  CHECK(group.now() - recorded <= delay + 2ms);
}

TEST_CASE("4.11, who wants a review asks the server, the active router as well [VR-116] [VR-117]") {
  const size_t asks = GENERATE(size_t{0}, size_t{1});
  CAPTURE(asks);
  Shared shared({.server = true, .mode = ls::HandOver::kSequence});
  shared.Measure(400);
  shared.group.Tell(asks, ls::ReviewAsked{});
  shared.group.RunFor(1s);
  CHECK(shared.group.TakeTrace() == Lines{
      asks == 0 ? "A>C review request" : "B>C review request",
      "C>A flow request",
      "C>B flow request",
      "A>C flows .0=300 .1=400",
      "B>C flows .2=300 .3=400",  // even: all stays as it is
  });
}

TEST_CASE("4.11, the server decides by the active router's limits, finds and allocates anew [VR-117] [VR-118]") {
  Shared shared({.server = true, .mode = ls::HandOver::kSequence});
  shared.Measure(1400);
  shared.group.Tell(1, ls::ReviewAsked{});
  shared.group.RunFor(1s);
  CHECK(shared.group.TakeTrace() == Lines{
      "B>C review request",
      "C>A flow request",
      "C>B flow request",
      "A>C flows .0=300 .1=400",
      "B>C flows .2=300 .3=1400",
      "C discovers",
      "C>* allocation 6: .2>A",  // 1000 and 1400: a move more would not bring it any closer
      "A>B confirmation 6 of A",
      "B>C confirmation 6 of B",
      "C>A confirmation 6 of B",
      "B>A report 6",
  });
  CHECK(shared.group.InCharge(2) == 0);
}

TEST_CASE("4.10, the same is collected, decided and done whoever wanted the review [VR-98]") {
  Lines first;
  for (const char* const who : {"the operator", "a threshold", "a backup", "the clock"}) {
    CAPTURE(who);
    const bool by_clock = who == std::string("the clock"), by_threshold = who == std::string("a threshold");
    Shared shared({.mode = ls::HandOver::kExact, .configure = [&](ls::Config& config) {
                     if (by_clock) config.review_every = 20s;
                     if (by_threshold) config.overflow_threshold = 5;
                   }});
    shared.Measure(1400);
    if (who == std::string("the operator")) shared.group.Tell(0, ls::ReviewAsked{});
    if (who == std::string("a backup")) shared.group.Tell(1, ls::ReviewAsked{});
    if (by_threshold) {
      shared.group.Tell(0, ls::FlowsMeasured{.flows = {FlowOf(0, 300), FlowOf(1, 400)}, .overflows = 6});
    }
    shared.group.RunFor(by_clock ? 18s : 1s);
    Lines trace = shared.group.TakeTrace();
    REQUIRE_FALSE(trace.empty());
    if (trace[0] == "B>A review request") trace.erase(trace.begin());
    if (first.empty()) first = trace;
    CHECK(trace == first);
  }
  CHECK(first == Lines{
      "A>B flow request",
      "B>A flows .2=300 .3=1400",
      "A discovers",
      "A>* allocation 3: .2>A",
      "A>B confirmation 3 of A",
      "B>A confirmation 3 of B",
      "B>A report 3",
  });
}

TEST_CASE("4.10, while it is reviewed all go on as they are allocated: packets neither wait nor stop [VR-106]") {
  Shared shared({.mode = ls::HandOver::kExact, .delay = 10ms});
  Group& group = shared.group;
  shared.Measure(1400);
  group.Tell(1, ls::ReviewAsked{});
  const ls::Generation before = group.machine(0).generation();
  size_t looked = 0;
  const auto is_reviewing = [&] {
    return group.machine(0).generation() == before && group.machine(1).generation() == before;
  };
  for (; is_reviewing() && looked < 1000; ++looked) {
    for (size_t i = 0; i < 4; ++i) {
      CHECK(group.InCharge(i) == (i < 2 ? 0 : 1));
      group.SendPacket(i);
    }
    CHECK_FALSE(group.data(0).is_holding());
    CHECK_FALSE(group.data(1).is_holding());
    group.RunFor(1ms);
  }
  CHECK(looked >= 40);  // request, collection and discovery took a while
  CHECK(looked < 1000);
  group.RunFor(1s);
  CHECK(group.forwarded_once() == 4 * looked);
  CHECK(group.failure() == "");
}

}  // namespace
}  // namespace baton::simulation
