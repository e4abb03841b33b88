#include "controlplane/api/collect.h"

#include <absl/strings/str_cat.h>
#include <absl/types/span.h>

#include "controlplane/api/totals.h"
#include "controlplane/api/version.h"

namespace baton::controlplane {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Families = std::vector<MetricFamily>;
using Labels = std::vector<ClientMetric::Label>;

constexpr MetricType kCounter = MetricType::Counter;
constexpr MetricType kGauge = MetricType::Gauge;

// One family made from any number of things of a kind.
template <typename Thing>
struct Column {
  const char* name;
  MetricType type;
  const char* help;
  double (*value)(const Thing&);
};

template <typename Thing>
struct Labelled {
  Labels labels;
  Thing thing;
};

void AddSample(MetricFamily* family, Labels labels, double value) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = std::move(labels);
  (family->type == kCounter ? metric.counter.value : metric.gauge.value) = value;
}

template <typename Thing>
void AddColumns(absl::Span<const Column<Thing>> columns, const std::vector<Labelled<Thing>>& things, Families* families,
                absl::string_view prefix = "") {
  for (const Column<Thing>& column : columns) {
    MetricFamily& family =
        families->emplace_back(MetricFamily{absl::StrCat(prefix, column.name), column.help, column.type, {}});
    for (const Labelled<Thing>& thing : things) AddSample(&family, thing.labels, column.value(thing.thing));
  }
}

double Count(uint64_t n) { return static_cast<double>(n); }
double Seconds(const Counter& ns) { return static_cast<double>(ns.Get()) / 1e9; }

struct PortNumbers {
  PortTotals traffic;
  const PortView* view;
};
using P = const PortNumbers&;
constexpr Column<PortNumbers> kPortColumns[] = {
    {"baton_port_received_packets", kCounter, "Packets that workers took from the port.",
     [](P p) { return Count(p.traffic.received); }},
    {"baton_port_received_bytes", kCounter, "Bytes of these, Ethernet header included.",
     [](P p) { return Count(p.traffic.received_bytes); }},
    {"baton_port_sent_packets", kCounter, "Packets that workers gave to the port.",
     [](P p) { return Count(p.traffic.sent); }},
    {"baton_port_sent_bytes", kCounter, "Bytes of these, Ethernet header included.",
     [](P p) { return Count(p.traffic.sent_bytes); }},
    {"baton_port_missed_packets", kCounter, "Lost by the device because its receive queue was full.",
     [](P p) { return Count(p.view->missed); }},
    {"baton_port_receive_errors", kCounter, "Packets that the device refused as damaged.",
     [](P p) { return Count(p.view->receive_errors); }},
    {"baton_port_transmit_errors", kCounter, "Packets that the device could not send.",
     [](P p) { return Count(p.view->transmit_errors); }},
    {"baton_port_no_buffers", kCounter, "Times the device found the buffer pool empty.",
     [](P p) { return Count(p.view->no_buffers); }},
    {"baton_port_to_kernel_packets", kCounter, "Packets handed to the kernel's interface of the port.",
     [](P p) { return Count(p.traffic.to_kernel); }},
    {"baton_port_from_kernel_packets", kCounter, "Packets that the kernel sent through its interface of the port.",
     [](P p) { return Count(p.traffic.from_kernel); }},
    {"baton_port_kernel_refused_packets", kCounter, "Packets that the kernel's interface did not take: it is down.",
     [](P p) { return Count(p.view->kernel_refused); }},
    {"baton_port_spreads", kGauge, "1 when the device spreads over several workers what it receives, each its own.",
     [](P p) { return p.view->info.spread == SpreadBy::kNothing ? 0.0 : 1.0; }},
    {"baton_port_link_up", kGauge, "1 when the port has a link.", [](P p) { return p.view->link_up ? 1.0 : 0.0; }},
};

