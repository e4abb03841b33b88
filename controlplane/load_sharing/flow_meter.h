// From what the workers have counted to the flow of each condition (VR-87 to VR-90): bit/s over a past period, and
// packets that overflowed in the last unit of time. Control thread; no I/O.
//
// Counts only grow; what is smaller than before has begun anew. Of each condition two earlier counts are kept, of half
// a period apart: a rate is over half a period at least and a whole one at most. A condition that moved has no rate
// before its second reading, and from then on the rate since the first one: for the rest of the period it was not here.
#pragma once

#include <cstdint>

#include <absl/container/flat_hash_map.h>

#include "common/counters.h"
#include "controlplane/load_sharing/machine_io.h"

namespace baton::controlplane::load_sharing {

class FlowMeter {
 public:
  explicit FlowMeter(Duration period = std::chrono::seconds(10)) : period_(period) {}

  void SetPeriod(Duration period) { period_ = period; }
  // A reading, once per unit of time: Begin, Add of each condition at each worker, End. `overflows`: of the whole box,
  // ever; see OverflowsOf. `moved`: another number says that the condition has changed hands.
  void Begin(TimePoint now, uint64_t overflows);
  void Add(const IpAddress& condition, uint64_t bytes, uint32_t moved = 0);
  FlowsMeasured End();

 private:
  static constexpr TimePoint kNever = TimePoint::min();
  struct Counts {
    uint64_t now = 0, middle = 0, start = 0;  // bytes
    TimePoint middle_at = kNever, start_at = kNever;
    uint32_t moved = 0;
    bool read = false;  // in this reading
  };
  absl::flat_hash_map<IpAddress, Counts> conditions_;
  Duration period_;
  TimePoint now_{}, last_at_{};
  uint64_t overflows_ = 0, last_overflows_ = 0;
  bool begun_ = false;
};

// What a worker could not keep for want of room: in its hold buffer, in a hand-over, at a port's transmit queue. What a
// port's receive queue missed is the port's to tell, and to be added.
uint64_t OverflowsOf(const WorkerCounters& counters);

}  // namespace baton::controlplane::load_sharing
