#include "controlplane/api/open_metrics.h"

#include <charconv>
#include <cmath>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/string_view.h>

namespace baton::controlplane {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

absl::string_view UnitOf(absl::string_view name) {
  for (const absl::string_view unit : {"bytes", "seconds", "packets", "frames"}) {
    if (absl::EndsWith(name, absl::StrCat("_", unit))) return unit;
  }
  return "";
}

// OpenMetrics 1.0, "ABNF": escaped-string. Help texts escape the same three characters as label values.
std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}});
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  const auto end = whole ? std::to_chars(text, text + sizeof(text), static_cast<int64_t>(value))
                         : std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end.ptr);
}

absl::string_view TypeOf(const MetricFamily& family) {
  switch (family.type) {
    case MetricType::Counter: return "counter";
    case MetricType::Gauge: return "gauge";
    default: return "unknown";
  }
}

double ValueOf(const MetricFamily& family, const ClientMetric& metric) {
  switch (family.type) {
    case MetricType::Counter: return metric.counter.value;
    case MetricType::Gauge: return metric.gauge.value;
    default: return metric.untyped.value;
  }
}

void AppendSample(const MetricFamily& family, const ClientMetric& metric, std::string* out) {
  absl::StrAppend(out, family.name, family.type == MetricType::Counter ? "_total" : "");
  absl::string_view before = "{";
  for (const ClientMetric::Label& label : metric.label) {
    absl::StrAppend(out, before, label.name, "=\"", Escape(label.value), "\"");
    before = ",";
  }
  absl::StrAppend(out, metric.label.empty() ? " " : "} ", Number(ValueOf(family, metric)), "\n");
}

}  // namespace

std::string WriteOpenMetrics(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    absl::StrAppend(&out, "# TYPE ", family.name, " ", TypeOf(family), "\n");
    const absl::string_view unit = UnitOf(family.name);
    if (!unit.empty()) absl::StrAppend(&out, "# UNIT ", family.name, " ", unit, "\n");
    absl::StrAppend(&out, "# HELP ", family.name, " ", Escape(family.help), "\n");
    for (const ClientMetric& metric : family.metric) AppendSample(family, metric, &out);
  }
  out += "# EOF\n";
  return out;
}

}  // namespace baton::controlplane
