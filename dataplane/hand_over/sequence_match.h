// Mode `sequence`: which of the packets that wait at the new router in charge go on, by what the old one reported of
// each TCP flow (VR-80 to VR-85). Pure; one worker's, also the simulation's.
//
// All packets of a condition that waited are shown to Count, in the order in which they came, and then to Forwards, in
// the same order; those that come later to ForwardsLate.
//   - TCP of a flow that the report names begins with the first packet that is not before the reported number (RFC 1982
//     arithmetic): the reported packet itself, or what stands for it when it never came (VR-81, VR-82, VR-Q16, VR-Q17).
//   - What else comes from the end system (VR-Q19) goes on from where the first named flow does: by position.
//   - Where no named flow agrees, or the report found none, of these others the older half of what waited is dropped
//     and the younger half goes on (VR-84, VR-Q17, VR-Q18). What a record names is never guessed at like that: when all
//     that waited of the flow is before the reported number, the old router has forwarded all of it.
// The check of a flow ends at the first packet that agrees (VR-83): a retransmission of what comes before it, behind
// it, goes on.
#pragma once

#include <cstdint>

#include <absl/types/span.h>

#include "common/hand_over_work.h"

namespace baton::dataplane {

struct TcpPacket {
  TcpFlow flow;  // src_port 0: it is no TCP
  uint32_t sequence = 0;
  uint32_t octets = 0;  // of the sequence space: payload, SYN and FIN
};

class SequenceMatch {
 public:
  SequenceMatch() = default;
  // As SortMarks leaves them; they are written to.
  SequenceMatch(absl::Span<MarkedFlow> flows, absl::Span<MarkedCondition> conditions)
      : flows_(flows), conditions_(conditions) {}

  // `tcp`: nullptr when it is not TCP, or a piece of a packet.
  void Count(const IpAddress& source, const TcpPacket* tcp);
  bool Forwards(const IpAddress& source, const TcpPacket* tcp);
  bool ForwardsLate(const TcpPacket& tcp);
  // The same, and remembers nothing.
  bool MayForwardLate(const TcpPacket& tcp) const;

 private:
  MarkedFlow* FlowOf(const TcpPacket& tcp) const;
  MarkedCondition* ConditionOf(const IpAddress& source) const;

  absl::Span<MarkedFlow> flows_;
  absl::Span<MarkedCondition> conditions_;
};

}  // namespace baton::dataplane
