// Typed access to the nodes of a configuration file. Every function reports what it refuses, with its place, into the
// ErrorList and returns nothing; the caller keeps the default and goes on, so that one run finds all errors. One
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include "common/time_point.h"
#include "controlplane/config/document.h"
#include "controlplane/config/errors.h"

namespace baton::controlplane {

void Refuse(const Node& node, ErrorList& errors, absl::string_view problem);  // no value shown
void RefuseValue(const Node& node, ErrorList& errors, absl::string_view value, absl::string_view problem);

struct Limits {
  int64_t least, most;
};

std::optional<std::string> ReadText(const Node& node, ErrorList& errors);
std::optional<int64_t> ReadNumber(const Node& node, ErrorList& errors, Limits limits);
// The elements; empty, and reported, when the node is not a list.
const std::vector<const Node*>& ReadList(const Node& node, ErrorList& errors);

// A value with a text form of its own: `parse` is one of values.h.
template <typename T>
std::optional<T> ReadValue(const Node& node, ErrorList& errors, absl::StatusOr<T> (*parse)(absl::string_view)) {
  const std::optional<std::string> text = ReadText(node, errors);
  if (!text) return std::nullopt;
  absl::StatusOr<T> value = parse(*text);
  if (value.ok()) return *std::move(value);
  const std::string quoted = "\"" + *text + "\"";
  absl::string_view problem = value.status().message();
  if (problem.substr(0, quoted.size()) == quoted) problem.remove_prefix(quoted.size());
  if (!problem.empty() && problem[0] == ' ') problem.remove_prefix(1);
  RefuseValue(node, errors, Quoted(*text), problem);
  return std::nullopt;
}

// One of a list of words. A word without a value is known but not supported yet.
template <typename T>
struct Choice {
  absl::string_view text;
  std::optional<T> value;
};

std::string JoinWords(const std::vector<absl::string_view>& words);

template <typename T>
std::optional<T> ReadWord(const Node& node, ErrorList& errors, absl::Span<const Choice<T>> words) {
  const std::optional<std::string> text = ReadText(node, errors);
  if (!text) return std::nullopt;
  std::vector<absl::string_view> supported;
  for (const Choice<T>& word : words) {
    if (word.text == *text) {
      if (!word.value) RefuseValue(node, errors, Quoted(*text), "is not supported yet");
      return word.value;
    }
    if (word.value) supported.push_back(word.text);
  }
  RefuseValue(node, errors, Quoted(*text), "is not one of " + JoinWords(supported));
  return std::nullopt;
}

// The keys of a map. A key that was never asked for is unknown: ask for each, then call Finish.
class MapReader {
 public:
  // Reports when the node is not a map; it then reads as an empty one, whose missing keys are not reported.
  MapReader(const Node& node, ErrorList& errors);

  const Node* Optional(absl::string_view key);  // nullptr when it is not there
  const Node* Required(absl::string_view key);  // the same, reported
  void NotSupportedYet(absl::string_view key);

  // Sets `field` when the key is there and its value good.
  template <typename T>
  void Number(absl::string_view key, Limits limits, T& field) {
    if (const Node* node = Optional(key)) Assign(ReadNumber(*node, errors_, limits), field);
  }
  template <typename T>
  void Value(absl::string_view key, absl::StatusOr<T> (*parse)(absl::string_view), T& field) {
    if (const Node* node = Optional(key)) Assign(ReadValue(*node, errors_, parse), field);
  }
  // A duration of at least `least` and at most an hour.
  void Time(absl::string_view key, Duration least, Duration& field);
  template <typename T>
  void RequiredValue(absl::string_view key, absl::StatusOr<T> (*parse)(absl::string_view), T& field) {
    if (const Node* node = Required(key)) Assign(ReadValue(*node, errors_, parse), field);
  }
  template <typename T>
  void Words(absl::string_view key, absl::Span<const Choice<T>> words, T& field) {
    if (const Node* node = Optional(key)) Assign(ReadWord(*node, errors_, words), field);
  }

  // Reports unknown and repeated keys.
  void Finish();

 private:
  template <typename From, typename To>
  static void Assign(std::optional<From>&& from, To& to) {
    if (from) to = static_cast<To>(*std::move(from));
  }

  const Node& node_;
  ErrorList& errors_;
  std::vector<absl::string_view> asked_;
  std::vector<absl::string_view> not_yet_;  // there, and refused by NotSupportedYet
};

}  // namespace baton::controlplane
