#include "controlplane/config/document.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <yaml.h>

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

namespace {

// What the parser calls a place, counted from zero.
struct Mark {
  size_t line = 0, column = 0;
};

Mark MarkOf(const yaml_mark_t& mark) { return {mark.line, mark.column}; }

Mark MarkAt(absl::string_view text, size_t offset) {
  Mark mark;
  for (const char ch : text.substr(0, offset)) {
    ++mark.column;
    if (ch == '\n') mark = {mark.line + 1, 0};
  }
  return mark;
}

// Where the parser gave up. Of a character outside of YAML's set it knows the offset only, and the end of a text
// without a line's end it takes for the beginning of one more line.
Mark MarkOfError(absl::string_view text, const yaml_parser_t& parser) {
  if (parser.error == YAML_READER_ERROR) return MarkAt(text, parser.problem_offset);
  const Mark mark = MarkOf(parser.problem_mark), end = MarkAt(text, text.size());
  return mark.line > end.line ? end : mark;
}

std::string TextOf(const yaml_char_t* text, size_t length) {
  return std::string(reinterpret_cast<const char*>(text), length);
}

// YAML 1.2, 10.3.2: as the core schema writes null.
bool IsNull(absl::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// libyaml's parser with its memory.
struct Parser {
  explicit Parser(absl::string_view text) {
    yaml_parser_initialize(&state);
    yaml_parser_set_encoding(&state, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Parser() { yaml_parser_delete(&state); }
  yaml_parser_t state;
};

struct Event {
  ~Event() { yaml_event_delete(&event); }
  yaml_event_t event = {};
};

}  // namespace

// Turns the parser's events into nodes, until the end of the text or the first thing that strict YAML does not have.
class TreeBuilder {
 public:
  explicit TreeBuilder(Document& document) : document_(document) {}

  // False at the end, and when something was refused.
  bool Take(const yaml_event_t& event) {
    mark_ = MarkOf(event.start_mark);
    switch (event.type) {
      case YAML_STREAM_END_EVENT: return false;
      case YAML_DOCUMENT_START_EVENT:
        return documents_++ == 0 || Refuse("a second document begins here; only one is allowed");
      case YAML_ALIAS_EVENT: return Refuse("aliases are not supported");
      case YAML_SCALAR_EVENT: return Scalar(event.data.scalar);
      case YAML_SEQUENCE_START_EVENT: {
        const auto& list = event.data.sequence_start;
        return IsPlain(list.anchor, list.tag) && Open(Node::Kind::kList);
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& map = event.data.mapping_start;
        return IsPlain(map.anchor, map.tag) && Open(Node::Kind::kMap);
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: open_.pop_back(); return true;
      default: return true;
    }
  }

  const std::string& problem() const { return problem_; }  // empty: nothing was refused
  Mark mark() const { return mark_; }

 private:
  bool Refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool IsPlain(const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr) return Refuse("anchors are not supported");
    return tag == nullptr || Refuse("tags are not supported");
  }
  bool ExpectsKey() const { return !open_.empty() && open_.back()->kind == Node::Kind::kMap && !key_given_; }

  template <typename ScalarEvent>
  bool Scalar(const ScalarEvent& scalar) {
    if (!IsPlain(scalar.anchor, scalar.tag)) return false;
    std::string text = TextOf(scalar.value, scalar.length);
    const bool quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE;
    const bool null = !quoted && IsNull(text);
    if (ExpectsKey()) {
      if (null) return Refuse("a key is missing");
      key_ = std::move(text);
      key_mark_ = mark_;
      key_given_ = true;
      return true;
    }
    Node* node = Append(null ? Node::Kind::kNull : Node::Kind::kScalar);
    if (node == nullptr) return false;
    node->quoted = quoted;
    if (!null) {
      node->text = std::move(text);
    } else if (node->parent != nullptr && node->parent->kind == Node::Kind::kMap) {
      // The parser marks an empty value where the next token is; the key's place helps more.
      node->line = node->key_line;
      node->column = node->key_column;
    }
    return true;
  }

  bool Open(Node::Kind kind) {
    if (ExpectsKey()) return Refuse("a key must be a plain word");
    if (open_.size() >= Document::kMaxDepth) {
      return Refuse(absl::StrCat("nested deeper than ", Document::kMaxDepth, " levels"));
    }
    Node* node = Append(kind);
    if (node != nullptr) open_.push_back(node);
    return node != nullptr;
  }

  Node* Append(Node::Kind kind) {
    if (document_.nodes_.size() >= Document::kMaxNodes) {
      Refuse(absl::StrCat("more than ", Document::kMaxNodes, " values"));
      return nullptr;
    }
    Node& node = document_.nodes_.emplace_back();
    node.kind = kind;
    node.line = static_cast<int>(mark_.line) + 1;
    node.column = static_cast<int>(mark_.column) + 1;
    if (open_.empty()) {
      document_.root_ = &node;
      return &node;
    }
    Node& parent = *open_.back();
    node.parent = &parent;
    node.index = parent.children.size();
    if (parent.kind == Node::Kind::kMap) {
      node.key = std::move(key_);
      node.key_line = static_cast<int>(key_mark_.line) + 1;
      node.key_column = static_cast<int>(key_mark_.column) + 1;
      key_given_ = false;
    }
    parent.children.push_back(&node);
    return &node;
  }

  Document& document_;
  std::vector<Node*> open_;
  std::string key_, problem_;
  Mark key_mark_, mark_;
  bool key_given_ = false;
  int documents_ = 0;
};

namespace {

struct Refusal {
  Mark mark;
  std::string problem;
};

std::optional<Refusal> ReadEvents(absl::string_view text, TreeBuilder& builder) {
  Parser parser(text);
  for (bool more = true; more;) {
    Event event;
    if (yaml_parser_parse(&parser.state, &event.event) == 0) {
      const char* problem = parser.state.problem != nullptr ? parser.state.problem : "out of memory";
      return Refusal{MarkOfError(text, parser.state), problem};
    }
    more = builder.Take(event.event);
  }
  if (builder.problem().empty()) return std::nullopt;
  return Refusal{builder.mark(), builder.problem()};
}

}  // namespace

Document::Document(absl::string_view text, ErrorList& errors) {
  std::optional<Refusal> refusal;
  if (text.size() > kMaxBytes) {
    refusal = {{}, absl::StrCat("the file has ", text.size(), " bytes; at most ", kMaxBytes, " are read")};
  } else {
    TreeBuilder builder(*this);
    refusal = ReadEvents(text, builder);
    if (!refusal && root_ == nullptr) refusal = {{}, "the file is empty"};
  }
  if (!refusal) return;
  root_ = nullptr;
  errors.Add({static_cast<int>(refusal->mark.line) + 1, static_cast<int>(refusal->mark.column) + 1, "", "",
              refusal->problem});
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

absl::StatusOr<std::string> ReadDocument(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(Document::kMaxBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.fail() && !file.eof())) {
    return absl::NotFoundError(absl::StrCat("cannot be read: ", std::strerror(errno != 0 ? errno : EIO)));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

}  // namespace baton::controlplane
