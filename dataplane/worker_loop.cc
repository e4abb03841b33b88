#include "dataplane/worker_loop.h"

#include <algorithm>
#include <ctime>

namespace baton::dataplane {
namespace {

constexpr int kIdlePolls = 64;
constexpr long kShortestPause = 20'000, kLongestPause = 320'000;  // nanoseconds

void Pause(long nanoseconds) {
  const timespec time{0, nanoseconds};
  nanosleep(&time, nullptr);
}

}  // namespace

void RunWorker(Worker& worker, bool adaptive, const std::atomic<bool>& stop) {
  int idle = 0;
  long pause = kShortestPause;
  TimePoint before = std::chrono::steady_clock::now();
  while (!stop.load(std::memory_order_relaxed)) {
    const bool busy = worker.PollOnce(before) > 0;
    if (busy) {
      idle = 0;
      pause = kShortestPause;
    } else if (adaptive && ++idle > kIdlePolls) {
      Pause(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
    const TimePoint after = std::chrono::steady_clock::now();
    worker.CountTime(after - before, busy);
    before = after;
  }
}

}  // namespace baton::dataplane
