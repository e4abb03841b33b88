#include "generator/timeline.h"

namespace baton::generator {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr size_t kUsualBuckets = 512;  // 4 KB a second: times within four powers of two

std::vector<int64_t> SecondsIn(int64_t duration_ns) {
  std::vector<int64_t> ends;
  for (int64_t end = kSecondNs; end < duration_ns; end += kSecondNs) ends.push_back(end);
  return ends;
}

}  // namespace

Timeline::Timeline(int64_t duration_ns, bool keep_trips)
    : seconds_(SecondsIn(duration_ns)), counts_(seconds_.count()), keep_trips_(keep_trips) {
  trips_.reserve(seconds_.count());
  if (!keep_trips) return;
  buckets_.reserve(seconds_.count() * kUsualBuckets);
  buckets_end_.reserve(seconds_.count());
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
  if (!keep_trips_) return;
  grown_.AppendTo(buckets_);
  buckets_end_.push_back(buckets_.size());
}

void Timeline::AddTrips(size_t second, Histogram& sum) const {
  for (size_t i = second == 0 ? 0 : buckets_end_[second - 1]; i < buckets_end_[second]; ++i) sum.Add(buckets_[i]);
  sum.NoteMost(trips_[second].most_ns);
}

}  // namespace baton::generator
