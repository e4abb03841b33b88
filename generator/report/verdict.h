// Whether a run kept the limits of its profile. Pure.
#pragma once

#include <string>
#include <vector>

#include "generator/profile/profile.h"
#include "generator/result.h"

namespace baton::generator {

struct Totals {
  DirectionCounts requests, responses;  // of what is judged
  uint64_t wrong_server = 0, wrong_address = 0, skipped = 0, failed = 0, opened = 0;

  uint64_t sent() const { return requests.sent + responses.sent; }
};

Totals TotalsOf(const RunResult& result);

struct Judged {
  std::string what;      // "lost"
  uint64_t measured = 0;
  double allowed = 0;    // as a number, also where the limit is a share
  bool kept() const { return static_cast<double>(measured) <= allowed; }
};

struct Verdict {
  std::vector<Judged> limits;
  std::string failure;  // why there is nothing to judge, or which event failed; empty: neither

  bool passed() const;
};

// "exit status 1"
std::string HowItEnded(const EventResult& event);

Verdict JudgeRun(const Limits& limits, const RunResult& result);

}  // namespace baton::generator
