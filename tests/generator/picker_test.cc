#include "generator/picker.h"

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

namespace baton::generator {
namespace {

std::vector<uint32_t> Draw(Picker& picker, int count) {
  std::vector<uint32_t> picked(static_cast<size_t>(count));
  picker.Pick(picked.data(), count);
  return picked;
}

std::vector<int> Frequencies(Picker& picker, uint32_t flows, int draws) {
  std::vector<int> times(flows);
  for (const uint32_t flow : Draw(picker, draws)) {
    REQUIRE(flow < flows);
    ++times[flow];
  }
  return times;
}

TEST_CASE("in turn") {
  Picker picker(Activity::kInTurn, 3, 1, 1);
  CHECK(Draw(picker, 4) == std::vector<uint32_t>{0, 1, 2, 0});
  CHECK(Draw(picker, 2) == std::vector<uint32_t>{1, 2});
}

TEST_CASE("one flow is always the one") {
  for (const Activity activity : {Activity::kInTurn, Activity::kUniform, Activity::kZipf}) {
    Picker picker(activity, 1, 1, 1);
    CHECK(Draw(picker, 3) == std::vector<uint32_t>{0, 0, 0});
  }
}

TEST_CASE("uniform: all flows alike") {
  Picker picker(Activity::kUniform, 100, 1, 7);
  for (const int times : Frequencies(picker, 100, 1'000'000)) {
    CHECK(times == Approx(10000).margin(500));  // 5 standard deviations
  }
}

TEST_CASE("zipf: the n-th flow in proportion to 1 / n^exponent") {
  const double exponent = GENERATE(0.7, 1.0, 1.5);
  Picker picker(Activity::kZipf, 1000, exponent, 7);
  const std::vector<int> times = Frequencies(picker, 1000, 2'000'000);
  double sum = 0;
  for (int n = 1; n <= 1000; ++n) sum += std::pow(n, -exponent);
  for (const int n : {1, 2, 3, 10, 100, 1000}) {
    const double expected = 2'000'000 * std::pow(n, -exponent) / sum;
    CAPTURE(exponent, n);
    CHECK(times[static_cast<size_t>(n - 1)] == Approx(expected).margin(5 * std::sqrt(expected) + 1));
  }
}

TEST_CASE("the same seed draws the same flows, another seed others") {
  Picker a(Activity::kUniform, 1000, 1, 1), b(Activity::kUniform, 1000, 1, 1), c(Activity::kUniform, 1000, 1, 2);
  const auto first = Draw(a, 50);
  CHECK(first == Draw(b, 50));
  CHECK(first != Draw(c, 50));
}

}  // namespace
}  // namespace baton::generator
