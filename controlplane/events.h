// What happened, for operators: the last events with their numbers. Control adds, any thread reads. Bounded: the oldest
// gives way, and a reader sees by the numbers that it missed some.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include <absl/strings/string_view.h>

#include "common/time_point.h"

namespace baton::controlplane {

struct LoggedEvent {
  uint64_t number = 0;  // 1, 2, ... since the start
  TimePoint at{};
  std::string kind;     // virtual_router, reload
  std::string text;
};

class EventLog {
 public:
  explicit EventLog(size_t capacity = 1000) : capacity_(capacity) {}

  void Add(TimePoint at, absl::string_view kind, absl::string_view text);
  // Those that are kept with a number above `number`, oldest first.
  std::vector<LoggedEvent> After(uint64_t number) const;

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<LoggedEvent> events_;  // under mutex_, as is the next
  uint64_t last_ = 0;
};

}  // namespace baton::controlplane
