// Which units of a group are alive, as the one sees it that advertises (types 1 and 2): who answers in time is, who
// does not is at fault (VR-10, VR-11). Nothing here knows of load sharing. One thread, no I/O.
#pragma once

#include <vector>

#include "common/addr.h"
#include "common/time_point.h"

namespace baton::controlplane::load_sharing {

class Membership {
 public:
  explicit Membership(Duration response_period) : response_period_(response_period) {}

  enum class Life : uint8_t { kUnknown, kAlive, kFault };

  // This unit begins to advertise: nobody is known to be alive, and everybody has a response period to show it.
  void Start(const std::vector<IpAddress>& others, TimePoint now);
  void Stop() { units_.clear(); }
  // A response, or another proof. True: it was not known to be alive. Of who is no member, nothing is noted.
  bool Heard(const IpAddress& unit, TimePoint now);
  // The caller has its own reason to think so, such as an allocation that is not confirmed.
  void SetFault(const IpAddress& unit);
  // Those that have not answered in time, each once.
  std::vector<IpAddress> Elapse(TimePoint now);
  TimePoint NextDeadline() const;
  Life LifeOf(const IpAddress& unit) const;

 private:
  struct Unit {
    IpAddress address;
    Life life = Life::kUnknown;
    TimePoint deadline = TimePoint::max();
  };
  Duration response_period_;
  std::vector<Unit> units_ = {};
};

}  // namespace baton::controlplane::load_sharing
