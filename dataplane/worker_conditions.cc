// How a worker takes part in load sharing, besides the stage: packets that waited while their end system changed hands
// go on, and the control thread is told.
#include <algorithm>

#include "dataplane/worker.h"

namespace baton::dataplane {
namespace {

constexpr int kTakenPerPoll = 4 * kBurst;  // packets that go on or are dropped

}  // namespace

int Worker::ServeConditions(TimePoint now) {
  EndSystemSeen seen;
  while (conditions_->TakeSeen(&seen)) {
    if (!mailbox_.Post(seen)) counters_.events_lost.Add();  // told again in a minute
  }
  HandOvers& hand_overs = conditions_->hand_overs();
  WaitingPacket waiting[kBurst];
  int count = 0, served = 0;
  DropReason drop = DropReason::kNone;
  while (served < kTakenPerPoll && hand_overs.TakeReleased(now, &waiting[count], &drop)) {
    ++served;
    if (drop != DropReason::kNone) {
      Discard(waiting[count], drop);
    } else if (++count == kBurst) {
      RunAgain(waiting, count, 0, now);
      count = 0;
    }
  }
  if (count > 0) RunAgain(waiting, count, 0, now);
  TimePoint drained = now;
  for (size_t port = 0; port < ports_.size(); ++port) {
    if (ports_[port].trunk == kNoPort) drained = std::min(drained, devices_[port].drained);
  }
  hand_overs.Advance(now, drained);  // now that nothing may wait any more
  Event event;
  while (hand_overs.TakeFinished(&event)) PostSurely(event);
  conditions_->RestIfIdle();
  return served;
}

}  // namespace baton::dataplane
