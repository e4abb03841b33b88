// The rings between workers over rte_ring: one for each ordered pair, single producer and single consumer. Made and
// destroyed by the main thread while no worker runs; each worker uses its own WorkerSteering only.
#pragma once

#include <memory>
#include <vector>

#include "common/status.h"
#include "dataplane/steering_rings.h"

struct rte_ring;

namespace baton::dataplane {

// One worker's ends. On cache lines of its own: it remembers whose turn it is.
class alignas(64) WorkerSteering final : public SteeringRings {
 public:
  int Give(uint16_t worker, const SteeredPacket* packets, int count) override;
  int Take(SteeredPacket* packets, int max) override;

 private:
  friend class DpdkSteering;
  std::vector<rte_ring*> to_;    // by worker; none to itself
  std::vector<rte_ring*> from_;  // of the others
  size_t next_ = 0;              // in from_: who comes first next time
};

class DpdkSteering {
 public:
  static constexpr uint32_t kRingSize = 2048;  // packets, less one: the milliseconds that a busy machine may not schedule us

  // `name` is unique in the process. ResourceExhausted when there is no memory. REQUIRES: workers >= 2.
  static absl::StatusOr<std::unique_ptr<DpdkSteering>> Create(const std::string& name, size_t workers,
                                                              uint32_t ring_size = kRingSize);
  ~DpdkSteering();
  DpdkSteering(const DpdkSteering&) = delete;
  DpdkSteering& operator=(const DpdkSteering&) = delete;

  SteeringRings& of(size_t worker) { return *workers_[worker]; }

 private:
  DpdkSteering() = default;

  std::vector<std::unique_ptr<WorkerSteering>> workers_;
  std::vector<rte_ring*> rings_;
};

}  // namespace baton::dataplane
