#include "dataplane/dpdk/ring.h"

#include <bit>
#include <cstring>

#include <rte_errno.h>
#include <rte_memory.h>
#include <rte_ring.h>

#include "dataplane/dpdk/eal.h"

namespace baton::dataplane {
namespace {

// What lies in a ring: rte_ring copies elements of whole 32-bit words.
template <typename Message>
struct Slot {
  static constexpr unsigned kBytes = (sizeof(Message) + 3) / 4 * 4;
  alignas(Message) unsigned char bytes[kBytes];
};

template <typename Message>
bool Put(rte_ring* ring, const Message& message) {
  Slot<Message> slot{};
  std::memcpy(slot.bytes, &message, sizeof(message));
  return rte_ring_sp_enqueue_elem(ring, slot.bytes, slot.kBytes) == 0;
}

template <typename Message>
bool Get(rte_ring* ring, Message* message) {
  Slot<Message> slot;
  if (rte_ring_sc_dequeue_elem(ring, slot.bytes, slot.kBytes) != 0) return false;
  std::memcpy(static_cast<void*>(message), slot.bytes, sizeof(*message));
  return true;
}

rte_ring* Make(const std::string& name, unsigned bytes, uint32_t size) {
  return rte_ring_create_elem(name.c_str(), bytes, size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkerRings>> WorkerRings::Create(const std::string& name, uint32_t size) {
  size = std::bit_ceil(size < 2 ? 2u : size);
  rte_ring* updates = Make(name + "_updates", Slot<Update>::kBytes, size);
  if (updates == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("ring ", name, ": ", DpdkError(rte_errno)));
  }
  rte_ring* events = Make(name + "_events", Slot<Event>::kBytes, size);
  if (events == nullptr) {
    const std::string reason = DpdkError(rte_errno);
    rte_ring_free(updates);
    return absl::ResourceExhaustedError(absl::StrCat("ring ", name, ": ", reason));
  }
  return std::unique_ptr<WorkerRings>(new WorkerRings(updates, events));
}

WorkerRings::~WorkerRings() {
  rte_ring_free(updates_);
  rte_ring_free(events_);
}

bool WorkerRings::Take(Update* update) { return Get(updates_, update); }
bool WorkerRings::Post(const Event& event) { return Put(events_, event); }

bool DpdkWorkerLink::Post(const Update& update) { return Put(rings_.updates_, update); }
bool DpdkWorkerLink::Take(Event* event) { return Get(rings_.events_, event); }

size_t DpdkWorkerLink::ring_capacity() const { return rte_ring_get_capacity(rings_.updates_); }
size_t DpdkWorkerLink::updates_waiting() const { return rte_ring_count(rings_.updates_); }
size_t DpdkWorkerLink::events_waiting() const { return rte_ring_count(rings_.events_); }

}  // namespace baton::dataplane
