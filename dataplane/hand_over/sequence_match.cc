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
  const MarkedFlow* flow = tcp == nullptr ? nullptr : FlowOf(*tcp);
  condition->agrees |= flow != nullptr && NotBefore(tcp->sequence, flow->from);
}

bool SequenceMatch::Forwards(const IpAddress& source, const TcpPacket* tcp) {
  MarkedCondition* condition = ConditionOf(source);
  if (condition == nullptr) return true;
  const uint32_t position = condition->passed++;
  MarkedFlow* flow = tcp == nullptr ? nullptr : FlowOf(*tcp);
  if (flow == nullptr) return condition->agrees ? condition->begun : 2 * uint64_t{position} >= condition->waited;
  flow->begun |= NotBefore(tcp->sequence, flow->from);
  condition->begun |= flow->begun;
  return flow->begun;
}

bool SequenceMatch::MayForwardLate(const TcpPacket& tcp) const {
  const MarkedFlow* flow = FlowOf(tcp);
  return flow == nullptr || flow->begun || NotBefore(tcp.sequence, flow->from);
}

bool SequenceMatch::ForwardsLate(const TcpPacket& tcp) {
  MarkedFlow* flow = FlowOf(tcp);
  if (flow == nullptr) return true;
  flow->begun |= NotBefore(tcp.sequence, flow->from);
  return flow->begun;
}

}  // namespace baton::dataplane
