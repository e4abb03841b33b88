// What batond tells the service manager that started it (systemd, sd_notify(3)): ready, reloading, stopping, and that
// it lives. Without NOTIFY_SOCKET in the environment every call does nothing. Used by the main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/time_point.h"

namespace baton {

class ServiceManager {
 public:
  // Reads the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
  ServiceManager();

  void Ready(const std::string& status);
  void Reloading();  // Ready follows when it is done
  void Stopping();

  // How often Watch is to be called; zero: nobody watches. A quarter of the time limit: one late turn is no death.
  Duration watch_period() const { return watch_period_; }
  // Feeds the watchdog when every heartbeat is another one than when it was fed last: whoever stands still starves it,
  // however lively the others are. True when it was fed.
  bool Watch(const std::vector<uint64_t>& heartbeats);

 private:
  Duration watch_period_{};
  std::vector<uint64_t> last_;
};

}  // namespace baton
