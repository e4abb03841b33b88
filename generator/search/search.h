// Finds out how much goes through: runs a profile again and again, with more or less of its rate (throughput: RFC
// 2544, 26.1), of its flows (capacity) or of its duration (back-to-back: RFC 2544, 26.4), and judges each trial by the
// profile's limits; then, at parts of the throughput found, how long packets take (RFC 2544, 26.2). One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "generator/profile/profile.h"
#include "generator/result.h"

namespace baton::generator {

struct Trial {
  double share = 1;          // of the profile's rates, of its flows, or of its duration
  double offered_rate = 0;   // packets per second of all classes
  uint64_t flows = 0;
  double sending_s = 0;
  uint64_t sent = 0, arrived = 0, lost = 0, silent_flows = 0, skipped = 0;
  uint64_t requests = 0;     // of sent
  Histogram round_trip = {};  // of all classes
  bool passed = false;
  std::string why = {};      // it did not pass
};

struct SearchResult {
  std::vector<Trial> trials;       // in their order
  std::optional<Trial> best;       // none: no trial passed
  std::vector<Trial> under_load;   // at each of SearchProfile::loads
  std::vector<uint64_t> bursts;    // kBackToBack: the longest of each search, in requests; 0: none passed

  double mean_burst() const;
  bool interrupted = false;
  std::string failure;             // why there was nothing to search; empty: there was
};

// Runs one trial of this profile, from the first packet to the last.
using RunTrial = std::function<absl::StatusOr<RunResult>(const Profile& profile)>;
// Told of each trial when it has ended.
using TrialEnded = std::function<void(const Trial& trial)>;

// REQUIRES: profile.search.
absl::StatusOr<SearchResult> Search(const Profile& profile, const RunTrial& run, const TrialEnded& ended);

// The profile of one trial: this share of the rates, of the duration, or of the flows of each class, one at least.
Profile ProfileOf(const Profile& profile, double share, size_t trial);

}  // namespace baton::generator
