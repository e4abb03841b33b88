#include "controlplane/control_thread.h"

namespace baton::controlplane {
namespace {

// A worker's report waits at most this long; nothing wakes the loop for it, because a worker makes no system calls.
constexpr Duration kPause = std::chrono::milliseconds(1);

void Loop(const std::stop_token& stop, Control& control) {
  while (!stop.stop_requested()) {
    if (control.Poll(Now())) {
      std::this_thread::yield();  // on few cores the worker that is to answer may wait for this one
    } else {
      control.WaitForRequests(kPause);
    }
  }
  control.Resign(Now());
  control.Close();
}

}  // namespace

ControlThread::ControlThread(Control& control)
    : thread_([&control](const std::stop_token& stop) { Loop(stop, control); }) {}

ControlThread::~ControlThread() {
  thread_.request_stop();
  thread_.join();
}

TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace baton::controlplane
