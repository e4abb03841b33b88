// Lives of groups by seed. scripts/simulate tells more of them.
#include <catch2/catch.hpp>

#include <fstream>
#include <string>

#include "tests/simulation/story.h"

namespace baton::simulation {
namespace {

constexpr uint32_t kSeeds = BATON_STORIES;  // meson.build

TEST_CASE("a thousand stories: nothing goes out twice, and in the end all is quiet [VR-55] [VR-60] [VR-63] [VR-67]") {
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    const StoryResult result = TellStory(seed);
    REQUIRE(result.failure == "");
  }
}

TEST_CASE("routers live in a program without a driver or a device: machines, codec and hand-overs [VR-122]") {
  std::ifstream maps("/proc/self/maps");
  REQUIRE(maps.good());
  for (std::string line; std::getline(maps, line);) {
    CAPTURE(line);
    CHECK(line.find("librte_") == std::string::npos);
    CHECK(line.find("/dev/") == std::string::npos);
  }
  const StoryResult result = TellStory(2);
  CHECK(result.failure == "");
  CHECK(result.packets > 100);
}

TEST_CASE("what stories found") {
  struct Case {
    const char* name;
    uint32_t seed;
    Mood mood;
    bool moves = false;
  };
  const auto c = GENERATE(values<Case>({
      {"the LAN parts, and both sides make an allocation with the same generation", 1, Mood::kEither},
      {"the LAN heals: a unit keeps giving what the receiver has had for long", 20, Mood::kEither},
      {"the server restarts and allocates before it knows what there is", 38, Mood::kEither},
      {"the active router misses what the server made, and gets it whole", 40, Mood::kCalm},
      {"a unit restarts before it has confirmed, and its giver goes on", 67, Mood::kEither},
      {"the server fails while the active router covers for a unit at fault", 113, Mood::kEither},
      {"a unit is active for a moment, drops its share and gets another before anybody notices", 137, Mood::kCalm},
      {"a unit stalls, and demoted it still forwards what it was giving away", 171, Mood::kEither},
      {"two units wait for each other's reports of allocations that are past", 203, Mood::kEither},
      {"a new active router does not know what was its predecessor's", 312, Mood::kEither},
      {"units are active in turn; a report of the first never comes", 575, Mood::kEither},
      {"the server comes back while an allocation of the active router is under way", 913, Mood::kEither},
      {"the server finds the active router at fault for ever, which never confirms", 1894, Mood::kEither},
      {"the active router and the server are gone at once; who takes over tells the others before it gives", 3551,
       Mood::kEither},
      {"a unit takes what a new active router gives from who had it in an earlier life", 3880, Mood::kEither},
      {"a new active router that knows nothing waits for a server that is gone", 5386, Mood::kEither},
      {"a report does not name what the giver had forwarded by default", 5549, Mood::kEither},
      {"who covers for a unit that lost all goes on after it was told it all again", 1228, Mood::kEither},
      {"all conditions leave a hand-over; the report is asked for again for ever", 1291, Mood::kEither},
      {"a new active router that still learns hands over what it never had", 3692, Mood::kEither},
      {"the server tells what it made on its side when the LAN is one again", 661, Mood::kEither},
      {"who was active for a moment goes on forwarding for a unit that was at fault", 3327, Mood::kEither},
      {"a later allocation is confirmed before a report is asked for again, under its first name", 4071, Mood::kEither},
      {"what a unit was told to end giving is the taker's at once: it stops at once", 5072, Mood::kEither, true},
      {"the server is not told of a unit at fault that had not begun with what it was given", 8149, Mood::kEither,
       true},
      {"the old router restarts in the middle of a hand-over, and reports nothing", 10590, Mood::kEither},
      {"the LAN parts at the very moment of an allocation, and loses the confirmation", 10859, Mood::kEither},
      {"the server dies before it repeats what a unit missed, which others still give to", 11083, Mood::kEither},
      {"a unit takes another for active when the server makes the first allocation", 12776, Mood::kEither},
      {"the active router misses what the server moved to it, and gets the next allocation whole", 17872,
       Mood::kEither},
      {"a backup that restarts is told of the first allocation of all as it was made", 23471, Mood::kEither, true},
      {"what the last allocation gave to a unit that is gone waits for the server, which is slow", 23953,
       Mood::kEither, true},
      {"in timer mode the taker is gone, and becomes active knowing nothing", 33322, Mood::kEither, true},
      {"the active router is gone before it has taken what others still give to it", 94067, Mood::kEither, true},
      {"a unit is gone before the active router has taken from it what it is to give on", 322082, Mood::kEither, true},
      {"a number that an earlier life gave is given again", 352462, Mood::kEither, true},
      {"a confirmation that the server relays twice is no question for a report", 367889, Mood::kEither, true},
      {"a unit is at fault, and an allocation from before says that it has something", 403138, Mood::kEither, true},
      {"both routers are gone, and the server asks the last one for 14 s", 278284, Mood::kEither, true},
      {"a unit is gone before its giver has heard that it began, and another covers for it", 79093, Mood::kEither,
       true},
      {"the server does not know of an end system that a router had which was active for a moment", 499588,
       Mood::kEither, true},
      {"a server that was away waits for confirmations of what has been replaced", 31835, Mood::kEither, true},
      {"the active router takes from a unit that is gone, of which the server knows nothing", 146580, Mood::kEither,
       true},
      {"who is active again, and has no allocation, names a part of what it knows as all of it", 631933, Mood::kEither,
       true},
      {"who was active for a moment is told all of it, and who gives to it goes on", 648019, Mood::kEither, true},
      {"in timer mode the taker has confirmed to who was active before", 797699, Mood::kEither, true},
      {"what a unit at fault was being given is allocated anew before it is covered", 384315, Mood::kEither, true},
      {"a unit is back before it is covered, and its giver is gone as well", 905671, Mood::kEither, true},
      {"the active router has begun with what a unit gives to it that was away only", 278248, Mood::kEither, true},
      {"a new active router is told all of it, and a unit is gone that has not recorded it", 851355, Mood::kEither,
       true},
      {"a unit is gone that others were taking from, of which the server knows nothing", 852540, Mood::kEither, true},
      {"a server is asked for an allocation of the other side, whose number it has seen in a review", 959279,
       Mood::kEither, true},
      {"in timer mode all confirmations are lost to a giver, which goes on for ever", 12904, Mood::kEither},
      {"who is asked for all of an allocation did not make it, and its maker is gone", 11861, Mood::kEither},
  }));
  CAPTURE(c.name);
  CHECK(TellStory(c.seed, c.mood, false, c.moves).failure == "");
}

}  // namespace
}  // namespace baton::simulation
