// The terminals of a class of Mobile IPv6 flows (RFC 6275), a flow each: which home address one has, which of the port's
// hosts has its care-of address at a time, and what a move costs. All move at once; home addresses, and source ports, stay.
// One core.
//
// `place` is a flow's number in its class, `flow` its number at this core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/addr.h"
#include "generator/histogram.h"

namespace baton::generator {

struct MobileProfile {
  IpAddress home;         // of the first terminal; "::": not mobile
  int64_t moves_ns = 0;   // so often each takes another care-of address; 0: never

  bool on() const { return !home.is_unspecified(); }
};

class Terminals {
 public:
  Terminals(const MobileProfile& profile, uint32_t count) : profile_(profile), sent_(count), arrived_(count) {}

  IpAddress HomeOf(uint32_t place) const;
  // How often the terminals have moved, `age_ns` after the beginning of the sending.
  uint32_t MovesAt(int64_t age_ns) const {
    return profile_.moves_ns == 0 ? 0 : static_cast<uint32_t>(age_ns / profile_.moves_ns);
  }
  // The host whose address the terminal has then: each move leads to the next one.
  static uint32_t HostOf(uint32_t place, uint32_t moves, uint32_t hosts) { return (place + moves) % hosts; }

  void NoteSent(uint32_t flow, uint32_t moves) {
    if (sent_[flow] == moves) return;
    sent_[flow] = moves;
    ++moves_;
  }
  // A response to what was sent after `moves`; the arrival before it was at last_ns (0: there was none).
  void NoteArrival(uint32_t flow, uint32_t moves, int64_t last_ns, int64_t now_ns) {
    if (moves <= arrived_[flow]) return;
    arrived_[flow] = moves;
    if (last_ns != 0) gaps_.Note(static_cast<uint64_t>(now_ns - last_ns));
  }

  uint64_t moves() const { return moves_; }          // of terminals that sent after it
  const Histogram& gaps() const { return gaps_; }    // from the last response before a move to the first one after it
  size_t bytes() const { return sizeof(uint32_t) * (sent_.size() + arrived_.size()); }

 private:
  const MobileProfile profile_;
  std::vector<uint32_t> sent_, arrived_;  // moves, when the newest of each left and arrived
  uint64_t moves_ = 0;
  Histogram gaps_;
};

}  // namespace baton::generator
