// What goes into and comes out of a machine for load sharing: events and actions, as plain values, and its
// configuration. machine.h says what it does with them. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/addr.h"
#include "common/hand_over.h"
#include "common/time_point.h"
#include "controlplane/load_sharing/allocation.h"
#include "controlplane/load_sharing/message.h"

namespace baton::controlplane::load_sharing {

// Defaults of times: VR-Q32.
struct Config {
  IpAddress own;                        // one of `routers`, or of `servers`
  std::vector<IpAddress> routers = {};  // of the virtual router (VR-08)
  std::vector<IpAddress> servers = {};  // for substitution: none or one
  HandOver hand_over = HandOver::kTimer;  // VR-68; in force when this unit is active (VR-69)
  Limits limits = {.of_mean = 0.05, .goal = 0.2};
  uint32_t overflow_limit = 0;      // difference of the units' overflow counts; 0: does not matter
  uint64_t flow_threshold = 0;      // bit/s of one condition above which a review is wanted (VR-91); 0: none
  uint32_t overflow_threshold = 0;  // overflows per unit of time, likewise
  Duration review_every{};          // the active router looks by itself; 0: only at a threshold
  Duration response_period = std::chrono::seconds(3);      // without a response: fault (VR-11)
  Duration start_delay = std::chrono::milliseconds(200);   // `timer` (VR-70)
  Duration server_start_delay = std::chrono::milliseconds(500);  // when a server allocates (VR-114)
  Duration cover = std::chrono::milliseconds(50);          // `exact`: noted at least this long before the stop
  Duration linger = std::chrono::milliseconds(5);          // `exact`: and stopped no sooner after the confirmation
  Duration report_wait = std::chrono::milliseconds(200);   // then the report is asked for again
  Duration keep_report = std::chrono::seconds(10);         // for who asks again
  Duration confirmation_wait = std::chrono::seconds(1);    // then an allocation is sent again
  int tries = 3;                                           // of either; then the unit is at fault (VR-Q31)
  Duration fragment_wait = std::chrono::milliseconds(50);  // then missing fragments are asked for
  Duration flow_wait = std::chrono::seconds(1);            // then a flow request is sent again
  Duration discovery_limit = std::chrono::seconds(10);     // then allocated with what is known
  Duration hold_off = std::chrono::seconds(60);            // VR-104, VR-105
  Duration settle = std::chrono::seconds(2);               // between two allocations, unless a unit failed
  Duration measure{};  // after a measured condition has moved: then the average is of who forwards it now
  Duration learn = std::chrono::milliseconds(200);         // a new active router that knows nothing listens first
  Generation first_generation = 0;  // its allocations are newer than this one where it knows of no other (GenerationAt)
  size_t charges_per_packet = 36, records_per_packet = 28, flows_per_packet = 50;
  size_t packets_per_turn = 64;
  Duration turn = std::chrono::milliseconds(1);
};

enum class Role : uint8_t { kStopped, kBackup, kActive, kServer };

// Of VRRP, or whatever decides who is active (VR-17).
struct RoleChanged {
  Role role = Role::kStopped;
};
struct AdvertSent {};
struct AdvertHeard {  // a valid type 1
  IpAddress from;
  std::optional<UnitAdvert> told = {};  // by one with the list of units
};
struct MessageHeard {
  IpAddress from;
  Message message;
};
// End systems that were found, or all that there are, as an answer to Discover.
struct EndSystemsKnown {
  std::vector<IpAddress> end_systems = {};
  bool complete = false;
};
// Workers have stopped: what EndGiving asked for.
struct Given {
  Generation generation = 0;
  IpAddress to;
  std::variant<std::vector<FlowMark>, std::vector<ForwardedPacket>> records;
  TimePoint stopped_at{};
};
// Once per unit of time (VR-89): of all conditions in charge that had packets.
struct FlowsMeasured {
  std::vector<Flow> flows = {};
  uint32_t overflows = 0;
  Duration overflow_unit{};
};
struct DeadlinePassed {};
// What this unit's workers do with packets of a condition.
enum class Here : uint8_t { kBlocks, kPasses, kHolds };

struct ReviewAsked {};  // by the operator
// By the operator: that a unit has these, or with none named all. Nothing happens where Machine::ToMove refuses it.
struct MoveAsked {
  std::vector<IpAddress> end_systems = {};
  IpAddress to;
};
using Event = std::variant<RoleChanged, AdvertSent, AdvertHeard, MessageHeard, EndSystemsKnown, Given, FlowsMeasured,
                           DeadlinePassed, ReviewAsked, MoveAsked>;

struct Send {
  IpAddress to = {};  // unspecified: multicast (VR-14)
  Message message;
};
// What is done with packets of conditions that no SetConditions named.
struct SetDefault {
  bool pass = false;
};
// Ends whatever hand-over a condition was in; what it holds is dropped.
struct SetConditions {
  bool pass = false;
  std::vector<IpAddress> conditions = {};
};
// The conditions pass; `exact`: what is forwarded is noted from now on.
struct BeginGiving {
  Generation generation = 0;
  IpAddress to;
  HandOver mode = HandOver::kTimer;
  std::vector<IpAddress> conditions = {};
};
// Those still in it are blocked at once on all workers; Given answers.
struct EndGiving {
  Generation generation = 0;
  IpAddress to;
};
// Packets of the conditions wait.
struct BeginTaking {
  Generation generation = 0;
  IpAddress from;
  HandOver mode = HandOver::kTimer;
  std::vector<IpAddress> conditions = {};
};
// What waits is forwarded but for what the report excludes; the conditions still in it pass.
struct EndTaking {
  Generation generation = 0;
  IpAddress from;
  Duration stopped_ago{};
  std::variant<std::vector<FlowMark>, std::vector<ForwardedPacket>> records;
};
struct Discover {};
struct EventLogged {
  enum class Kind : uint8_t {
    kTookOver,         // the conditions of who was active before, or of a unit at fault
    kUnitAlive,
    kUnitFault,
    kServerAlive,
    kServerFault,
    kReviewStarted,
    kReviewDecided,    // number: 1 when the load is to be shared anew
    kAllocated,        // number: of conditions that change
    kConfirmed,        // every unit has the allocation
    kTaken,            // number: of conditions taken in charge
    kGiven,
  };
  Kind kind = Kind::kTookOver;
  IpAddress unit = {};
  Generation generation = 0;
  uint64_t number = 0;
};
using Action = std::variant<Send, SetDefault, SetConditions, BeginGiving, EndGiving, BeginTaking, EndTaking, Discover,
                            EventLogged>;

void Tell(const IpAddress& to, Message message, std::vector<Action>& out);

}  // namespace baton::controlplane::load_sharing
