// A log-linear histogram of times in nanoseconds: 128 buckets for each power of two, so that a quantile is at most 0.8 %
// above the true value; exact below 256 ns, and the maximum is exact. Up to 2^40 ns (18 minutes); longer times count
// there. Fixed memory, one writer.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace baton::generator {

class Histogram {
 public:
  Histogram() : buckets_(kBuckets) {}

  void Note(uint64_t ns) {
    if (ns > most_) most_ = ns;
    ++buckets_[IndexOf(ns < kLimit ? ns : kLimit - 1)];
  }
  void Add(const Histogram& other);
  void Clear();
  void CopyFrom(const Histogram& other) { *this = other; }  // without allocating: all have the same size
  // Becomes what `now` has and `before`, an earlier state of the same, has not. The maximum is that of its bucket, and
  // exact when it is the highest of all. REQUIRES: neither is this.
  void SetGrowth(const Histogram& before, const Histogram& now);

  // What is in the buckets that are not empty, to be kept in less room.
  struct Bucket {
    uint32_t index;
    uint32_t count;
  };
  void AppendTo(std::vector<Bucket>& buckets) const;
  void Add(const Bucket& bucket) { buckets_[bucket.index] += bucket.count; }
  void NoteMost(uint64_t ns) { most_ = ns > most_ ? ns : most_; }

  uint64_t count() const;
  uint64_t most() const { return most_; }
  // The smallest value that at least `share` of the values do not exceed, rounded up to its bucket's end; 0 when there
  // are none. REQUIRES: 0 < share <= 1.
  uint64_t Quantile(double share) const;

 private:
  static constexpr int kSubBits = 7;
  static constexpr uint64_t kLimit = uint64_t{1} << 40;
  static constexpr size_t kBuckets = (40 - kSubBits + 1) << kSubBits;

  // Below 2^7 the value itself; above, 7 bits behind the leading one.
  static size_t IndexOf(uint64_t ns) {
    const int shift = ns < (2u << kSubBits) ? 0 : std::bit_width(ns) - kSubBits - 1;
    return (static_cast<size_t>(shift) << kSubBits) + (ns >> shift);
  }
  static uint64_t HighestIn(size_t index);

  std::vector<uint64_t> buckets_;
  uint64_t most_ = 0;
};

}  // namespace baton::generator
