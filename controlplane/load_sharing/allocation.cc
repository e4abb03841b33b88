#include "controlplane/load_sharing/allocation.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace baton::controlplane::load_sharing {
namespace {

constexpr size_t kTryAllWaysBelow = 100'000;  // conditions; above it one way of choosing must do
constexpr size_t kSwapsTried = 64;

uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

// What the limits come to in bit/s for this mean; the largest number when there is none.
uint64_t LimitFor(const Limits& limits, uint64_t mean) {
  uint64_t limit = UINT64_MAX;
  if (limits.of_mean > 0) limit = static_cast<uint64_t>(limits.of_mean * static_cast<double>(mean));
  if (limits.bits_per_second > 0) limit = std::min(limit, limits.bits_per_second);
  return limit;
}

// The conditions of one unit that may still move, by flow. Those that moved are skipped in near constant time, however
// many equal ones there are: each place remembers where to look on (disjoint sets with path halving).
class Candidates {
 public:
  explicit Candidates(std::vector<std::pair<uint64_t, uint32_t>> by_flow) : by_flow_(std::move(by_flow)) {
    std::sort(by_flow_.begin(), by_flow_.end());
    up_.resize(by_flow_.size() + 1);
    down_.resize(by_flow_.size() + 1);
    std::iota(up_.begin(), up_.end(), 0);      // up_[i]: a place at or above i; the last: none
    std::iota(down_.begin(), down_.end(), 0);  // down_[i]: a place at or below i, plus one; 0: none
  }
  static constexpr size_t kNone = SIZE_MAX;

  // The one whose flow is closest to `flow`, and below `limit`.
  size_t Closest(uint64_t flow, uint64_t limit) {
    const auto at = std::lower_bound(by_flow_.begin(), by_flow_.end(), std::pair<uint64_t, uint32_t>{flow, 0});
    const uint32_t place = static_cast<uint32_t>(at - by_flow_.begin());
    const size_t above = Follow(up_, place);
    const size_t below = Follow(down_, place);  // 0: none
    const bool has_above = above < by_flow_.size() && by_flow_[above].first < limit;
    if (below == 0) return has_above ? above : kNone;
    if (!has_above) return by_flow_[below - 1].first < limit ? below - 1 : kNone;
    return Distance(by_flow_[above].first, flow) < Distance(by_flow_[below - 1].first, flow) ? above : below - 1;
  }
  void Remove(size_t place) {
    up_[place] = static_cast<uint32_t>(place + 1);
    down_[place + 1] = static_cast<uint32_t>(place);
  }
  bool Has(size_t place) const { return up_[place] == place; }
  size_t size() const { return by_flow_.size(); }
  uint64_t flow(size_t place) const { return by_flow_[place].first; }
  uint32_t condition(size_t place) const { return by_flow_[place].second; }

 private:
  static size_t Follow(std::vector<uint32_t>& next, uint32_t i) {
    while (next[i] != i) {
      next[i] = next[next[i]];
      i = next[i];
    }
    return i;
  }
  std::vector<std::pair<uint64_t, uint32_t>> by_flow_;
  std::vector<uint32_t> up_, down_;
};

// An allocation that is being worked on.
struct Draft {
  absl::Span<const Share> shares;
  std::vector<UnitIndex> units;  // the eligible ones
  std::vector<UnitIndex> owner;  // of each condition
  std::vector<uint64_t> totals;  // of each unit

