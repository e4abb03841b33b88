#include "generator/report/events.h"

#include <algorithm>

#include <absl/strings/str_format.h>

#include "generator/report/verdict.h"

namespace baton::generator {
namespace {

double Microseconds(int64_t ns) { return static_cast<double>(ns) / 1000; }

void WriteCounts(JsonWriter& json, const DirectionCounts& counts) {
  json.Number("sent", counts.sent).Number("arrived", counts.arrived).Number("lost", counts.lost());
  json.Number("duplicated", counts.duplicated).Number("reordered", counts.reordered).Number("late", counts.late);
  json.Number("corrupted", counts.corrupted);
}

void WriteDirection(JsonWriter& json, absl::string_view key, const DirectionCounts& counts, const Gap& gap,
                    bool judged) {
  json.Object(key);
  if (judged) {
    WriteCounts(json, counts);
    json.Real("longest_gap_us", Microseconds(gap.ns)).Number("longest_gap_flow", gap.flow);
  } else {
    json.Number("sent", counts.sent);
  }
  json.EndObject();
}

void WriteEvent(JsonWriter& json, const EventResult& event) {
  json.Object().Real("at", event.at_s).Text("run", event.run).Text("outcome", HowItEnded(event));
  json.Flag("failed", event.failed());
  if (event.started) json.Real("started", event.started_s);
  if (event.started && event.ended_s > 0) json.Real("ended", event.ended_s);
  if (event.status) json.Number("exit_status", static_cast<uint64_t>(*event.status));
  json.Array("stderr");
  for (const std::string& line : event.errors) json.Text("", line);
  json.EndArray().EndObject();
}

void WriteEnds(JsonWriter& json, const Ends& ends) {
  json.Object("connections").Number("opened", ends.opened).Number("completed", ends.completed);
  json.Number("timed_out", ends.timed_out).Number("reset", ends.reset).EndObject();
}

void WriteInterval(JsonWriter& json, const RunResult& result, size_t epoch, const EpochTotals& totals) {
  json.Object();
  if (epoch == 0) {
    json.Null("event");
  } else {
    json.Number("event", epoch - 1);
  }
  json.Real("from", totals.from_s).Real("to", totals.to_s);
  WriteCounts(json, totals.both());
  json.Number("wrong_server", totals.wrong_server);
  if (HasConnections(result)) WriteEnds(json, totals.ends);
  json.Real("longest_gap_us", Microseconds(totals.gap.ns)).Number("longest_gap_flow", totals.gap.flow);
  json.Text("longest_gap_class", result.classes.empty() ? "" : result.classes[totals.gap_class].name);
  json.Text("longest_gap_direction", totals.gap_of_requests ? "requests" : "responses");
  json.Array("classes");
  for (const ClassResult& c : result.classes) {
    const EpochCounts& counts = c.epochs[epoch];
    json.Object().Text("name", c.name).Number("wrong_server", counts.wrong_server);
    if (c.is_tcp) WriteEnds(json, counts.ends);
    WriteDirection(json, "requests", counts.requests, counts.request_gap, c.requests.judged);
    WriteDirection(json, "responses", counts.responses, counts.response_gap, c.responses.judged);
    json.EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace

DirectionCounts EpochTotals::both() const {
  DirectionCounts sum = requests;
  sum.Add(responses);
  return sum;
}

bool HasConnections(const RunResult& result) {
  return std::any_of(result.classes.begin(), result.classes.end(), [](const ClassResult& c) { return c.is_tcp; });
}

std::vector<EpochTotals> TotalsOfEpochs(const RunResult& result) {
  std::vector<EpochTotals> epochs;
  for (size_t e = 0; e < result.epoch_begins_s.size(); ++e) {
    EpochTotals& totals = epochs.emplace_back();
    totals.from_s = result.epoch_begins_s[e];
    totals.to_s = e + 1 < result.epoch_begins_s.size() ? result.epoch_begins_s[e + 1] : result.sending_s;
    const auto note_gap = [&](const Gap& gap, size_t of_class, bool requests) {
      if (gap.ns <= totals.gap.ns) return;
      totals.gap = gap;
      totals.gap_class = of_class;
      totals.gap_of_requests = requests;
    };
    for (size_t i = 0; i < result.classes.size(); ++i) {
      const ClassResult& c = result.classes[i];
      const EpochCounts& counts = c.epochs[e];
      totals.wrong_server += counts.wrong_server;
      totals.ends.Add(counts.ends);
      if (c.responses.judged) {
        totals.responses.Add(counts.responses);
        note_gap(counts.response_gap, i, false);
      }
      if (c.requests.judged) {
        totals.requests.Add(counts.requests);
        note_gap(counts.request_gap, i, true);
      }
    }
  }
  return epochs;
}

void WriteEvents(JsonWriter& json, const RunResult& result) {
  if (result.events.empty()) return;
  json.Array("events");
  for (const EventResult& event : result.events) WriteEvent(json, event);
  json.EndArray().Array("intervals");
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(result);
  for (size_t epoch = 0; epoch < epochs.size(); ++epoch) WriteInterval(json, result, epoch, epochs[epoch]);
  json.EndArray();
}

std::string SummaryOfEvents(const RunResult& result) {
  if (result.events.empty()) return "";
  std::string text;
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(result);
  for (size_t e = 0; e <= result.events.size(); ++e) {
    if (e == 0) {
      text += "before the first event: ";
    } else {
      const EventResult& event = result.events[e - 1];
      absl::StrAppendFormat(&text, "at %g s %s (%s): ", event.at_s, event.run, HowItEnded(event));
    }
    if (e >= epochs.size()) {
      text += "nothing was sent after it\n";
      continue;
    }
    const EpochTotals& totals = epochs[e];
    const DirectionCounts both = totals.both();
    absl::StrAppendFormat(&text, "sent %d, lost %d, duplicated %d, reordered %d, late %d, corrupted %d, ", both.sent,
                          both.lost(), both.duplicated, both.reordered, both.late, both.corrupted);
    if (HasConnections(result)) {
      absl::StrAppendFormat(&text, "connections timed out %d, reset %d, ", totals.ends.timed_out, totals.ends.reset);
    }
    absl::StrAppendFormat(&text, "wrong server %d; longest gap %.1f ms\n", totals.wrong_server,
                          static_cast<double>(totals.gap.ns) / 1e6);
  }
  return text;
}

}  // namespace baton::generator
