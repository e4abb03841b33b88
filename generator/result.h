// What a run found out, as plain values: what the report prints and the limits judge. Made when the engine has ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generator/counts.h"
#include "generator/fragments/reassembly.h"
#include "generator/link/impaired_link.h"
#include "generator/serving.h"
#include "generator/replay/sender.h"
#include "generator/timeline.h"
#include "generator/unanswered/sender.h"

namespace baton::generator {

struct DirectionResult {
  DirectionCounts counts;
  bool judged = true;          // false: the other end is not ours, nobody knows what arrived
  Histogram longest_gaps;      // of each flow, the longest time without an arrival
  uint32_t longest_gap_flow = 0;
  uint32_t silent_flows = 0;   // something was asked, nothing arrived
};

// The SPIs that a class of ESP flows had: from each time on, one for each flow, in a row.
struct EspResult {
  struct Associations {
    double from_s = 0;  // of the sending
    uint32_t first_spi = 0;
  };
  uint32_t flows = 0;
  std::vector<Associations> associations;
};

// What the moves of a class of Mobile IPv6 terminals cost.
struct MobileResult {
  uint64_t moves = 0;  // of terminals that sent after it
  Histogram gaps;      // from the last response before a move to the first one after it
};

struct ClassResult {
  std::string name;
  uint32_t flows = 0;
  double offered_rate = 0;  // 0: as fast as possible
  DirectionResult requests, responses;
  uint64_t wrong_server = 0;
  uint64_t wrong_address = 0;
  bool in_pieces = false;  // sent in fragments; then how many frames were sent for its requests and responses
  uint64_t request_pieces = 0, response_pieces = 0;
  uint64_t skipped = 0;
  Histogram one_way, round_trip;
  std::vector<EpochCounts> epochs;  // before the first event, after it, ...: as many as were reached
  bool is_tcp = false;
  TcpCounts tcp;
  Histogram tcp_set_up;
  std::optional<EspResult> esp;
  std::optional<MobileResult> mobile;
};

// Of a class that expects no answer (unanswered/).
struct UnansweredResult {
  std::string name;
  bool malformed = false;
  std::vector<Malformed> kinds;  // malformed: as the profile lists them
  double offered_rate = 0;       // 0: as fast as possible
  bool judged = true;            // false: the servers are not ours, nobody knows what arrived
  uint64_t skipped = 0;
  UnansweredCounts counts;
};

struct ReplayResult {
  std::string name, file;
  uint64_t frames = 0;  // of a round
  uint64_t rounds = 0;  // that were wanted
  uint64_t skipped = 0;
  bool complete = false;
  ReplayCounts counts;
};

// What became of an event's command. Times are seconds from the beginning of the sending.
struct EventResult {
  double at_s = 0;  // as the profile wants it
  std::string run;
  bool started = false;           // false: the run ended before its time, or `failure` says why not
  double started_s = 0, ended_s = 0;
  std::optional<int> status;      // of its exit; none: a signal ended it, or it never ran
  int signal = 0;                 // that ended it
  bool ended_by_run = false;      // it was still running when the run ended
  std::string failure;            // why it could not be started
  std::vector<std::string> errors;  // the first lines of its standard error

  bool failed() const { return !failure.empty() || (started && !ended_by_run && status.value_or(1) != 0); }
};

struct SecondResult {  // what happened since the line before
  double at_s = 0;
  uint64_t sent = 0, arrived = 0, duplicated = 0, reordered = 0, corrupted = 0, connections = 0, unanswered = 0;
  uint64_t served = 0;
};

// Of what was sent in a second of the sending. The last one may be shorter, and has the responses that came later.
struct SecondOfRun {
  double from_s = 0, to_s = 0;
  Counted counts;
  TripTimes round_trip;  // of the responses that arrived in it
  std::optional<Histogram> round_trips = {};  // of one of several cores
};

struct PortResult {
  std::string name, device;
  uint64_t received = 0, sent = 0, missed = 0, receive_errors = 0, transmit_errors = 0;
  bool link_up = true;      // at the end
  uint64_t times_down = 0;  // while the run lasted
  double down_s = 0;
};

struct GatewayResult {
  std::string port, address, mac;
  uint64_t sent = 0;  // frames
};

// A gateway whose MAC address became another: it is at another box now.
struct GatewayChange {
  double at_s = 0;  // from the beginning of the sending
  std::string port, address, from, to;
};

// How fast the tool itself is at most, in memory, both ends of the traffic.
struct Saturation {
  int cores = 1;
  uint64_t lost = 0;
  double packets_per_second = 0;  // of all cores: first copies that arrived, both directions
  double cycles_per_packet = 0;   // of the time stamp counter, of a core that had something to do; 0: not known

  double per_core() const { return packets_per_second / cores; }
};

struct RunResult {
  std::vector<ClassResult> classes;
  std::vector<UnansweredResult> unanswered;
  std::vector<ReplayResult> replays;
  std::vector<SecondResult> seconds;
  std::vector<SecondOfRun> timeline;
  std::vector<EventResult> events;
  std::vector<double> epoch_begins_s;  // from the beginning of the sending; [0] is 0
  std::vector<PortResult> ports;  // none with --loopback
  std::vector<std::string> unresolved;  // next hops that nobody answered for: nothing was sent then
  std::vector<GatewayResult> gateways;  // none with --loopback
  std::vector<GatewayChange> gateway_changes;  // by time; the first thousand of each port
  uint64_t gateway_change_count = 0;
  StrayCounts strays;
  std::optional<ServedCounts> served;  // of a profile without flows: clients that are not ours
  FragmentCounts fragments;
  std::optional<Saturation> saturation;  // with --loopback
  uint64_t handed_over = 0;  // frames, from the core where they arrived to that of their flow
  std::optional<Injected> injected_requests, injected_responses;  // with --loopback
  uint64_t flows = 0;
  double bytes_per_flow = 0;
  double sending_s = 0;     // from the first to the last packet
  bool interrupted = false;
};

}  // namespace baton::generator
