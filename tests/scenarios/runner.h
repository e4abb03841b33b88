// Runs one scenario: moves the clock, lets packets arrive, does what commands say, and compares what came of each step
// with what was expected. Whatever a scenario says, the runner also checks that every packet is accounted for, that no
// buffer is lost, and that what was sent has right checksums, MAC addresses and VLAN tag and was otherwise left alone.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/scenarios/scenario.h"

namespace baton::scenarios {

// One text per failure, empty when the scenario holds. It ends after the first step that fails: what follows depends on
// it. Adds the drop reasons that were seen to `reasons`. With several workers the same must come of every step, but
// flows may overtake each other, and each worker chooses ports of its own share. `cards`: the ports' cards spread frames
// as Box::Create says. REQUIRES: the scenario allows so many workers.
std::vector<std::string> RunScenario(const Scenario& scenario, uint16_t workers, std::set<std::string>* reasons,
                                     bool cards = false);

}  // namespace baton::scenarios
