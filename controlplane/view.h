// What the control thread shows of itself: a picture made a few times a second and published whole. API and metrics
// threads read it (a shared_ptr to const) and never touch the control thread's state. Counters of workers are not in
// here: they can be read at any time (common/counters.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/address_table.h"
#include "common/counters.h"
#include "common/route.h"
#include "common/time_point.h"
#include "controlplane/load_sharing/inbox.h"
#include "controlplane/vrrp/routers.h"

namespace baton::controlplane {

struct Config;

struct PortView {
  PortInfo info;
  std::string device;      // as configured
  bool link_up = false;
  // The device's own counts; what it lost before we saw it.
  uint64_t missed = 0, receive_errors = 0, transmit_errors = 0, no_buffers = 0;
  uint64_t kernel_refused = 0;  // frames that the kernel's interface of the port did not take
};

struct WorkerView {
  int index = 0;
  int lcore = 0;
  const WorkerCounters* counters = nullptr;  // lives as long as the process
  size_t ring_capacity = 0, updates_waiting = 0, events_waiting = 0;
  uint64_t committed_generation = 0;
  size_t outbox = 0;       // updates that found the ring full and wait at the publisher
  uint32_t rows_capacity = 0, rows_capacity_ipv6 = 0, hold_capacity = 0, neighbors_capacity = 0;
  uint32_t port_pools_capacity = 0, fragments_capacity = 0;
};

struct BackendView {
  std::string name;
  IpAddress address;
  uint16_t port = 0;
  uint16_t configured_weight = 0;  // as in the file or set since
  bool drained = false;            // by the operator: effective weight 0
  uint16_t weight = 0;             // effective
  Slot slot = kNoSlot;             // where its BackendCounters are, at every worker
};

struct ServiceView {
  std::string name;
  Endpoint listen;
  ForwardMethod method = ForwardMethod::kDestination;
  Schedule schedule = Schedule::kWeight;
  Slot slot = kNoSlot;
  std::vector<BackendView> backends;
};

struct NeighborView {
  PortId port = 0;
  IpAddress address;
  MacAddress mac;
  std::string state;     // incomplete, reachable, stale, probe, failed
  Duration age{};        // since it was confirmed
};

// A unit of a group that shares its load, as this box knows it.
struct UnitView {
  IpAddress address;
  load_sharing::UnitState state = load_sharing::UnitState::kSuspended;
  size_t conditions = 0;   // that it is in charge of
  uint32_t overflows = 0;  // packets lost for want of room, per second
};

struct SharingView {
  uint32_t generation = 0;
  load_sharing::HandOver hand_over = load_sharing::HandOver::kTimer;
  bool settled = false;     // nothing is changing hands here
  size_t conditions = 0, end_systems = 0;
  std::vector<UnitView> units;
  uint64_t sent = 0, heard = 0, unsent = 0, handed_over = 0, incomplete_reports = 0, put_off = 0;
  uint64_t reviews_kept = 0, reviews_changed = 0;  // collected here; the load stayed as it was, or was shared anew
  Duration longest_hold{};                         // of packets, in a hand-over
  std::vector<load_sharing::Flow> busiest;         // end systems in this box's charge; bounded
  std::vector<load_sharing::Inbox::Count> refused;  // messages, by reason
};

struct VirtualRouterView {
  vrrp::Settings settings;
  vrrp::Status status;
  std::optional<SharingView> sharing = {};
};

struct AddressView {
  LocalAddress address;
  std::string group;     // empty: a port's own, or a service without a group
};

// What the control thread itself lost, refused or waits for.
struct ControlView {
  uint64_t frames_heard = 0;           // ARP, neighbour discovery and the like
  uint64_t frames_sent = 0;
  uint64_t frames_lost_no_buffer = 0;  // its own frames: no packet buffer was free,
  uint64_t frames_lost_ring_full = 0;  // the ring to the worker was full,
  uint64_t frames_lost_too_long = 0;   // or the frame did not fit a buffer
  uint64_t requests_refused = 0;       // too many waited
  uint64_t neighbors_refused = 0;      // updates that found an outbox full
  uint64_t neighbors_table_full = 0;
  uint64_t address_conflicts = 0;      // other stations that claimed an address of ours
  uint64_t snapshots_lent = 0;         // gauge: that some worker has
};

// What became of the configuration file since the start; dry runs do not count.
struct ReloadView {
  uint64_t applied = 0;    // also those that found nothing changed
  uint64_t refused = 0;
  std::string refusal;     // why the last one was refused; empty: it was not
};

struct View {
  std::string node;
  TimePoint made{};
  TimePoint started{};
  uint64_t generation = 0;  // last published
  std::vector<PortView> ports;
  std::vector<WorkerView> workers;
  std::vector<ServiceView> services;
  std::vector<NeighborView> neighbors;
  std::vector<VirtualRouterView> virtual_routers;
  vrrp::StrayCounters vrrp_strays;
  std::vector<AddressView> addresses;  // all kinds, by slot
  RouteList routes;
  size_t buffers_capacity = 0, buffers_in_use = 0;
  ControlView control;
  ReloadView reload;
  std::shared_ptr<const Config> config;  // in force; never null in a published view
};

}  // namespace baton::controlplane
