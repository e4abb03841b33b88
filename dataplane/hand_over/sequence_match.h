// Mode `sequence`: which of the packets that wait at the new router in charge go on, by what the old one reported of
// each TCP flow (VR-80 to VR-85). Pure; one worker's, also the simulation's.
//
// All packets that waited are shown to Count, in the order in which they came; after EndCount to Forwards, in the same
// order; those that come later to ForwardsLate.
//   - TCP of a flow that the report names begins with the reported packet, known by its digest: acknowledgements without
//     data all have one number. When that packet did not wait, it begins with the first that is not before the reported
//     number (RFC 1982 arithmetic): what stands for the reported one (VR-81, VR-82, VR-Q16, VR-Q17).
//   - Where the report names the last that was forwarded, it begins with the first behind it that is not before the
//     number after it (VR-Q45).
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
  uint64_t digest = 0;
};

class SequenceMatch {
 public:
  SequenceMatch() = default;
  // As SortMarks leaves them; they are written to.
  SequenceMatch(absl::Span<MarkedFlow> flows, absl::Span<MarkedCondition> conditions)
      : flows_(flows), conditions_(conditions) {}

  // Whether the report has a record of the condition. Without one its sender does not know what it forwarded.
  bool Names(const IpAddress& source) const { return ConditionOf(source) != nullptr; }

  // `tcp`: nullptr when it is not TCP, or a piece of a packet.
  void Count(const IpAddress& source, const TcpPacket* tcp);
  void EndCount();
  bool Forwards(const IpAddress& source, const TcpPacket* tcp);
  bool ForwardsLate(const TcpPacket& tcp);
  // The same, and remembers nothing.
  bool MayForwardLate(const TcpPacket& tcp) const;

 private:
  static bool Begins(MarkedFlow& flow, const TcpPacket& tcp);
  MarkedFlow* FlowOf(const TcpPacket& tcp) const;
  MarkedCondition* ConditionOf(const IpAddress& source) const;

  absl::Span<MarkedFlow> flows_;
  absl::Span<MarkedCondition> conditions_;
};

}  // namespace baton::dataplane
