// The rings between the control thread and one worker: updates down, events up; single producer, single consumer each.
// WorkerRings is the worker's side; DpdkWorkerLink, made once the worker exists, is the control thread's.
#pragma once

#include <memory>
#include <string>

#include "common/status.h"
#include "common/worker_link.h"
#include "dataplane/neighbor_table.h"
#include "dataplane/worker_mailbox.h"

struct rte_ring;

namespace baton::dataplane {

class WorkerRings final : public Mailbox {
 public:
  // `size` is rounded up to the next power of two; a ring holds one less.
  static absl::StatusOr<std::unique_ptr<WorkerRings>> Create(const std::string& name, uint32_t size);
  ~WorkerRings() override;
  WorkerRings(const WorkerRings&) = delete;
  WorkerRings& operator=(const WorkerRings&) = delete;

  bool Take(Update* update) override;
  bool Post(const Event& event) override;

 private:
  friend class DpdkWorkerLink;
  WorkerRings(rte_ring* updates, rte_ring* events) : updates_(updates), events_(events) {}

  rte_ring* updates_;  // control produces, worker consumes
  rte_ring* events_;   // worker produces, control consumes
};

class DpdkWorkerLink final : public WorkerLink {
 public:
  // REQUIRES: all three outlive this.
  DpdkWorkerLink(WorkerRings& rings, const WorkerCounters& counters, const NeighborTable& neighbors)
      : rings_(rings), counters_(counters), neighbors_(neighbors) {}

  bool Post(const Update& update) override;
  bool Take(Event* event) override;
  const WorkerCounters& counters() const override { return counters_; }
  bool NeighborUsed(PortId port, const IpAddress& address, int seconds) const override {
    return neighbors_.Used(port, address, seconds);
  }
  size_t ring_capacity() const override;
  size_t updates_waiting() const override;
  size_t events_waiting() const override;

 private:
  WorkerRings& rings_;
  const WorkerCounters& counters_;
  const NeighborTable& neighbors_;
};

}  // namespace baton::dataplane
