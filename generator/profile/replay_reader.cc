#include "generator/profile/replay_reader.h"

#include <algorithm>
#include <filesystem>

#include <absl/strings/str_cat.h>

#include "common/headers.h"
#include "controlplane/config/values.h"
#include "generator/profile/values.h"

namespace baton::generator {

using controlplane::Choice;
using controlplane::ErrorList;
using controlplane::MapReader;
using controlplane::Node;
using controlplane::Refuse;
using controlplane::RefuseValue;

namespace {

constexpr int64_t kMostRounds = 1'000'000'000;
constexpr Choice<bool> kKeepMacs[] = {{"rewrite", false}, {"keep", true}};

// The port that is named, whatever its role, or the first one with clients.
bool FindPort(const Node& node, const Node* from, const Profile& profile, ErrorList& errors, size_t* place) {
  const std::string wanted = from != nullptr ? controlplane::ReadText(*from, errors).value_or("") : "";
  for (size_t i = 0; i < profile.ports.size(); ++i) {
    if (from != nullptr ? profile.ports[i].name != wanted : profile.ports[i].role != Role::kClients) continue;
    *place = i;
    return true;
  }
  if (from != nullptr) {
    RefuseValue(*from, errors, from->text, "is no port");
  } else {
    Refuse(node, errors, "has no port with role: clients");
  }
  return false;
}

void ReadFile(const Node& node, ErrorList& errors, const Profile& profile, ReplayProfile& replay) {
  replay.file = controlplane::ReadText(node, errors).value_or("");
  const std::filesystem::path path = std::filesystem::path(profile.name).parent_path() / replay.file;
  const size_t longest = profile.ports[replay.port].mtu + sizeof(EthernetHeader) + sizeof(VlanTag);
  auto recording = ReadRecording(path.string(), std::min<size_t>(longest, kFrameRoom));
  if (!recording.ok()) return RefuseValue(node, errors, replay.file, recording.status().message());
  replay.recording = std::make_shared<const Recording>(*std::move(recording));
}

}  // namespace

bool IsReplay(const Node& node) {
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const Node* child) { return child->key == "protocol" && child->text == "replay"; });
}

void ReadReplay(const Node& node, ErrorList& errors, Profile& profile) {
  ReplayProfile replay;
  MapReader map(node, errors);
  map.RequiredValue("name", controlplane::ParseName, replay.name);
  map.Optional("protocol");
  const Node* from = map.Optional("from");
  const Node* rate = map.Optional("rate");
  const Node* speed = map.Optional("speed");
  if (rate != nullptr && speed != nullptr) Refuse(*speed, errors, "does not go with rate");
  if (rate != nullptr) {
    replay.by_rate = true;
    replay.rate = controlplane::ReadValue(*rate, errors, ParseRate).value_or(0);
  } else if (speed != nullptr && speed->text == "max") {
    replay.by_rate = true;
  } else if (speed != nullptr) {
    replay.speed = controlplane::ReadValue(*speed, errors, ParseSpeed).value_or(1);
  }
  map.Number("loop", {1, kMostRounds}, replay.rounds);
  map.Words<bool>("macs", kKeepMacs, replay.keep_macs);
  const Node* file = map.Required("file");
  if (FindPort(node, from, profile, errors, &replay.port) && file != nullptr) ReadFile(*file, errors, profile, replay);
  map.Finish();
  profile.replays.push_back(std::move(replay));
}

}  // namespace baton::generator
