#include "generator/report/html.h"

#include <algorithm>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "generator/report/esp.h"
#include "generator/report/events.h"
#include "generator/report/fragments.h"
#include "generator/report/plot.h"

namespace baton::generator {
namespace {

// Okabe and Ito's colours, which people tell apart who see no red or no green; lines differ in their dashes too.
constexpr absl::string_view kStyle = R"(
:root { color-scheme: light dark; --back: #fff; --text: #1b1b1b; --faint: #6a6a6a; --rule: #d9d9d9;
        --s0: #0072b2; --s1: #d55e00; --s2: #008a64; --s3: #9a4f7e; --good: #0072b2; --bad: #c04000; }
@media (prefers-color-scheme: dark) {
  :root { --back: #16181b; --text: #e4e4e4; --faint: #a0a0a0; --rule: #3a3d42;
          --s0: #56b4e9; --s1: #e69f00; --s2: #2bc79a; --s3: #e0a0c8; --good: #56b4e9; --bad: #ff9a5a; } }
body { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; max-width: 960px;
       margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
.verdict { border-left: .4rem solid var(--good); padding: .3rem .8rem; } .verdict.failed { border-color: var(--bad); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .4rem 0 1rem; }
th, td { padding: .15rem .7rem .15rem 0; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { color: var(--faint); font-weight: 500; } td { font-variant-numeric: tabular-nums; }
th:first-child, td:first-child, .text { text-align: left; } td.text { white-space: normal; }
td.bad { color: var(--bad); }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; } .note { color: var(--faint); margin: .2rem 0; }
svg { width: 100%; height: auto; margin: .6rem 0; } svg text { fill: var(--faint); font: 12px system-ui, sans-serif; }
svg .title { fill: var(--text); font-weight: 600; } .grid { stroke: var(--rule); fill: none; }
.axis { stroke: var(--faint); fill: none; } .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); stroke-dasharray: 7 3; }
.s2 { stroke: var(--s2); stroke-dasharray: 2 3; } .s3 { stroke: var(--s3); stroke-dasharray: 9 3 2 3; }
.mark path { stroke: var(--text); stroke-dasharray: 3 3; opacity: .7; }
.mark text { fill: var(--text); paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
summary { cursor: pointer; color: var(--faint); }
)";

constexpr size_t kMostPoints = 900;  // in a plot: as many as it has pixels

// Thousands apart by a narrow space that does not break.
std::string Grouped(uint64_t value) {
  const std::string digits = absl::StrCat(value);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += "\u202f";
    text += digits[i];
  }
  return text;
}

std::string Tenths(double value) { return absl::StrFormat("%.1f", value); }
std::string Micros(uint64_t ns) { return Tenths(static_cast<double>(ns) / 1000); }

class Table {
 public:
  Table(absl::string_view id, const std::vector<std::string>& heads) {
    absl::StrAppend(&html_, "<div class=\"scroll\"><table id=\"", Escaped(id), "\">\n<tr>");
    for (const std::string& head : heads) absl::StrAppend(&html_, "<th>", Escaped(head), "</th>");
    html_ += "</tr>\n";
  }
  Table& Row() {
    html_ += open_ ? "</tr>\n<tr>" : "<tr>";
    open_ = true;
    return *this;
  }
  Table& Text(absl::string_view text, absl::string_view css = "text") {
    absl::StrAppend(&html_, "<td class=\"", css, "\">", Escaped(text), "</td>");
    return *this;
  }
  Table& Code(absl::string_view text) {
    absl::StrAppend(&html_, "<td class=\"text\"><code>", Escaped(text), "</code></td>");
    return *this;
  }
  Table& Value(absl::string_view text) {
    absl::StrAppend(&html_, "<td>", Escaped(text), "</td>");
    return *this;
  }
  Table& Count(uint64_t value) { return Value(Grouped(value)); }
  std::string Done() { return html_ + (open_ ? "</tr>\n" : "") + "</table></div>\n"; }

 private:
  std::string html_;
  bool open_ = false;
};

const std::vector<std::string> kCounted = {"sent", "arrived", "lost", "duplicated", "reordered", "late", "corrupted"};

std::vector<std::string> Heads(std::vector<std::string> first, const std::vector<std::string>& more,
                               std::vector<std::string> last = {}) {
  first.insert(first.end(), more.begin(), more.end());
  first.insert(first.end(), last.begin(), last.end());
  return first;
}

Table& AddCounts(Table& table, const DirectionCounts& counts) {
  table.Count(counts.sent).Count(counts.arrived).Count(counts.lost()).Count(counts.duplicated);
  return table.Count(counts.reordered).Count(counts.late).Count(counts.corrupted);
}

std::string VerdictHtml(const RunResult& result, const Verdict& verdict) {
  std::string html = absl::StrCat("<p class=\"verdict", verdict.passed() ? "" : " failed", "\"><b>",
                                  verdict.passed() ? "Passed" : "Failed", "</b>");
  if (!verdict.failure.empty()) absl::StrAppend(&html, ": ", Escaped(verdict.failure));
  absl::StrAppendFormat(&html, "<br/>%s flows, %.3f s of sending%s</p>\n", Grouped(result.flows), result.sending_s,
                        result.interrupted ? ", interrupted" : "");
  if (verdict.limits.empty()) return html + "<p class=\"note\">The profile sets no limits.</p>\n";
  Table table("limits", {"limit", "measured", "allowed", ""});
  for (const Judged& judged : verdict.limits) {
    table.Row().Text(judged.what).Count(judged.measured).Value(absl::StrFormat("%.15g", judged.allowed));
    table.Text(judged.kept() ? "kept" : "not kept", judged.kept() ? "text" : "text bad");
  }
  return html + table.Done();
}

std::string TotalsHtml(const RunResult& result) {
  const Totals totals = TotalsOf(result);
  DirectionCounts both = totals.requests;
  both.Add(totals.responses);
  Table table("total", Heads({""}, kCounted, {"wrong server", "wrong address"}));
  AddCounts(table.Row().Text("both directions"), both).Count(totals.wrong_server).Count(totals.wrong_address);
  AddCounts(table.Row().Text("requests"), totals.requests).Value("").Value("");
  AddCounts(table.Row().Text("responses"), totals.responses).Count(totals.wrong_server).Count(totals.wrong_address);
  Table rest("strays", {"corrupted, of no flow", "foreign", "neighbor frames", "ICMP errors", "due, not sent"});
  rest.Row().Count(result.strays.corrupted).Count(result.strays.foreign).Count(result.strays.neighbor);
  rest.Count(result.strays.icmp_errors).Count(totals.skipped);
  Table hosts("hosts", {"to a wrong MAC address", "redirects", "echo requests answered",
                        "information requests answered", "information requests missed"});
  hosts.Row().Count(result.strays.wrong_mac).Count(result.strays.redirects).Count(result.strays.echo_answered);
  hosts.Count(result.strays.information_answered).Count(result.strays.information_missed);
  if (result.served) {
    Table served("served", {"datagrams echoed", "connections", "pages", "requests not understood"});
    served.Row().Count(result.served->echoed).Count(result.served->connections).Count(result.served->pages);
    return "<h2>Served</h2>\n" + served.Count(result.served->not_understood).Done() + rest.Done() + hosts.Done();
  }
  return "<h2>Total</h2>\n" + table.Done() + rest.Done() + hosts.Done();
}

// `from`..`to` of the seconds as one point: counts are added up, times the longest.
SecondOfRun Joined(const std::vector<SecondOfRun>& seconds, size_t from, size_t to) {
  SecondOfRun joined = seconds[from];
  for (size_t i = from + 1; i < to; ++i) {
    joined.to_s = seconds[i].to_s;
    joined.counts.Add(seconds[i].counts);
    joined.round_trip.p50_ns = std::max(joined.round_trip.p50_ns, seconds[i].round_trip.p50_ns);
    joined.round_trip.p99_ns = std::max(joined.round_trip.p99_ns, seconds[i].round_trip.p99_ns);
    joined.round_trip.most_ns = std::max(joined.round_trip.most_ns, seconds[i].round_trip.most_ns);
  }
  return joined;
}

std::string PlotsHtml(const RunResult& result) {
  if (result.timeline.empty()) return "";
  Plot rate{"sent and arrived, packets per second", false, {0}, {{"sent", {}}, {"arrived", {}}}, {}};
  Plot harm{"lost and harmed, packets per second", false, {0},
            {{"lost", {}}, {"duplicated", {}}, {"corrupted", {}}, {"reordered", {}}}, {}};
  Plot times{"round trip, us", true, {0}, {{"p50", {}}, {"p99", {}}, {"max", {}}}, {}};
  const size_t count = result.timeline.size(), step = (count + kMostPoints - 1) / kMostPoints;
  for (size_t i = 0; i < count; i += step) {
    const SecondOfRun second = Joined(result.timeline, i, std::min(count, i + step));
    DirectionCounts both = second.counts.requests;
    both.Add(second.counts.responses);
    const double length_s = std::max(second.to_s - second.from_s, 1e-6);
    const auto add = [](Plot& plot, std::initializer_list<double> values, double scale) {
      size_t at = 0;
      for (const double value : values) plot.series[at++].values.push_back(value / scale);
    };
    const auto d = [](uint64_t value) { return static_cast<double>(value); };
    add(rate, {d(both.sent), d(both.arrived)}, length_s);
    add(harm, {d(both.lost()), d(both.duplicated), d(both.corrupted), d(both.reordered)}, length_s);
    add(times, {d(second.round_trip.p50_ns), d(second.round_trip.p99_ns), d(second.round_trip.most_ns)}, 1000);
    for (Plot* plot : {&rate, &harm, &times}) plot->edges_s.push_back(second.to_s);
  }
  std::string html = "<h2>Over time</h2>\n";
  for (Plot* plot : {&rate, &harm, &times}) {
    for (const EventResult& event : result.events) plot->marks.push_back({event.at_s, event.run});
    html += SvgOf(*plot);
  }
  if (step == 1) return html;
  return absl::StrCat(html, "<p class=\"note\">A step is ", step, " seconds; of times it has the longest.</p>\n");
}

std::string EventsHtml(const RunResult& result) {
  if (result.events.empty()) return "";
  Table events("events", {"", "at, s", "command", "outcome", "started, s", "ended, s", "standard error"});
  for (size_t i = 0; i < result.events.size(); ++i) {
    const EventResult& event = result.events[i];
    events.Row().Text(absl::StrCat(i + 1)).Value(absl::StrFormat("%g", event.at_s)).Code(event.run);
    events.Text(HowItEnded(event), event.failed() ? "text bad" : "text");
    events.Value(event.started ? absl::StrFormat("%.3f", event.started_s) : "");
    events.Value(event.started && event.ended_s > 0 ? absl::StrFormat("%.3f", event.ended_s) : "");
    events.Code(absl::StrJoin(event.errors, "\n"));
  }
  Table intervals("intervals", Heads({"sent after", "from, s", "to, s"}, kCounted,
                                     {"wrong server", "longest gap, ms", "of flow", "connections timed out", "reset"}));
  const std::vector<EpochTotals> epochs = TotalsOfEpochs(result);
  for (size_t i = 0; i < epochs.size(); ++i) {
    const EpochTotals& epoch = epochs[i];
    intervals.Row().Text(i == 0 ? "the beginning" : absl::StrCat("event ", i));
    intervals.Value(absl::StrFormat("%.3f", epoch.from_s)).Value(absl::StrFormat("%.3f", epoch.to_s));
    AddCounts(intervals, epoch.both()).Count(epoch.wrong_server);
    intervals.Value(Tenths(static_cast<double>(epoch.gap.ns) / 1e6));
    const bool some = epoch.gap.ns > 0 && epoch.gap_class < result.classes.size();
    intervals.Text(some ? absl::StrCat(result.classes[epoch.gap_class].name, " ", epoch.gap.flow) : "");
    if (HasConnections(result)) intervals.Count(epoch.ends.timed_out).Count(epoch.ends.reset);
  }
  return "<h2>Events</h2>\n" + events.Done() + intervals.Done();
}

void AddTimes(Table& table, absl::string_view name, const Histogram& times) {
  table.Row().Text(name).Count(times.count());
  for (const double share : {0.5, 0.9, 0.99, 0.999, 0.9999}) table.Value(Micros(times.Quantile(share)));
  table.Value(Micros(times.most()));
}

std::string ConnectionsHtml(const ClassResult& c, size_t place, double sending_s) {
  const TcpCounts& tcp = c.tcp;
  Table ends(absl::StrCat("connections-", place),
             {"connections opened", "established", "completed", "completed per second", "timed out", "reset by server",
              "reset by others", "closed early", "not understood", "error status", "still open", "busy"});
  ends.Row().Count(tcp.opened).Count(tcp.established).Count(tcp.completed);
  ends.Value(Tenths(sending_s > 0 ? static_cast<double>(tcp.completed) / sending_s : 0)).Count(tcp.timed_out);
  ends.Count(tcp.reset_by_server).Count(tcp.reset_by_others).Count(tcp.closed_early).Count(tcp.not_understood);
  ends.Count(tcp.error_responses).Count(tcp.concurrent).Count(tcp.busy);
  Table more(absl::StrCat("segments-", place), {"most concurrent", "segments retransmitted", "received twice",
                                                "out of order", "abandoned at servers", "resets sent"});
  more.Row().Count(tcp.most_concurrent).Count(tcp.retransmitted).Count(tcp.duplicate_segments);
  more.Count(tcp.out_of_order).Count(tcp.abandoned).Count(tcp.resets_sent);
  return ends.Done() + more.Done();
}

std::string ClassHtml(const ClassResult& c, size_t place, double sending_s) {
  std::string html = absl::StrCat("<h2>Class ", Escaped(c.name), "</h2>\n");
  const double rate = sending_s > 0 ? static_cast<double>(c.requests.counts.sent) / sending_s : 0;
  const std::string offered = c.offered_rate > 0 ? absl::StrFormat("%.15g", c.offered_rate) : "as many as possible";
  absl::StrAppendFormat(&html, "<p class=\"note\">%s flows, %s requests per second wanted, %.1f sent</p>\n",
                        Grouped(c.flows), offered, rate);
  if (c.esp) absl::StrAppend(&html, "<p class=\"note\">", Escaped(SpisInWords(*c.esp)), "</p>\n");
  Table counts(absl::StrCat("counts-", place),
               Heads({""}, kCounted, {"wrong server", "wrong address", "silent flows"}));
  for (const bool requests : {true, false}) {
    const DirectionResult& direction = requests ? c.requests : c.responses;
    counts.Row().Text(requests ? "requests" : "responses");
    if (direction.judged) {
      AddCounts(counts, direction.counts).Value(requests ? "" : Grouped(c.wrong_server));
      counts.Value(requests ? "" : Grouped(c.wrong_address)).Count(direction.silent_flows);
    } else {
      counts.Count(direction.counts.sent);
    }
  }
  Table times(absl::StrCat("times-", place), {"us", "count", "p50", "p90", "p99", "p99.9", "p99.99", "max"});
  if (c.is_tcp) AddTimes(times, "connection set-up", c.tcp_set_up);
  if (c.requests.judged) AddTimes(times, "one way", c.one_way);
  AddTimes(times, "round trip", c.round_trip);
  if (c.requests.judged) AddTimes(times, "longest gap, requests", c.requests.longest_gaps);
  if (c.responses.judged) AddTimes(times, "longest gap, responses", c.responses.longest_gaps);
  if (c.mobile) AddTimes(times, absl::StrCat("gap over a move, of ", c.mobile->moves, " moves"), c.mobile->gaps);
  html += counts.Done();
  if (c.is_tcp) html += ConnectionsHtml(c, place, sending_s);
  return html + times.Done();
}

std::string GatewaysHtml(const RunResult& result) {
  if (result.gateways.empty()) return "";
  Table table("gateways", {"gateway", "port", "MAC address", "sent to it"});
  for (const GatewayResult& gateway : result.gateways) {
    table.Row().Code(gateway.address).Text(gateway.port).Code(gateway.mac).Count(gateway.sent);
  }
  std::string html = "<h2>Gateways</h2>\n" + table.Done();
  if (result.gateway_changes.empty()) return html;
  Table changes("gateway-changes", {"at, s", "gateway", "port", "from", "to"});
  for (const GatewayChange& change : result.gateway_changes) {
    changes.Row().Text(absl::StrFormat("%.3f", change.at_s)).Code(change.address).Text(change.port);
    changes.Code(change.from).Code(change.to);
  }
  return html + changes.Done();
}

std::string FragmentsHtml(const RunResult& result) {
  if (!HasFragments(result)) return "";
  Table sent("fragments-sent", {"frames sent instead of datagrams", "of requests", "of responses"});
  for (const ClassResult& c : result.classes) {
    if (c.in_pieces) sent.Row().Text(c.name).Count(c.request_pieces).Count(c.response_pieces);
  }
  std::vector<std::string> heads;
  for (const NamedCount& count : CountsOf(result.fragments)) heads.emplace_back(count.text);
  Table arrived("fragments", heads);
  arrived.Row();
  for (const NamedCount& count : CountsOf(result.fragments)) arrived.Count(count.value);
  return "<h2>Fragments</h2>\n" + sent.Done() + arrived.Done();
}

std::string UnansweredHtml(const RunResult& result) {
  if (result.unanswered.empty()) return "";
  Table counts("unanswered", {"expects no answer", "sent", "reached servers", "twice", "SYN-ACKs came back", "resets",
                              "ICMP errors", "others", "due, not sent"});
  Table kinds("malformed", {"malformed", "kind", "sent", "reached servers"});
  bool malformed = false;
  for (const UnansweredResult& u : result.unanswered) {
    counts.Row().Text(u.name).Count(u.counts.sent);
    counts.Value(u.judged ? Grouped(u.counts.arrived) : "").Value(u.judged ? Grouped(u.counts.duplicated) : "");
    for (const uint64_t returned : u.counts.returned) counts.Count(returned);
    counts.Count(u.skipped);
    for (const Malformed kind : u.kinds) {
      const auto place = static_cast<size_t>(kind);
      kinds.Row().Text(u.name).Text(KindOf(kind).name).Count(u.counts.sent_of[place]);
      kinds.Value(u.judged ? Grouped(u.counts.arrived_of[place]) : "");
      malformed = true;
    }
  }
  return "<h2>Without answers</h2>\n" + counts.Done() + (malformed ? kinds.Done() : "");
}

std::string ReplaysHtml(const RunResult& result) {
  if (result.replays.empty()) return "";
  Table table("replays",
              {"replayed", "file", "frames", "rounds", "sent", "complete", "at most behind, ms", "due, not sent"});
  for (const ReplayResult& r : result.replays) {
    table.Row().Text(r.name).Code(r.file).Count(r.frames).Count(r.rounds).Count(r.counts.sent);
    table.Text(r.complete ? "yes" : "no").Value(Tenths(static_cast<double>(r.counts.most_behind_ns) / 1e6));
    table.Count(r.skipped);
  }
  return "<h2>Replayed</h2>\n" + table.Done();
}

std::string PortsHtml(const RunResult& result) {
  if (result.ports.empty()) return "";
  Table table("ports", {"port", "device", "link", "times down", "seconds down", "received", "sent", "missed",
                        "receive errors", "transmit errors"});
  for (const PortResult& port : result.ports) {
    table.Row().Text(port.name).Code(port.device).Text(port.link_up ? "up" : "down");
    table.Count(port.times_down).Value(Tenths(port.down_s));
    table.Count(port.received).Count(port.sent).Count(port.missed);
    table.Count(port.receive_errors).Count(port.transmit_errors);
  }
  return "<h2>Ports</h2>\n" + table.Done();
}

std::string SecondsHtml(const RunResult& result) {
  Table table("timeline", Heads({"from, s", "to, s"}, kCounted, {"wrong server", "p50, us", "p99, us", "max, us"}));
  for (const SecondOfRun& second : result.timeline) {
    DirectionCounts both = second.counts.requests;
    both.Add(second.counts.responses);
    table.Row().Value(absl::StrFormat("%.3f", second.from_s)).Value(absl::StrFormat("%.3f", second.to_s));
    AddCounts(table, both).Count(second.counts.wrong_server);
    table.Value(Micros(second.round_trip.p50_ns)).Value(Micros(second.round_trip.p99_ns));
    table.Value(Micros(second.round_trip.most_ns));
  }
  return "<details><summary>All seconds: of what was sent in each, and round trips of what arrived in it</summary>\n" +
         table.Done() + "</details>\n";
}

}  // namespace

std::string HtmlReport(const Profile& profile, const RunResult& result, const Verdict& verdict) {
  std::string html = "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n";
  // Nothing may be loaded and no script may run, should anything of the profile ever get past Escaped.
  html += "<meta charset=\"utf-8\"/>\n<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width\"/>\n";
  absl::StrAppend(&html, "<title>baton-gen: ", Escaped(profile.name), "</title>\n<style>", kStyle, "</style>\n");
  html += "</head>\n<body>\n";
  absl::StrAppend(&html, "<h1>baton-gen: <code>", Escaped(profile.name), "</code></h1>\n");
  html += VerdictHtml(result, verdict);
  html += TotalsHtml(result);
  html += PlotsHtml(result);
  html += EventsHtml(result);
  for (size_t i = 0; i < result.classes.size(); ++i) html += ClassHtml(result.classes[i], i, result.sending_s);
  html += GatewaysHtml(result);
  html += FragmentsHtml(result);
  html += UnansweredHtml(result);
  html += ReplaysHtml(result);
  html += PortsHtml(result);
  html += SecondsHtml(result);
  absl::StrAppend(&html, "<p class=\"note\">seed ", profile.seed, "; docs/baton-gen.md explains each number.</p>\n");
  return html + "</body>\n</html>\n";
}

}  // namespace baton::generator
