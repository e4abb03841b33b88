#include "generator/epochs.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace baton::generator {

Epochs::Epochs(std::vector<int64_t> events_ns) : events_(std::move(events_ns)), begins_(events_.size() + 1) {}

void Epochs::Begin(int64_t now_ns) {
  sending_began_ = now_ns;
  if (!events_.empty()) next_ = now_ns + events_[0];
}

void Epochs::Next(int64_t now_ns) {
  assert(Due(now_ns));
  begins_[++present_] = began_ = now_ns;
  next_ = present_ < events_.size() ? sending_began_ + events_[present_] : INT64_MAX;
}

size_t Epochs::Of(int64_t time_ns) const {
  size_t epoch = present_;
  while (epoch > 0 && time_ns < begins_[epoch]) --epoch;
  return epoch;
}

void CountsByEpoch::Close(const Counted& totals, const Ends& ends) {
  epochs_[present_].Add(totals);
  epochs_[present_].Subtract(totals_);
  totals_ = totals;
  epochs_[present_].ends.Add(ends);
  epochs_[present_].ends.Subtract(ends_);
  ends_ = ends;
  if (present_ + 1 < epochs_.size()) ++present_;
}

void CountsByEpoch::NoteGap(const Epochs& epochs, int64_t from_ns, int64_t to_ns, uint32_t flow,
                            Gap EpochCounts::*gap) {
  for (size_t epoch = epochs.Of(from_ns); epoch <= epochs.present(); ++epoch) {
    const int64_t begin = std::max(from_ns, epochs.begin_of(epoch));
    const int64_t end = epoch == epochs.present() ? to_ns : std::min(to_ns, epochs.begin_of(epoch + 1));
    (epochs_[epoch].*gap).Note(end - begin, flow);
  }
}

}  // namespace baton::generator
