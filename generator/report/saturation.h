// What --loopback says about the tool itself: whether it lost anything, and how fast it is at most. Pure.
#pragma once

#include <optional>
#include <string>

#include "generator/report/json.h"
#include "generator/result.h"

namespace baton::generator {

// `busy_cycles`: of all cores, while they had something to do; 0: not known. None when nothing was sent at `rate: max`,
// for then the tool was not asked for all it can do, or when harm was injected.
std::optional<Saturation> SaturationOf(const RunResult& result, int cores, uint64_t busy_cycles);

void WriteSaturation(JsonWriter& json, const RunResult& result);
std::string SummaryOfSaturation(const RunResult& result);

}  // namespace baton::generator