// received + originated + from_kernel = sent + dropped + held + waiting + to_control + to_kernel
using W = const WorkerView&;
constexpr Column<WorkerView> kWorkerPacketColumns[] = {
    {"baton_worker_received_packets", kCounter, "Packets received from ports.",
     [](W w) { return Count(w.counters->received.Get()); }},
    {"baton_worker_originated_packets", kCounter, "Packets made here: errors, resets, the control thread's own.",
     [](W w) { return Count(w.counters->originated.Get()); }},
    {"baton_worker_sent_packets", kCounter, "Packets sent to ports.",
     [](W w) { return Count(w.counters->sent.Get()); }},
    {"baton_worker_to_control_packets", kCounter, "Packets handed to the control thread.",
     [](W w) { return Count(w.counters->to_control.Get()); }},
    {"baton_worker_to_kernel_packets", kCounter, "Packets handed to the kernel's interfaces.",
     [](W w) { return Count(w.counters->to_kernel.Get()); }},
    {"baton_worker_from_kernel_packets", kCounter, "Packets that the kernel sent through its interfaces.",
     [](W w) { return Count(w.counters->from_kernel.Get()); }},
    {"baton_worker_held_packets", kGauge, "Packets in the hold buffer, waiting for a change of ownership.",
     [](W w) { return Count(w.counters->held.Get()); }},
    {"baton_worker_held_capacity_packets", kGauge, "Packets that the hold buffer takes.",
     [](W w) { return Count(w.hold_capacity); }},
    {"baton_worker_waiting_packets", kGauge, "Packets that wait for a neighbour's MAC address or a first fragment.",
     [](W w) { return Count(w.counters->waiting.Get()); }},
    {"baton_worker_steered_in_packets", kCounter, "Packets that other workers gave, because their flow belongs here.",
     [](W w) { return Count(w.counters->steered_in.Get()); }},
    {"baton_worker_steered_out_packets", kCounter, "Packets given to other workers.",
     [](W w) { return Count(w.counters->steered_out.Get()); }},
    {"baton_worker_echo_replies", kCounter, "ICMP echo replies from the box's own addresses.",
     [](W w) { return Count(w.counters->echo_replies.Get()); }},
    {"baton_worker_errors_sent", kCounter, "TCP resets and ICMP errors sent.",
     [](W w) { return Count(w.counters->errors_sent.Get()); }},
    {"baton_worker_capture_missed_packets", kCounter, "Packets that a capture could not copy: its ring was full.",
     [](W w) { return Count(w.counters->capture_missed.Get()); }},
    {"baton_worker_errors_suppressed", kCounter, "TCP resets and ICMP errors not sent: over the rate limit.",
     [](W w) { return Count(w.counters->errors_suppressed.Get()); }},
};

constexpr Column<WorkerView> kWorkerTableColumns[] = {
    {"baton_worker_rows", kGauge, "Rows in the access table.", [](W w) { return Count(w.counters->rows.Get()); }},
    {"baton_worker_rows_capacity", kGauge, "Rows that the access table takes.",
     [](W w) { return Count(w.rows_capacity); }},
    {"baton_worker_rows_ipv6", kGauge, "Of the rows, those with IPv6 keys.",
     [](W w) { return Count(w.counters->rows_ipv6.Get()); }},
    {"baton_worker_rows_ipv6_capacity", kGauge, "Rows with IPv6 keys that the access table takes.",
     [](W w) { return Count(w.rows_capacity_ipv6); }},
    {"baton_worker_rows_made", kCounter, "Rows made since start.",
     [](W w) { return Count(w.counters->rows_created.Get()); }},
    {"baton_worker_rows_ended", kCounter, "Rows removed since start.",
     [](W w) { return Count(w.counters->rows_ended.Get()); }},
    {"baton_worker_port_pools", kGauge, "Pools of internal ports in use by full translation.",
     [](W w) { return Count(w.counters->port_pools.Get()); }},
    {"baton_worker_port_pools_capacity", kGauge, "Pools of internal ports that there can be.",
     [](W w) { return Count(w.port_pools_capacity); }},
    {"baton_worker_neighbors", kGauge, "Neighbours in the table.",
     [](W w) { return Count(w.counters->neighbors.Get()); }},
    {"baton_worker_neighbors_capacity", kGauge, "Neighbours that the table takes.",
     [](W w) { return Count(w.neighbors_capacity); }},
    {"baton_worker_fragmented_datagrams", kGauge, "Datagrams whose fragments are followed.",
     [](W w) { return Count(w.counters->fragments.Get()); }},
    {"baton_worker_fragmented_datagrams_capacity", kGauge, "Datagrams whose fragments can be followed.",
     [](W w) { return Count(w.fragments_capacity); }},
    {"baton_worker_ftp_connections", kGauge, "FTP control connections that are followed.",
     [](W w) { return Count(w.counters->ftp_connections.Get()); }},
    {"baton_worker_ftp_unfollowed", kCounter, "FTP control connections for which there was no room.",
     [](W w) { return Count(w.counters->ftp_unfollowed.Get()); }},
    {"baton_worker_ftp_left", kCounter, "Addresses in FTP commands and replies left as they were.",
     [](W w) { return Count(w.counters->ftp_left.Get()); }},
    {"baton_worker_conditions", kGauge, "End systems that load is shared by.",
     [](W w) { return Count(w.counters->conditions.Get()); }},
};