  uint64_t Spread() const {
    uint64_t most = 0, least = UINT64_MAX;
    for (const UnitIndex u : units) {
      most = std::max(most, totals[u]);
      least = std::min(least, totals[u]);
    }
    return most - least;
  }
  void Give(uint32_t condition, UnitIndex to) {
    if (owner[condition] != kNobody) totals[owner[condition]] -= shares[condition].bits_per_second;
    owner[condition] = to;
    totals[to] += shares[condition].bits_per_second;
  }
};

// Those with a flow: the largest first, each to the unit that has the least.
void PlaceByFlow(std::vector<uint32_t> homeless, Draft& draft) {
  const auto flow = [&draft](uint32_t c) { return draft.shares[c].bits_per_second; };
  std::stable_sort(homeless.begin(), homeless.end(), [&](uint32_t a, uint32_t b) { return flow(a) > flow(b); });
  using Load = std::pair<uint64_t, UnitIndex>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> least;
  for (const UnitIndex u : draft.units) least.emplace(draft.totals[u], u);
  for (const uint32_t c : homeless) {
    const UnitIndex to = least.top().second;
    least.pop();
    draft.Give(c, to);
    least.emplace(draft.totals[to], to);
  }
}

// Those without: numbers come out as equal as they can without taking anything away, in blocks by address.
void PlaceByNumber(const std::vector<uint32_t>& homeless, Draft& draft) {
  std::vector<size_t> has(draft.totals.size(), 0);
  for (const UnitIndex u : draft.owner) {
    if (u != kNobody) ++has[u];
  }
  // The level up to which they are filled; units that have more get nothing.
  std::vector<UnitIndex> by_number = draft.units;
  std::stable_sort(by_number.begin(), by_number.end(), [&](UnitIndex a, UnitIndex b) { return has[a] < has[b]; });
  size_t filled = 0, sum = homeless.size();
  while (filled < by_number.size() && (filled == 0 || has[by_number[filled]] * filled < sum)) {
    sum += has[by_number[filled++]];
  }
  const size_t level = sum / filled;
  size_t extras = sum % filled;
  std::vector<UnitIndex> takers(by_number.begin(), by_number.begin() + static_cast<ptrdiff_t>(filled));
  std::sort(takers.begin(), takers.end());
  size_t next = 0;
  for (const UnitIndex u : takers) {
    size_t upto = level;
    if (extras > 0) ++upto, --extras;
    for (; has[u] < upto && next < homeless.size(); ++has[u]) draft.Give(homeless[next++], u);
  }
}

void PlaceHomeless(Draft& draft) {
  std::vector<uint32_t> flowing, silent;
  for (uint32_t c = 0; c < draft.owner.size(); ++c) {
    if (draft.owner[c] == kNobody) (draft.shares[c].bits_per_second > 0 ? flowing : silent).push_back(c);
  }
  if (!flowing.empty()) PlaceByFlow(std::move(flowing), draft);
  if (!silent.empty()) PlaceByNumber(silent, draft);
}

// How large a condition is looked for: what evens out the two units, or what brings one of them to the mean.
enum class Seek : uint8_t { kHalf, kSmallerGap, kLargerGap };

uint64_t Wanted(Seek seek, uint64_t most, uint64_t least, uint64_t mean) {
  const uint64_t over = most > mean ? most - mean : 0, under = mean > least ? mean - least : 0;
  switch (seek) {
    case Seek::kSmallerGap: return std::min(over, under);
    case Seek::kLargerGap: return std::max(over, under);
    default: return (most - least) / 2;
  }
}

// Two conditions change places, one of the fullest unit for a smaller one of the emptiest: when nothing else helps.
bool Swap(Draft& draft, Candidates& fullest, Candidates& emptiest, UnitIndex from, UnitIndex to, uint64_t gap) {
  uint64_t best = gap;  // what is left of it
  size_t best_out = Candidates::kNone, best_back = 0;
  const size_t step = std::max<size_t>(1, emptiest.size() / kSwapsTried);
  for (size_t back = 0; back < emptiest.size(); back += step) {
    if (!emptiest.Has(back)) continue;
    const size_t out = fullest.Closest(emptiest.flow(back) + gap / 2, emptiest.flow(back) + gap);
    if (out == Candidates::kNone || fullest.flow(out) <= emptiest.flow(back)) continue;
    const uint64_t left = Distance(gap, 2 * (fullest.flow(out) - emptiest.flow(back)));
    if (left < best) best = left, best_out = out, best_back = back;
  }
  if (best_out == Candidates::kNone) return false;
  draft.Give(fullest.condition(best_out), to);
  draft.Give(emptiest.condition(best_back), from);
  fullest.Remove(best_out);
  emptiest.Remove(best_back);
  return true;
}

// From the fullest unit to the emptiest, the condition that evens them out best, until the spread is `goal` or nothing
// helps. A unit with nothing left to give, such as one that is alone with a large end system, is left as it is. Each
// step makes the sum of the squares of the totals smaller, and a condition moves only once: so it ends.
void Balance(Seek seek, uint64_t goal, Draft& draft) {
  std::vector<std::vector<std::pair<uint64_t, uint32_t>>> by_unit(draft.totals.size());
  for (uint32_t c = 0; c < draft.owner.size(); ++c) {
    if (draft.shares[c].bits_per_second > 0) by_unit[draft.owner[c]].emplace_back(draft.shares[c].bits_per_second, c);
  }
  std::vector<Candidates> candidates;
  for (auto& list : by_unit) candidates.emplace_back(std::move(list));
  uint64_t sum = 0;
  for (const UnitIndex u : draft.units) sum += draft.totals[u];
  const uint64_t mean = sum / draft.units.size();
  std::vector<UnitIndex> givers = draft.units;
  while (draft.Spread() > goal && !givers.empty()) {
    const auto by_total = [&draft](UnitIndex a, UnitIndex b) { return draft.totals[a] < draft.totals[b]; };
    const auto giver = std::max_element(givers.begin(), givers.end(), by_total);
    const UnitIndex from = *giver;
    const UnitIndex to = *std::min_element(draft.units.begin(), draft.units.end(), by_total);
    const uint64_t gap = draft.totals[from] - draft.totals[to];
    const size_t place = candidates[from].Closest(Wanted(seek, draft.totals[from], draft.totals[to], mean), gap);
    if (place != Candidates::kNone) {
      draft.Give(candidates[from].condition(place), to);
      candidates[from].Remove(place);
    } else if (!Swap(draft, candidates[from], candidates[to], from, to, gap)) {
      givers.erase(giver);
    }
  }
}

// Takes back what turned out not to be needed, the smallest first.
size_t Prune(const std::vector<UnitIndex>& before, uint64_t goal, Draft& draft) {
  std::vector<uint32_t> moved;
  for (uint32_t c = 0; c < before.size(); ++c) {
    if (draft.owner[c] != before[c]) moved.push_back(c);
  }
  std::sort(moved.begin(), moved.end(), [&draft](uint32_t a, uint32_t b) {
    return std::pair(draft.shares[a].bits_per_second, a) < std::pair(draft.shares[b].bits_per_second, b);
  });
  const uint64_t allowed = std::max(goal, draft.Spread());
  size_t left = moved.size();
  for (const uint32_t c : moved) {
    const UnitIndex to = draft.owner[c];
    draft.Give(c, before[c]);
    if (draft.Spread() > allowed) {
      draft.Give(c, to);
    } else {
      --left;
    }
  }
  return left;
}

// The best of several ways: one that reaches the goal with the fewest moves, or else the one that comes closest.
void BringUnder(uint64_t goal, uint64_t worthwhile, Draft& draft) {
  const std::vector<UnitIndex> before = draft.owner;
  const uint64_t spread_before = draft.Spread();
  Draft best = draft;
  std::pair<uint64_t, size_t> best_is{UINT64_MAX, 0};  // how far from the goal, and how many moves
  for (const Seek seek : {Seek::kHalf, Seek::kSmallerGap, Seek::kLargerGap}) {
    Draft draft_now = draft;
    Balance(seek, goal, draft_now);
    const size_t moves = Prune(before, goal, draft_now);
    const uint64_t spread = draft_now.Spread();
    const std::pair<uint64_t, size_t> is{spread > goal ? spread - goal : 0, moves};
    if (is < best_is) best = std::move(draft_now), best_is = is;
    if (before.size() > kTryAllWaysBelow) break;
  }
  // What stays above the goal must be worth its while, or noise would move end systems to and fro for ever.
  if (best_is.first == 0 || best.Spread() + worthwhile < spread_before) draft = std::move(best);
}

}  // namespace

