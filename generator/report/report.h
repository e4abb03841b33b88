// The report of a run: JSON for programs (its schema: docs/baton-gen.md) and a few lines for people. Pure.
#pragma once

#include <string>

#include "generator/report/json.h"
#include "generator/report/verdict.h"

namespace baton::generator {

// Nanoseconds in the reports' unit.
inline double Microseconds(uint64_t ns) { return static_cast<double>(ns) / 1000; }
// An object of quantiles.
void WriteTimes(JsonWriter& json, absl::string_view key, const Histogram& times);

std::string JsonReport(const Profile& profile, const RunResult& result, const Verdict& verdict);
std::string Summary(const RunResult& result, const Verdict& verdict);

}  // namespace baton::generator
