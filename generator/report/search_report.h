// The report of a search: JSON for programs (its schema: docs/baton-gen.md) and a few lines for people. Pure.
#pragma once

#include <string>

#include "generator/search/search.h"

namespace baton::generator {

std::string JsonReport(const Profile& profile, const SearchResult& result);
std::string Summary(const Profile& profile, const SearchResult& result);
// "trial: 52.3 % (104600/s): 1046000 sent, 0 lost: passed"
std::string TrialLine(const Profile& profile, const Trial& trial);

}  // namespace baton::generator
