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

// The old router in charge. BeginGiving: the conditions pass and what is forwarded is noted. EndGiving: once it has
// noted for `cover`, and `linger` later, they are blocked; then it comes back with GivingEnded.
struct Giving {
  ConditionGroup group = 0;
  HandOverKind kind = HandOverKind::kExact;
  std::vector<IpAddress> conditions = {};
  Duration cover{};
  Duration linger{};
  DigestKey key = {};
  std::vector<ForwardedNote> notes = {};  // a ring: its size is the limit, the newest stay

  // Set by the worker.
  uint64_t noted = 0;      // into `notes`; more than its size: the oldest are gone
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
  std::vector<ReportedPacket> report = {};   // as SortReport leaves it

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

}  // namespace baton
