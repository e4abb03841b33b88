// The sending cut into seconds, for plots: what became of what was sent in each, exactly as between events (epochs.h),
// and how long the round trips took whose responses arrived in it. A second's end costs a walk through the classes'
// histograms, 10 us for one; a packet costs nothing. One core; allocates nothing after construction, but when it keeps
// the round trips of a second that have more different times than usual.
#pragma once

#include <cstdint>
#include <vector>

#include "generator/epochs.h"
#include "generator/histogram.h"

namespace baton::generator {

struct TripTimes {
  uint64_t count = 0;
  uint64_t p50_ns = 0, p99_ns = 0, most_ns = 0;  // at most 0.8 % above the true values
};

class Timeline {
 public:
  // `keep_trips`: for other cores' to be added. REQUIRES: duration_ns > 0.
  explicit Timeline(int64_t duration_ns, bool keep_trips = false);

  void Begin(int64_t now_ns) { seconds_.Begin(now_ns); }
  bool Due(int64_t now_ns) const { return seconds_.Due(now_ns); }
  // A second is over. `totals` and `trips`: of all classes since the beginning. REQUIRES: Due(now_ns).
  void Next(int64_t now_ns, const Counted& totals, const Histogram& trips);
  // The last one is over, which may be shorter.
  void Close(const Counted& totals, const Histogram& trips);

  const Epochs& seconds() const { return seconds_; }
  CountsByEpoch& counts() { return counts_; }
  const CountsByEpoch& counts() const { return counts_; }
  const std::vector<TripTimes>& trips() const { return trips_; }
  // Adds a second's round trips to `sum`. REQUIRES: keep_trips.
  void AddTrips(size_t second, Histogram& sum) const;

 private:
  Epochs seconds_;
  CountsByEpoch counts_;
  std::vector<TripTimes> trips_;
  Histogram before_, grown_;
  bool keep_trips_;
  std::vector<Histogram::Bucket> buckets_;  // of all seconds
  std::vector<size_t> buckets_end_;         // by second
};

}  // namespace baton::generator
