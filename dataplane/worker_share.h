// Which part of the flows is a worker's: its index among all workers. A value, given to a worker once.
#pragma once

#include <cstdint>

namespace baton::dataplane {

struct WorkerShare {
  uint16_t index = 0;
  uint16_t workers = 1;  // at most kMaxWorkers (common/counters.h)
};

}  // namespace baton::dataplane
