#include "controlplane/api/totals.h"

namespace baton::controlplane {

void BalanceTotals::Add(const WorkerCounters& worker) {
  received += worker.received.Get();
  originated += worker.originated.Get();
  from_kernel += worker.from_kernel.Get();
  sent += worker.sent.Get();
  dropped += worker.dropped();
  held += worker.held.Get();
  waiting += worker.waiting.Get();
  to_control += worker.to_control.Get();
  to_kernel += worker.to_kernel.Get();
  steered_in += worker.steered_in.Get();
  steered_out += worker.steered_out.Get();
}

LoadTotals& LoadTotals::operator+=(const LoadTotals& other) {
  rows += other.rows;
  open += other.open;
  created += other.created;
  packets_to += other.packets_to;
  bytes_to += other.bytes_to;
  packets_from += other.packets_from;
  bytes_from += other.bytes_from;
  return *this;
}

BalanceTotals BalanceOf(const View& view) {
  BalanceTotals totals;
  for (const WorkerView& worker : view.workers) totals.Add(*worker.counters);
  return totals;
}

LoadTotals LoadOf(const View& view, Slot backend) {
  LoadTotals totals;
  for (const WorkerView& worker : view.workers) {
    if (backend >= worker.counters->backend_slots) continue;
    const BackendCounters& c = worker.counters->backends[backend];
    totals += {.rows = c.rows.Get(),
               .open = c.open.Get(),
               .created = c.created.Get(),
               .packets_to = c.packets_to.Get(),
               .bytes_to = c.bytes_to.Get(),
               .packets_from = c.packets_from.Get(),
               .bytes_from = c.bytes_from.Get()};
  }
  return totals;
}

LoadTotals LoadOf(const View& view, const ServiceView& service) {
  LoadTotals totals;
  for (const BackendView& backend : service.backends) totals += LoadOf(view, backend.slot);
  return totals;
}

PortTotals TrafficOf(const View& view, size_t port) {
  PortTotals totals;
  for (const WorkerView& worker : view.workers) {
    const PortCounters& c = worker.counters->ports[port];
    totals.received += c.received.Get();
    totals.received_bytes += c.received_bytes.Get();
    totals.sent += c.sent.Get();
    totals.sent_bytes += c.sent_bytes.Get();
    totals.to_kernel += c.to_kernel.Get();
    totals.from_kernel += c.from_kernel.Get();
  }
  return totals;
}

}  // namespace baton::controlplane
