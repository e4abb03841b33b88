// How a worker takes part in load sharing, besides the stage: what it tells the control thread.
#include "dataplane/worker.h"

namespace baton::dataplane {

void Worker::TellSeen() {
  EndSystemSeen seen;
  while (conditions_.TakeSeen(&seen)) {
    if (!mailbox_.Post(seen)) counters_.events_lost.Add();  // told again in a minute
  }
}

}  // namespace baton::dataplane
