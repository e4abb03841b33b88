// Counters that one worker writes and anybody reads. A Counter is a relaxed atomic without a read-modify-write
// instruction: with one writer, load and store are enough, and a reader only needs some recent value, not an order
// between counters.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "common/drop_reason.h"
#include "common/route.h"
#include "common/service_table.h"

namespace baton {

class Counter {
 public:
  void Add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void Sub(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed); }
  void Set(uint64_t v) { value_.store(v, std::memory_order_relaxed); }
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct PortCounters {
  Counter received, received_bytes, sent, sent_bytes;  // frames from Ethernet header to the end of the IP packet
  Counter to_kernel, from_kernel;                      // of these, by way of the kernel's interface of the port
};

inline constexpr int kMaxWorkers = 16;

// On two cache lines: the schedules of all workers read the first, which changes with rows only.
struct alignas(64) BackendCounters {
  Counter rows;      // gauge: rows in the table
  Counter open;      // gauge: of these, connections not yet ended by FIN both ways or RST
  Counter created;   // rows ever made
  alignas(64) Counter packets_to;
  Counter bytes_to, packets_from, bytes_from;
};

struct alignas(64) ServiceCounters {
  Counter turns;     // round robin: accesses given out
};

// worker writes, control and metrics read.
struct WorkerCounters {
  explicit WorkerCounters(size_t backend_slots, size_t service_slots = 0)
      : backends(std::make_unique<BackendCounters[]>(backend_slots)),
        backend_slots(backend_slots),
        services(std::make_unique<ServiceCounters[]>(service_slots)) {}

  // The sum that always holds between two polls:
  //   received + steered_in + originated + from_kernel
  //     = sent + steered_out + dropped (all reasons) + held + waiting + to_control + to_kernel
  Counter received;    // from ports
  Counter originated;  // frames made here: errors and resets in answer to a dropped packet, and control's own
  Counter from_kernel; // what programs on the box send through the kernel's interfaces
  Counter sent;        // to ports
  Counter to_control;  // ARP, neighbour discovery and the like, handed over
  Counter to_kernel;   // to the box's own addresses and the like, handed over
  Counter steered_in;  // from other workers: packets of flows that belong here, or that this worker is to send
  Counter steered_out; // to other workers; over all workers, steered_out - steered_in lie in the rings between them
  Counter held;        // gauge: in the hold buffer
  Counter waiting;     // gauge: for a neighbour's MAC address, a first fragment, or the report of a hand-over
  std::array<Counter, kDropReasons> drops;

  Counter echo_replies;        // sent for our own addresses (counted in received and sent)
  Counter errors_sent;         // RST and ICMP errors
  Counter errors_suppressed;   // not sent: over the rate limit
  Counter rows, rows_ipv6;     // gauges
  Counter rows_created, rows_ended;
  Counter port_pools;          // gauge: pools of `full` translation in use
  Counter neighbors;           // gauge
  Counter fragments;           // gauge: datagrams in pieces that are followed
  Counter ftp_connections;     // gauge: FTP control connections that are followed
  Counter ftp_unfollowed;      // begun when as many were followed as can be
  Counter ftp_left;            // addresses in FTP commands and replies left as they were
  Counter conditions;          // gauge: end systems that load is shared by
  Counter generation;          // last committed
  Counter events_lost;         // reports that found the ring to control full
  Counter capture_missed;      // packets that a capture could not copy: its ring was full
  Counter busy_ns, total_ns;   // time in polls that had work; time in all polls and pauses
  Counter polls;

  std::array<PortCounters, kMaxPorts> ports;
  std::unique_ptr<BackendCounters[]> backends;  // by backend slot
  size_t backend_slots;
  std::unique_ptr<ServiceCounters[]> services;  // by service slot

  uint64_t dropped() const {
    uint64_t sum = 0;
    for (const Counter& c : drops) sum += c.Get();
    return sum;
  }
};

}  // namespace baton