std::vector<uint64_t> Totals(absl::Span<const Share> shares, size_t units) {
  std::vector<uint64_t> totals(units, 0);
  for (const Share& share : shares) {
    if (share.unit < units) totals[share.unit] += share.bits_per_second;
  }
  return totals;
}

Spread SpreadOf(const std::vector<uint64_t>& totals, const std::vector<bool>& eligible) {
  uint64_t most = 0, least = UINT64_MAX, sum = 0, units = 0;
  for (size_t u = 0; u < totals.size(); ++u) {
    if (!eligible[u]) continue;
    most = std::max(most, totals[u]);
    least = std::min(least, totals[u]);
    sum += totals[u];
    ++units;
  }
  if (sum == 0) return {};
  const double mean = static_cast<double>(sum) / static_cast<double>(units);
  return {most - least, static_cast<double>(most - least) / mean};
}

bool IsAbove(const Spread& spread, const Limits& limits) {
  return (limits.of_mean > 0 && spread.of_mean > limits.of_mean) ||
         (limits.bits_per_second > 0 && spread.bits_per_second > limits.bits_per_second);
}

uint64_t ForcedSpread(absl::Span<const Share> shares, size_t eligible_units) {
  if (eligible_units < 2) return 0;
  std::vector<uint64_t> largest;  // as many as there are units
  uint64_t rest = 0;
  for (const Share& share : shares) {
    rest += share.bits_per_second;
    largest.push_back(share.bits_per_second);
  }
  const size_t top = std::min(largest.size(), eligible_units);
  std::partial_sort(largest.begin(), largest.begin() + static_cast<ptrdiff_t>(top), largest.end(), std::greater<>());
  // Who has more than an equal part of what the others leave has a unit of its own.
  size_t alone = 0;
  while (alone + 1 < eligible_units && alone < top && largest[alone] * (eligible_units - alone) > rest) {
    rest -= largest[alone++];
  }
  return alone == 0 ? 0 : largest[0] - rest / (eligible_units - alone);
}

