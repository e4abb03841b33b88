// Lives of groups by seed. scripts/simulate tells more of them.
#include <catch2/catch.hpp>

#include "tests/simulation/story.h"

namespace baton::simulation {
namespace {

TEST_CASE("stories in which only the network fails [VR-55] [VR-60] [VR-63] [VR-67]") {
  for (uint32_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    const StoryResult result = TellStory(seed, Mood::kCalm);
    REQUIRE(result.failure == "");
  }
}

}  // namespace
}  // namespace baton::simulation
