// prometheus-cpp's data model as OpenMetrics 1.0 text. (Its own serializer writes the older Prometheus format: counters
// under their bare name, no units, no end mark.) Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace baton::controlplane {

inline constexpr char kOpenMetricsContentType[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Family names are without `_total`; a name's last word is the family's unit when it is bytes, seconds, packets or
// frames. Counters, gauges and untyped families only.
// REQUIRES: names and label names are valid, no family occurs twice.
std::string WriteOpenMetrics(const std::vector<prometheus::MetricFamily>& families);

}  // namespace baton::controlplane