constexpr Column<WorkerView> kWorkerLoopColumns[] = {
    {"baton_worker_busy_seconds", kCounter, "Time in polls that had work.",
     [](W w) { return Seconds(w.counters->busy_ns); }},
    {"baton_worker_elapsed_seconds", kCounter, "Time in all polls and pauses: busy share = busy / elapsed.",
     [](W w) { return Seconds(w.counters->total_ns); }},
    {"baton_worker_polls", kCounter, "Turns of the worker's loop.", [](W w) { return Count(w.counters->polls.Get()); }},
    {"baton_worker_generation", kGauge, "Generation of the snapshots that the worker goes by.",
     [](W w) { return Count(w.counters->generation.Get()); }},
    {"baton_worker_ring_capacity", kGauge, "Entries of the ring to the worker, and of the one back.",
     [](W w) { return Count(w.ring_capacity); }},
    {"baton_worker_ring_updates", kGauge, "Entries waiting in the ring to the worker.",
     [](W w) { return Count(w.updates_waiting); }},
    {"baton_worker_ring_events", kGauge, "Entries waiting in the ring from the worker.",
     [](W w) { return Count(w.events_waiting); }},
    {"baton_worker_outbox_updates", kGauge, "Updates that found the ring full and are tried again.",
     [](W w) { return Count(w.outbox); }},
    {"baton_worker_events_lost", kCounter, "Reports that found the ring from the worker full.",
     [](W w) { return Count(w.counters->events_lost.Get()); }},
};

// With the prefixes baton_service_ and baton_backend_.
using L = const LoadTotals&;
constexpr Column<LoadTotals> kLoadColumns[] = {
    {"rows", kGauge, "Rows in the access table.", [](L l) { return Count(l.rows); }},
    {"open_connections", kGauge, "Of the rows, connections that neither FINs nor a reset ended.",
     [](L l) { return Count(l.open); }},
    {"connections", kCounter, "Rows ever made.", [](L l) { return Count(l.created); }},
    {"sent_packets", kCounter, "Packets from clients to backends.", [](L l) { return Count(l.packets_to); }},
    {"sent_bytes", kCounter, "Bytes from clients to backends.", [](L l) { return Count(l.bytes_to); }},
    {"received_packets", kCounter, "Packets from backends to clients.", [](L l) { return Count(l.packets_from); }},
    {"received_bytes", kCounter, "Bytes from backends to clients.", [](L l) { return Count(l.bytes_from); }},
};

using B = const BackendView&;
constexpr Column<BackendView> kBackendColumns[] = {
    {"baton_backend_weight", kGauge, "Weight that new connections go by.", [](B b) { return Count(b.weight); }},
    {"baton_backend_configured_weight", kGauge, "Weight in the file or set since.",
     [](B b) { return Count(b.configured_weight); }},
    {"baton_backend_drained", kGauge, "1 when the operator drained it.", [](B b) { return b.drained ? 1.0 : 0.0; }},
};

using V = const View&;
constexpr Column<View> kBoxColumns[] = {
    {"baton_generation", kGauge, "Generation of the last published snapshots.",
     [](V v) { return Count(v.generation); }},
    {"baton_reloads_applied", kCounter, "Reloads of the configuration file that were accepted.",
     [](V v) { return Count(v.reload.applied); }},
    {"baton_reloads_refused", kCounter, "Reloads that were refused as a whole.",
     [](V v) { return Count(v.reload.refused); }},
    {"baton_reload_failed", kGauge, "1 when the last reload was refused: the file is not what runs.",
     [](V v) { return v.reload.refusal.empty() ? 0.0 : 1.0; }},
    {"baton_buffers", kGauge, "Packet buffers in use.", [](V v) { return Count(v.buffers_in_use); }},
    {"baton_buffers_capacity", kGauge, "Packet buffers that there are.", [](V v) { return Count(v.buffers_capacity); }},
};

void AddPorts(const View& view, Families* families) {
  std::vector<Labelled<PortNumbers>> ports;
  for (size_t i = 0; i < view.ports.size(); ++i) {
    ports.push_back({{{"port", view.ports[i].info.name}}, {TrafficOf(view, i), &view.ports[i]}});
  }
  AddColumns<PortNumbers>(kPortColumns, ports, families);
}

void AddWorkers(const View& view, Families* families) {
  std::vector<Labelled<WorkerView>> workers;
  for (const WorkerView& w : view.workers) workers.push_back({{{"worker", absl::StrCat(w.index)}}, w});
  AddColumns<WorkerView>(kWorkerPacketColumns, workers, families);
  AddColumns<WorkerView>(kWorkerTableColumns, workers, families);
  AddColumns<WorkerView>(kWorkerLoopColumns, workers, families);
}

