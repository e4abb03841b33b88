#include <catch2/catch.hpp>

#include <ostream>
#include <string>

#include "controlplane/neighbor/machine.h"
#include "tests/controlplane/neighbor/golden.h"

namespace baton::controlplane::neighbor {
namespace {

using namespace std::chrono_literals;
using Worker = SetNeighbor::State;

const Timers kTimers;
const TimePoint kNow = TimePoint{} + 1h;
const MacAddress kA = Mac("02:00:00:00:00:0a");
const MacAddress kB = Mac("02:00:00:00:00:0b");

// Made, confirmed and used at kNow.
State In(Phase phase, const MacAddress& mac, int sent = 0) {
  return {.phase = phase, .mac = mac, .sent = sent, .deadline = kNow + 1s, .confirmed = kNow, .used = kNow};
}

// Actions as text: "ask", "ask 0a" (by unicast), "reachable 0a", "failed", "forget", with spaces between.
std::string Text(const Step& step) {
  std::string text;
  const auto tail = [](const MacAddress& mac) { return mac.ToString().substr(15); };
  for (const Action& action : step.actions) {
    if (!text.empty()) text += ", ";
    if (const auto* solicit = std::get_if<Solicit>(&action)) {
      text += solicit->to.has_value() ? "ask " + tail(*solicit->to) : "ask";
    } else {
      const Tell& tell = std::get<Tell>(action);
      if (tell.state == Worker::kReachable) text += "reachable " + tail(tell.mac);
      if (tell.state == Worker::kFailed) text += "failed";
      if (tell.state == Worker::kForget) text += "forget";
    }
  }
  return text;
}

TEST_CASE("what a neighbour says changes its entry as RFC 4861, 7.2.5 tells") {
  struct Case {
    const char* name;
    State before;
    Advertised heard;
    Phase after;
    MacAddress mac;
    const char* actions;
  };
  const Case cases[] = {
      {"nobody asked: discarded", State{}, {kA, true, true}, Phase::kNone, {}, ""},
      {"the first answer makes it reachable", In(Phase::kIncomplete, {}), {kA, true, true}, Phase::kReachable, kA,
       "reachable 0a"},
      {"so does one without the override flag", In(Phase::kIncomplete, {}), {kA, true, false}, Phase::kReachable, kA,
       "reachable 0a"},
      {"unsolicited: the address is taken, not the reachability", In(Phase::kIncomplete, {}), {kA, false, true},
       Phase::kStale, kA, "reachable 0a"},
      {"no address in the first answer: discarded", In(Phase::kIncomplete, {}), {{}, true, true}, Phase::kIncomplete,
       {}, ""},
      {"a confirmation tells workers nothing new", In(Phase::kProbe, kA, 2), {kA, true, false}, Phase::kReachable, kA,
       ""},
      {"a confirmation may leave out the address", In(Phase::kProbe, kA, 2), {{}, true, false}, Phase::kReachable, kA,
       ""},
      {"override, solicited: another address, reachable", In(Phase::kReachable, kA), {kB, true, true},
       Phase::kReachable, kB, "reachable 0b"},
      {"override, unsolicited: another address, stale", In(Phase::kReachable, kA), {kB, false, true}, Phase::kStale, kB,
       "reachable 0b"},
      {"override with the same address, unsolicited: no change", In(Phase::kProbe, kA, 1), {kA, false, true},
       Phase::kProbe, kA, ""},
      {"no override, another address, reachable: doubt, the address stays", In(Phase::kReachable, kA),
       {kB, true, false}, Phase::kStale, kA, ""},
      {"no override, another address, stale: ignored", In(Phase::kStale, kA), {kB, true, false}, Phase::kStale, kA, ""},
      {"no override, another address, probing: ignored", In(Phase::kProbe, kA, 1), {kB, true, false}, Phase::kProbe, kA,
       ""},
      {"asking everybody after the probes: any answer counts", In(Phase::kIncomplete, kA, 1), {kB, true, false},
       Phase::kReachable, kB, "reachable 0b"},
      {"asking everybody after the probes: the old address answers", In(Phase::kIncomplete, kA, 1), {kA, true, true},
       Phase::kReachable, kA, ""},
      {"a late answer ends the failure", In(Phase::kFailed, {}), {kA, true, true}, Phase::kReachable, kA,
       "reachable 0a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Step step = React(kTimers, c.before, c.heard, kNow + 100ms);
    CHECK(PhaseName(step.next.phase) == PhaseName(c.after));
    CHECK(step.next.mac == c.mac);
    CHECK(Text(step) == c.actions);
    if (c.after == Phase::kReachable) CHECK(NextDeadline(step.next) == kNow + 100ms + 30s);
  }
}

TEST_CASE("whoever asks for us is known afterwards, not as reachable (RFC 4861, 7.2.3; RFC 826)") {
  struct Case { const char* name; State before; Phase after; const char* actions; };
  const Case cases[] = {
      {"unknown until now", State{}, Phase::kStale, "reachable 0a"},
      {"we are asking for it", In(Phase::kIncomplete, {}), Phase::kStale, "reachable 0a"},
      {"known at this address", In(Phase::kReachable, kA), Phase::kReachable, ""},
      {"being probed at this address: a question is no answer", In(Phase::kProbe, kA, 1), Phase::kProbe, ""},
      {"known at another address", In(Phase::kReachable, kB), Phase::kStale, "reachable 0a"},
      {"had failed", In(Phase::kFailed, {}), Phase::kStale, "reachable 0a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Step step = React(kTimers, c.before, Asked{kA}, kNow + 100ms);
    CHECK(PhaseName(step.next.phase) == PhaseName(c.after));
    CHECK(step.next.mac == kA);
    CHECK(Text(step) == c.actions);
  }
}

TEST_CASE("a worker's need starts a search only where none is under way") {
  struct Case { const char* name; State before; Phase after; const char* actions; };
  const Case cases[] = {
      {"unknown", State{}, Phase::kIncomplete, "ask"},
      {"being asked for", In(Phase::kIncomplete, {}, 2), Phase::kIncomplete, ""},
      {"failed a moment ago: hold-down (RFC 1122, 2.3.2.1)", In(Phase::kFailed, {}), Phase::kFailed, ""},
      {"known: the worker is told again", In(Phase::kReachable, kA), Phase::kReachable, "reachable 0a"},
      {"probed: the address is still good", In(Phase::kProbe, kA, 1), Phase::kProbe, "reachable 0a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Step step = React(kTimers, c.before, Needed{}, kNow + 100ms);
    CHECK(PhaseName(step.next.phase) == PhaseName(c.after));
    CHECK(Text(step) == c.actions);
    if (c.before.phase != Phase::kNone) CHECK(NextDeadline(step.next) == NextDeadline(c.before));
  }
}

struct Happening {
  Duration at;
  std::string actions;
  friend bool operator==(const Happening&, const Happening&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Happening& h) {
    return out << std::chrono::duration_cast<std::chrono::milliseconds>(h.at).count() << " ms " << h.actions;
  }
};

// Lets deadlines pass, the neighbour used or not, until the entry is gone or `until` after kNow; what was done, when.
std::vector<Happening> Silence(State state, bool used, Duration until) {
  std::vector<Happening> done;
  while (state.phase != Phase::kNone && NextDeadline(state) <= kNow + until) {
    const TimePoint now = NextDeadline(state);
    const Step step = React(kTimers, state, DeadlinePassed{used}, now);
    if (!step.actions.empty()) done.push_back({now - kNow, Text(step)});
    state = step.next;
  }
  return done;
}

TEST_CASE("a neighbour that does not answer is asked 3 times, fails, and may be asked for again after the hold-down") {
  const Step start = React(kTimers, State{}, Needed{}, kNow);
  CHECK(Text(start) == "ask");
  CHECK(Silence(start.next, true, 1h) ==
        std::vector<Happening>{{1s, "ask"}, {2s, "ask"}, {3s, "failed"}, {4s, "forget"}});
}

TEST_CASE("a used neighbour that falls silent is probed, then asked for; workers keep it until it fails") {
  const State reachable = React(kTimers, In(Phase::kIncomplete, {}), Advertised{kA, true, true}, kNow).next;
  CHECK(Silence(reachable, true, 1h) ==
        std::vector<Happening>{{30s, "ask 0a"}, {31s, "ask 0a"}, {32s, "ask 0a"}, {33s, "ask"}, {34s, "ask"},
                               {35s, "ask"}, {36s, "failed"}, {37s, "forget"}});
}

TEST_CASE("a neighbour that failed after probes is told to workers anew, even at its old address") {
  const Step failed = React(kTimers, In(Phase::kIncomplete, kA, 3), DeadlinePassed{true}, kNow + 1s);
  CHECK(Text(failed) == "failed");
  CHECK(failed.next.mac.is_zero());
  CHECK(Text(React(kTimers, failed.next, Asked{kA}, kNow + 1500ms)) == "reachable 0a");
  CHECK(Text(React(kTimers, failed.next, Advertised{kA, true, true}, kNow + 1500ms)) == "reachable 0a");
}

TEST_CASE("a neighbour that nobody uses is not probed, and is forgotten after 5 minutes") {
  const State reachable = React(kTimers, In(Phase::kIncomplete, {}), Advertised{kA, true, true}, kNow).next;
  CHECK(Silence(reachable, false, 1h) == std::vector<Happening>{{5min, "forget"}});
}

TEST_CASE("a stale neighbour is probed once it is used") {
  const Step asked = React(kTimers, State{}, Asked{kA}, kNow);
  CHECK(NextDeadline(asked.next) == kNow + 5s);
  const Step unused = React(kTimers, asked.next, DeadlinePassed{false}, kNow + 5s);
  CHECK(PhaseName(unused.next.phase) == "stale");
  CHECK(Text(unused).empty());
  const Step used = React(kTimers, unused.next, DeadlinePassed{true}, kNow + 10s);
  CHECK(PhaseName(used.next.phase) == "probe");
  CHECK(Text(used) == "ask 0a");
}

}  // namespace
}  // namespace baton::controlplane::neighbor
