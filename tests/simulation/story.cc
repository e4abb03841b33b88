#include "tests/simulation/story.h"

#include <absl/strings/str_cat.h>

#include "tests/simulation/group.h"

namespace baton::simulation {
namespace {

using namespace std::chrono_literals;

GroupOptions Draw(uint32_t seed, std::mt19937& random) {
  GroupOptions options{.seed = seed};
  options.routers = random() % 40 == 0 ? 9 + random() % 56 : 2 + random() % 6;
  options.end_systems = random() % 60 == 0 ? 100 + random() % 3000 : 1 + random() % 40;
  options.server = random() % 4 == 0;
  options.mode = static_cast<ls::HandOver>(random() % 3);
  if (random() % 2 == 0) {
    options.loss = random() % 2 == 0 ? 0.02 : 0.1;
    options.duplication = 0.1;
    options.more_delay = std::chrono::microseconds(random() % 10000);
  }
  // `timer` promises nothing unless the delay outlasts the confirmation.
  if (options.mode == ls::HandOver::kTimer) options.loss = 0;
  options.clocks_differ = random() % 2 == 0;
  options.numbers_by_clock = true;
  return options;
}

void DoSomething(Group& group, std::mt19937& random, bool violent) {
  const size_t unit = random() % group.units();
  switch (random() % (violent ? 9 : 3)) {
    case 0: group.Tell(unit, ls::ReviewAsked{}); break;
    case 1: group.AddEndSystem(); break;
    case 2: group.Start(unit); break;
    case 3: group.Crash(unit); break;
    case 4: group.Resign(unit); break;
    case 5: group.Stall(unit, std::chrono::milliseconds(random() % 3000)); break;
    case 6: {
      std::vector<int> sides;
      for (size_t i = 0; i < group.units() + group.end_systems(); ++i) sides.push_back(static_cast<int>(random() % 2));
      group.Partition(sides);
      break;
    }
    case 7: group.Heal(); break;
    default: {  // a quick restart
      group.Crash(unit);
      group.RunFor(std::chrono::milliseconds(random() % 500));
      group.Start(unit);
    }
  }
}

}  // namespace

StoryResult TellStory(uint32_t seed, Mood mood, bool narrate) {
  std::mt19937 random(seed);
  GroupOptions options = Draw(seed, random);
  options.narrate = narrate;
  const bool drawn = random() % 4 != 0;
  const bool violent = mood == Mood::kEither ? drawn : mood == Mood::kViolent;
  Group group(options);
  StoryResult result;
  result.setting = absl::StrCat(options.routers, " routers", options.server ? " and a server" : "", ", ",
                                options.end_systems, " end systems, mode ", static_cast<int>(options.mode), ", loss ",
                                options.loss, violent ? ", violent" : "");
  for (size_t i = 0; i < group.units(); ++i) {
    if (random() % 5 != 0 || i == 0) group.Start(i);
    if (random() % 2 == 0) group.RunFor(std::chrono::milliseconds(random() % 1000));
  }
  group.SendPackets(std::chrono::microseconds(2000 + random() % 20000));
  group.MeasureFlows(1s);
  const size_t steps = 3 + random() % 8;
  for (size_t i = 0; i < steps; ++i) {
    group.RunFor(std::chrono::milliseconds(random() % 3000));
    DoSomething(group, random, violent);
  }
  // All is well again.
  group.SetLoss(0, 0);
  group.Heal();
  for (size_t i = 0; i < group.units(); ++i) group.Start(i);
  group.RunFor(20s);
  group.SendPackets(0s);
  group.RunFor(1s);
  if (group.failure().empty()) group.CheckQuiet();
  const size_t sent = group.sent();
  group.RunFor(2s);
  result.failure = group.failure();
  if (result.failure.empty() && group.sent() != sent) result.failure = "quiet, and still messages";
  if (result.failure.empty() && options.mode == ls::HandOver::kExact && group.lost() > 0) {
    result.failure = group.LostText();
  }
  result.effort = group.effort();
  if (result.failure.empty() && result.effort > 1) {
    result.failure = absl::StrCat(group.sent(), " messages, ", result.effort, " times what changed accounts for");
  }
  result.packets = group.packets();
  result.excused_doubles = group.excused_doubles();
  result.lost = group.lost();
  result.messages = group.sent();
  return result;
}

}  // namespace baton::simulation
