// Runs every scenario of this folder through the real pipeline: one section per file, named by the file and its title,
// which cites the requirements. `scenario_test -c FILE` runs one.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "common/drop_reason.h"
#include "tests/scenarios/runner.h"
#include "tests/scenarios/scenario.h"

namespace baton::scenarios {
namespace {

const std::string kFolder = SCENARIOS;  // set by meson.build

std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") {
      files.push_back(std::filesystem::relative(entry.path(), kFolder).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Nothing when the scenario is not for so many workers, or for cards that there are not.
std::vector<std::string> RunFile(const std::string& file, uint16_t workers, std::set<std::string>* reasons,
                                 bool cards = false) {
  const absl::StatusOr<Scenario> scenario = LoadScenario(kFolder, file);
  if (!scenario.ok()) return {std::string(scenario.status().message())};
  if (scenario->workers != 0 && scenario->workers != workers) return {};
  if (scenario->cards.has_value() && scenario->cards != cards) return {};
  return RunScenario(*scenario, workers, reasons, cards);
}

// Reasons that no scenario can provoke, and why.
const std::map<std::string, std::string> kNotProvoked = {
    {"none", "not a drop"},
};

}  // namespace

TEST_CASE("every scenario goes as it is written, with one, two and three workers") {
  const std::vector<std::string> files = Files();
  REQUIRE(files.size() > 60);
  struct Crew { uint16_t workers; bool cards; const char* name; };
  const auto crew = GENERATE(values<Crew>({
      {1, false, "1"}, {2, false, "2"}, {3, false, "3"}, {2, true, "2 and cards that spread"},
      {3, true, "3 and cards that spread"}}));
  for (const std::string& file : files) {
    DYNAMIC_SECTION(file << " with " << crew.name) {
      std::set<std::string> reasons;
      const std::vector<std::string> failures = RunFile(file, crew.workers, &reasons, crew.cards);
      INFO(absl::StrJoin(failures, "\n"));
      CHECK(failures.empty());
    }
  }
}

TEST_CASE("a scenario that does not hold is noticed") {
  struct Case { const char* name; const char* steps; bool holds; };
  const auto c = GENERATE(values<Case>({
      {"as it is", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 len 2 => lan udp 192.0.2.7:5 > 10.0.0.11:53 len 2",
       true},
      {"another backend", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => lan udp 192.0.2.7:5 > 10.0.0.12:53", false},
      {"another port", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => wan udp 192.0.2.7:5 > 10.0.0.11:53", false},
      {"another length", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => lan udp 192.0.2.7:5 > 10.0.0.11:53 len 1",
       false},
      {"another ttl", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => lan udp 192.0.2.7:5 > 10.0.0.11:53 ttl 64",
       false},
      {"a packet too many", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => nothing", false},
      {"a packet too few", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => sent lan 2", false},
      {"a wrong checksum", "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 csum bad => lan udp 192.0.2.7:5 > 10.0.0.11:53",
       false},
      {"a drop without a word", "at 0 wan tcp 192.0.2.7:5 > 198.51.100.10:80 rst => nothing", false},
      {"another reason", "at 0 wan tcp 192.0.2.7:5 > 198.51.100.10:80 rst => drop no_service", false},
      {"twice the drop", "at 0 wan tcp 192.0.2.7:5 > 198.51.100.10:80 rst => drop unknown_access 2", false},
      {"an answer without a word", "at 0 wan tcp 192.0.2.7:5 > 198.51.100.10:80 ack => drop unknown_access", false},
      {"held without a word", "at 0 mode 198.51.100.10 migration\n"
       "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => nothing", false},
      {"to control without a word", "at 0 wan arp who-has 198.51.100.2 tell 198.51.100.1 => nothing", false},
      {"released without a word", "at 0 mode 198.51.100.10 migration\n"
       "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => held\nat 1 mode 198.51.100.10 normal", false},
      {"a wrong count", "expect rows 1", false},
      {"another station",
       "at 0 wan udp 192.0.2.7:5 > 198.51.100.10:53 => lan udp 192.0.2.7:5 > 10.0.0.11:53 via 10.0.0.12", false},
      {"an unknown port", "at 0 wlan udp 192.0.2.7:5 > 198.51.100.10:53 => nothing", false},
  }));
  CAPTURE(c.name);
  const absl::StatusOr<Scenario> scenario = ParseScenario(absl::StrCat("# t\nbox nat\n", c.steps), "t", kFolder);
  INFO(scenario.status().message());
  REQUIRE(scenario.ok());
  std::set<std::string> reasons;
  for (const uint16_t workers : {1, 2}) CHECK(RunScenario(*scenario, workers, &reasons).empty() == c.holds);
}

TEST_CASE("text that makes no scenario is refused with its line") {
  struct Case { const char* text; const char* error; };
  const auto c = GENERATE(values<Case>({
      {"box nat", "t:1: the first line is the title"},
      {"# t\nbox castle", "t:2: cannot read"},
      {"# t\nbox nat\nat x wan udp 1.1.1.1:1 > 2.2.2.2:2 => nothing", "t:3: not a time"},
      {"# t\nbox nat\nat 1 poll\nat 0 poll", "t:4: time goes back"},
      {"# t\nbox nat\n\nat 0 wan udp 1.1.1.1:1 > 2.2.2.2:2", "t:4: a packet wants"},
      {"# t\nbox nat\nat 0 wan udp 1.1.1.1:1 > 2.2.2.2:2 => drop", "t:3: `drop` wants a reason"},
      {"# t\nbox nat\nrepeat i 1 2\nat 0 poll", "without `end`"},
      {"# t\nconfig\nports: []", "t:2: `config` without `end`"},
  }));
  CAPTURE(c.text);
  const absl::StatusOr<Scenario> scenario = ParseScenario(c.text, "t", kFolder);
  REQUIRE_FALSE(scenario.ok());
  CHECK_THAT(std::string(scenario.status().message()), Catch::Contains(c.error));
}

TEST_CASE("every drop reason is provoked by some scenario") {
  std::set<std::string> seen;
  for (const std::string& file : Files()) {
    for (const uint16_t workers : {1, 2}) RunFile(file, workers, &seen);
  }
  std::vector<std::string> missing;
  for (const absl::string_view reason : kDropReasonNames) {
    const std::string name(reason);
    if (seen.count(name) == 0 && kNotProvoked.count(name) == 0) missing.push_back(name);
    if (seen.count(name) != 0 && kNotProvoked.count(name) != 0) missing.push_back(absl::StrCat(name, " (is provoked)"));
  }
  INFO(absl::StrJoin(missing, ", "));
  CHECK(missing.empty());
}

}  // namespace baton::scenarios
