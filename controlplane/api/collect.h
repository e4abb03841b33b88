// Everything at /metrics: the last view and the workers' counters as families. docs/metrics.md lists them. Pure but for
// the counters, which go on while they are read; any thread.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "controlplane/view.h"

namespace baton::controlplane {

// `start_time_s`: when the process started, in seconds since 1970.
std::vector<prometheus::MetricFamily> CollectMetrics(const View& view, double start_time_s);

}  // namespace baton::controlplane
