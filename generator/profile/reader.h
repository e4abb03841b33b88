// Reads a profile: text -> Profile, or every error with its place. What is refused here is refused before anything is
// sent. One thread.
#pragma once

#include <string>
#include <vector>

#include "controlplane/config/errors.h"
#include "generator/profile/profile.h"

namespace baton::generator {

struct ProfileResult {
  Profile profile;
  std::string file_name;
  std::vector<controlplane::ConfigError> errors;

  bool ok() const { return errors.empty(); }
  std::string Report() const;  // one line each
};

ProfileResult ParseProfile(absl::string_view text, absl::string_view file_name);
ProfileResult LoadProfile(const std::string& path);

}  // namespace baton::generator
