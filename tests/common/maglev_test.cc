#include <catch2/catch.hpp>

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "common/maglev.h"

namespace baton {
namespace {

std::vector<MaglevBackend> Named(int count, uint16_t weight = 1) {
  std::vector<MaglevBackend> backends;
  for (int i = 0; i < count; ++i) backends.push_back({absl::StrCat("backend-", i), weight});
  return backends;
}

// Entries by the name of the backend, so that tables of different lists can be compared.
std::vector<std::string> ByName(const std::vector<MaglevBackend>& backends) {
  std::vector<std::string> names;
  for (const uint16_t index : BuildMaglev(backends)) names.push_back(backends.at(index).name);
  return names;
}

TEST_CASE("every backend gets its share of the table by weight, within 1 % [FE-12]") {
  struct Case { const char* name; std::vector<uint16_t> weights; };
  const auto c = GENERATE(values<Case>({
      {"one backend", {1}},
      {"two equal ones", {1, 1}},
      {"weights of the same ratio as 1 : 1", {100, 100}},
      {"1 : 2", {1, 2}},
      {"weights 1 to 5", {1, 2, 3, 4, 5}},
      {"one with little among some with much", {1, 50, 50}},
      {"weights without a common divisor", {7, 11, 13, 17}},
      {"fifty equal ones", std::vector<uint16_t>(50, 1)},
  }));
  CAPTURE(c.name);
  std::vector<MaglevBackend> backends = Named(static_cast<int>(c.weights.size()));
  double sum = 0;
  for (size_t i = 0; i < backends.size(); ++i) sum += backends[i].weight = c.weights[i];

  const std::vector<uint16_t> table = BuildMaglev(backends);
  REQUIRE(table.size() == kMaglevSize);
  std::vector<uint32_t> entries(backends.size());
  for (const uint16_t index : table) ++entries.at(index);
  for (size_t i = 0; i < backends.size(); ++i) {
    CAPTURE(i, c.weights[i]);
    CHECK(entries[i] == Approx(kMaglevSize * c.weights[i] / sum).epsilon(0.01));
  }
}

TEST_CASE("a backend of weight 0 gets no entry [FE-15]") {
  std::vector<MaglevBackend> backends = Named(5);
  backends[2].weight = 0;
  const std::vector<uint16_t> table = BuildMaglev(backends);
  CHECK(std::count(table.begin(), table.end(), 2) == 0);
  // It is the same table as that of a service without the backend: weight 0 and absence are one thing.
  std::vector<MaglevBackend> others = backends;
  others.erase(others.begin() + 2);
  CHECK(ByName(backends) == ByName(others));
}

TEST_CASE("nobody with weight, no table") {
  CHECK(BuildMaglev({}).empty());
  CHECK(BuildMaglev(Named(3, 0)).empty());
}

TEST_CASE("boxes that list the backends in another order choose the same backend") {
  std::vector<MaglevBackend> backends = Named(12);
  for (size_t i = 0; i < backends.size(); ++i) backends[i].weight = static_cast<uint16_t>(1 + i % 3);
  const std::vector<std::string> expected = ByName(backends);
  std::reverse(backends.begin(), backends.end());
  CHECK(ByName(backends) == expected);
  std::rotate(backends.begin(), backends.begin() + 5, backends.end());
  CHECK(ByName(backends) == expected);
}

TEST_CASE("when one backend goes, few flows of the others move") {
  // The least possible is none but those of the backend that went; hash modulo number of backends moves more than half.
  // The paper (section 3.4) trades a little for even shares: 2 % is generous for a table of its small size.
  const auto count = GENERATE(3, 10, 100);
  const auto weight = GENERATE(as<uint16_t>{}, 1, 4);
  CAPTURE(count, weight);
  std::vector<MaglevBackend> backends = Named(count);
  backends.front().weight = weight;
  const std::vector<std::string> before = ByName(backends);
  const std::string gone = backends[static_cast<size_t>(count / 2)].name;
  backends.erase(backends.begin() + count / 2);
  const std::vector<std::string> after = ByName(backends);

  CHECK(std::count(after.begin(), after.end(), gone) == 0);
  size_t kept = 0, moved = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == gone) continue;
    ++kept;
    if (before[i] != after[i]) ++moved;
  }
  CAPTURE(kept, moved);
  CHECK(moved < kept / 50);
}

TEST_CASE("a table of the smallest prime sizes is still whole") {
  const auto size = GENERATE(2u, 3u, 7u, 13u);
  const std::vector<MaglevBackend> backends = Named(3);
  const std::vector<uint16_t> table = BuildMaglev(backends, size);
  REQUIRE(table.size() == size);
  for (const uint16_t index : table) CHECK(index < backends.size());
}

}  // namespace
}  // namespace baton
