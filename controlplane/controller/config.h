// The configuration of a substitution server: its interface, and the virtual routers that it makes allocations for, as
// their routers have them. Text -> ControllerConfig, or every error with its place, as config/parse.h. Any thread.
#pragma once

#include <string>
#include <vector>

#include <absl/strings/string_view.h>

#include "controlplane/config/config.h"
#include "controlplane/config/errors.h"

namespace baton::controlplane {

struct ControllerConfig {
  std::string interface;  // of the kernel
  // `port` is empty, `load_sharing` is there, and its `server` is this one.
  std::vector<VirtualRouterConfig> virtual_routers = {};
};

struct ControllerParse {
  ControllerConfig config;          // of use only when ok()
  std::vector<ConfigError> errors;  // by line and column
  std::string file_name;

  bool ok() const { return errors.empty(); }
  std::string Report() const;  // a line for each error
};

ControllerParse ParseControllerConfig(absl::string_view text, absl::string_view file_name);
ControllerParse LoadControllerConfig(const std::string& path);

}  // namespace baton::controlplane
