// The part of the report that tells of the classes that expect no answer. Pure.
#pragma once

#include <string>

#include "generator/report/json.h"
#include "generator/result.h"

namespace baton::generator {

// `unanswered`; nothing in a run without such classes.
void WriteUnanswered(JsonWriter& json, const RunResult& result);
std::string SummaryOfUnanswered(const RunResult& result);

}  // namespace baton::generator
