// Every drop reason tells a person what it means and what to change.
#include "controlplane/drop_advice.h"

#include <set>

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

namespace baton::controlplane {
namespace {

bool Sentence(absl::string_view text) {
  return text.size() > 10 && text.size() < 200 && absl::EndsWith(text, ".") && text[0] != ' ';
}

TEST_CASE("each drop reason has a sentence of its own and one about what to change") {
  std::set<std::string> meanings;
  for (size_t i = 1; i < kDropReasons; ++i) {
    CAPTURE(kDropReasonNames[i]);
    const DropAdvice advice = AdviceFor(static_cast<DropReason>(i));
    CHECK(Sentence(advice.meaning));
    CHECK(Sentence(advice.change));
    CHECK(meanings.insert(std::string(advice.meaning)).second);
  }
}

TEST_CASE("what was not dropped has no advice") {
  CHECK(AdviceFor(DropReason::kNone).meaning.empty());
  CHECK(AdviceFor(DropReason::kNone).change.empty());
}

}  // namespace
}  // namespace baton::controlplane
