// Text -> Config, or every error of the text with line and column. Shape first (shape.h: keys, types, ranges), then
// meaning (validate.h: what must fit together); both report into one list, so one run shows all. Pure but for
// LoadConfig, which reads the file; any thread.
#pragma once

#include <string>
#include <vector>

#include <absl/strings/string_view.h>

#include "controlplane/config/config.h"
#include "controlplane/config/errors.h"

namespace baton::controlplane {

struct ParseResult {
  Config config;                    // of use only when ok()
  std::vector<ConfigError> errors;  // by line and column
  std::string file_name;

  bool ok() const { return errors.empty(); }
  // One line per error: "FILE:LINE:COLUMN: OBJECT: VALUE PROBLEM". Empty when there is none.
  std::string Report() const;
};

// `file_name` is for the error texts only.
ParseResult ParseConfig(absl::string_view text, absl::string_view file_name);
// A file that cannot be read is an error at line 1.
ParseResult LoadConfig(const std::string& path);

}  // namespace baton::controlplane
