#include "controlplane/load_sharing/flow_meter.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace baton::controlplane::load_sharing {

void FlowMeter::Begin(TimePoint now, uint64_t overflows) {
  if (!begun_) {
    last_at_ = now;
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

void FlowMeter::Add(const IpAddress& condition, uint64_t bytes, uint32_t moved) {
  Counts& counts = conditions_[condition];
  if (std::exchange(counts.moved, moved) != moved) counts.start_at = kNever;
  counts.now += bytes;
  counts.read = true;
}

FlowsMeasured FlowMeter::End() {
  FlowsMeasured measured;
  for (auto at = conditions_.begin(); at != conditions_.end();) {
    Counts& counts = at->second;
    if (!counts.read) {
      conditions_.erase(at++);
      continue;
    }
    if (counts.start_at == kNever) {  // the first reading
      counts.middle = counts.start = counts.now;
      counts.middle_at = counts.start_at = now_;
    }
    if (counts.now < counts.middle) counts.middle = counts.start = 0;
    const double seconds = std::chrono::duration<double>(now_ - counts.start_at).count();
    if (counts.now > counts.start && seconds > 0) {
      const double bits = static_cast<double>(counts.now - counts.start) * 8;
      measured.flows.push_back({at->first, static_cast<uint64_t>(bits / seconds)});
    }
    if (now_ - counts.middle_at >= period_ / 2) {
      counts.start = std::exchange(counts.middle, counts.now);
      counts.start_at = std::exchange(counts.middle_at, now_);
    }
    ++at;
  }
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
