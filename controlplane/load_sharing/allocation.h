// Who should be in charge of which end system: from what is measured and who is in charge now, the few changes that
// share the load well (VR-49 to VR-55, VR-99 to VR-103). Pure; any thread. Deterministic: asked the same, every
// router gives the same answer. One million conditions take well under a second.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/types/span.h>

namespace baton::controlplane::load_sharing {

// A unit by its place in the list of the virtual router's units, which is in address order.
using UnitIndex = uint16_t;
inline constexpr UnitIndex kNobody = 0xffff;

struct Share {
  uint64_t bits_per_second = 0;  // 0: new, or silent (VR-102)
  UnitIndex unit = kNobody;      // in charge now
};

// How far apart the units' total flows may be: largest less smallest of those that take part (VR-Q29).
struct Limits {
  double of_mean = 0.05;         // as a part of the mean; 0: no such limit
  uint64_t bits_per_second = 0;  // 0: no such limit
  // Once over the limit, how much of it is aimed at: below 1, so that a little drift does not start it all again.
  double goal = 1;
};

struct Move {
  uint32_t condition = 0;  // its place among the shares
  UnitIndex to = kNobody;
  friend bool operator==(const Move&, const Move&) = default;
};

// Which changes to make. `shares` are in address order; `eligible` has an entry for each unit.
// - Conditions that nobody eligible is in charge of are given away in any case: those with a flow to the unit with the
//   least, the others to those with the fewest conditions, so that numbers come out equal, the first units having one
//   more where they do not divide (VR-50, VR-Q30).
// - Others change only if the spread is above the limits (strictly: VR-Q28) by more than the largest end systems force,
//   and then as few as possible: see allocation.cc. What would gain less than half of the limit is left alone.
// REQUIRES: at least one unit is eligible, or there are no shares.
std::vector<Move> Allocate(absl::Span<const Share> shares, const std::vector<bool>& eligible, const Limits& limits);

// The total flow of each unit; 0 for those without a share.
std::vector<uint64_t> Totals(absl::Span<const Share> shares, size_t units);
// Largest less smallest of the eligible units' totals, and as a part of their mean (0 when nothing flows).
struct Spread {
  uint64_t bits_per_second = 0;
  double of_mean = 0;
};
Spread SpreadOf(const std::vector<uint64_t>& totals, const std::vector<bool>& eligible);
// Strictly above one of the limits (VR-99, VR-Q28).
bool IsAbove(const Spread& spread, const Limits& limits);
// The spread that no allocation can go below, because single end systems have more than an equal part each.
uint64_t ForcedSpread(absl::Span<const Share> shares, size_t eligible_units);

}  // namespace baton::controlplane::load_sharing
