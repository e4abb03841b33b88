// The time of a run, cut at its events: epoch 0 is before the first one, epoch n lasts from event n to the next. A
// packet belongs to the epoch in which its request was sent, whenever it or its response arrives: the stamp tells. A
// packet of the present epoch costs one comparison. One core; allocates nothing after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "generator/counts.h"

namespace baton::generator {

class Epochs {
 public:
  // Events, in nanoseconds from the beginning of the sending. REQUIRES: ascending.
  explicit Epochs(std::vector<int64_t> events_ns = {});

  size_t count() const { return events_.size() + 1; }
  size_t present() const { return present_; }
  void Begin(int64_t now_ns);                                 // of the sending
  bool Due(int64_t now_ns) const { return now_ns >= next_; }  // the next epoch is to begin
  void Next(int64_t now_ns);                                  // REQUIRES: Due(now_ns)

  // When the present epoch began; 0 in epoch 0, before which nothing can be.
  int64_t began() const { return began_; }
  // What is this old was sent in an earlier epoch.
  bool IsEarlier(uint64_t age_ns, int64_t now_ns) const { return age_ns > static_cast<uint64_t>(now_ns - began_); }
  // The epoch that a time in the past belongs to.
  size_t Of(int64_t time_ns) const;
  int64_t begin_of(size_t epoch) const { return epoch == 0 ? sending_began_ : begins_[epoch]; }

 private:
  std::vector<int64_t> events_;
  std::vector<int64_t> begins_;  // of each epoch; [0] is 0
  size_t present_ = 0;
  int64_t began_ = 0, next_ = INT64_MAX, sending_began_ = 0;
};

// One class's counts by epoch. What the present epoch has is the growth of the class's totals since it began; what
// comes for an earlier one is moved there.
class CountsByEpoch {
 public:
  explicit CountsByEpoch(size_t epochs) : epochs_(epochs) {}

  // The present epoch ends. REQUIRES: called once for each, in order, with the class's totals.
  void Close(const Counted& totals, const Ends& ends = {});
  // `count(counts, n)` adds n to what was counted in the present epoch, but belongs to an earlier one.
  template <typename Count>
  void Move(size_t epoch, Count count) {
    count(epochs_[epoch], uint64_t{1});
    count(epochs_[present_], ~uint64_t{0});
  }
  EpochCounts& present() { return epochs_[present_]; }
  // A flow's time without an arrival: each epoch has its own part of it.
  void NoteGap(const Epochs& epochs, int64_t from_ns, int64_t to_ns, uint32_t flow, Gap EpochCounts::*gap);

  const std::vector<EpochCounts>& all() const { return epochs_; }

 private:
  std::vector<EpochCounts> epochs_;
  size_t present_ = 0;
  Counted totals_;  // when the present epoch began
  Ends ends_;
};

}  // namespace baton::generator
