#include "controlplane/api/answers.h"

#include <algorithm>

#include "controlplane/api/totals.h"
#include "controlplane/api/version.h"
#include "controlplane/words.h"

namespace baton::controlplane {
namespace {

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

std::string Text(absl::string_view word) { return std::string(word); }

std::string PortName(const View& view, size_t port) {
  return port < view.ports.size() ? view.ports[port].info.name : std::string();
}

void Fill(const BalanceTotals& from, v1::Balance* to) {
  to->set_received(from.received);
  to->set_originated(from.originated);
  to->set_sent(from.sent);
  to->set_dropped(from.dropped);
  to->set_held(from.held);
  to->set_waiting(from.waiting);
  to->set_to_control(from.to_control);
  to->set_from_kernel(from.from_kernel);
  to->set_to_kernel(from.to_kernel);
  to->set_steered_in(from.steered_in);
  to->set_steered_out(from.steered_out);
  to->set_difference(from.difference());
}

void Fill(const LoadTotals& from, v1::Load* to) {
  to->set_rows(from.rows);
  to->set_open(from.open);
  to->set_created(from.created);
  to->set_packets_to(from.packets_to);
  to->set_bytes_to(from.bytes_to);
  to->set_packets_from(from.packets_from);
  to->set_bytes_from(from.bytes_from);
}

uint32_t BackendsInUse(const ServiceView& service) {
  return static_cast<uint32_t>(std::count_if(service.backends.begin(), service.backends.end(),
                                             [](const BackendView& b) { return b.weight > 0; }));
}

void Fill(const ConfigChange& from, v1::Change* to) {
  to->set_action(Text(Word(from.action)));
  to->set_object(from.object);
  to->set_key(from.key);
  to->set_from(from.from);
  to->set_to(from.to);
}

}  // namespace

v1::StatusResponse AnswerStatus(const View& view) {
  v1::StatusResponse answer;
  answer.set_node(view.node);
  answer.set_version(kVersion);
  answer.set_uptime_seconds(Seconds(view.made - view.started));
  answer.set_generation(view.generation);
  uint64_t committed = view.generation;
  uint64_t rows = 0, capacity = 0;
  for (const WorkerView& worker : view.workers) {
    committed = std::min(committed, worker.committed_generation);
    rows += worker.counters->rows.Get();
    capacity += worker.rows_capacity;
  }
  answer.set_committed_generation(committed);
  answer.set_ports(static_cast<uint32_t>(view.ports.size()));
  answer.set_ports_up(static_cast<uint32_t>(
      std::count_if(view.ports.begin(), view.ports.end(), [](const PortView& p) { return p.link_up; })));
  answer.set_workers(static_cast<uint32_t>(view.workers.size()));
  answer.set_services(static_cast<uint32_t>(view.services.size()));
  for (const ServiceView& service : view.services) {
    answer.set_backends(answer.backends() + static_cast<uint32_t>(service.backends.size()));
    answer.set_backends_in_use(answer.backends_in_use() + BackendsInUse(service));
  }
  answer.set_rows(rows);
  answer.set_rows_capacity(capacity);
  answer.set_buffers(view.buffers_in_use);
  answer.set_buffers_capacity(view.buffers_capacity);
  Fill(BalanceOf(view), answer.mutable_balance());
  answer.set_reloads_applied(view.reload.applied);
  answer.set_reloads_refused(view.reload.refused);
  answer.set_reload_refusal(view.reload.refusal);
  return answer;
}

v1::ShowPortsResponse AnswerPorts(const View& view) {
  v1::ShowPortsResponse answer;
  for (size_t i = 0; i < view.ports.size(); ++i) {
    const PortView& from = view.ports[i];
    v1::Port* to = answer.add_ports();
    to->set_name(from.info.name);
    to->set_device(from.device);
    to->set_link_up(from.link_up);
    to->set_mac(from.info.mac.ToString());
    to->set_mtu(from.info.mtu);
    to->set_vlan(from.info.vlan);
    for (const InterfaceAddress& address : from.info.addresses) to->add_addresses(address.ToString());
    const PortTotals traffic = TrafficOf(view, i);
    to->set_received(traffic.received);
    to->set_received_bytes(traffic.received_bytes);
    to->set_sent(traffic.sent);
    to->set_sent_bytes(traffic.sent_bytes);
    to->set_missed(from.missed);
    to->set_receive_errors(from.receive_errors);
    to->set_transmit_errors(from.transmit_errors);
    to->set_no_buffers(from.no_buffers);
    to->set_kernel(from.info.kernel);
    to->set_to_kernel(traffic.to_kernel);
    to->set_from_kernel(traffic.from_kernel);
    to->set_kernel_refused(from.kernel_refused);
    to->set_spread(from.info.spread_text);
  }
  return answer;
}

v1::ShowWorkersResponse AnswerWorkers(const View& view) {
  v1::ShowWorkersResponse answer;
  for (const WorkerView& from : view.workers) {
    const WorkerCounters& counters = *from.counters;
    v1::Worker* to = answer.add_workers();
    to->set_index(static_cast<uint32_t>(from.index));
    to->set_lcore(static_cast<uint32_t>(from.lcore));
    const uint64_t total_ns = counters.total_ns.Get();
    if (total_ns > 0) to->set_busy_share(static_cast<double>(counters.busy_ns.Get()) / static_cast<double>(total_ns));
    to->set_polls(counters.polls.Get());
    to->set_generation(counters.generation.Get());
    BalanceTotals balance;
    balance.Add(counters);
    Fill(balance, to->mutable_balance());
    to->set_echo_replies(counters.echo_replies.Get());
    to->set_errors_sent(counters.errors_sent.Get());
    to->set_errors_suppressed(counters.errors_suppressed.Get());
    to->set_rows(counters.rows.Get());
    to->set_rows_capacity(from.rows_capacity);
    to->set_rows_ipv6(counters.rows_ipv6.Get());
    to->set_rows_capacity_ipv6(from.rows_capacity_ipv6);
    to->set_rows_created(counters.rows_created.Get());
    to->set_rows_ended(counters.rows_ended.Get());
    to->set_hold_capacity(from.hold_capacity);
    to->set_neighbors(counters.neighbors.Get());
    to->set_neighbors_capacity(from.neighbors_capacity);
    to->set_port_pools(counters.port_pools.Get());
    to->set_port_pools_capacity(from.port_pools_capacity);
    to->set_ring_capacity(from.ring_capacity);
    to->set_updates_waiting(from.updates_waiting);
    to->set_events_waiting(from.events_waiting);
    to->set_events_lost(counters.events_lost.Get());
    to->set_outbox(from.outbox);
  }
  return answer;
}

v1::ShowServicesResponse AnswerServices(const View& view) {
  v1::ShowServicesResponse answer;
  for (const ServiceView& from : view.services) {
    v1::Service* to = answer.add_services();
    to->set_name(from.name);
    to->set_address(from.listen.address.ToString());
    to->set_port(from.listen.port);
    to->set_protocol(ProtocolWord(from.listen.protocol));
    to->set_forward(Text(Word(from.method)));
    to->set_schedule(Text(Word(from.schedule)));
    to->set_backends(static_cast<uint32_t>(from.backends.size()));
    to->set_backends_in_use(BackendsInUse(from));
    Fill(LoadOf(view, from), to->mutable_load());
  }
  return answer;
}

absl::Status CheckService(const View& view, absl::string_view service) {
  for (const ServiceView& s : view.services) {
    if (s.name == service) return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("service: \"", service, "\" is not configured"));
}

absl::StatusOr<v1::ShowBackendsResponse> AnswerBackends(const View& view, absl::string_view service) {
  if (!service.empty()) RETURN_IF_ERROR(CheckService(view, service));
  v1::ShowBackendsResponse answer;
  for (const ServiceView& s : view.services) {
    if (!service.empty() && s.name != service) continue;
    for (const BackendView& from : s.backends) {
      v1::Backend* to = answer.add_backends();
      to->set_service(s.name);
      to->set_name(from.name);
      to->set_address(from.address.ToString());
      to->set_port(from.port);
      to->set_weight(from.weight);
      to->set_configured_weight(from.configured_weight);
      to->set_drained(from.drained);
      Fill(LoadOf(view, from.slot), to->mutable_load());
    }
  }
  return answer;
}

v1::ShowRoutesResponse AnswerRoutes(const View& view) {
  v1::ShowRoutesResponse answer;
  for (const Route& from : view.routes) {
    v1::Route* to = answer.add_routes();
    to->set_to(from.to.ToString());
    if (!from.connected()) to->set_via(from.via.ToString());
    to->set_port(PortName(view, from.port));
    if (from.from.length > 0) to->set_from(from.from.ToString());
  }
  return answer;
}

v1::ShowNeighborsResponse AnswerNeighbors(const View& view) {
  v1::ShowNeighborsResponse answer;
  for (const NeighborView& from : view.neighbors) {
    v1::Neighbor* to = answer.add_neighbors();
    to->set_address(from.address.ToString());
    to->set_port(PortName(view, from.port));
    if (!from.mac.is_zero()) to->set_mac(from.mac.ToString());
    to->set_state(from.state);
    to->set_age_seconds(Seconds(from.age));
  }
  return answer;
}

v1::ShowDropsResponse AnswerDrops(const View& view, bool all) {
  v1::ShowDropsResponse answer;
  for (size_t reason = 0; reason < kDropReasons; ++reason) {
    uint64_t packets = 0;
    for (const WorkerView& worker : view.workers) packets += worker.counters->drops[reason].Get();
    // kNone counts nothing unless we have a bug, and then it should be seen.
    const bool shown = packets > 0 || (all && static_cast<DropReason>(reason) != DropReason::kNone);
    if (!shown) continue;
    v1::Drop* to = answer.add_drops();
    to->set_reason(Text(kDropReasonNames[reason]));
    to->set_packets(packets);
    to->set_explanation(Text(kDropReasonTexts[reason]));
  }
  Fill(BalanceOf(view), answer.mutable_balance());
  return answer;
}

v1::ShowModesResponse AnswerModes(const View& view) {
  v1::ShowModesResponse answer;
  for (const AddressView& from : view.addresses) {
    v1::Address* to = answer.add_addresses();
    to->set_address(from.address.address.ToString());
    to->set_kind(Text(Word(from.address.kind)));
    to->set_mode(Text(Word(from.address.mode)));
    to->set_announced(from.address.announced);
    to->set_group(from.group);
    if (from.address.kind == AddressKind::kOwn) to->set_port(PortName(view, from.address.port));
  }
  return answer;
}

v1::ReloadResponse AnswerReload(const ReloadReport& report) {
  v1::ReloadResponse answer;
  answer.set_result(report.outcome());
  answer.set_generation(report.generation);
  for (const ConfigChange& change : report.difference.changes) Fill(change, answer.add_changes());
  for (const ConfigChange& change : report.difference.restart) Fill(change, answer.add_needs_restart());
  for (const std::string& error : report.errors) answer.add_errors(error);
  return answer;
}

}  // namespace baton::controlplane
