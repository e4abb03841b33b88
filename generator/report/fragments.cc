#include "generator/report/fragments.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

namespace baton::generator {

std::array<NamedCount, 8> CountsOf(const FragmentCounts& counts) {
  return {{{"arrived", "fragments arrived", counts.arrived},
           {"datagrams", "datagrams put together", counts.datagrams},
           {"incomplete", "incomplete", counts.incomplete},
           {"overlapping", "overlapping", counts.overlapping},
           {"duplicated", "fragments received twice", counts.duplicated},
           {"no_room", "no room", counts.no_room},
           {"impossible", "impossible fragments", counts.impossible},
           {"no_buffers", "no buffers", counts.no_buffers}}};
}

bool HasFragments(const RunResult& result) {
  return result.fragments.arrived > 0 ||
         std::any_of(result.classes.begin(), result.classes.end(), [](const ClassResult& c) { return c.in_pieces; });
}

void WriteFragments(JsonWriter& json, const RunResult& result) {
  if (!HasFragments(result)) return;
  json.Object("fragments");
  for (const NamedCount& count : CountsOf(result.fragments)) json.Number(count.key, count.value);
  json.EndObject();
}

std::string SummaryOfFragments(const RunResult& result) {
  if (!HasFragments(result)) return "";
  std::string text = "fragments:";
  for (const NamedCount& count : CountsOf(result.fragments)) absl::StrAppend(&text, " ", count.key, " ", count.value);
  return text + "\n";
}

}  // namespace baton::generator
