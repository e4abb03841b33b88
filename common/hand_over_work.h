// What a worker is lent when end systems change hands: to note what it forwards (Giving), or to hold what it receives
// until the report has come (Taking). Made, sized and freed by the control thread; between lending one and getting it
// back the worker alone touches it. One for each worker and hand-over; what they noted goes into one report.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/types/span.h>

#include "common/condition.h"
#include "common/hand_over.h"
#include "common/packet_digest.h"
#include "common/time_point.h"

namespace baton {

enum class HandOverKind : uint8_t { kExact, kSequence };

struct ForwardedNote {
  uint64_t digest = 0;
  TimePoint at{};
};

struct TcpFlow {
  IpAddress src, dst;
  uint16_t src_port = 0, dst_port = 0;  // host byte order
  friend auto operator<=>(const TcpFlow&, const TcpFlow&) = default;
};

// What an old router in charge knows of a TCP flow, `sequence`.
struct GivenFlow {
  TcpFlow flow;                      // src_port 0: the place is free
  bool forwarded = false, left = false;
  uint32_t last = 0;                 // forwarded: the last octet that was
  uint32_t first = 0;                // left: the number of the first packet that was not forwarded
  uint64_t last_digest = 0, first_digest = 0;  // of the packet forwarded last; of the first that was not
  TimePoint left_at{};
};

// The old router in charge. BeginGiving: the conditions pass and what is forwarded is noted. EndGiving: once it has
// noted for `cover`, and `linger` later, they are blocked; then it comes back with GivingEnded. `sequence`: after
// `window` more, in which it looks for the first packets that it has not forwarded (VR-74): it has no buffer to look
// into. Where all of them were TCP, whose flows it knows from what it forwarded, after `linger` more: then what it
// forwarded has reached the taker.
struct Giving {
  ConditionGroup group = 0;
  HandOverKind kind = HandOverKind::kExact;
  std::vector<IpAddress> conditions = {};
  Duration cover{};
  Duration linger{};
  DigestKey key = {};
  std::vector<ForwardedNote> notes = {};  // kExact. A ring: its size is the limit, the newest stay
  std::vector<GivenFlow> flows = {};      // kSequence. A hash table: its size, a power of two, is the limit
  Duration window{};                      // kSequence

  // Set by the worker.
  uint64_t noted = 0;      // into `notes`; more than its size: the oldest are gone
  uint32_t unnoted = 0;    // TCP packets of flows for which there was no room
  bool others = false;     // kSequence: packets came that are no TCP
  uint32_t refused = 0;    // conditions for which there was no room: they go on as before
  TimePoint stopped_at{};  // no packet of the conditions was forwarded since

  void Note(uint64_t digest, TimePoint at) {
    if (notes.empty()) return;
    notes[noted++ % notes.size()] = {digest, at};
  }
};

// One packet of the report, in the taker's time.
struct ReportedPacket {
  uint64_t digest = 0;
  TimePoint at{};
  // Once it is used up: where to look on for one that is not, as place + 1 (left) and place (right).
  uint32_t left = 0, right = 0;
};

// Of the report, in the order of their flow; and of conditions, in the order of their address.
struct MarkedFlow {
  TcpFlow flow;
  uint32_t from = 0;       // the first number that is forwarded
  uint64_t digest = 0;     // of the packet that was reported
  bool forwarded = false;  // which the old router has forwarded; or else left
  uint32_t copies = 0;     // of it, that wait and have not been looked at
  bool agrees = false;     // a packet that agrees waited
  bool begun = false;      // a packet that agrees has been looked at
};
struct MarkedCondition {
  IpAddress address;
  uint32_t waited = 0, passed = 0;     // packets that were counted; of these, looked at
  bool agrees = false, begun = false;  // a packet that agrees is among those counted; it has been looked at
};

// The new router in charge. BeginTaking: packets of the conditions wait, until EndTaking, which comes with the report.
// What the old one has not forwarded goes on; when nothing can come late any more it comes back with TakingEnded.
struct Taking {
  ConditionGroup group = 0;
  HandOverKind kind = HandOverKind::kExact;
  std::vector<IpAddress> conditions = {};
  Duration skew{};   // by how much a packet may reach one of the routers later than the other
  Duration cover{};  // the old router's; exact.h tells how they hang together
  Duration limit{};  // no packet waits longer
  DigestKey key = {};

  // Set before EndTaking.
  TimePoint stopped_at{};                    // when the old router stopped, by our clock
  std::vector<ReportedPacket> report = {};   // kExact: as SortReport leaves it
  std::vector<MarkedFlow> flows = {};        // kSequence: as SortMarks leaves them
  std::vector<MarkedCondition> marked = {};

  // Set by the worker.
  uint32_t refused = 0;
  uint64_t released = 0, forwarded_before = 0;  // packets that waited and went on; that the old router had forwarded
};

// What one router forwarded: of all its workers, oldest first; before_stop counts from when the last worker stopped.
struct ForwardedReport {
  TimePoint stopped_at{};
  std::vector<ForwardedPacket> packets = {};
  bool complete = true;  // false: more was forwarded within `cover` than there was room for
};
ForwardedReport MakeReport(absl::Span<const Giving* const> givings);

// The same in the taker's time, in the order that it looks things up by.
std::vector<ReportedPacket> SortReport(absl::Span<const ForwardedPacket> packets, TimePoint stopped_at);

// Mode `sequence`: of each condition the flows with a packet that was left, the oldest first (VR-75), then those of
// which the last forwarded is known (VR-Q45); or that there was none (VR-78).
std::vector<FlowMark> MakeMarks(absl::Span<const Giving* const> givings);
void SortMarks(absl::Span<const FlowMark> marks, Taking& taking);

}  // namespace baton
