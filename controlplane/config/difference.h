// What differs between two configurations: what a reload would add, remove and change, with old and new values, and
// what takes a restart because it sizes memory, opens a device or a socket. Things are told apart by name: a service by
// its name, a backend by the service's and its own, an address by itself, a route by its prefix. Order does not count,
// except of ports. Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "controlplane/config/config.h"

namespace baton::controlplane {

struct ConfigChange {
  enum class Action { kAdded, kRemoved, kChanged } action = Action::kChanged;
  std::string object;    // "backend web/s1", "route 0.0.0.0/0"; of a restart: "dataplane.access_rows"
  std::string key;       // kChanged: "weight"; empty in a restart
  std::string from, to;  // values; all of a thing's when it is added (to) or removed (from)

  // "backend web/s1: weight: 2 -> 3", "added backend web/s3: endpoint 10.0.0.13:80, weight 1"
  std::string ToString() const;
};

// "added", "removed", "changed".
absl::string_view Word(ConfigChange::Action action);

struct ConfigDifference {
  std::vector<ConfigChange> changes;
  std::vector<ConfigChange> restart;  // not empty: the running process cannot take up the configuration

  bool empty() const { return changes.empty() && restart.empty(); }
};

ConfigDifference Compare(const Config& from, const Config& to);

// Whether the box is to be in charge of a group's addresses at the start.
bool InChargeAtStart(const Config& config, const AddressGroupConfig& group);

}  // namespace baton::controlplane
