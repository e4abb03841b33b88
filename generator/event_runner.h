// Runs the commands of a profile's events, each by /bin/sh in a process group of its own, and keeps what became of it.
// Nothing here waits for a command but End, which takes two seconds at most. Main thread only.
#pragma once

#include <memory>
#include <vector>

#include "generator/profile/profile.h"
#include "generator/result.h"

namespace baton::generator {

class EventRunner {
 public:
  explicit EventRunner(const std::vector<EventProfile>& events);
  EventRunner(const EventRunner&) = delete;
  EventRunner& operator=(const EventRunner&) = delete;
  ~EventRunner();

  // Starts the first `begun` events that it has not started yet, and takes up what the others did.
  void Advance(size_t begun, int64_t now_ns);
  // Some are still to be started or still run: Advance is to be called every millisecond.
  bool busy() const;

  // Ends what still runs: SIGTERM to its process group, and SIGKILL after a second. What a command left running behind
  // itself ends too.
  void End();

  // REQUIRES: End() was called. `began_ns`: when the sending began.
  std::vector<EventResult> Results(int64_t began_ns) const;

 private:
  struct Command;

  std::vector<Command> commands_;
  size_t started_ = 0;
  bool ended_ = false;
};

}  // namespace baton::generator
