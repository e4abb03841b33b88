// The part of the report that tells what the events' commands did, and what became of the packets before the first
// event and after each. Pure.
#pragma once

#include <string>

#include "generator/report/json.h"
#include "generator/result.h"

namespace baton::generator {

// What became of all classes' packets of one epoch.
struct EpochTotals {
  double from_s = 0, to_s = 0;  // of the sending
  DirectionCounts requests, responses;  // of what is judged
  uint64_t wrong_server = 0;
  Ends ends;                    // of connections
  Gap gap;                      // the longest of any flow
  size_t gap_class = 0;         // whose flow it is
  bool gap_of_requests = false;

  DirectionCounts both() const;
};

bool HasConnections(const RunResult& result);
std::vector<EpochTotals> TotalsOfEpochs(const RunResult& result);

// `events` and `intervals`; nothing in a run without events.
void WriteEvents(JsonWriter& json, const RunResult& result);
std::string SummaryOfEvents(const RunResult& result);

}  // namespace baton::generator
