// The commands of scenarios that are not packets: what operators, the control plane and the world do to the box, and
// `expect` for what can be read from its counters. README.md lists them. Test code only.
#pragma once

#include <string>
#include <vector>

#include "tests/scenarios/box.h"
#include "tests/scenarios/scenario.h"

namespace baton::scenarios {

// Carries one out. Returns what is wrong with the command or, for `expect`, with the box; empty when all is well.
std::string DoCommand(const std::vector<std::string>& words, const Scenario& scenario, Box& box);

}  // namespace baton::scenarios