using R = const VirtualRouterView&;
constexpr Column<VirtualRouterView> kRouterColumns[] = {
    {"baton_virtual_router_active", kGauge, "1 while this box is the active router.",
     [](R r) { return r.status.state.role == vrrp::Role::kActive ? 1.0 : 0.0; }},
    {"baton_virtual_router_priority", kGauge, "Priority after what tracking takes.",
     [](R r) { return Count(r.status.state.priority); }},
    {"baton_virtual_router_sent", kCounter, "Advertisements sent.", [](R r) { return Count(r.status.counters.sent); }},
    {"baton_virtual_router_heard", kCounter, "Advertisements heard that counted.",
     [](R r) { return Count(r.status.counters.heard); }},
    {"baton_virtual_router_became_active", kCounter, "Times that this box became the active router.",
     [](R r) { return Count(r.status.counters.became_active); }},
    {"baton_virtual_router_became_backup", kCounter, "Times that it gave the role up to another one.",
     [](R r) { return Count(r.status.counters.became_backup); }},
    {"baton_virtual_router_rivals", kCounter, "Times that another router began to claim to be active, too.",
     [](R r) { return Count(r.status.counters.rivals); }},
};

using S = const SharingView&;
constexpr Column<SharingView> kSharingColumns[] = {
    {"baton_sharing_generation", kGauge, "Allocation of end systems in force here.",
     [](S s) { return Count(s.generation); }},
    {"baton_sharing_settled", kGauge, "1 while nothing is changing hands here.",
     [](S s) { return s.settled ? 1.0 : 0.0; }},
    {"baton_sharing_end_systems", kGauge, "End systems that are known.", [](S s) { return Count(s.end_systems); }},
    {"baton_sharing_messages_sent", kCounter, "Messages to the other routers of the group.",
     [](S s) { return Count(s.sent); }},
    {"baton_sharing_messages_heard", kCounter, "Messages of them that were believed.",
     [](S s) { return Count(s.heard); }},
    {"baton_sharing_messages_unsent", kCounter, "Messages not sent: the MAC address was not known yet.",
     [](S s) { return Count(s.unsent); }},
    {"baton_sharing_hand_overs_taken", kCounter, "Hand-overs in which this box took end systems in charge.",
     [](S s) { return Count(s.handed_over); }},
    {"baton_sharing_incomplete_reports", kCounter, "Hand-overs with more packets than could be noted.",
     [](S s) { return Count(s.incomplete_reports); }},
    {"baton_sharing_hand_overs_put_off", kCounter, "Hand-overs that waited for others to end before they began.",
     [](S s) { return Count(s.put_off); }},
    {"baton_sharing_longest_hold_seconds", kGauge, "Longest time that packets waited for a hand-over, since the start.",
     [](S s) { return std::chrono::duration<double>(s.longest_hold).count(); }},
};

// Of virtual routers with load sharing, with a label of their own each.
struct SharingFamilies {
  MetricFamily refused{"baton_sharing_messages_refused", "Messages that were not believed, by reason.", kCounter, {}};
  MetricFamily units{
      "baton_sharing_in_charge", "End systems that each router of the group is in charge of.", kGauge, {}};
  MetricFamily reviews{"baton_sharing_reviews", "Reviews of the load that this box decided, by outcome.", kCounter, {}};
  MetricFamily busiest{"baton_sharing_end_system_bits_per_second",
                       "The 20 busiest of the end systems in this box's charge, as measured.", kGauge, {}};
};

// `labels` are those of the virtual router.
void AddSharing(const SharingView& from, const Labels& labels, SharingFamilies* families) {
  const auto add = [&labels](MetricFamily* family, const char* name, const std::string& value, double sample) {
    Labels more = labels;
    more.push_back({name, value});
    AddSample(family, more, sample);
  };
  add(&families->reviews, "outcome", "kept", Count(from.reviews_kept));
  add(&families->reviews, "outcome", "changed", Count(from.reviews_changed));
  for (const auto& flow : from.busiest) {
    add(&families->busiest, "end_system", flow.condition.ToString(), Count(flow.bits_per_second));
  }
  for (const auto& [reason, messages] : from.refused) {
    add(&families->refused, "reason", reason, Count(messages));
  }
  for (const UnitView& unit : from.units) {
    add(&families->units, "router", unit.address.ToString(), Count(unit.conditions));
  }
}

