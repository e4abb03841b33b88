// What is no strict YAML document, and what would cost too much, is refused before anything is read from it.
#include "controlplane/config/document.h"

#include "tests/controlplane/config/marked_text.h"

namespace baton::controlplane {
namespace {

std::string Repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST_CASE("what strict YAML does not have is refused at its place") {
  struct Case {
    const char* name;
    const char* marked;
    const char* error;
  };
  const auto c = GENERATE(values<Case>({
      {"nothing", "^", "the file is empty"},
      {"only a comment", "^# ports: []\n", "the file is empty"},
      {"a list", "^- 1\n", "a map of keys is needed, not a list"},
      {"a word", "^ports\n", "a map of keys is needed, not a single value"},
      {"a second document", "ports: [1]\n^---\nports: [1]\n", "a second document begins here; only one is allowed"},
      {"an anchor", "ports: ^&a [1]\n", "anchors are not supported"},
      {"an alias of nothing", "ports: ^*a\n", "aliases are not supported"},
      {"a tag", "ports: ^!!str x\n", "tags are not supported"},
      {"a list as a key", "^[a]: 1\n", "a key must be a plain word"},
      {"a list that is not closed", "ports: [1\n^", "did not find expected ',' or ']'"},
      {"a tab as indentation", "ports:\n^\t- 1\n", "found character that cannot start any token"},
  }));
  CAPTURE(c.name);
  const Marked m = Unmark(c.marked);
  ErrorList errors;
  const Document document(m.text, errors);
  std::vector<ConfigError> found = errors.Take();
  if (found.empty()) found = ParseConfig(m.text, "f").errors;
  REQUIRE_FALSE(found.empty());
  CHECK(found[0].ToString("f") == absl::StrCat("f:", m.place, ": ", c.error));
}

TEST_CASE("text that would cost much is refused") {
  struct Case {
    const char* name;
    std::string text;
    const char* error;
  };
  const Case cases[] = {
      {"more bytes than are read", std::string((4 << 20) + 1, '#'),
       "f:1:1: the file has 4194305 bytes; at most 4194304 are read\n"},
      {"lists in lists", "a: " + Repeated("[", 17) + Repeated("]", 17), "f:1:19: nested deeper than 16 levels\n"},
      {"maps in maps", "a: " + Repeated("{a: ", 17) + Repeated("}", 17), "f:1:64: nested deeper than 16 levels\n"},
      {"more values than are kept", "a:\n" + Repeated("- 1\n", 1'000'000), "f:1000000:3: more than 1000000 values\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(ParseConfig(c.text, "f").Report() == c.error);
  }
}

TEST_CASE("nesting without end is refused, whatever the parser makes of it") {
  const auto piece = GENERATE("[", "{", "- ", "{a: ", "[\n", "? ", "- - [", "&a ", "!", "'", "|\n");
  CAPTURE(piece);
  CHECK(ParseConfig(Repeated(piece, 100'000), "f").errors.size() == 1);
}

TEST_CASE("a file that is wrong everywhere yields its first errors and says that there are more") {
  std::string text;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&text, "k", i, ": 1\n");
  const ParseResult result = ParseConfig(text, "f");
  REQUIRE(result.errors.size() == 1001);
  CHECK(result.errors.back().problem == "more than 1000 errors: the rest is not listed");
}

TEST_CASE("a node knows its path, and a path finds its node or the nearest above it") {
  ErrorList errors;
  const Document document("a:\n  - b: 1\n  - {c: [5, 6], \"x y\": 2}\n", errors);
  REQUIRE(errors.empty());
  CHECK(document.Locate("a[1].c[1]").text == "6");
  CHECK(document.Locate("a[1].c[1]").Path() == "a[1].c[1]");
  CHECK(document.Locate("a[1].c[2]").Path() == "a[1].c");
  CHECK(document.Locate("a[9].c").Path() == "a");
  CHECK(document.Locate("a[1].c[0]").line == 3);
  CHECK(document.Locate("a[1].c[0]").column == 10);
  CHECK(document.Locate("a[1]").children[1]->Path() == "a[1].\"x y\"");
}

TEST_CASE("a value from the file cannot spoil the error text") {
  const ParseResult result = ParseConfig("\"a\\nb\\x1b[31m\": 1\nports: \"" + std::string(500, 'x') + "\\0\"\n", "f");
  for (const ConfigError& error : result.errors) {
    const std::string text = error.ToString("f");
    CHECK(text.size() < 300);
    CHECK(std::all_of(text.begin(), text.end(), [](char ch) { return ch >= ' ' && ch <= '~'; }));
  }
  CHECK(result.errors.size() == 2);
  // The parser's own text and place.
  CHECK(ParseConfig("a: \"\x1b[31m\"\n", "f").Report() == "f:1:5: control characters are not allowed\n");
  CHECK(ParseConfig("a: 1\nb: \xff\n", "f").Report() == "f:2:4: invalid leading UTF-8 octet\n");
}

}  // namespace
}  // namespace baton::controlplane
