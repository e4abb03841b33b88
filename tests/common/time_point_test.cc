#include <catch2/catch.hpp>

#include "common/time_point.h"

namespace baton {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a deadline is reached at its time and after, also across the wrap of milliseconds") {
  struct Case { const char* name; Millis deadline; Millis now; bool reached; };
  const auto c = GENERATE(values<Case>({
      {"before", 1000, 999, false},
      {"at its time", 1000, 1000, true},
      {"after", 1000, 1001, true},
      {"set before the wrap, now after it", 0xffffff00, 0x00000010, true},
      {"set for after the wrap, now before it", 0x00000010, 0xffffff00, false},
      {"24 days late", 0, 0x7fffffff, true},
  }));
  CAPTURE(c.name);
  CHECK(Reached(c.deadline, c.now) == c.reached);
}

TEST_CASE("milliseconds are cut, not rounded, and wrap after 2^32") {
  CHECK(ToMillis(TimePoint(1'999'999ns)) == 1);
  CHECK(ToMillis(Duration(2s)) == 2000);
  CHECK(ToMillis(TimePoint(std::chrono::milliseconds(0x1'0000'0005))) == 5);
}

}  // namespace
}  // namespace baton
