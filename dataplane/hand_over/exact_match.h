// Mode `exact`: whether the old router in charge has forwarded a packet that reached the new one. Pure; no packets,
// only their digests and times. One worker's; also the simulation's.
//
// Both routers receive every packet (shared delivery), a packet at one of them up to `skew` earlier or later than at
// the other, or not at all. Let S be when the old one stopped: it has forwarded what reached it before S, and its notes
// have all of it from S - cover on. The new one takes S to be S', when the report came less the time since the stop
// that the report names: S <= S' <= S + D, with D how long the report was under way. So a note of time t stands at t',
// t <= t' <= t + D. REQUIRES: cover >= D + 2 * skew; so `cover` also says which D is borne: cover - 2 * skew.
//
// A packet that reached the new router at a reached the old one within a - skew .. a + skew, if at all:
//   - a < S' - cover + skew: it reached the old one before S + D - cover + 2 * skew <= S, which forwarded it. The notes
//     need not have it. It is dropped.
//   - otherwise it reached the old one at S - cover or later: if that forwarded it, it was noted, at a t' of
//     a - skew .. a - skew + cover. It is dropped when there is such a note of its digest, and that note is used up: of
//     identical packets each note stands for one. Otherwise the old one has not forwarded it, and the new one does.
// Of several notes the closest in time is taken. Identical packets that are at least `cover` apart are never taken for
// each other; in practice far closer ones are not, as routers on one network differ by much less than they may. If two
// are mistaken, one packet may go twice or not at all.
//
// A router that looks at its ports late, because its CPU was taken from it, knows a only as since <= a <= the time of
// the look, with `since` when it last found the port's queue empty; it looks for notes from since - skew on. A packet
// that may have come before S' - cover + skew, and of which there is no note, goes by the later of the two: it was
// forwarded if that is well before S'. At the old router a late look only makes t later, by less than cover.
//
// What comes after the report is looked at likewise, until S' + skew: nothing that reached the old one before S comes
// later. From then on no note can match, and nothing need be looked at.
//
// That nothing is lost between the two takes one thing more: the old router must not stop before each packet that it
// leaves waits at the new one. It stops `linger` >= skew after the new one said that it holds what comes.
#pragma once

#include <cstdint>

#include <absl/types/span.h>

#include "common/hand_over_work.h"

namespace baton::dataplane {

class ExactMatch {
 public:
  ExactMatch() = default;
  // `report`: as SortReport leaves it; it is written to.
  ExactMatch(absl::Span<ReportedPacket> report, TimePoint stopped_at, Duration skew, Duration cover)
      : report_(report),
        begin_(stopped_at - cover + skew),
        end_(stopped_at + skew),
        early_(skew),
        late_(cover - skew) {}

  // Whether the old router has forwarded this one. To be asked once for each packet.
  bool WasForwarded(uint64_t digest, TimePoint since, TimePoint arrival);
  bool WasForwarded(uint64_t digest, TimePoint arrival) { return WasForwarded(digest, arrival, arrival); }
  // The same, and uses nothing up.
  bool MayMatch(uint64_t digest, TimePoint since, TimePoint arrival) const;
  bool MayMatch(uint64_t digest, TimePoint arrival) const { return MayMatch(digest, arrival, arrival); }

  // Whether it reached the old router before the notes begin; of which there is no note.
  bool CameBefore(TimePoint since, TimePoint arrival) const;

  // A packet that arrives at this time or later can not have been forwarded.
  TimePoint end() const { return end_; }

 private:
  // The place of the note that stands for it; -1: none. Shortens the ways to it.
  int64_t Find(uint64_t digest, TimePoint since, TimePoint arrival) const;
  uint32_t UnusedTo(uint32_t left) const;
  uint32_t UnusedFrom(uint32_t right) const;

  absl::Span<ReportedPacket> report_;
  TimePoint begin_{}, end_{};
  Duration early_{}, late_{};
};

}  // namespace baton::dataplane
