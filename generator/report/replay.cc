#include "generator/report/replay.h"

#include <absl/strings/str_format.h>

namespace baton::generator {

void WriteReplays(JsonWriter& json, const RunResult& result) {
  if (result.replays.empty()) return;
  json.Array("replays");
  for (const ReplayResult& r : result.replays) {
    json.Object().Text("name", r.name).Text("file", r.file).Number("frames", r.frames).Number("rounds", r.rounds);
    json.Number("sent", r.counts.sent).Number("sent_bytes", r.counts.sent_bytes).Flag("complete", r.complete);
    json.Real("sent_per_second", result.sending_s > 0 ? static_cast<double>(r.counts.sent) / result.sending_s : 0);
    json.Number("skipped", r.skipped);
    json.Real("most_behind_us", static_cast<double>(r.counts.most_behind_ns) / 1000).EndObject();
  }
  json.EndArray();
}

std::string SummaryOfReplays(const RunResult& result) {
  std::string text;
  for (const ReplayResult& r : result.replays) {
    absl::StrAppendFormat(&text, "%s: %d frames replayed, %d rounds of %d wanted%s\n", r.name, r.counts.sent, r.rounds,
                          r.frames, r.complete ? "" : "; the run ended before");
  }
  return text;
}

}  // namespace baton::generator
