// Carries what control decided to every worker: snapshots with the Commit that makes them take effect, and what
// became known about neighbours. A worker's full ring is normal: what did not fit waits in that worker's outbox and
// is tried again by Poll. A snapshot lives until every worker that was lent it has handed it back; it never dies on a
// worker. Control thread only. The workers have stopped before the publisher dies.
//
// An outbox is bounded without ever losing a generation: at most one is on its way (its messages go out without those
// of another between them), and those published meanwhile merge into one that follows. Of a neighbour only the last
// word waits.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "common/address_table.h"
#include "common/service_table.h"
#include "common/update.h"
#include "common/worker_link.h"

namespace baton::controlplane {

// One generation. A null member: as in the generation before.
struct Snapshots {
  std::shared_ptr<const RouteTable> routes;
  std::shared_ptr<const ServiceTable> services;
  std::shared_ptr<const AddressTable> addresses;

  bool empty() const { return routes == nullptr && services == nullptr && addresses == nullptr; }
};

class Publisher {
 public:
  // `neighbors_waiting`: how many neighbours may wait in an outbox; more are refused and counted (a worker that needs
  // one asks again).
  Publisher(std::vector<WorkerLink*> workers, size_t neighbors_waiting);

  // Lends the snapshots to every worker, to take effect together. Returns the generation. REQUIRES: no snapshot is
  // published twice.
  uint64_t Publish(const Snapshots& snapshots);
  void Tell(const SetNeighbor& neighbor);
  // Tries again what found a ring full. True when something went out.
  bool Poll();

  // What a worker reported. True when the event was the publisher's (Retired*, Committed).
  bool OnEvent(size_t worker, const Event& event);

  uint64_t generation() const { return generation_; }         // last published
  uint64_t committed(size_t worker) const;                    // in effect at this worker
  size_t outbox(size_t worker) const;                         // messages that wait for room
  size_t lent() const { return lent_.size(); }                // snapshots that some worker has
  uint64_t neighbors_refused() const { return neighbors_refused_; }
  uint64_t unknown_retired() const { return unknown_retired_; }  // handed back but not lent: a mistake of ours

 private:
  struct Generation {
    Snapshots snapshots;
    uint64_t number = 0;
  };
  using NeighborKey = std::pair<PortId, IpAddress>;

  struct Outbox {
    WorkerLink* link = nullptr;
    std::optional<Generation> sending, next;
    std::deque<NeighborKey> order;  // the queue of `neighbors`
    absl::flat_hash_map<NeighborKey, SetNeighbor> neighbors;
    size_t neighbors_first = 0;     // so many of them go before the next generation
    uint64_t committed = 0;
  };

  // A snapshot that workers have. Ring messages carry plain pointers; `owner` keeps it alive.
  struct Lent {
    std::shared_ptr<const void> owner;
    std::vector<uint32_t> times;  // by worker
    uint32_t holders = 0;         // their sum
  };

  bool Flush(size_t worker);
  bool SendGeneration(size_t worker);
  static bool SendNeighbor(Outbox& outbox);
  template <typename Use, typename Table>
  bool Lend(size_t worker, std::shared_ptr<const Table>& snapshot);
  void Retire(size_t worker, const void* snapshot);

  std::vector<Outbox> outboxes_;
  absl::flat_hash_map<const void*, Lent> lent_;
  size_t neighbors_waiting_;
  uint64_t generation_ = 0;
  uint64_t neighbors_refused_ = 0;
  uint64_t unknown_retired_ = 0;
};

}  // namespace baton::controlplane
