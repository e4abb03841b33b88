#include "generator/search/search.h"

#include <algorithm>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "generator/report/verdict.h"
#include "generator/search/bisection.h"

namespace baton::generator {
namespace {

// Of what should have been sent: a machine that pauses longer has not offered the rate of the trial.
constexpr double kMostSkipped = 0.01;

// Capacity goes by flows, throughput by the rate: a machine that pauses falls behind with the one or the other.
std::string WhyNotOffered(const Profile& profile, const Trial& trial, const RunResult& result) {
  if (profile.search->what != SearchFor::kCapacity) {
    uint64_t busy = 0, opened = 0;
    for (const ClassResult& c : result.classes) {
      busy += c.tcp.busy;
      opened += c.tcp.opened;
    }
    if (static_cast<double>(busy) > kMostSkipped * static_cast<double>(busy + opened)) {
      return absl::StrFormat("%d connections found no flow that was closed: count is too small", busy);
    }
    const double due = static_cast<double>(trial.sent + trial.skipped);
    if (static_cast<double>(trial.skipped) <= kMostSkipped * due) return "";
    return absl::StrFormat("this machine did not send %d of its packets", trial.skipped);
  }
  const bool all = std::all_of(result.classes.begin(), result.classes.end(),
                               [](const ClassResult& c) { return c.requests.counts.sent >= c.flows; });
  return all ? "" : "this machine did not send for every flow";
}

std::string WhyNot(const Profile& profile, const Trial& trial, const RunResult& result) {
  const std::string why = WhyNotOffered(profile, trial, result);
  if (!why.empty()) return why;
  if (profile.search->what == SearchFor::kCapacity && trial.silent_flows > 0) {
    return absl::StrCat(trial.silent_flows, " flows got no answer");
  }
  const Verdict verdict = JudgeRun(profile.limits, result);
  for (const Judged& limit : verdict.limits) {
    if (!limit.kept()) return absl::StrFormat("%s: %d, %.6g allowed", limit.what, limit.measured, limit.allowed);
  }
  return "";
}

Trial TrialOf(const Profile& profile, double share, const RunResult& result) {
  Trial trial{.share = share, .flows = result.flows, .sending_s = result.sending_s};
  const Totals totals = TotalsOf(result);
  trial.sent = totals.sent();
  trial.requests = totals.requests.sent;
  trial.arrived = totals.requests.arrived + totals.responses.arrived;
  trial.lost = totals.requests.lost() + totals.responses.lost();
  trial.skipped = totals.skipped;
  for (const ClassResult& c : result.classes) {
    trial.offered_rate += c.offered_rate;
    trial.silent_flows += c.responses.silent_flows;  // also when the request never arrived
    trial.round_trip.Add(c.round_trip);
  }
  trial.why = WhyNot(profile, trial, result);
  trial.passed = trial.why.empty();
  return trial;
}

}  // namespace

Profile ProfileOf(const Profile& profile, double share, size_t trial) {
  Profile scaled = profile;
  scaled.seed += trial;  // late packets of another trial are foreign in this one
  if (profile.search->what == SearchFor::kBackToBack) {
    scaled.duration = Duration(static_cast<int64_t>(static_cast<double>(profile.duration.count()) * share));
    return scaled;
  }
  for (FlowProfile& flow : scaled.flows) {
    if (profile.search->what == SearchFor::kCapacity) {
      flow.count = std::max<uint32_t>(1, static_cast<uint32_t>(static_cast<double>(flow.count) * share));
    } else {
      flow.rate *= share;
    }
  }
  return scaled;
}

double SearchResult::mean_burst() const {
  double sum = 0;
  for (const uint64_t burst : bursts) sum += static_cast<double>(burst);
  return bursts.empty() ? 0 : sum / static_cast<double>(bursts.size());
}

absl::StatusOr<SearchResult> Search(const Profile& profile, const RunTrial& run, const TrialEnded& ended) {
  SearchResult found;
  size_t number = 0;
  // False: it was the last one.
  const auto try_share = [&](double share, std::vector<Trial>& trials) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const RunResult result, run(ProfileOf(profile, share, number++)));
    found.failure = JudgeRun(profile.limits, result).failure;
    found.interrupted = result.interrupted;
    if (!found.failure.empty() || found.interrupted) return false;
    trials.push_back(TrialOf(profile, share, result));
    ended(trials.back());
    return true;
  };
  const bool bursts = profile.search->what == SearchFor::kBackToBack;
  for (int searches = bursts ? profile.search->repeat : 1; searches > 0; --searches) {
    Bisection bisection(profile.search->resolution);
    uint64_t burst = 0;
    while (!bisection.done()) {
      ASSIGN_OR_RETURN(const bool goes_on, try_share(bisection.next(), found.trials));
      if (!goes_on) return found;
      const Trial& trial = found.trials.back();
      bisection.Note(trial.passed);
      if (!trial.passed) continue;
      burst = trial.requests;
      if (!bursts || !found.best || trial.share > found.best->share) found.best = trial;
    }
    if (bursts) found.bursts.push_back(burst);
  }
  if (!found.best) return found;
  for (const double load : profile.search->loads) {
    ASSIGN_OR_RETURN(const bool goes_on, try_share(found.best->share * load, found.under_load));
    if (!goes_on) return found;
  }
  return found;
}

}  // namespace baton::generator
