#include "controlplane/events.h"

#include <algorithm>

namespace baton::controlplane {

void EventLog::Add(TimePoint at, absl::string_view kind, absl::string_view text) {
  const std::lock_guard lock(mutex_);
  events_.push_back({.number = ++last_, .at = at, .kind = std::string(kind), .text = std::string(text)});
  if (events_.size() > capacity_) events_.pop_front();
}

std::vector<LoggedEvent> EventLog::After(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto first =
      std::find_if(events_.begin(), events_.end(), [&](const LoggedEvent& e) { return e.number > number; });
  return {first, events_.end()};
}

}  // namespace baton::controlplane