void AddVirtualRouters(const View& view, Families* families) {
  std::vector<Labelled<VirtualRouterView>> routers;
  std::vector<Labelled<SharingView>> sharing;
  SharingFamilies shared;
  MetricFamily refused{"baton_virtual_router_refused", "Advertisements that did not count, by reason.", kCounter, {}};
  for (const VirtualRouterView& router : view.virtual_routers) {
    const auto& [port, family, id] = router.settings.key();
    const Labels labels = {{"port", port < view.ports.size() ? view.ports[port].info.name : ""},
                           {"family", family == Family::kIpv4 ? "ipv4" : "ipv6"},
                           {"id", absl::StrCat(id)}};
    routers.push_back({labels, router});
    if (router.sharing) {
      sharing.push_back({labels, *router.sharing});
      AddSharing(*router.sharing, labels, &shared);
    }
    for (size_t i = 1; i < vrrp::kRefusals; ++i) {
      Labels with_reason = labels;
      with_reason.push_back({"reason", std::string(vrrp::RefusalName(static_cast<vrrp::Refusal>(i)))});
      AddSample(&refused, with_reason, Count(router.status.counters.refused[i]));
    }
  }
  AddColumns<VirtualRouterView>(kRouterColumns, routers, families);
  AddColumns<SharingView>(kSharingColumns, sharing, families);
  for (MetricFamily* family : {&shared.refused, &shared.units, &shared.reviews, &shared.busiest}) {
    families->push_back(std::move(*family));
  }
  families->push_back(std::move(refused));
  MetricFamily& strays = families->emplace_back(MetricFamily{
      "baton_vrrp_stray_packets", "Packets of VRRP that belong to no virtual router here, by reason.", kCounter, {}});
  const vrrp::StrayCounters& from = view.vrrp_strays;
  for (size_t i = 1; i < vrrp::kMalformed; ++i) {
    AddSample(&strays, {{"reason", std::string(vrrp::MalformedName(static_cast<vrrp::Malformed>(i)))}},
              Count(from.malformed[i]));
  }
  AddSample(&strays, {{"reason", "unknown_vrid"}}, Count(from.unknown_vrid));
  AddSample(&strays, {{"reason", "not_multicast"}}, Count(from.not_multicast));
  AddSample(&strays, {{"reason", "wrong_vlan"}}, Count(from.wrong_vlan));
}

void AddDrops(const View& view, Families* families) {
  const char* help = "Packets dropped, by reason (batonctl show drops explains them).";
  MetricFamily& family = families->emplace_back(MetricFamily{"baton_dropped_packets", help, kCounter, {}});
  for (const WorkerView& worker : view.workers) {
    for (size_t reason = 0; reason < kDropReasons; ++reason) {
      const uint64_t packets = worker.counters->drops[reason].Get();
      // Only a bug counts under kNone; then it should be seen.
      if (static_cast<DropReason>(reason) == DropReason::kNone && packets == 0) continue;
      AddSample(&family, {{"worker", absl::StrCat(worker.index)}, {"reason", std::string(kDropReasonNames[reason])}},
                Count(packets));
    }
  }
}

void AddServices(const View& view, Families* families) {
  std::vector<Labelled<LoadTotals>> services, backends;
  std::vector<Labelled<BackendView>> weights;
  for (const ServiceView& service : view.services) {
    services.push_back({{{"service", service.name}}, LoadOf(view, service)});
    for (const BackendView& backend : service.backends) {
      const Labels labels = {{"service", service.name}, {"backend", backend.name}};
      backends.push_back({labels, LoadOf(view, backend.slot)});
      weights.push_back({labels, backend});
    }
  }
  AddColumns<LoadTotals>(kLoadColumns, services, families, "baton_service_");
  AddColumns<LoadTotals>(kLoadColumns, backends, families, "baton_backend_");
  AddColumns<BackendView>(kBackendColumns, weights, families);
}

}  // namespace

Families CollectMetrics(const View& view, double start_time_s) {
  Families families;
  families.push_back({"baton_build_info", "Always 1; the version is the label.", kGauge, {}});
  AddSample(&families.back(), {{"version", kVersion}, {"node", view.node}}, 1);
  families.push_back({"baton_start_time_seconds", "When batond started, since 1970.", kGauge, {}});
  AddSample(&families.back(), {}, start_time_s);
  AddColumns<View>(kBoxColumns, {{{}, view}}, &families);
  AddPorts(view, &families);
  AddWorkers(view, &families);
  AddDrops(view, &families);
  AddServices(view, &families);
  AddVirtualRouters(view, &families);
  return families;
}

}  // namespace baton::controlplane
