// The worker's side of its two rings: updates from the control thread and events to it. Called by the worker only;
// neither call waits. Implemented over rte_ring in dataplane/dpdk/ring.h and over plain queues in tests.
#pragma once

#include "common/update.h"

namespace baton::dataplane {

class Mailbox {
 public:
  virtual ~Mailbox() = default;
  // False when there is no update.
  virtual bool Take(Update* update) = 0;
  // False when the ring is full. The event is lost unless the worker keeps it: what lends a pointer must be kept.
  virtual bool Post(const Event& event) = 0;
};

}  // namespace baton::dataplane
