#include "controlplane/neighbor/machine.h"

#include <algorithm>

namespace baton::controlplane::neighbor {
namespace {

using Worker = SetNeighbor::State;

// The MAC address is known. Workers are told only when it is news to them, so that a probe never disturbs them.
Step Settle(const Timers& timers, State state, Phase phase, const MacAddress& mac, TimePoint now) {
  Step step;
  if (state.mac != mac) step.actions.push_back(Tell{Worker::kReachable, mac});
  state.phase = phase;
  state.mac = mac;
  state.sent = 0;
  if (phase == Phase::kReachable) state.confirmed = now;
  state.deadline = now + (phase == Phase::kReachable ? timers.reachable : timers.use_check);
  step.next = state;
  return step;
}

Step Ask(const Timers& timers, State state, const std::optional<MacAddress>& to, TimePoint now) {
  ++state.sent;
  state.deadline = now + timers.retransmit;
  return {state, {Solicit{to}}};
}

Step StartAsking(const Timers& timers, State state, Phase phase, TimePoint now) {
  state.phase = phase;
  state.sent = 0;
  return Ask(timers, state, phase == Phase::kProbe ? std::optional(state.mac) : std::nullopt, now);
}

Step Fail(const Timers& timers, State state, TimePoint now) {
  state.phase = Phase::kFailed;
  state.mac = {};
  state.sent = 0;
  state.deadline = now + timers.hold_down;
  return {state, {Tell{Worker::kFailed, {}}}};
}

Step Forget() { return {State{}, {Tell{Worker::kForget, {}}}}; }

Step OnNeeded(const Timers& timers, State state, TimePoint now) {
  state.used = now;
  if (state.phase == Phase::kNone) {
    state.confirmed = now;
    return StartAsking(timers, state, Phase::kIncomplete, now);
  }
  // A worker that asks although it was told has lost the entry, or asked before the answer reached it.
  if (!state.mac.is_zero()) return {state, {Tell{Worker::kReachable, state.mac}}};
  return {state, {}};
}

// RFC 4861, 7.2.5. ARP has no flags: what RFC 826 says of a known sender is an advertisement that overrides.
Step OnAdvertised(const Timers& timers, State state, const Advertised& heard, TimePoint now) {
  if (state.phase == Phase::kNone) return {state, {}};  // "should be silently discarded"
  const MacAddress mac = heard.mac.value_or(state.mac);
  if (mac.is_zero()) return {state, {}};
  const Phase settled = heard.solicited ? Phase::kReachable : Phase::kStale;
  const bool asked_all = state.phase == Phase::kIncomplete || state.phase == Phase::kFailed;
  if (asked_all) return Settle(timers, state, settled, mac, now);

  const bool changed = mac != state.mac;
  if (changed && !heard.overrides) {
    if (state.phase != Phase::kReachable) return {state, {}};
    return Settle(timers, state, Phase::kStale, state.mac, now);
  }
  if (heard.solicited || changed) return Settle(timers, state, settled, mac, now);
  return {state, {}};
}

// RFC 4861, 7.2.3; RFC 826: whoever asks for us will be talked to next.
Step OnAsked(const Timers& timers, State state, const MacAddress& mac, TimePoint now) {
  if (mac == state.mac) return {state, {}};
  if (state.phase == Phase::kNone) state.confirmed = state.used = now;
  return Settle(timers, state, Phase::kStale, mac, now);
}

Step OnStaleDeadline(const Timers& timers, State state, bool used, TimePoint now) {
  if (used) return StartAsking(timers, state, Phase::kProbe, now);
  if (now >= state.used + timers.forget_after) return Forget();
  state.deadline = std::min(now + timers.use_check, state.used + timers.forget_after);
  return {state, {}};
}

Step OnDeadline(const Timers& timers, State state, bool used, TimePoint now) {
  if (used) state.used = now;
  switch (state.phase) {
    case Phase::kNone: break;
    case Phase::kIncomplete:
      if (state.sent < timers.multicast_solicits) return Ask(timers, state, std::nullopt, now);
      return Fail(timers, state, now);
    case Phase::kReachable:
      if (used) return StartAsking(timers, state, Phase::kProbe, now);
      return Settle(timers, state, Phase::kStale, state.mac, now);
    case Phase::kStale: return OnStaleDeadline(timers, state, used, now);
    case Phase::kProbe:
      if (state.sent < timers.unicast_solicits) return Ask(timers, state, state.mac, now);
      return StartAsking(timers, state, Phase::kIncomplete, now);  // RFC 7048: it may have another MAC address now
    case Phase::kFailed: return Forget();  // a worker's next packet asks anew
  }
  return {state, {}};
}

struct Dispatch {
  const Timers& timers;
  const State& state;
  TimePoint now;

  Step operator()(const Needed&) { return OnNeeded(timers, state, now); }
  Step operator()(const Advertised& event) { return OnAdvertised(timers, state, event, now); }
  Step operator()(const Asked& event) { return OnAsked(timers, state, event.mac, now); }
  Step operator()(const DeadlinePassed& event) { return OnDeadline(timers, state, event.used, now); }
};

}  // namespace

absl::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kNone: return "none";
    case Phase::kIncomplete: return "incomplete";
    case Phase::kReachable: return "reachable";
    case Phase::kStale: return "stale";
    case Phase::kProbe: return "probe";
    case Phase::kFailed: return "failed";
  }
  return "unknown";
}

Step React(const Timers& timers, const State& state, const Event& event, TimePoint now) {
  return std::visit(Dispatch{timers, state, now}, event);
}

}  // namespace baton::controlplane::neighbor
