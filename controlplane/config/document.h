// A YAML file as a tree that remembers where each value stands. Strict: one document; no anchors, aliases or tags;
// bounded in size, depth and number of values, so that hostile text costs little. libyaml reads the text, in
// document.cc only. One thread; nodes live as long as their document.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include <absl/strings/string_view.h>

#include "common/status.h"
#include "controlplane/config/errors.h"

namespace baton::controlplane {

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap } kind = Kind::kNull;
  int line = 1, column = 1;
  std::string text;     // kScalar
  bool quoted = false;  // kScalar: written in quotes or as a block, therefore never a number
  const Node* parent = nullptr;
  std::string key;  // when the parent is a map
  int key_line = 1, key_column = 1;
  size_t index = 0;  // when the parent is a list
  std::vector<const Node*> children;

  // "services[2].backends[0].weight"; empty for the root.
  std::string Path() const;
};

class Document {
 public:
  static constexpr size_t kMaxBytes = 4 << 20;
  static constexpr size_t kMaxNodes = 1'000'000;
  static constexpr size_t kMaxDepth = 16;

  // What cannot be read as one strict YAML document is added to `errors`; root() is then null.
  Document(absl::string_view text, ErrorList& errors);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  // nullptr when the text was refused.
  const Node* root() const { return root_; }
  // The node at `path`, or the deepest one on the way there that exists. REQUIRES: root() != nullptr.
  const Node& Locate(absl::string_view path) const;

 private:
  friend class TreeBuilder;
  std::deque<Node> nodes_;  // a deque does not move them
  const Node* root_ = nullptr;
};

// The text of a file; of one that is longer than kMaxBytes as much as shows that it is. An error says why it cannot be
// read, without the file's name.
absl::StatusOr<std::string> ReadDocument(const std::string& path);

}  // namespace baton::controlplane
