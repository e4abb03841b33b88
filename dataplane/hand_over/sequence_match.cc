#include "dataplane/hand_over/sequence_match.h"

#include <algorithm>

namespace baton::dataplane {
namespace {

// RFC 1982, 3.2: as TCP compares them (RFC 9293, 3.4).
bool NotBefore(uint32_t sequence, uint32_t from) { return static_cast<int32_t>(sequence - from) >= 0; }

}  // namespace

MarkedFlow* SequenceMatch::FlowOf(const TcpPacket& tcp) const {
  MarkedFlow* at = std::lower_bound(flows_.begin(), flows_.end(), tcp.flow,
                                    [](const MarkedFlow& marked, const TcpFlow& flow) { return marked.flow < flow; });
  return at == flows_.end() || at->flow != tcp.flow ? nullptr : at;
}

MarkedCondition* SequenceMatch::ConditionOf(const IpAddress& source) const {
  MarkedCondition* at =
      std::lower_bound(conditions_.begin(), conditions_.end(), source,
                       [](const MarkedCondition& marked, const IpAddress& a) { return marked.address < a; });
  return at == conditions_.end() || at->address != source ? nullptr : at;
}

void SequenceMatch::Count(const IpAddress& source, const TcpPacket* tcp) {
  MarkedCondition* condition = ConditionOf(source);
  if (condition == nullptr) return;
  ++condition->waited;
  MarkedFlow* flow = tcp == nullptr ? nullptr : FlowOf(*tcp);
  if (flow == nullptr) return;
  if (tcp->digest == flow->digest) {
    ++flow->copies;
    flow->agrees = !flow->forwarded;  // nothing up to it does
  } else {
    flow->agrees |= NotBefore(tcp->sequence, flow->from);
  }
}

void SequenceMatch::EndCount() {
  for (const MarkedFlow& flow : flows_) {
    MarkedCondition* condition = flow.agrees ? ConditionOf(flow.flow.src) : nullptr;
    if (condition != nullptr) condition->agrees = true;
  }
}

// Whether the flow begins with this packet, or has begun.
bool SequenceMatch::Begins(MarkedFlow& flow, const TcpPacket& tcp) {
  if (flow.begun) return true;
  const bool reported = tcp.digest == flow.digest;
  if (reported && flow.copies > 0) --flow.copies;
  if (flow.forwarded) {
    flow.begun = !reported && flow.copies == 0 && NotBefore(tcp.sequence, flow.from);
  } else {
    flow.begun = reported || (flow.copies == 0 && NotBefore(tcp.sequence, flow.from));
  }
  return flow.begun;
}

bool SequenceMatch::Forwards(const IpAddress& source, const TcpPacket* tcp) {
  MarkedCondition* condition = ConditionOf(source);
  if (condition == nullptr) return true;
  const uint32_t position = condition->passed++;
  MarkedFlow* flow = tcp == nullptr ? nullptr : FlowOf(*tcp);
  if (flow == nullptr) return condition->agrees ? condition->begun : 2 * uint64_t{position} >= condition->waited;
  const bool goes_on = Begins(*flow, *tcp);
  condition->begun |= goes_on;
  return goes_on;
}

bool SequenceMatch::MayForwardLate(const TcpPacket& tcp) const {
  const MarkedFlow* flow = FlowOf(tcp);
  if (flow == nullptr) return true;
  MarkedFlow copy = *flow;
  copy.copies = 0;
  return Begins(copy, tcp);
}

bool SequenceMatch::ForwardsLate(const TcpPacket& tcp) {
  MarkedFlow* flow = FlowOf(tcp);
  if (flow == nullptr) return true;
  flow->copies = 0;  // nothing waits any longer
  return Begins(*flow, tcp);
}

}  // namespace baton::dataplane
