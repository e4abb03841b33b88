// A worker as the control plane sees it, driven by the test: two short queues in place of the rings. It keeps staged
// snapshots until the Commit and hands the former ones back, like the real one.
#pragma once

#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "common/capture_ring.h"
#include "common/packet_trace.h"
#include "common/worker_link.h"

namespace baton::controlplane {

class FakeWorker : public WorkerLink {
 public:
  explicit FakeWorker(size_t ring_capacity) : ring_capacity_(ring_capacity) {}

  bool Post(const Update& update) override {
    if (updates.size() >= ring_capacity_) return false;
    updates.push_back(update);
    return true;
  }
  bool Take(Event* event) override {
    if (events.empty()) return false;
    *event = events.front();
    events.pop_front();
    return true;
  }
  const WorkerCounters& counters() const override { return counters_; }
  void SetRows(Slot backend, uint64_t rows) { counters_.backends[backend].rows.Set(rows); }
  bool NeighborUsed(PortId port, const IpAddress& address, int) const override {
    return used.count({port, address}) > 0;
  }
  size_t ring_capacity() const override { return ring_capacity_; }
  size_t updates_waiting() const override { return updates.size(); }
  size_t events_waiting() const override { return events.size(); }

  // Takes one update from the ring, as a worker would between two bursts. False: the ring is empty.
  bool TakeOne() {
    if (updates.empty()) return false;
    const Update update = updates.front();
    updates.pop_front();
    if (const auto* u = std::get_if<UseRoutes>(&update)) staged_routes = u->routes;
    if (const auto* u = std::get_if<UseServices>(&update)) staged_services = u->services;
    if (const auto* u = std::get_if<UseAddresses>(&update)) staged_addresses = u->addresses;
    if (const auto* u = std::get_if<SetNeighbor>(&update)) neighbors.push_back(*u);
    if (const auto* u = std::get_if<baton::SendFrame>(&update)) frames.push_back(*u);
    if (const auto* u = std::get_if<ListRows>(&update)) List(*u);
    if (const auto* u = std::get_if<Explain>(&update)) {
      u->trace->ready = explain_ready;
      u->trace->row_is = explain_row;
      u->trace->elsewhere = explain_elsewhere;
      events.push_back(Explained{u->trace});
    }
    if (const auto* u = std::get_if<StartCapture>(&update)) capture = u->ring;
    if (std::holds_alternative<EndCapture>(update)) events.push_back(CaptureEnded{std::exchange(capture, nullptr)});
    if (const auto* u = std::get_if<Commit>(&update)) {
      Swap<RetiredRoutes>(routes, staged_routes);
      Swap<RetiredServices>(services, staged_services);
      Swap<RetiredAddresses>(addresses, staged_addresses);
      generations.push_back(u->generation);
      events.push_back(Committed{u->generation});
    }
    return true;
  }
  void TakeAll() {
    while (TakeOne()) {}
  }

  std::deque<Update> updates;
  std::deque<Event> events;
  const RouteTable *routes = nullptr, *staged_routes = nullptr;
  const ServiceTable *services = nullptr, *staged_services = nullptr;
  const AddressTable *addresses = nullptr, *staged_addresses = nullptr;
  std::vector<uint64_t> generations;  // committed, in order
  std::vector<SetNeighbor> neighbors;
  std::vector<baton::SendFrame> frames;
  std::vector<AccessRow> rows;        // its access table
  int rows_at_once = RowBatch::kCapacity;
  CaptureRing* capture = nullptr;
  bool explain_ready = true;          // what it tells of packets
  bool explain_elsewhere = false;
  PacketTrace::RowIs explain_row = PacketTrace::RowIs::kNone;
  std::set<std::pair<PortId, IpAddress>> used;

 private:
  template <typename Retired, typename Table>
  void Swap(const Table*& current, const Table*& staged) {
    if (staged == nullptr) return;
    if (current != nullptr) events.push_back(Retired{current});
    current = std::exchange(staged, nullptr);
  }

  void List(const ListRows& list) {
    RowBatch& batch = *list.batch;
    size_t at = list.from;
    for (; at < rows.size() && batch.count < rows_at_once; ++at) batch.rows[batch.count++] = rows[at];
    batch.next = static_cast<uint32_t>(at);
    batch.done = at == rows.size();
    events.push_back(RowsListed{&batch});
  }

  size_t ring_capacity_;
  WorkerCounters counters_{4};
};

}  // namespace baton::controlplane
