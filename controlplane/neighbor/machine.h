// What is known of one neighbour, and how it changes: RFC 4861, 7.3 without the delay before a probe, for ARP as for
// neighbour discovery (RFC 1122, 2.3.2.1: unicast poll). Pure; times are deadlines in the state. README.md draws it.
// Always: workers have a MAC address of this neighbour exactly while state.mac is not zero, and that one.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include <absl/container/inlined_vector.h>
#include <absl/strings/string_view.h>

#include "common/addr.h"
#include "common/time_point.h"
#include "common/update.h"

namespace baton::controlplane::neighbor {

struct Timers {
  Duration retransmit = std::chrono::seconds(1);      // RFC 4861, 10: RETRANS_TIMER
  int multicast_solicits = 3;                         // MAX_MULTICAST_SOLICIT
  int unicast_solicits = 3;                           // MAX_UNICAST_SOLICIT
  Duration reachable = std::chrono::seconds(30);      // REACHABLE_TIME
  Duration use_check = std::chrono::seconds(5);       // DELAY_FIRST_PROBE_TIME: how often a stale one is looked at
  Duration forget_after = std::chrono::minutes(5);    // of nobody using it
  Duration hold_down = std::chrono::seconds(1);       // RFC 1122, 2.3.2.1: at most one new start per second
};

enum class Phase : uint8_t {
  kNone,        // nothing is known: there is no entry
  kIncomplete,  // asked by multicast; with a MAC address when probes to it went unanswered
  kReachable,   // answered us less than `reachable` ago
  kStale,       // its MAC address is known, whether it hears us is not
  kProbe,       // asked by unicast; workers go on using its MAC address
  kFailed,      // did not answer; not asked again during the hold-down
};
absl::string_view PhaseName(Phase phase);

struct State {
  Phase phase = Phase::kNone;
  MacAddress mac;                         // zero: not known
  int sent = 0;                           // solicitations, in kIncomplete and kProbe
  TimePoint deadline = TimePoint::max();
  TimePoint confirmed{};                  // last answer to us; at first the time it was made
  TimePoint used{};                       // last time that it was seen in use
  friend bool operator==(const State&, const State&) = default;
};

struct Needed {};  // a worker has packets for it
struct Advertised {  // it says where it is: advertisement, ARP reply, gratuitous ARP
  std::optional<MacAddress> mac;
  bool solicited = false;
  bool overrides = true;
};
struct Asked { MacAddress mac; };         // it asked for an address of ours, from this MAC address
struct DeadlinePassed { bool used = false; };  // used: packets went to it lately
using Event = std::variant<Needed, Advertised, Asked, DeadlinePassed>;

struct Solicit { std::optional<MacAddress> to; };  // empty: by multicast or broadcast
struct Tell {  // workers, of the state with this MAC address
  SetNeighbor::State state;
  MacAddress mac;
};
using Action = std::variant<Solicit, Tell>;

struct Step {
  State next;
  absl::InlinedVector<Action, 2> actions;
};

// REQUIRES: DeadlinePassed only at or after NextDeadline(state).
Step React(const Timers& timers, const State& state, const Event& event, TimePoint now);
inline TimePoint NextDeadline(const State& state) { return state.deadline; }

}  // namespace baton::controlplane::neighbor
