#include "programs/batond/service_manager.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <absl/strings/str_cat.h>

namespace baton {
namespace {

constexpr int kKeepEnvironment = 0;

// sd_notify's answer tells whether the manager heard it; there is nothing to do when it did not.
void Tell(const std::string& state) { static_cast<void>(sd_notify(kKeepEnvironment, state.c_str())); }

}  // namespace

ServiceManager::ServiceManager() {
  uint64_t limit_us = 0;
  if (sd_watchdog_enabled(kKeepEnvironment, &limit_us) > 0) watch_period_ = std::chrono::microseconds(limit_us / 4);
}

void ServiceManager::Ready(const std::string& status) { Tell(absl::StrCat("READY=1\nSTATUS=", status)); }

// MONOTONIC_USEC is what Type=notify-reload of systemd 253 wants; 252 passes over it.
void ServiceManager::Reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t us = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  Tell(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", us));
}

void ServiceManager::Stopping() { Tell("STOPPING=1"); }

bool ServiceManager::Watch(const std::vector<uint64_t>& heartbeats) {
  if (watch_period_ == Duration::zero()) return false;
  last_.resize(heartbeats.size(), UINT64_MAX);
  for (size_t i = 0; i < heartbeats.size(); ++i) {
    if (heartbeats[i] == last_[i]) return false;
  }
  last_ = heartbeats;
  Tell("WATCHDOG=1");
  return true;
}

}  // namespace baton
