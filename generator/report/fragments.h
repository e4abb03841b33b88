// The part of the report that tells what became of fragments. Pure.
#pragma once

#include <array>
#include <string>

#include "generator/report/json.h"
#include "generator/result.h"

namespace baton::generator {

struct NamedCount {
  const char* key;   // in JSON
  const char* text;  // above a column
  uint64_t value;
};

std::array<NamedCount, 8> CountsOf(const FragmentCounts& counts);
// Whether fragments were sent or arrived at all.
bool HasFragments(const RunResult& result);

// `fragments`; nothing without any.
void WriteFragments(JsonWriter& json, const RunResult& result);
std::string SummaryOfFragments(const RunResult& result);

}  // namespace baton::generator
