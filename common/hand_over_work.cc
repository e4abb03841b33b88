#include "common/hand_over_work.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <tuple>

namespace baton {
namespace {

using std::chrono::microseconds;

// The notes from the oldest on.
std::vector<ForwardedNote> NotesOf(const Giving& giving) {
  std::vector<ForwardedNote> notes(giving.notes.begin(),
                                   giving.notes.begin() + static_cast<std::ptrdiff_t>(std::min<uint64_t>(
                                                              giving.noted, giving.notes.size())));
  if (giving.noted > giving.notes.size()) {
    std::rotate(notes.begin(), notes.begin() + static_cast<std::ptrdiff_t>(giving.noted % notes.size()), notes.end());
  }
  return notes;
}

}  // namespace

ForwardedReport MakeReport(absl::Span<const Giving* const> givings) {
  ForwardedReport report;
  for (const Giving* giving : givings) report.stopped_at = std::max(report.stopped_at, giving->stopped_at);
  for (const Giving* giving : givings) {
    const std::vector<ForwardedNote> notes = NotesOf(*giving);
    const bool lost = giving->noted > giving->notes.size();
    if (lost && notes.front().at >= giving->stopped_at - giving->cover) report.complete = false;
    for (const ForwardedNote& note : notes) {
      const auto before = std::chrono::duration_cast<microseconds>(report.stopped_at - note.at).count();
      if (before > std::numeric_limits<uint32_t>::max()) continue;  // an hour ago
      report.packets.push_back({note.digest, static_cast<uint32_t>(before)});
    }
  }
  std::stable_sort(report.packets.begin(), report.packets.end(), [](const ForwardedPacket& a, const ForwardedPacket& b) {
    return a.before_stop > b.before_stop;
  });
  return report;
}

std::vector<ReportedPacket> SortReport(absl::Span<const ForwardedPacket> packets, TimePoint stopped_at) {
  std::vector<ReportedPacket> report;
  report.reserve(packets.size());
  for (const ForwardedPacket& p : packets) report.push_back({p.digest, stopped_at - microseconds(p.before_stop)});
  std::sort(report.begin(), report.end(), [](const ReportedPacket& a, const ReportedPacket& b) {
    return std::tie(a.digest, a.at) < std::tie(b.digest, b.at);
  });
  for (size_t i = 0; i < report.size(); ++i) {
    report[i].left = static_cast<uint32_t>(i + 1);
    report[i].right = static_cast<uint32_t>(i);
  }
  return report;
}

}  // namespace baton
