#include "controlplane/load_sharing/directions.h"

#include <algorithm>

namespace baton::controlplane::load_sharing {

void Directions::Follow(const Tables& tables, UnitIndex own, Generation generation) {
  if (generation == generation_) return;
  generation_ = generation;
  for (const auto& [end_system, row] : tables.conditions()) {
    const auto told = told_.find(end_system);
    if (row.unit == (told == told_.end() ? own : told->second)) continue;
    if (row.unit == own) {
      told_.erase(told);
    } else {
      told_[end_system] = row.unit;
    }
    first_.push_back({TimePoint{}, end_system, kTimes});
  }
}

std::vector<IpAddress> Directions::Take(TimePoint now, size_t most) {
  std::vector<IpAddress> due;
  for (std::deque<Due>* queue : {&first_, &again_}) {
    while (due.size() < most && !queue->empty() && queue->front().at <= now) {
      const Due next = queue->front();
      queue->pop_front();
      due.push_back(next.end_system);
      if (next.left > 1) again_.push_back({now + kEvery, next.end_system, next.left - 1});
    }
  }
  return due;
}

TimePoint Directions::NextDeadline() const {
  TimePoint next = TimePoint::max();
  if (!first_.empty()) next = first_.front().at;
  if (!again_.empty()) next = std::min(next, again_.front().at);
  return next;
}

}  // namespace baton::controlplane::load_sharing