std::vector<Move> Allocate(absl::Span<const Share> shares, const std::vector<bool>& eligible, const Limits& limits) {
  if (shares.empty()) return {};
  Draft draft{.shares = shares, .units = {}, .owner = {}, .totals = std::vector<uint64_t>(eligible.size(), 0)};
  for (UnitIndex u = 0; u < eligible.size(); ++u) {
    if (eligible[u]) draft.units.push_back(u);
  }
  uint64_t sum = 0;
  draft.owner.reserve(shares.size());
  for (const Share& share : shares) {
    const bool stays = share.unit < eligible.size() && eligible[share.unit];
    draft.owner.push_back(stays ? share.unit : kNobody);
    if (stays) draft.totals[share.unit] += share.bits_per_second;
    sum += share.bits_per_second;
  }
  PlaceHomeless(draft);
  const uint64_t limit = LimitFor(limits, sum / draft.units.size());
  if (limit != UINT64_MAX && draft.Spread() > limit) {
    const uint64_t forced = ForcedSpread(shares, draft.units.size());
    const uint64_t goal = forced + static_cast<uint64_t>(limits.goal * static_cast<double>(limit));
    if (draft.Spread() > forced + limit) BringUnder(goal, limit / 2, draft);
  }
  std::vector<Move> moves;
  for (uint32_t c = 0; c < shares.size(); ++c) {
    if (draft.owner[c] != shares[c].unit) moves.push_back({c, draft.owner[c]});
  }
  return moves;
}

}  // namespace baton::controlplane::load_sharing
