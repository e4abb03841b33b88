#include "generator/report/unanswered.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

namespace baton::generator {
namespace {

void WriteKinds(JsonWriter& json, const UnansweredResult& u) {
  json.Array("kinds");
  for (const Malformed kind : u.kinds) {
    const auto place = static_cast<size_t>(kind);
    json.Object().Text("kind", KindOf(kind).name).Number("sent", u.counts.sent_of[place]);
    if (u.judged) json.Number("arrived", u.counts.arrived_of[place]);
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

void WriteUnanswered(JsonWriter& json, const RunResult& result) {
  if (result.unanswered.empty()) return;
  json.Array("unanswered");
  for (const UnansweredResult& u : result.unanswered) {
    json.Object().Text("name", u.name).Text("protocol", u.malformed ? "malformed" : "syn_flood");
    if (u.offered_rate > 0) {
      json.Real("offered_per_second", u.offered_rate);
    } else {
      json.Text("offered_per_second", "max");
    }
    json.Real("sent_per_second", result.sending_s > 0 ? static_cast<double>(u.counts.sent) / result.sending_s : 0);
    json.Number("skipped", u.skipped).Number("sent", u.counts.sent).Number("sent_bytes", u.counts.sent_bytes);
    if (u.judged) json.Number("arrived", u.counts.arrived).Number("duplicated", u.counts.duplicated);
    json.Object("returned");
    for (size_t i = 0; i < kReturnedKinds; ++i) json.Number(kReturnedNames[i], u.counts.returned[i]);
    json.EndObject();
    if (u.malformed) WriteKinds(json, u);
    json.EndObject();
  }
  json.EndArray();
}

std::string SummaryOfUnanswered(const RunResult& result) {
  std::string text;
  for (const UnansweredResult& u : result.unanswered) {
    absl::StrAppendFormat(&text, "%s: %d sent (%.0f/s)", u.name, u.counts.sent,
                          result.sending_s > 0 ? static_cast<double>(u.counts.sent) / result.sending_s : 0);
    if (u.judged) absl::StrAppend(&text, ", ", u.counts.arrived, " reached the servers");
    text += "; came back:";
    for (size_t i = 0; i < kReturnedKinds; ++i) {
      absl::StrAppend(&text, i > 0 ? ", " : " ", u.counts.returned[i], " ", kReturnedNames[i]);
    }
    text += "\n";
    if (u.skipped > 0) absl::StrAppendFormat(&text, "%s: %d packets were due and never sent\n", u.name, u.skipped);
  }
  return text;
}

}  // namespace baton::generator
