#include "controlplane/config/reader.h"

#include <algorithm>

#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "controlplane/config/values.h"

namespace baton::controlplane {
namespace {

absl::string_view KindName(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "a single value";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

// How many letters must be inserted, removed or changed (Levenshtein).
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string UnknownKey(absl::string_view key, const std::vector<absl::string_view>& known) {
  constexpr size_t kLongest = 40;  // longer texts are no slip of a key's name
  absl::string_view nearest;
  size_t least = kLongest;
  for (const absl::string_view candidate : known) {
    const size_t distance = key.size() <= kLongest ? EditDistance(key, candidate) : kLongest;
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  const bool alike = least < key.size() && least <= std::max<size_t>(2, key.size() / 3);
  if (alike) return absl::StrCat("unknown key; did you mean \"", nearest, "\"?");
  return absl::StrCat("unknown key; known here: ", absl::StrJoin(known, ", "));
}

}  // namespace

void Refuse(const Node& node, ErrorList& errors, absl::string_view problem) { RefuseValue(node, errors, "", problem); }

void RefuseValue(const Node& node, ErrorList& errors, absl::string_view value, absl::string_view problem) {
  if (errors.full()) return;
  errors.Add({node.line, node.column, node.Path(), std::string(value), std::string(problem)});
}

std::string JoinWords(const std::vector<absl::string_view>& words) { return absl::StrJoin(words, ", "); }

std::optional<std::string> ReadText(const Node& node, ErrorList& errors) {
  if (node.kind == Node::Kind::kScalar) return node.text;
  Refuse(node, errors, absl::StrCat("a single value is needed, not ", KindName(node.kind)));
  return std::nullopt;
}

std::optional<int64_t> ReadNumber(const Node& node, ErrorList& errors, Limits limits) {
  if (node.kind != Node::Kind::kScalar) {
    Refuse(node, errors, absl::StrCat("a whole number is needed, not ", KindName(node.kind)));
    return std::nullopt;
  }
  absl::string_view digits = node.text;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (negative) digits.remove_prefix(1);
  const bool all_digits = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  if (node.quoted || !all_digits || (digits.size() > 1 && digits[0] == '0')) {
    RefuseValue(node, errors, Quoted(node.text), "is not a whole number");
    return std::nullopt;
  }
  uint64_t magnitude = 0;
  const bool small = ParseDigits(digits, 1'000'000'000'000'000, &magnitude);
  const int64_t number = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  if (!small || number < limits.least || number > limits.most) {
    const std::string shown = digits.size() <= 20 ? node.text : Quoted(node.text);
    RefuseValue(node, errors, shown, absl::StrCat("is outside ", limits.least, "..", limits.most));
    return std::nullopt;
  }
  return number;
}

const std::vector<const Node*>& ReadList(const Node& node, ErrorList& errors) {
  static const std::vector<const Node*> kNone;
  if (node.kind == Node::Kind::kList) return node.children;
  Refuse(node, errors, absl::StrCat("a list is needed, not ", KindName(node.kind)));
  return kNone;
}

MapReader::MapReader(const Node& node, ErrorList& errors) : node_(node), errors_(errors) {
  if (node.kind != Node::Kind::kMap) {
    Refuse(node, errors, absl::StrCat("a map of keys is needed, not ", KindName(node.kind)));
  }
}

const Node* MapReader::Optional(absl::string_view key) {
  asked_.push_back(key);
  if (node_.kind != Node::Kind::kMap) return nullptr;
  for (const Node* child : node_.children) {
    if (child->key == key) return child;
  }
  return nullptr;
}

const Node* MapReader::Required(absl::string_view key) {
  const Node* child = Optional(key);
  if (child == nullptr && node_.kind == Node::Kind::kMap) {
    Refuse(node_, errors_, absl::StrCat("the key \"", key, "\" is missing"));
  }
  return child;
}

void MapReader::NotSupportedYet(absl::string_view key) {
  const Node* node = Optional(key);
  asked_.pop_back();  // a slip of another key is not to be corrected into this one
  if (node == nullptr) return;
  not_yet_.push_back(key);
  errors_.Add({node->key_line, node->key_column, node->Path(), "", "is not supported yet"});
}

void MapReader::Time(absl::string_view key, Duration least, Duration& field) {
  const Node* node = Optional(key);
  if (node == nullptr) return;
  const std::optional<Duration> value = ReadValue(*node, errors_, ParseDuration);
  if (!value) return;
  if (*value >= least && *value <= std::chrono::hours(1)) {
    field = *value;
  } else {
    RefuseValue(*node, errors_, node->text, absl::StrCat("is outside ", ToMillis(least), "ms..1h"));
  }
}

void MapReader::Finish() {
  if (node_.kind != Node::Kind::kMap) return;
  absl::flat_hash_set<absl::string_view> seen;
  for (const Node* child : node_.children) {
    if (errors_.full()) return;
    const bool repeated = !seen.insert(child->key).second;
    const auto among = [child](const auto& keys) {
      return std::find(keys.begin(), keys.end(), child->key) != keys.end();
    };
    if ((among(asked_) || among(not_yet_)) && !repeated) continue;
    const std::string problem = repeated ? "the key is there twice" : UnknownKey(child->key, asked_);
    errors_.Add({child->key_line, child->key_column, child->Path(), "", problem});
  }
}

}  // namespace baton::controlplane
