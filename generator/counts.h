// What a run counts. Plain values, written by one core and added up when it has ended; Progress alone may be read while
// it runs.
#pragma once

#include <atomic>
#include <cstdint>

#include "generator/histogram.h"
#include "generator/ledger.h"

namespace baton::generator {

// Of one class of flows and one direction. sent = arrived + lost, always.
struct DirectionCounts {
  uint64_t sent = 0;
  uint64_t sent_bytes = 0;  // of frames, without FCS
  uint64_t arrived = 0;     // first copies, intact
  uint64_t duplicated = 0;  // further copies
  uint64_t reordered = 0;   // first copies behind a later number (RFC 4737); also in `arrived`
  uint64_t late = 0;        // first or further copies, too late to tell; not in `arrived`
  uint64_t corrupted = 0;   // not in `arrived`

  uint64_t lost() const { return sent > arrived ? sent - arrived : 0; }
  void Add(const DirectionCounts& other) {
    sent += other.sent;
    sent_bytes += other.sent_bytes;
    arrived += other.arrived;
    duplicated += other.duplicated;
    reordered += other.reordered;
    late += other.late;
    corrupted += other.corrupted;
  }
  void Subtract(const DirectionCounts& other) {
    sent -= other.sent;
    sent_bytes -= other.sent_bytes;
    arrived -= other.arrived;
    duplicated -= other.duplicated;
    reordered -= other.reordered;
    late -= other.late;
    corrupted -= other.corrupted;
  }
  void Count(Arrived as, uint64_t n = 1) {
    switch (as) {
      case Arrived::kInOrder: arrived += n; return;
      case Arrived::kReordered:
        arrived += n;
        reordered += n;
        return;
      case Arrived::kDuplicate: duplicated += n; return;
      case Arrived::kLate: late += n; return;
    }
  }
};

// Of the connections of a class. opened = completed + failed() + still open.
struct TcpCounts {
  uint64_t opened = 0;       // SYNs, the first of each
  uint64_t established = 0;  // at the client
  uint64_t completed = 0;    // all requests answered, closed as planned
  uint64_t timed_out = 0;
  uint64_t reset_by_server = 0;  // one of ours
  uint64_t reset_by_others = 0;  // a box on the way; http: by anybody
  uint64_t closed_early = 0;     // http: the server closed before its response was whole
  uint64_t not_understood = 0;   // http: no response, or one that does not say how long it is
  uint64_t error_responses = 0;  // http: of a status of 400 and above; whole all the same
  uint64_t busy = 0;         // due, but the flow that was drawn was still connected
  uint64_t concurrent = 0, most_concurrent = 0;
  uint64_t retransmitted = 0;  // segments, by clients
  uint64_t duplicate_segments = 0, out_of_order = 0;  // received, at both ends
  uint64_t abandoned = 0;    // at the server: a new connection came in place of one that never ended
  uint64_t resets_sent = 0;  // by servers, for segments of no connection

  uint64_t failed() const { return timed_out + reset_by_server + reset_by_others + closed_early + not_understood; }
  void Add(const TcpCounts& other) {
    opened += other.opened;
    established += other.established;
    completed += other.completed;
    timed_out += other.timed_out;
    reset_by_server += other.reset_by_server;
    reset_by_others += other.reset_by_others;
    closed_early += other.closed_early;
    not_understood += other.not_understood;
    error_responses += other.error_responses;
    busy += other.busy;
    concurrent += other.concurrent;
    most_concurrent += other.most_concurrent;  // of cores: perhaps not at the same time
    retransmitted += other.retransmitted;
    duplicate_segments += other.duplicate_segments;
    out_of_order += other.out_of_order;
    abandoned += other.abandoned;
    resets_sent += other.resets_sent;
  }
};
static_assert(sizeof(TcpCounts) == 17 * sizeof(uint64_t));  // Add has them all

// What became of connections, by when it did.
struct Ends {
  uint64_t opened = 0, completed = 0, timed_out = 0, reset = 0;

  static Ends Of(const TcpCounts& tcp) {
    return {tcp.opened, tcp.completed, tcp.timed_out, tcp.failed() - tcp.timed_out};
  }
  void Add(const Ends& other) {
    opened += other.opened;
    completed += other.completed;
    timed_out += other.timed_out;
    reset += other.reset;
  }
  void Subtract(const Ends& other) {
    opened -= other.opened;
    completed -= other.completed;
    timed_out -= other.timed_out;
    reset -= other.reset;
  }
};

struct Counted {
  DirectionCounts requests, responses;
  uint64_t wrong_server = 0;  // responses of another server than the flow's first

  void Add(const Counted& other) {
    requests.Add(other.requests);
    responses.Add(other.responses);
    wrong_server += other.wrong_server;
  }
  void Subtract(const Counted& other) {
    requests.Subtract(other.requests);
    responses.Subtract(other.responses);
    wrong_server -= other.wrong_server;
  }
};

struct ClassCounts : Counted {
  uint64_t wrong_address = 0;  // at clients: not from where the flow asks, or not to where it asked from
  uint64_t skipped = 0;       // requests that were due while the machine paused: never sent
  Histogram one_way;          // request: from its stamp to the server
  Histogram round_trip;       // from the request's stamp to the response's arrival
  TcpCounts tcp;
  Histogram tcp_set_up;       // from the SYN to the arrival of its answer
};

// The longest time without an arrival, and whose.
struct Gap {
  int64_t ns = 0;
  uint32_t flow = 0;  // of its class

  void Note(int64_t length_ns, uint32_t of_flow) {
    if (length_ns <= ns) return;
    ns = length_ns;
    flow = of_flow;
  }
};

// Of one class, between two events (epochs.h).
struct EpochCounts : Counted {
  Gap request_gap, response_gap;
  Ends ends;
};

// What belongs to no flow.
struct StrayCounts {
  uint64_t corrupted = 0;  // and the stamp with it
  uint64_t foreign = 0;    // no stamp of this run, or one that has no business at this port
  uint64_t neighbor = 0;   // ARP and neighbour discovery: not judged
  uint64_t icmp_errors = 0;
  uint64_t redirects = 0;             // not followed
  uint64_t wrong_mac = 0;             // to a MAC address that is not that of the host whose IP address they had
  uint64_t echo_answered = 0;         // echo requests of others
  uint64_t information_answered = 0;  // replies to information requests
  uint64_t information_missed = 0;    // requests that came while too many others were being answered

  void Add(const StrayCounts& other) {
    corrupted += other.corrupted;
    foreign += other.foreign;
    neighbor += other.neighbor;
    icmp_errors += other.icmp_errors;
    redirects += other.redirects;
    wrong_mac += other.wrong_mac;
    echo_answered += other.echo_answered;
    information_answered += other.information_answered;
    information_missed += other.information_missed;
  }
};
static_assert(sizeof(StrayCounts) == 9 * sizeof(uint64_t));  // Add has them all

// For the line that is printed each second: written by the core, relaxed, because each number stands for itself.
struct Progress {
  std::atomic<uint64_t> sent{0}, arrived{0};  // both directions together
  std::atomic<uint64_t> requests_sent{0}, responses_arrived{0};
  std::atomic<uint64_t> duplicated{0}, reordered{0}, corrupted{0};
  std::atomic<uint64_t> connections{0};  // completed
  std::atomic<uint64_t> unanswered{0};   // sent, of what expects no answer
  std::atomic<uint64_t> served{0};       // answers to clients that are not ours
};

}  // namespace baton::generator
