#include "generator/report/verdict.h"

#include <algorithm>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

namespace baton::generator {

Totals TotalsOf(const RunResult& result) {
  Totals totals;
  for (const ClassResult& c : result.classes) {
    if (c.requests.judged) totals.requests.Add(c.requests.counts);
    if (c.responses.judged) totals.responses.Add(c.responses.counts);
    totals.wrong_server += c.wrong_server;
    totals.wrong_address += c.wrong_address;
    totals.skipped += c.skipped;
    totals.failed += c.tcp.failed() + c.tcp.error_responses;
    totals.opened += c.tcp.opened;
  }
  return totals;
}

namespace {

bool AnyUnanswered(const RunResult& result) {
  return std::any_of(result.unanswered.begin(), result.unanswered.end(),
                     [](const UnansweredResult& u) { return u.counts.sent > 0; }) ||
         std::any_of(result.replays.begin(), result.replays.end(),
                     [](const ReplayResult& r) { return r.counts.sent > 0; });
}

}  // namespace

Verdict JudgeRun(const Limits& limits, const RunResult& result) {
  Verdict verdict;
  const Totals totals = TotalsOf(result);
  const DirectionCounts &to = totals.requests, &from = totals.responses;
  const auto judge = [&](absl::string_view what, const std::optional<Limit>& limit, uint64_t measured) {
    if (!limit) return;
    const uint64_t all = what == "failed" ? totals.opened : totals.sent();
    const double allowed = limit->is_share ? limit->value * static_cast<double>(all) : limit->value;
    verdict.limits.push_back({std::string(what), measured, allowed});
  };
  judge("lost", limits.lost, to.lost() + from.lost());
  // Nobody can tell whether a late one is a second copy: it is not let through as none.
  judge("duplicated", limits.duplicated, to.duplicated + from.duplicated + to.late + from.late);
  judge("reordered", limits.reordered, to.reordered + from.reordered + to.late + from.late);
  judge("corrupted", limits.corrupted, to.corrupted + from.corrupted + result.strays.corrupted);
  judge("wrong_server", limits.wrong_server, totals.wrong_server);
  judge("wrong_address", limits.wrong_address, totals.wrong_address);
  judge("failed", limits.failed, totals.failed);
  if (!result.unresolved.empty()) {
    verdict.failure = absl::StrCat("nobody answers for ", absl::StrJoin(result.unresolved, ", "), ": nothing was sent");
  } else if (result.served) {
    const ServedCounts& served = *result.served;
    if (served.echoed + served.connections + served.pages == 0) verdict.failure = "nobody asked for anything";
  } else if (totals.sent() == 0 && totals.opened == 0 && !AnyUnanswered(result)) {
    verdict.failure = "nothing was sent";
  } else if (const auto event = std::find_if(result.events.begin(), result.events.end(),
                                             [](const EventResult& e) { return e.failed(); });
             event != result.events.end()) {
    verdict.failure = absl::StrCat("the event at ", event->at_s, " s failed: ", HowItEnded(*event));
  }
  return verdict;
}

std::string HowItEnded(const EventResult& event) {
  if (!event.failure.empty()) return event.failure;
  if (!event.started) return "its time did not come";
  if (event.ended_by_run) return "still running when the run ended";
  if (event.status) return absl::StrCat("exit status ", *event.status);
  return absl::StrCat("ended by signal ", event.signal);
}

bool Verdict::passed() const {
  return failure.empty() && std::all_of(limits.begin(), limits.end(), [](const Judged& j) { return j.kept(); });
}

}  // namespace baton::generator
