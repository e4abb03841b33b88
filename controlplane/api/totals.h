// Sums of the workers' counters, as answers and metrics show them. Any thread: counters may be read at any time, but
// the workers go on meanwhile, so the numbers of one sum are from slightly different moments.
#pragma once

#include <cstdint>

#include "controlplane/view.h"

namespace baton::controlplane {

// received + steered_in + originated + from_kernel = sent + steered_out + dropped + held + waiting + to_control +
// to_kernel, between two polls of a worker. Over all workers, steered_out - steered_in lie in the rings between them.
struct BalanceTotals {
  uint64_t received = 0, originated = 0, from_kernel = 0;
  uint64_t sent = 0, dropped = 0, held = 0, waiting = 0, to_control = 0, to_kernel = 0;
  uint64_t steered_in = 0, steered_out = 0;

  void Add(const WorkerCounters& worker);
  // Left side less right side.
  int64_t difference() const {
    return static_cast<int64_t>(received + steered_in + originated + from_kernel - sent - steered_out - dropped - held -
                                waiting - to_control - to_kernel);
  }
};

struct LoadTotals {
  uint64_t rows = 0, open = 0, created = 0, packets_to = 0, bytes_to = 0, packets_from = 0, bytes_from = 0;

  LoadTotals& operator+=(const LoadTotals& other);
};

struct PortTotals {
  uint64_t received = 0, received_bytes = 0, sent = 0, sent_bytes = 0, to_kernel = 0, from_kernel = 0;
};

BalanceTotals BalanceOf(const View& view);
// Zeros for a slot that no worker counts.
LoadTotals LoadOf(const View& view, Slot backend);
LoadTotals LoadOf(const View& view, const ServiceView& service);
// REQUIRES: port < kMaxPorts. `port` is the index in view.ports.
PortTotals TrafficOf(const View& view, size_t port);

}  // namespace baton::controlplane
