// Whether a port brings more than its worker carries, and what share of its bursts is shed then. A receive queue that
// runs over loses whatever comes, so the little that must not be lost (routing protocols, neighbours) is lost with the
// data; shedding data after a look at its addresses costs so little that the queue stays short. One port's, one
// worker's.
#pragma once

#include "common/time_point.h"
#include "dataplane/packet.h"

namespace baton::dataplane {

class LoadShedder {
 public:
  // A poll of the port brought `count` packets. True: shed this burst.
  bool Shed(int count, TimePoint now) {
    if (count < kBurst) {
      full_polls_ = 0;
      if (share_ > 0 && now - changed_ >= kRelax) Change(share_ - kLeast, now);
      return false;
    }
    // So many full bursts one after the other: the queue was never empty meanwhile, and is as long as a queue may be.
    if (++full_polls_ >= kPatience) {
      full_polls_ = 0;
      Change(share_ == 0 ? kLeast : share_ * 2, now);
    }
    credit_ += share_;
    if (credit_ < kWhole) return false;
    credit_ -= kWhole;
    return true;
  }

  bool shedding() const { return share_ > 0; }

  // Grows within 14,000 packets from nothing to all, so that a queue of TCP connections only hears of it as a little
  // loss; shrinks in two thirds of a second.
  static constexpr int kPatience = 64;  // full bursts: 2,048 packets
  static constexpr int kLeast = 4, kWhole = 256;
  static constexpr Duration kRelax = std::chrono::milliseconds(10);

 private:
  void Change(int share, TimePoint now) {
    share_ = share > kWhole ? kWhole : share;
    changed_ = now;
  }

  int full_polls_ = 0;
  int share_ = 0;   // of kWhole
  int credit_ = 0;
  TimePoint changed_{};
};

}  // namespace baton::dataplane
