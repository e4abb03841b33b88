// The meaning of a configuration: what no single value shows. Names and addresses that meet twice, routes and backends
// out of reach, what the program does not do yet. Resolves names on the way: a Config without errors needs no further
// look-up. Errors name their object by path; the document knows the place. One thread.
#pragma once

#include <string>

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>

#include "controlplane/config/document.h"
#include "controlplane/config/shape.h"

namespace baton::controlplane {

// What Validate and its parts report to.
struct Reporter {
  const Document& document;
  ErrorList& errors;

  // `path` of the object, or of one that could be there: then the place is that of what would hold it.
  void Report(const std::string& path, absl::string_view value, absl::string_view problem) const;
};

// Things of one kind that must differ, and who had each first.
template <typename Key>
class FirstUses {
 public:
  // Reports `shown` at `path` when it was used before; false then.
  bool Claim(const Key& key, const std::string& path, absl::string_view shown, const Reporter& reporter) {
    const auto [at, inserted] = uses_.emplace(key, path);
    if (!inserted) reporter.Report(path, shown, "is also " + at->second);
    return inserted;
  }

 private:
  absl::flat_hash_map<Key, std::string> uses_;
};

// Rows, counters and tables name services, backends and addresses by 16-bit slots (common/service_table.h); some are
// kept free for those that were removed while rows still name them.
inline constexpr size_t kMaxOfEach = 60'000;

// REQUIRES: document.root() != nullptr, and `draft` was read from it. The result is of use only if nothing was
// reported.
Config Validate(Draft draft, const Document& document, ErrorList& errors);

}  // namespace baton::controlplane
