// What is wrong with a configuration file: every error with the place, the object, the value and the limit. Filled
// while one file is read (parse.h) and sorted by place at the end. One thread.
#pragma once

#include <string>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>

namespace baton::controlplane {

struct ConfigError {
  int line = 1;  // both count from 1; columns in bytes
  int column = 1;
  std::string object;   // "services[2].backends[0].weight"; empty: the file as a whole
  std::string value;    // as it stands in the file, shortened; empty: there is none to show
  std::string problem;  // with the limit: "is outside 0..65535"

  // "conf/edge.yaml:41:17: services[2].backends[0].weight: 70000 is outside 0..65535"
  std::string ToString(absl::string_view file_name) const;
};

// A value for an error text: in quotes, control bytes escaped, cut after 64 bytes.
std::string Quoted(absl::string_view text);

class ErrorList {
 public:
  // A file of many megabytes may be wrong in every line: the rest is cut off, and an error says so.
  static constexpr size_t kLimit = 1000;

  void Add(ConfigError error);
  bool empty() const { return errors_.empty(); }
  bool full() const { return errors_.size() >= kLimit; }
  // Whether `object` itself was refused: what follows from its value is then no error of the user's.
  bool Refused(absl::string_view object) const { return objects_.contains(object); }
  // Sorted by place. The list is empty afterwards.
  std::vector<ConfigError> Take();

 private:
  std::vector<ConfigError> errors_;
  absl::flat_hash_set<std::string> objects_;
};

}  // namespace baton::controlplane
