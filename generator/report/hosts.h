// The part of the report that tells of the hosts: what they answered, and the gateways that they sent through. Pure.
#pragma once

#include "generator/report/json.h"
#include "generator/result.h"

namespace baton::generator {

// Members of `total`.
void WriteHostCounts(JsonWriter& json, const StrayCounts& strays);
// `gateways`, `gateway_changes`, `gateway_changes_count`; nothing without gateways.
void WriteGateways(JsonWriter& json, const RunResult& result);

}  // namespace baton::generator
