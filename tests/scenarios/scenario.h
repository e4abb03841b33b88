// A scenario file as a value: the box (configuration in YAML), then steps in the order of time, each with what must
// come of it. README.md has the grammar. Parsing is pure but for reading `box FILE`; test code only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include "common/time_point.h"
#include "tests/scenarios/packet_text.h"

namespace baton::scenarios {

struct PortPacket {
  std::string port;
  PacketText packet;  // kind `any` in an outcome: whatever it is
  std::string name;   // `any` that goes where the packet of this name went, or is the first of this name
  bool again = false;
  int times = 1;             // so many of them arrive
  bool from_kernel = false;  // sent by the kernel through its interface of the port
};

// What must come of a step; what is not mentioned must not happen.
struct Outcome {
  std::map<std::string, int> drops;  // by reason
  int held = 0, waiting = 0, control = 0, kernel = 0;
  std::vector<PortPacket> sent;      // in this order

  std::string ToString() const;
};

struct Step {
  int line = 0;
  Duration at{};
  // packets: `burst`, all received in one poll. Others: `words`, the command and its arguments.
  std::vector<PortPacket> burst;
  std::vector<std::string> words;
  Outcome outcome;
};

struct Scenario {
  std::string file;         // path below the folder of scenarios
  std::string title;        // first line, without the comment sign
  std::string config;       // YAML
  std::string later_config; // what `reload` brings
  Duration clock{};         // what the clock says at time 0
  // Polls before and after each step. Work per poll has quotas (expiry, releases): enough for what is due at one time
  // to happen at that time. With `polls 0`, one poll after the step and none before.
  int polls = 40;
  bool manual_neighbors = false;
  int workers = 0;          // 0: any number, and the runner takes several
  std::optional<bool> cards;  // only with cards that spread, or only without
  std::vector<Step> steps;
};

// Errors name file and line. `folder`: where `box NAME` finds boxes/NAME.yaml.
absl::StatusOr<Scenario> ParseScenario(absl::string_view text, const std::string& file, const std::string& folder);
absl::StatusOr<Scenario> LoadScenario(const std::string& folder, const std::string& file);

}  // namespace baton::scenarios
