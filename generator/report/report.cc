#include "generator/report/report.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "generator/report/esp.h"
#include "generator/report/events.h"
#include "generator/report/hosts.h"
#include "generator/report/fragments.h"
#include "generator/report/json.h"
#include "generator/report/replay.h"
#include "generator/report/saturation.h"
#include "generator/report/unanswered.h"

namespace baton::generator {
namespace {

void WriteCounts(JsonWriter& json, const DirectionCounts& counts) {
  json.Number("sent", counts.sent).Number("sent_bytes", counts.sent_bytes).Number("arrived", counts.arrived);
  json.Number("lost", counts.lost()).Number("duplicated", counts.duplicated).Number("reordered", counts.reordered);
  json.Number("late", counts.late).Number("corrupted", counts.corrupted);
}

void WriteDirection(JsonWriter& json, absl::string_view key, const DirectionResult& direction) {
  json.Object(key);
  if (direction.judged) {
    WriteCounts(json, direction.counts);
    json.Number("silent_flows", direction.silent_flows);
    json.Number("longest_gap_flow", direction.longest_gap_flow);
    WriteTimes(json, "longest_gap_us", direction.longest_gaps);
  } else {
    json.Number("sent", direction.counts.sent).Number("sent_bytes", direction.counts.sent_bytes);
  }
  json.EndObject();
}

void WriteConnections(JsonWriter& json, const ClassResult& c, double seconds) {
  const TcpCounts& tcp = c.tcp;
  json.Object("connections").Number("opened", tcp.opened).Number("established", tcp.established);
  json.Number("completed", tcp.completed);
  json.Real("completed_per_second", seconds > 0 ? static_cast<double>(tcp.completed) / seconds : 0);
  json.Number("timed_out", tcp.timed_out).Number("reset_by_server", tcp.reset_by_server);
  json.Number("reset_by_others", tcp.reset_by_others).Number("still_open", tcp.concurrent).Number("busy", tcp.busy);
  json.Number("most_concurrent", tcp.most_concurrent).Number("retransmitted", tcp.retransmitted);
  json.Number("duplicate_segments", tcp.duplicate_segments).Number("out_of_order", tcp.out_of_order);
  json.Number("closed_early", tcp.closed_early).Number("not_understood", tcp.not_understood);
  json.Number("error_responses", tcp.error_responses);
  json.Number("abandoned", tcp.abandoned).Number("resets_sent", tcp.resets_sent);
  WriteTimes(json, "set_up_us", c.tcp_set_up);
  json.EndObject();
}

void WriteClass(JsonWriter& json, const ClassResult& c, double seconds) {
  json.Object().Text("name", c.name).Number("flows", c.flows);
  if (c.offered_rate > 0) {
    json.Real("offered_per_second", c.offered_rate);
  } else {
    json.Text("offered_per_second", "max");
  }
  json.Real("sent_per_second", seconds > 0 ? static_cast<double>(c.requests.counts.sent) / seconds : 0);
  json.Number("skipped", c.skipped).Number("wrong_server", c.wrong_server);
  json.Number("wrong_address", c.wrong_address);
  WriteDirection(json, "requests", c.requests);
  WriteDirection(json, "responses", c.responses);
  if (c.requests.judged) WriteTimes(json, "one_way_us", c.one_way);
  WriteTimes(json, "round_trip_us", c.round_trip);
  if (c.is_tcp) WriteConnections(json, c, seconds);
  WriteEspResult(json, c);
  if (c.in_pieces) {
    json.Object("fragments_sent")
        .Number("requests", c.request_pieces)
        .Number("responses", c.response_pieces)
        .EndObject();
  }
  if (c.mobile) {
    json.Object("mobile").Number("moves", c.mobile->moves);
    WriteTimes(json, "gap_over_move_us", c.mobile->gaps);
    json.EndObject();
  }
  json.EndObject();
}

void WriteInjected(JsonWriter& json, absl::string_view key, const Injected& injected) {
  json.Object(key).Number("passed", injected.passed).Number("lost", injected.lost);
  json.Number("duplicated", injected.duplicated).Number("reordered", injected.reordered);
  json.Number("corrupted", injected.corrupted).EndObject();
}

void WriteTotal(JsonWriter& json, const RunResult& result) {
  const Totals totals = TotalsOf(result);
  DirectionCounts both = totals.requests;
  both.Add(totals.responses);
  json.Object("total");
  WriteCounts(json, both);
  json.Number("wrong_server", totals.wrong_server).Number("wrong_address", totals.wrong_address);
  json.Number("skipped", totals.skipped);
  json.Number("corrupted_strays", result.strays.corrupted).Number("foreign", result.strays.foreign);
  json.Number("neighbor_frames", result.strays.neighbor).Number("icmp_errors", result.strays.icmp_errors);
  WriteHostCounts(json, result.strays);
  json.Number("handed_over", result.handed_over);
  json.EndObject();
}

void WriteServed(JsonWriter& json, const ServedCounts& served) {
  json.Object("served").Number("echoed", served.echoed).Number("connections", served.connections);
  json.Number("pages", served.pages).Number("not_understood", served.not_understood).EndObject();
}

void WriteVerdict(JsonWriter& json, const Verdict& verdict) {
  json.Flag("passed", verdict.passed());
  if (!verdict.failure.empty()) json.Text("failure", verdict.failure);
  json.Array("limits");
  for (const Judged& judged : verdict.limits) {
    json.Object().Text("what", judged.what).Number("measured", judged.measured).Real("allowed", judged.allowed);
    json.Flag("kept", judged.kept()).EndObject();
  }
  json.EndArray();
}

void WritePorts(JsonWriter& json, const RunResult& result) {
  json.Array("ports");
  for (const PortResult& port : result.ports) {
    json.Object().Text("name", port.name).Text("device", port.device).Flag("link_up", port.link_up);
    json.Number("times_down", port.times_down).Real("down_seconds", port.down_s);
    json.Number("received", port.received).Number("sent", port.sent).Number("missed", port.missed);
    json.Number("receive_errors", port.receive_errors).Number("transmit_errors", port.transmit_errors).EndObject();
  }
  json.EndArray();
}

void WriteSeconds(JsonWriter& json, const RunResult& result) {
  json.Array("seconds");
  for (const SecondResult& second : result.seconds) {
    json.Object().Real("at", second.at_s).Number("sent", second.sent).Number("arrived", second.arrived);
    json.Number("duplicated", second.duplicated).Number("reordered", second.reordered);
    json.Number("corrupted", second.corrupted).Number("connections", second.connections).EndObject();
  }
  json.EndArray();
}

void WriteTimeline(JsonWriter& json, const RunResult& result) {
  json.Array("timeline");
  for (const SecondOfRun& second : result.timeline) {
    DirectionCounts both = second.counts.requests;
    both.Add(second.counts.responses);
    json.Object().Real("from", second.from_s).Real("to", second.to_s);
    json.Number("sent", both.sent).Number("arrived", both.arrived).Number("lost", both.lost());
    json.Number("duplicated", both.duplicated).Number("reordered", both.reordered).Number("late", both.late);
    json.Number("corrupted", both.corrupted).Number("wrong_server", second.counts.wrong_server);
    json.Object("round_trip_us").Number("count", second.round_trip.count);
    json.Real("p50", Microseconds(second.round_trip.p50_ns)).Real("p99", Microseconds(second.round_trip.p99_ns));
    json.Real("max", Microseconds(second.round_trip.most_ns)).EndObject().EndObject();
  }
  json.EndArray();
}

}  // namespace

void WriteTimes(JsonWriter& json, absl::string_view key, const Histogram& times) {
  json.Object(key).Number("count", times.count());
  json.Real("p50", Microseconds(times.Quantile(0.5))).Real("p90", Microseconds(times.Quantile(0.9)));
  json.Real("p99", Microseconds(times.Quantile(0.99))).Real("p99_9", Microseconds(times.Quantile(0.999)));
  json.Real("p99_99", Microseconds(times.Quantile(0.9999))).Real("max", Microseconds(times.most())).EndObject();
}

std::string JsonReport(const Profile& profile, const RunResult& result, const Verdict& verdict) {
  JsonWriter json;
  json.Object().Number("schema", 1);
  WriteVerdict(json, verdict);
  json.Flag("interrupted", result.interrupted).Real("sending_seconds", result.sending_s);
  json.Number("seed", profile.seed)
      .Number("cores", profile.cores)
      .Number("flows", result.flows)
      .Real("bytes_per_flow", result.bytes_per_flow);
  WriteTotal(json, result);
  if (result.served) WriteServed(json, *result.served);
  json.Array("classes");
  for (const ClassResult& c : result.classes) WriteClass(json, c, result.sending_s);
  json.EndArray();
  WriteFragments(json, result);
  WriteUnanswered(json, result);
  WriteReplays(json, result);
  if (result.injected_requests && result.injected_responses) {
    json.Object("injected");
    WriteInjected(json, "requests", *result.injected_requests);
    WriteInjected(json, "responses", *result.injected_responses);
    json.EndObject();
  }
  WriteSaturation(json, result);
  WriteEvents(json, result);
  WriteTimeline(json, result);
  WriteGateways(json, result);
  WritePorts(json, result);
  WriteSeconds(json, result);
  json.EndObject();
  return json.text() + "\n";
}

std::string Summary(const RunResult& result, const Verdict& verdict) {
  std::string text;
  for (const ClassResult& c : result.classes) {
    const DirectionCounts &to = c.requests.counts, &from = c.responses.counts;
    absl::StrAppendFormat(&text,
                          "%s: %d requests (%.0f/s), %d answered; lost %d, duplicated %d, reordered %d, late %d, ",
                          c.name, to.sent, result.sending_s > 0 ? static_cast<double>(to.sent) / result.sending_s : 0,
                          from.arrived, (c.requests.judged ? to.lost() : 0) + from.lost(),
                          to.duplicated + from.duplicated, to.reordered + from.reordered, to.late + from.late);
    absl::StrAppendFormat(&text,
                          "corrupted %d, wrong server %d, wrong address %d; round trip p50 %.0f us, p99 %.0f us, "
                          "max %.0f us\n",
                          to.corrupted + from.corrupted, c.wrong_server, c.wrong_address,
                          Microseconds(c.round_trip.Quantile(0.5)), Microseconds(c.round_trip.Quantile(0.99)),
                          Microseconds(c.round_trip.most()));
    if (c.is_tcp) {
      absl::StrAppendFormat(&text, "%s: %d connections, %d completed (%.0f/s), %d timed out, %d reset\n", c.name,
                            c.tcp.opened, c.tcp.completed,
                            result.sending_s > 0 ? static_cast<double>(c.tcp.completed) / result.sending_s : 0,
                            c.tcp.timed_out, c.tcp.reset_by_server + c.tcp.reset_by_others);
      if (const uint64_t wrong = c.tcp.closed_early + c.tcp.not_understood + c.tcp.error_responses; wrong > 0) {
        absl::StrAppendFormat(&text, "%s: %d closed early, %d responses not understood, %d with an error status\n",
                              c.name, c.tcp.closed_early, c.tcp.not_understood, c.tcp.error_responses);
      }
    }
    if (c.skipped > 0) absl::StrAppendFormat(&text, "%s: %d requests were due and never sent\n", c.name, c.skipped);
  }
  text += SummaryOfFragments(result) + SummaryOfUnanswered(result) + SummaryOfReplays(result);
  if (result.served) {
    absl::StrAppendFormat(&text, "served: %d datagrams echoed; %d connections, %d pages, %d requests not understood\n",
                          result.served->echoed, result.served->connections, result.served->pages,
                          result.served->not_understood);
  }
  text += SummaryOfSaturation(result);
  text += SummaryOfEvents(result);
  for (const Judged& judged : verdict.limits) {
    if (!judged.kept()) {
      absl::StrAppendFormat(&text, "limit: %s is %d, at most %.0f allowed\n", judged.what, judged.measured,
                            judged.allowed);
    }
  }
  if (!verdict.failure.empty()) absl::StrAppend(&text, verdict.failure, "\n");
  absl::StrAppend(&text, verdict.passed() ? "passed\n" : "failed\n");
  return text;
}

}  // namespace baton::generator
