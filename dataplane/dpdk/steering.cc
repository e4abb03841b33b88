#include "dataplane/dpdk/steering.h"

#include <rte_errno.h>
#include <rte_memory.h>
#include <rte_ring.h>

#include "dataplane/dpdk/eal.h"

namespace baton::dataplane {

static_assert(sizeof(SteeredPacket) == 24);  // rte_ring copies elements of whole 32-bit words

int WorkerSteering::Give(uint16_t worker, const SteeredPacket* packets, int count) {
  return static_cast<int>(rte_ring_sp_enqueue_burst_elem(to_[worker], packets, sizeof(SteeredPacket),
                                                         static_cast<unsigned>(count), nullptr));
}

int WorkerSteering::Take(SteeredPacket* packets, int max) {
  int taken = 0;
  size_t at = next_;
  for (size_t i = 0; i < from_.size() && taken < max; ++i) {
    rte_ring* ring = from_[at];
    if (++at == from_.size()) at = 0;
    taken += static_cast<int>(rte_ring_sc_dequeue_burst_elem(ring, packets + taken, sizeof(SteeredPacket),
                                                             static_cast<unsigned>(max - taken), nullptr));
  }
  if (++next_ == from_.size()) next_ = 0;
  return taken;
}

absl::StatusOr<std::unique_ptr<DpdkSteering>> DpdkSteering::Create(const std::string& name, size_t workers,
                                                                   uint32_t ring_size) {
  std::unique_ptr<DpdkSteering> steering(new DpdkSteering);
  for (size_t i = 0; i < workers; ++i) {
    steering->workers_.push_back(std::make_unique<WorkerSteering>());
    steering->workers_.back()->to_.resize(workers, nullptr);
  }
  for (size_t from = 0; from < workers; ++from) {
    for (size_t to = 0; to < workers; ++to) {
      if (from == to) continue;
      const std::string ring_name = absl::StrCat(name, "_", from, "_", to);
      rte_ring* ring = rte_ring_create_elem(ring_name.c_str(), sizeof(SteeredPacket), ring_size, SOCKET_ID_ANY,
                                            RING_F_SP_ENQ | RING_F_SC_DEQ);
      if (ring == nullptr) {
        return absl::ResourceExhaustedError(absl::StrCat("no ring \"", ring_name, "\": ", DpdkError(rte_errno)));
      }
      steering->rings_.push_back(ring);
      steering->workers_[from]->to_[to] = ring;
      steering->workers_[to]->from_.push_back(ring);
    }
  }
  return steering;
}

DpdkSteering::~DpdkSteering() {
  for (rte_ring* ring : rings_) rte_ring_free(ring);
}

}  // namespace baton::dataplane
