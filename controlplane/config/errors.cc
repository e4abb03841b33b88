#include "controlplane/config/errors.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

namespace baton::controlplane {

std::string ConfigError::ToString(absl::string_view file_name) const {
  std::string text = absl::StrCat(file_name, ":", line, ":", column, ": ");
  if (!object.empty()) absl::StrAppend(&text, object, ": ");
  if (!value.empty()) absl::StrAppend(&text, value, absl::StartsWith(problem, ":") ? "" : " ");
  absl::StrAppend(&text, problem);
  return text;
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kShown = 64;
  if (text.size() <= kShown) return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text.substr(0, kShown)), "...\"");
}

void ErrorList::Add(ConfigError error) {
  if (full()) return;
  objects_.insert(error.object);
  errors_.push_back(std::move(error));
}

std::vector<ConfigError> ErrorList::Take() {
  std::stable_sort(errors_.begin(), errors_.end(), [](const ConfigError& a, const ConfigError& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  if (full()) {
    ConfigError last = errors_.back();
    errors_.push_back(
        {last.line, last.column, "", "", absl::StrCat("more than ", kLimit, " errors: the rest is not listed")});
  }
  objects_.clear();
  return std::exchange(errors_, {});
}

}  // namespace baton::controlplane
