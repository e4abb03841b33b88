// `directed` delivery: which end systems have to be told the MAC address of another router than they were told last.
// All begin at the virtual MAC address, the active router's, which was announced to everybody. Each is told a few
// times, as nobody confirms it. Pure, control thread only.
#pragma once

#include <deque>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "common/addr.h"
#include "common/time_point.h"
#include "controlplane/load_sharing/tables.h"

namespace baton::controlplane::load_sharing {

class Directions {
 public:
  static constexpr int kTimes = 3;
  static constexpr Duration kEvery = std::chrono::seconds(1);

  // This unit became active: everybody was told the virtual MAC address.
  void Begin() { *this = Directions(); }
  // Another allocation is in force. `own`: whose end systems are at the virtual MAC address.
  void Follow(const Tables& tables, UnitIndex own, Generation generation);
  // The next that are due, at most `most` of them. Each is due again after kEvery until it was told kTimes.
  std::vector<IpAddress> Take(TimePoint now, size_t most);
  TimePoint NextDeadline() const;

 private:
  struct Due {
    TimePoint at;
    IpAddress end_system;
    int left;
  };

  Generation generation_ = 0;
  absl::flat_hash_map<IpAddress, UnitIndex> told_;  // but for those at the virtual MAC address
  std::deque<Due> first_, again_;                   // in order of time
};

}  // namespace baton::controlplane::load_sharing
