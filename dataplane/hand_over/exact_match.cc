#include "dataplane/hand_over/exact_match.h"

#include <algorithm>

namespace baton::dataplane {

// The nearest place at or before `left` - 1 whose note is not used up, + 1; 0: none. Each way that is gone becomes half
// as long, so that a flood of identical packets costs no more than others.
uint32_t ExactMatch::UnusedTo(uint32_t left) const {
  while (left != 0 && report_[left - 1].left != left) {
    ReportedPacket& note = report_[left - 1];
    if (note.left != 0) note.left = report_[note.left - 1].left;
    left = note.left;
  }
  return left;
}

// The same to the other side; the size of the report: none.
uint32_t ExactMatch::UnusedFrom(uint32_t right) const {
  while (right != report_.size() && report_[right].right != right) {
    ReportedPacket& note = report_[right];
    if (note.right != report_.size()) note.right = report_[note.right].right;
    right = note.right;
  }
  return right;
}

int64_t ExactMatch::Find(uint64_t digest, TimePoint since, TimePoint arrival) const {
  const auto is_before = [&](const ReportedPacket& note, uint64_t d) {
    return note.digest != d ? note.digest < d : note.at < arrival;
  };
  const auto* next = std::lower_bound(report_.begin(), report_.end(), digest, is_before);
  const auto place = static_cast<uint32_t>(next - report_.begin());
  const uint32_t before = UnusedTo(place), after = UnusedFrom(place);  // before: + 1
  const bool earlier =
      before != 0 && report_[before - 1].digest == digest && report_[before - 1].at >= since - early_;
  const bool later = after != report_.size() && report_[after].digest == digest && report_[after].at <= arrival + late_;
  if (earlier && (!later || arrival - report_[before - 1].at <= report_[after].at - arrival)) return before - 1;
  return later ? after : int64_t{-1};
}

// There is no note of it: whether that is because it came before the notes begin.
bool ExactMatch::CameBefore(TimePoint since, TimePoint arrival) const {
  return since < begin_ && arrival < end_ - 2 * early_;
}

bool ExactMatch::WasForwarded(uint64_t digest, TimePoint since, TimePoint arrival) {
  if (arrival < begin_) return true;
  const int64_t found = Find(digest, since, arrival);
  if (found < 0) return CameBefore(since, arrival);
  const auto place = static_cast<uint32_t>(found);
  report_[place].left = place;
  report_[place].right = place + 1;
  return true;
}

bool ExactMatch::MayMatch(uint64_t digest, TimePoint since, TimePoint arrival) const {
  return arrival < begin_ || Find(digest, since, arrival) >= 0 || CameBefore(since, arrival);
}

}  // namespace baton::dataplane
