#include "controlplane/publisher.h"

#include <algorithm>
#include <utility>

namespace baton::controlplane {

Publisher::Publisher(std::vector<WorkerLink*> workers, size_t neighbors_waiting)
    : outboxes_(workers.size()), neighbors_waiting_(neighbors_waiting) {
  for (size_t i = 0; i < workers.size(); ++i) outboxes_[i].link = workers[i];
}

uint64_t Publisher::Publish(const Snapshots& snapshots) {
  if (snapshots.empty()) return generation_;
  ++generation_;
  for (size_t worker = 0; worker < outboxes_.size(); ++worker) {
    std::optional<Generation>& next = outboxes_[worker].next;
    if (!next) next = Generation{};
    // What is replaced here was never sent to this worker, so nobody has to hand it back.
    if (snapshots.routes) next->snapshots.routes = snapshots.routes;
    if (snapshots.services) next->snapshots.services = snapshots.services;
    if (snapshots.addresses) next->snapshots.addresses = snapshots.addresses;
    next->number = generation_;
    Flush(worker);
  }
  return generation_;
}

void Publisher::Tell(const SetNeighbor& neighbor) {
  const NeighborKey key(neighbor.port, neighbor.address);
  for (size_t worker = 0; worker < outboxes_.size(); ++worker) {
    Outbox& outbox = outboxes_[worker];
    const auto waiting = outbox.neighbors.find(key);
    if (waiting != outbox.neighbors.end()) {
      waiting->second = neighbor;
    } else if (outbox.order.size() >= neighbors_waiting_) {
      ++neighbors_refused_;
    } else {
      outbox.order.push_back(key);
      outbox.neighbors.emplace(key, neighbor);
    }
    Flush(worker);
  }
}

bool Publisher::Poll() {
  bool sent = false;
  for (size_t worker = 0; worker < outboxes_.size(); ++worker) sent |= Flush(worker);
  return sent;
}

bool Publisher::OnEvent(size_t worker, const Event& event) {
  if (const auto* routes = std::get_if<RetiredRoutes>(&event)) {
    Retire(worker, routes->routes);
  } else if (const auto* services = std::get_if<RetiredServices>(&event)) {
    Retire(worker, services->services);
  } else if (const auto* addresses = std::get_if<RetiredAddresses>(&event)) {
    Retire(worker, addresses->addresses);
  } else if (const auto* committed = std::get_if<Committed>(&event)) {
    outboxes_[worker].committed = std::max(outboxes_[worker].committed, committed->generation);
  } else {
    return false;
  }
  return true;
}

uint64_t Publisher::committed(size_t worker) const {
  // The event may be lost when the ring to control is full; the worker's own counter is not.
  const Outbox& outbox = outboxes_[worker];
  return std::max(outbox.committed, outbox.link->counters().generation.Get());
}

size_t Publisher::outbox(size_t worker) const {
  const Outbox& outbox = outboxes_[worker];
  size_t waiting = outbox.order.size();
  for (const std::optional<Generation>* generation : {&outbox.sending, &outbox.next}) {
    if (!*generation) continue;
    const Snapshots& left = (*generation)->snapshots;
    waiting += 1 + (left.routes != nullptr) + (left.services != nullptr) + (left.addresses != nullptr);
  }
  return waiting;
}

// A generation, then the neighbours that waited when it was out, then the next generation: neither starves the other.
bool Publisher::Flush(size_t worker) {
  Outbox& outbox = outboxes_[worker];
  const size_t before = this->outbox(worker);
  bool room = true;
  while (room) {
    if (outbox.sending) room = SendGeneration(worker);
    while (room && outbox.neighbors_first > 0) {
      room = SendNeighbor(outbox);
      if (room) --outbox.neighbors_first;
    }
    if (!outbox.next) break;
    if (room) outbox.sending = std::exchange(outbox.next, std::nullopt);
  }
  while (room && !outbox.order.empty()) room = SendNeighbor(outbox);
  return this->outbox(worker) < before;
}

// False when the ring was full before the Commit was out. No other generation may begin before it is: the worker would
// commit a mixture of both.
bool Publisher::SendGeneration(size_t worker) {
  Outbox& outbox = outboxes_[worker];
  Snapshots& left = outbox.sending->snapshots;
  const bool sent = Lend<UseRoutes>(worker, left.routes) && Lend<UseServices>(worker, left.services) &&
                    Lend<UseAddresses>(worker, left.addresses) &&
                    outbox.link->Post(Commit{outbox.sending->number});
  if (!sent) return false;
  outbox.sending.reset();
  outbox.neighbors_first = outbox.order.size();
  return true;
}

bool Publisher::SendNeighbor(Outbox& outbox) {
  const auto at = outbox.neighbors.find(outbox.order.front());
  if (!outbox.link->Post(at->second)) return false;
  outbox.neighbors.erase(at);
  outbox.order.pop_front();
  return true;
}

template <typename Use, typename Table>
bool Publisher::Lend(size_t worker, std::shared_ptr<const Table>& snapshot) {
  if (snapshot == nullptr) return true;
  if (!outboxes_[worker].link->Post(Use{snapshot.get()})) return false;
  Lent& lent = lent_[snapshot.get()];
  lent.times.resize(outboxes_.size());
  ++lent.times[worker];
  ++lent.holders;
  lent.owner = std::move(snapshot);
  snapshot = nullptr;
  return true;
}

void Publisher::Retire(size_t worker, const void* snapshot) {
  const auto at = lent_.find(snapshot);
  if (at == lent_.end() || at->second.times[worker] == 0) {
    ++unknown_retired_;
    return;
  }
  --at->second.times[worker];
  if (--at->second.holders == 0) lent_.erase(at);
}

}  // namespace baton::controlplane
