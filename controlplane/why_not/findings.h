// Finds the classic mistakes around a box that loads its configuration and still passes no traffic: those that the
// file's own validation cannot refuse because they may be meant, and those that only the running box sees. Pure, any
// thread.
#pragma once

#include <string>
#include <vector>

#include "controlplane/config/config.h"
#include "controlplane/view.h"

namespace baton::controlplane {

struct Finding {
  enum class Severity : uint8_t {
    kError,    // traffic is lost now
    kWarning,  // traffic is lost under some condition, or soon
    kCheck,    // cannot be seen from here: what to look at elsewhere
  } severity;
  std::string object;   // "port lan", "service web", "backend web/s1"
  std::string problem;
  std::string change;   // what to change, or to look at
};

absl::string_view Word(Finding::Severity severity);

// Errors first, otherwise in the order of the configuration. A view without ports is that of a box that does not run:
// only what the file tells is looked at then.
std::vector<Finding> FindMistakes(const Config& config, const View& view);

}  // namespace baton::controlplane
