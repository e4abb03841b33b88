#include "generator/report/search_report.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "generator/report/json.h"
#include "generator/report/report.h"

namespace baton::generator {
namespace {

const char* NameOf(const Profile& profile) {
  switch (profile.search->what) {
    case SearchFor::kThroughput: break;
    case SearchFor::kCapacity: return "capacity";
    case SearchFor::kBackToBack: return "back_to_back";
  }
  return "throughput";
}

bool IsCapacity(const Profile& profile) { return profile.search->what == SearchFor::kCapacity; }

void WriteTrial(JsonWriter& json, absl::string_view key, const Trial& trial) {
  json.Object(key).Real("share", trial.share).Real("offered_per_second", trial.offered_rate);
  json.Number("flows", trial.flows).Real("sending_seconds", trial.sending_s);
  json.Number("sent", trial.sent).Number("arrived", trial.arrived).Number("lost", trial.lost);
  json.Number("silent_flows", trial.silent_flows).Number("skipped", trial.skipped);
  WriteTimes(json, "round_trip_us", trial.round_trip);
  json.Flag("passed", trial.passed);
  if (!trial.passed) json.Text("why", trial.why);
  json.EndObject();
}

std::string Amount(const Profile& profile, const Trial& trial) {
  if (IsCapacity(profile)) return absl::StrCat(trial.flows, " flows");
  if (profile.search->what == SearchFor::kBackToBack) return absl::StrCat(trial.requests, " requests in a row");
  return absl::StrFormat("%.0f requests/s", trial.offered_rate);
}

}  // namespace

std::string JsonReport(const Profile& profile, const SearchResult& result) {
  JsonWriter json;
  json.Object().Number("schema", 1).Text("search", NameOf(profile));
  json.Flag("passed", result.best.has_value() && !result.interrupted && result.failure.empty());
  if (!result.failure.empty()) json.Text("failure", result.failure);
  json.Flag("interrupted", result.interrupted).Real("resolution", profile.search->resolution);
  if (result.best) WriteTrial(json, "best", *result.best);
  if (!result.bursts.empty()) {
    json.Real("mean_burst", result.mean_burst()).Array("bursts");
    for (const uint64_t burst : result.bursts) json.Number("", burst);
    json.EndArray();
  }
  json.Array("trials");
  for (const Trial& trial : result.trials) WriteTrial(json, "", trial);
  json.EndArray().Array("under_load");
  for (const Trial& trial : result.under_load) WriteTrial(json, "", trial);
  json.EndArray().EndObject();
  return json.text() + "\n";
}

std::string TrialLine(const Profile& profile, const Trial& trial) {
  return absl::StrFormat("trial: %.2f %% (%s): %d sent, %d lost: %s", trial.share * 100, Amount(profile, trial),
                         trial.sent, trial.lost, trial.passed ? "passed" : trial.why);
}

std::string Summary(const Profile& profile, const SearchResult& result) {
  std::string text;
  for (const Trial& trial : result.under_load) {
    const Histogram& times = trial.round_trip;
    absl::StrAppendFormat(&text, "at %s: round trip p50 %.0f us, p99 %.0f us, max %.0f us, lost %d\n",
                          Amount(profile, trial), Microseconds(times.Quantile(0.5)), Microseconds(times.Quantile(0.99)),
                          Microseconds(times.most()), trial.lost);
  }
  if (!result.failure.empty()) return absl::StrCat(text, result.failure, "\nfailed\n");
  if (result.interrupted) absl::StrAppend(&text, "interrupted: what was found so far\n");
  if (!result.best) return absl::StrCat(text, "no trial passed\nfailed\n");
  if (!result.bursts.empty()) {
    absl::StrAppendFormat(&text, "back to back: %.0f requests, the mean of %d searches\n", result.mean_burst(),
                          result.bursts.size());
  }
  const bool all = result.best->share == 1;
  return absl::StrCat(text, NameOf(profile), ": ", all ? "all that the profile offers, " : "",
                      Amount(profile, *result.best), "\n");
}

}  // namespace baton::generator
