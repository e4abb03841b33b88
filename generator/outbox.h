// Frames that wait for room in a port's transmit queue, in order. Nothing that was built is thrown away: while frames
// wait, nothing more is built. One core.
#pragma once

#include <cassert>

#include "generator/link/link.h"

namespace baton::generator {

class Outbox {
 public:
  // A burst of which each frame is answered by kMostSegments, and what ARP and neighbour discovery have to say.
  static constexpr int kRoom = 12 * kBurst;

  bool empty() const { return count_ == 0; }
  int room() const { return kRoom - count_; }
  bool full() const { return count_ == kRoom; }
  // REQUIRES: !full().
  void Add(const Frame& frame) {
    assert(count_ < kRoom);
    frames_[count_++] = frame;
  }

  // Sends what the link takes; how many frames that were.
  int Flush(Link& link) {
    int sent = 0;
    while (sent < count_) {
      const int wanted = count_ - sent < kBurst ? count_ - sent : kBurst;
      const int taken = link.Send(frames_ + sent, wanted);
      sent += taken;
      if (taken < wanted) break;
    }
    if (sent == 0) return 0;
    for (int i = sent; i < count_; ++i) frames_[i - sent] = frames_[i];
    count_ -= sent;
    return sent;
  }

  const Frame* begin() const { return frames_; }
  const Frame* end() const { return frames_ + count_; }
  void Clear() { count_ = 0; }

 private:
  Frame frames_[kRoom];
  int count_ = 0;
};

}  // namespace baton::generator
