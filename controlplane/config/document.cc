#include "controlplane/config/document.h"

#include <algorithm>
#include <sstream>

#include <absl/strings/escaping.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace baton::controlplane {

std::string Node::Path() const {
  if (parent == nullptr) return "";
  if (parent->kind == Kind::kList) return absl::StrCat(parent->Path(), "[", index, "]");
  const std::string above = parent->Path();
  // A key is any text; in a path it should look like one.
  std::string shown = Quoted(key);
  if (shown.size() == key.size() + 2 && shown.find_first_of(" .[]:") == std::string::npos) shown = key;
  return above.empty() ? shown : absl::StrCat(above, ".", shown);
}

// Turns the parser's events into nodes. Throws YAML::ParserException for what strict YAML does not have, as the parser
// itself does for bad syntax.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Document& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Refuse(mark, "a second document begins here; only one is allowed");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (anchor != 0) Refuse(mark, "anchors are not supported");
    if (ExpectsKey()) Refuse(mark, "a key is missing");
    Node& node = Append(mark, Node::Kind::kNull);
    // The parser marks an empty value where the next token is; the key's place helps more.
    if (node.parent != nullptr && node.parent->kind == Node::Kind::kMap) {
      node.line = node.key_line;
      node.column = node.key_column;
    }
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Refuse(mark, "aliases are not supported"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    CheckPlain(mark, tag, anchor);
    if (ExpectsKey()) {
      key_ = text;
      key_mark_ = mark;
      key_given_ = true;
      return;
    }
    Node& node = Append(mark, Node::Kind::kScalar);
    node.text = text;
    node.quoted = tag == "!";
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  [[noreturn]] static void Refuse(const YAML::Mark& mark, const std::string& problem) {
    throw YAML::ParserException(mark, problem);
  }
  static void CheckPlain(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) Refuse(mark, "anchors are not supported");
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "tags are not supported");
  }
  bool ExpectsKey() const { return !open_.empty() && open_.back()->kind == Node::Kind::kMap && !key_given_; }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    CheckPlain(mark, tag, anchor);
    if (ExpectsKey()) Refuse(mark, "a key must be a plain word");
    if (open_.size() >= Document::kMaxDepth) {
      Refuse(mark, absl::StrCat("nested deeper than ", Document::kMaxDepth, " levels"));
    }
    open_.push_back(&Append(mark, kind));
  }

  Node& Append(const YAML::Mark& mark, Node::Kind kind) {
    if (document_.nodes_.size() >= Document::kMaxNodes) {
      Refuse(mark, absl::StrCat("more than ", Document::kMaxNodes, " values"));
    }
    Node& node = document_.nodes_.emplace_back();
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    if (open_.empty()) {
      document_.root_ = &node;
      return node;
    }
    Node& parent = *open_.back();
    node.parent = &parent;
    node.index = parent.children.size();
    if (parent.kind == Node::Kind::kMap) {
      node.key = std::move(key_);
      node.key_line = key_mark_.line + 1;
      node.key_column = key_mark_.column + 1;
      key_given_ = false;
    }
    parent.children.push_back(&node);
    return node;
  }

  Document& document_;
  std::vector<Node*> open_;
  std::string key_;
  YAML::Mark key_mark_;
  bool key_given_ = false;
  int documents_ = 0;
};

Document::Document(absl::string_view text, ErrorList& errors) {
  if (text.size() > kMaxBytes) {
    errors.Add({1, 1, "", "", absl::StrCat("the file has ", text.size(), " bytes; at most ", kMaxBytes, " are read")});
    return;
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder(*this);
    while (parser.HandleNextDocument(builder)) {
    }
    if (root_ == nullptr) errors.Add({1, 1, "", "", "the file is empty"});
  } catch (const YAML::Exception& e) {
    root_ = nullptr;
    // The parser has no place for some of its errors.
    errors.Add({std::max(e.mark.line, 0) + 1, std::max(e.mark.column, 0) + 1, "", "", absl::Utf8SafeCEscape(e.msg)});
  }
}

const Node& Document::Locate(absl::string_view path) const {
  const Node* at = root_;
  while (!path.empty()) {
    const bool is_index = path[0] == '[';
    const size_t end = is_index ? path.find(']') : path.find_first_of(".[");
    const absl::string_view step = is_index ? path.substr(1, end - 1) : path.substr(0, end);
    const Node* next = nullptr;
    if (size_t index = 0; is_index) {
      const bool there = at->kind == Node::Kind::kList && absl::SimpleAtoi(step, &index) && index < at->children.size();
      if (there) next = at->children[index];
    } else if (at->kind == Node::Kind::kMap) {
      for (const Node* child : at->children) {
        if (child->key != step) continue;
        next = child;  // the first: the one that was read
        break;
      }
    }
    if (next == nullptr) return *at;
    at = next;
    path.remove_prefix(end == absl::string_view::npos ? path.size() : end + (is_index ? 1 : 0));
    if (!path.empty() && path[0] == '.') path.remove_prefix(1);
  }
  return *at;
}

}  // namespace baton::controlplane
