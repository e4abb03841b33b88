// Which backend a new access goes to. Pure but for the counters it reads; worker only.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "common/counters.h"
#include "common/service_table.h"
#include "dataplane/flow_key.h"

namespace baton::dataplane {

inline constexpr int kNoBackend = -1;

// What schedules go by: the sums of what all workers count, so that all together keep to the weights. Each number is
// written by its one worker; the others read it when they set an access up, and some recent value will do.
class SharedCounts {
 public:
  // REQUIRES: all outlive this.
  explicit SharedCounts(WorkerCounters& own) : own_(own), workers_{&own} {}
  void SetWorkers(std::vector<const WorkerCounters*> all) { workers_ = std::move(all); }

  uint64_t Rows(Slot backend) const {
    uint64_t sum = 0;
    for (const WorkerCounters* worker : workers_) sum += worker->backends[backend].rows.Get();
    return sum;
  }
  uint64_t Open(Slot backend) const {
    uint64_t sum = 0;
    for (const WorkerCounters* worker : workers_) sum += worker->backends[backend].open.Get();
    return sum;
  }
  // How many accesses of this service were given out. Two workers that ask at the same moment may get the same answer.
  uint64_t Turns(Slot service) const {
    uint64_t sum = 0;
    for (const WorkerCounters* worker : workers_) sum += worker->services[service].turns.Get();
    return sum;
  }
  void TakeTurn(Slot service) { own_.services[service].turns.Add(); }

 private:
  WorkerCounters& own_;
  std::vector<const WorkerCounters*> workers_;
};

// The index in service.backends for a new access, or kNoBackend when none takes any.
//   weight:      smallest rows / weight, ties in table order (FE-Q03)
//   round_robin: in turn, `weight` times each; `turn` is how many were given out before
//   least_load:  smallest reported load, then smallest open connections / weight, ties in table order
//   maglev:      by the flow's hash; the same at every box
// Weight 0 gets nothing (FE-15). Looks at each backend at most once: some 3 cycles for each.
int ChooseBackend(const Service& service, const SharedCounts& counts, uint32_t flow_hash, uint64_t turn);

}  // namespace baton::dataplane
