// What the cores of a run found out, added up: exact, because each flow's both ends were at one core. Pure.
#pragma once

#include <vector>

#include "generator/profile/profile.h"
#include "generator/result.h"

namespace baton::generator {

// REQUIRES: one result for each core of the profile, at least one.
RunResult SumOf(const Profile& profile, std::vector<RunResult> cores);

}  // namespace baton::generator
