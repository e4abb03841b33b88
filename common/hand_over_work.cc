#include "common/hand_over_work.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <tuple>

namespace baton {
namespace {

using std::chrono::microseconds;

constexpr uint8_t kTcpProtocol = 6;

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
  std::stable_sort(
      report.packets.begin(), report.packets.end(),
      [](const ForwardedPacket& a, const ForwardedPacket& b) { return a.before_stop > b.before_stop; });
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

std::vector<FlowMark> MakeMarks(absl::Span<const Giving* const> givings) {
  std::vector<GivenFlow> flows;
  for (const Giving* giving : givings) {
    std::copy_if(giving->flows.begin(), giving->flows.end(), std::back_inserter(flows),
                 [](const GivenFlow& flow) { return flow.left || flow.forwarded; });
  }
  std::sort(flows.begin(), flows.end(), [](const GivenFlow& a, const GivenFlow& b) {
    return std::tuple(a.flow.src, !a.left, a.left_at, a.flow) < std::tuple(b.flow.src, !b.left, b.left_at, b.flow);
  });
  std::vector<FlowMark> marks;
  const std::vector<IpAddress> none;
  for (const IpAddress& condition : givings.empty() ? none : givings.front()->conditions) {
    auto flow = std::lower_bound(flows.begin(), flows.end(), condition,
                                 [](const GivenFlow& f, const IpAddress& address) { return f.flow.src < address; });
    if (flow == flows.end() || flow->flow.src != condition) marks.emplace_back().condition = condition;
    for (; flow != flows.end() && flow->flow.src == condition; ++flow) {
      marks.push_back({condition, flow->left ? FlowMark::Status::kFirst : FlowMark::Status::kLast, kTcpProtocol,
                       flow->flow.src, flow->flow.dst, flow->flow.src_port, flow->flow.dst_port,
                       flow->left ? flow->first : flow->last,
                       flow->left ? flow->first_digest : flow->last_digest});
    }
  }
  return marks;
}

void SortMarks(absl::Span<const FlowMark> marks, Taking& taking) {
  taking.flows.clear();
  taking.marked.clear();
  for (const FlowMark& mark : marks) {
    taking.marked.emplace_back().address = mark.condition;
    if (mark.status == FlowMark::Status::kNotFound || mark.protocol != kTcpProtocol) continue;
    const bool forwarded = mark.status == FlowMark::Status::kLast;
    taking.flows.push_back({.flow = {mark.src, mark.dst, mark.src_port, mark.dst_port},
                            .from = mark.sequence + (forwarded ? 1 : 0),
                            .digest = mark.digest,
                            .forwarded = forwarded});
  }
  std::sort(taking.flows.begin(), taking.flows.end(),
            [](const MarkedFlow& a, const MarkedFlow& b) { return a.flow < b.flow; });
  const auto address_below = [](const MarkedCondition& a, const MarkedCondition& b) { return a.address < b.address; };
  std::sort(taking.marked.begin(), taking.marked.end(), address_below);
  const auto same = [](const MarkedCondition& a, const MarkedCondition& b) { return a.address == b.address; };
  taking.marked.erase(std::unique(taking.marked.begin(), taking.marked.end(), same), taking.marked.end());
}

}  // namespace baton
