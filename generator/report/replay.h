// The part of the report that tells of the recordings that were replayed. Pure.
#pragma once

#include <string>

#include "generator/report/json.h"
#include "generator/result.h"

namespace baton::generator {

// `replays`; nothing in a run without any.
void WriteReplays(JsonWriter& json, const RunResult& result);
std::string SummaryOfReplays(const RunResult& result);

}  // namespace baton::generator
