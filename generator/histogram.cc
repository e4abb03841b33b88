#include "generator/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace baton::generator {

uint64_t Histogram::HighestIn(size_t index) {
  if (index < (size_t{2} << kSubBits)) return index;
  const size_t shift = (index >> kSubBits) - 1;
  const uint64_t mantissa = (index & ((size_t{1} << kSubBits) - 1)) | (size_t{1} << kSubBits);
  return ((mantissa + 1) << shift) - 1;
}

void Histogram::Add(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  most_ = std::max(most_, other.most_);
}

void Histogram::Clear() {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  most_ = 0;
}

void Histogram::SetGrowth(const Histogram& before, const Histogram& now) {
  size_t highest = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    buckets_[i] = now.buckets_[i] - before.buckets_[i];
    if (buckets_[i] > 0) highest = i;
  }
  most_ = now.most_ > before.most_ ? now.most_ : std::min(HighestIn(highest), now.most_);
  if (buckets_[highest] == 0) most_ = 0;
}

uint64_t Histogram::count() const { return std::accumulate(buckets_.begin(), buckets_.end(), uint64_t{0}); }

uint64_t Histogram::Quantile(double share) const {
  const uint64_t all = count();
  if (all == 0) return 0;
  const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(all))));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(HighestIn(i), most_);
  }
  return most_;
}

void Histogram::AppendTo(std::vector<Bucket>& buckets) const {
  for (size_t i = 0; i < kBuckets; ++i) {
    if (buckets_[i] != 0) buckets.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(buckets_[i])});
  }
}

}  // namespace baton::generator
