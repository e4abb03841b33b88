#include "generator/histogram.h"

#include <algorithm>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace baton::generator {
namespace {

TEST_CASE("nothing noted") {
  const Histogram empty;
  CHECK(empty.count() == 0);
  CHECK(empty.most() == 0);
  CHECK(empty.Quantile(0.5) == 0);
}

TEST_CASE("small values are exact") {
  Histogram h;
  for (uint64_t ns = 1; ns <= 200; ++ns) h.Note(ns);
  CHECK(h.count() == 200);
  CHECK(h.Quantile(0.5) == 100);
  CHECK(h.Quantile(0.005) == 1);
  CHECK(h.Quantile(0.99) == 198);
  CHECK(h.Quantile(1) == 200);
}

TEST_CASE("quantiles are at most 1/128 above the value, and never below") {
  std::mt19937_64 random(4);
  std::vector<uint64_t> values;
  Histogram h;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(random() >> (24 + random() % 40));  // all magnitudes below 2^40
    h.Note(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(share * 20000)) - 1;
    const uint64_t exact = values[rank], found = h.Quantile(share);
    CAPTURE(share, exact, found);
    CHECK(found >= exact);
    CHECK(static_cast<double>(found) <= static_cast<double>(exact) * (1 + 1.0 / 128));
  }
  CHECK(h.most() == values.back());
}

TEST_CASE("what is longer than the range counts at its end; the maximum stays exact") {
  Histogram h;
  h.Note(uint64_t{1} << 50);
  CHECK(h.count() == 1);
  CHECK(h.most() == uint64_t{1} << 50);
}

TEST_CASE("two histograms add up") {
  Histogram a, b;
  a.Note(10);
  b.Note(20);
  b.Note(5000);
  a.Add(b);
  CHECK(a.count() == 3);
  CHECK(a.Quantile(0.5) == 20);
  CHECK(a.most() == 5000);
}

}  // namespace
}  // namespace baton::generator
