// The loop around Control: the only place of the control plane that reads the clock and sleeps. Started and stopped
// by the main thread; the thread it makes is the control thread.
#pragma once

#include <stop_token>
#include <thread>

#include "controlplane/control.h"

namespace baton::controlplane {

class ControlThread {
 public:
  // REQUIRES: control.Start was successful. `control` outlives this.
  explicit ControlThread(Control& control);
  // Ends the loop and refuses the requests that wait. The workers may still run.
  ~ControlThread();

 private:
  std::jthread thread_;
};

// The monotonic clock.
TimePoint Now();

}  // namespace baton::controlplane
