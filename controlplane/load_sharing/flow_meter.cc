#include "controlplane/load_sharing/flow_meter.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace baton::controlplane::load_sharing {

void FlowMeter::Begin(TimePoint now, uint64_t overflows) {
  if (!begun_) {
    start_at_ = middle_at_ = last_at_ = now;
    last_overflows_ = overflows;
    begun_ = true;
  } else {
    last_at_ = now_;
    last_overflows_ = overflows_;
  }
  now_ = now;
  overflows_ = overflows;
  for (auto& [address, counts] : conditions_) {
    counts.now = 0;
    counts.read = false;
  }
}

void FlowMeter::Add(const IpAddress& condition, uint64_t bytes) {
  Counts& counts = conditions_[condition];
  counts.now += bytes;
  counts.read = true;
}

FlowsMeasured FlowMeter::End() {
  FlowsMeasured measured;
  const double seconds = std::chrono::duration<double>(now_ - start_at_).count();
  const bool next = now_ - middle_at_ >= period_ / 2;
  for (auto at = conditions_.begin(); at != conditions_.end();) {
    Counts& counts = at->second;
    if (!counts.read) {
      conditions_.erase(at++);
      continue;
    }
    if (now_ == start_at_) counts.middle = counts.start = counts.now;  // the first reading
    if (counts.now < counts.middle) counts.middle = counts.start = 0;
    if (counts.now > counts.start && seconds > 0) {
      const double bits = static_cast<double>(counts.now - counts.start) * 8;
      measured.flows.push_back({at->first, static_cast<uint64_t>(bits / seconds)});
    }
    if (next) counts.start = std::exchange(counts.middle, counts.now);
    ++at;
  }
  if (next) start_at_ = std::exchange(middle_at_, now_);
  std::sort(measured.flows.begin(), measured.flows.end(),
            [](const Flow& a, const Flow& b) { return a.condition < b.condition; });
  const uint64_t overflows = overflows_ < last_overflows_ ? overflows_ : overflows_ - last_overflows_;
  measured.overflows = static_cast<uint32_t>(std::min<uint64_t>(overflows, std::numeric_limits<uint32_t>::max()));
  measured.overflow_unit = now_ - last_at_;
  return measured;
}

uint64_t OverflowsOf(const WorkerCounters& counters) {
  uint64_t sum = 0;
  for (const DropReason reason : {DropReason::kHoldFull, DropReason::kHandOverFull, DropReason::kTransmitFull}) {
    sum += counters.drops[static_cast<size_t>(reason)].Get();
  }
  return sum;
}

}  // namespace baton::controlplane::load_sharing
