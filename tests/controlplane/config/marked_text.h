// A good configuration, and one fragment of it replaced by a bad one in which '^' stands before the place of the
// expected error: so a case shows to the eye where the error is, and no line or column has to be counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <catch2/catch.hpp>

#include "controlplane/config/parse.h"

namespace baton::controlplane {

inline constexpr absl::string_view kGood = R"(dataplane: {workers: 1}
ports:
  - {name: lan, device: "null:", addresses: [10.0.0.2/24]}
  - {name: wan, device: "af_packet:eth1", addresses: [192.0.2.2/24, "2001:db8::2/64"]}
routes:
  - {to: 0.0.0.0/0, via: 192.0.2.1}
address_groups:
  - {name: g, external: [192.0.2.100], internal: [10.0.0.50]}
services:
  - name: s
    listen: {address: 192.0.2.100, port: 80, protocol: tcp}
    forward: full
    backends:
      - {name: a, address: 10.0.0.11, weight: 1}
      - {name: b, address: 10.0.0.12}
)";

struct Marked {
  std::string text;   // without the mark
  std::string place;  // "LINE:COLUMN" of the mark
};

inline Marked Unmark(std::string text) {
  const size_t at = text.find('^');
  REQUIRE(at != std::string::npos);
  text.erase(at, 1);
  const size_t line_start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return {text, absl::StrCat(line, ":", at - line_start + 1)};
}

// kGood with the first `good` replaced by `bad`.
inline std::string Replaced(absl::string_view good, absl::string_view bad) {
  std::string text(kGood);
  const size_t at = text.find(std::string(good));
  REQUIRE(at != std::string::npos);
  return text.replace(at, good.size(), std::string(bad));
}

// Checks that the marked text has exactly one error, at the mark.
inline void CheckOneError(const std::string& marked, absl::string_view expected) {
  const Marked m = Unmark(marked);
  const ParseResult result = ParseConfig(m.text, "f");
  CHECK(result.Report() == absl::StrCat("f:", m.place, ": ", expected, "\n"));
}

}  // namespace baton::controlplane
