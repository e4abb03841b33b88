#include "tests/simulation/story.h"

#include <algorithm>

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

// An operator asks who allocates: for a few that are not there, or for all.
void Move(Group& group, std::mt19937& random) {
  const size_t routers = group.routers(), to = random() % routers;
  size_t maker = group.active();
  if (maker == group.units()) return;
  if (!group.machine(maker).makes_allocations() && group.units() > routers) maker = routers;  // the server
  if (!group.is_alive(maker)) return;
  ls::MoveAsked move{.end_systems = {}, .to = Group::Unit(to)};
  const bool all = random() % 4 == 0;
  const size_t most = 1 + random() % 10, first = random() % std::max<size_t>(1, group.end_systems());
  for (size_t i = 0; i < group.end_systems() && !all && move.end_systems.size() < most; ++i) {
    const IpAddress end_system = Group::EndSystem((first + i) % group.end_systems());
    const ls::Machine& machine = group.machine(maker);
    if (machine.OwnerOf(end_system) != machine.tables().IndexOf(move.to)) move.end_systems.push_back(end_system);
  }
  if (all || !move.end_systems.empty()) group.Tell(maker, move);
}

}  // namespace

StoryResult TellStory(uint32_t seed, Mood mood, bool narrate, bool moves) {
  std::mt19937 random(seed), operators(~seed);
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
    if (moves && operators() % 2 == 0) Move(group, operators);
    DoSomething(group, random, violent);
    if (moves && operators() % 3 == 0) Move(group, operators);
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
