#include "generator/timeline.h"

namespace baton::generator {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

std::vector<int64_t> SecondsIn(int64_t duration_ns) {
  std::vector<int64_t> ends;
  for (int64_t end = kSecondNs; end < duration_ns; end += kSecondNs) ends.push_back(end);
  return ends;
}

}  // namespace

Timeline::Timeline(int64_t duration_ns) : seconds_(SecondsIn(duration_ns)), counts_(seconds_.count()) {
  trips_.reserve(seconds_.count());
}

void Timeline::Next(int64_t now_ns, const Counted& totals, const Histogram& trips) {
  Close(totals, trips);
  seconds_.Next(now_ns);
}

void Timeline::Close(const Counted& totals, const Histogram& trips) {
  counts_.Close(totals);
  grown_.SetGrowth(before_, trips);
  before_.CopyFrom(trips);
  trips_.push_back({grown_.count(), grown_.Quantile(0.5), grown_.Quantile(0.99), grown_.most()});
}

}  // namespace baton::generator
