// One life of a group, drawn from a seed: routers start, crash, stall and part while end systems send; then all is well
// again and has to be quiet. Says what did not hold, or nothing.
#pragma once

#include <cstdint>
#include <string>

namespace baton::simulation {

struct StoryResult {
  std::string failure = {};
  std::string setting = {};  // what kind of a group it was
  double effort = 0;
  size_t packets = 0, excused_doubles = 0, lost = 0, messages = 0;
};
// kCalm: nobody fails, only the network does; kViolent: everything; kEither: as the seed says.
enum class Mood : uint8_t { kEither, kCalm, kViolent };
// `moves`: an operator has end systems moved now and then. What else happens is drawn in the same way.
StoryResult TellStory(uint32_t seed, Mood mood = Mood::kEither, bool narrate = false, bool moves = true);

}  // namespace baton::simulation
