#include "generator/report/saturation.h"

#include <algorithm>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "generator/report/verdict.h"

namespace baton::generator {

std::optional<Saturation> SaturationOf(const RunResult& result, int cores, uint64_t busy_cycles) {
  const bool any_at_most = std::any_of(result.classes.begin(), result.classes.end(),
                                       [](const ClassResult& c) { return c.offered_rate == 0; });
  if (!any_at_most || result.injected_requests || result.sending_s <= 0) return std::nullopt;
  const Totals totals = TotalsOf(result);
  const uint64_t arrived = totals.requests.arrived + totals.responses.arrived;
  const auto packets = static_cast<double>(arrived);
  return Saturation{.cores = cores,
                    .lost = totals.requests.lost() + totals.responses.lost(),
                    .packets_per_second = packets / result.sending_s,
                    .cycles_per_packet = arrived == 0 ? 0 : static_cast<double>(busy_cycles) / packets};
}

void WriteSaturation(JsonWriter& json, const RunResult& result) {
  if (!result.saturation) return;
  const Saturation& s = *result.saturation;
  json.Object("self_check").Flag("lost_nothing", s.lost == 0).Number("cores", static_cast<uint64_t>(s.cores));
  json.Real("packets_per_second", s.packets_per_second).Real("packets_per_second_per_core", s.per_core());
  if (s.cycles_per_packet > 0) json.Real("cycles_per_packet", s.cycles_per_packet);
  json.EndObject();
}

std::string SummaryOfSaturation(const RunResult& result) {
  if (!result.saturation) return "";
  const Saturation& s = *result.saturation;
  std::string text = s.lost == 0 ? "the tool itself lost nothing"
                                 : absl::StrCat("the tool itself lost ", s.lost, " packets");
  absl::StrAppendFormat(&text, "; it saturates at %.2f million packets/s, %.2f on each of %d cores",
                        s.packets_per_second / 1e6, s.per_core() / 1e6, s.cores);
  if (s.cycles_per_packet > 0) absl::StrAppendFormat(&text, ", %.0f cycles a packet", s.cycles_per_packet);
  return text + "\n";
}

}  // namespace baton::generator
