#include "generator/ledger.h"

#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace baton::generator {
namespace {

std::vector<Arrived> NoteAll(Ledger& ledger, const std::vector<uint32_t>& numbers) {
  std::vector<Arrived> notes;
  for (const uint32_t number : numbers) notes.push_back(ledger.Note(number));
  return notes;
}

constexpr auto kIn = Arrived::kInOrder, kRe = Arrived::kReordered, kDup = Arrived::kDuplicate, kLate = Arrived::kLate;

TEST_CASE("what an arrival is") {
  struct Case {
    const char* name;
    std::vector<uint32_t> numbers;
    std::vector<Arrived> notes;
  };
  const auto c = GENERATE(values<Case>({
      {"one after the other", {0, 1, 2}, {kIn, kIn, kIn}},
      {"a gap is in order: the next number is expected behind it", {0, 5, 6}, {kIn, kIn, kIn}},
      {"RFC 4737, 3.3: smaller than the next expected one", {0, 2, 1, 3}, {kIn, kIn, kRe, kIn}},
      {"two that come behind a third are both reordered", {2, 0, 1}, {kIn, kRe, kRe}},
      {"twice the same", {0, 0}, {kIn, kDup}},
      {"a reordered one twice", {1, 0, 0}, {kIn, kRe, kDup}},
      {"the last number of the window", {256, 1}, {kIn, kRe}},
      {"one older than the window, which may have been lost", {256, 0}, {kIn, kLate}},
      {"the number 256 before one that was skipped", {0, 257, 1, 0}, {kIn, kIn, kLate, kLate}},
      {"a jump over several windows", {1000, 745, 744}, {kIn, kRe, kLate}},
  }));
  CAPTURE(c.name);
  Ledger ledger;
  CHECK(NoteAll(ledger, c.numbers) == c.notes);
}

TEST_CASE("an old number is a duplicate when all that left the window had arrived") {
  Ledger ledger;
  for (uint32_t i = 0; i < 1000; ++i) REQUIRE(ledger.Note(i) == kIn);
  CHECK(ledger.Note(0) == kDup);
  CHECK(ledger.Note(1001) == kIn);  // 1000 is missing, but still in the window
  CHECK(ledger.Note(0) == kDup);
  CHECK(ledger.Note(1257) == kIn);  // now it has left
  CHECK(ledger.Note(0) == kLate);
}

TEST_CASE("numbers wrap") {
  Ledger ledger;
  // There in steps that are not taken for old numbers.
  for (const uint32_t n : {0x40000000u, 0x80000000u, 0xc0000000u, 0xffffffffu}) REQUIRE(ledger.Note(n) == kIn);
  CHECK(ledger.Note(1) == kIn);
  CHECK(ledger.Note(0) == kRe);
  CHECK(ledger.Note(0xffffffff) == kDup);
  CHECK(ledger.Note(0xfffffffe) == kRe);
}

TEST_CASE("the longest time between two arrivals") {
  Ledger ledger;
  ledger.NoteTime(1'000'000);
  CHECK(ledger.longest_gap_us() == 0);
  ledger.NoteTime(51'000'000);
  ledger.NoteTime(52'000'000);
  CHECK(ledger.longest_gap_us() == 50'000);
  CHECK(ledger.last_ns() == 52'000'000);
  ledger.NoteTime(52'000'000 + int64_t{5000} * 1'000'000'000);  // more than 32 bits of microseconds
  CHECK(ledger.longest_gap_us() == UINT32_MAX);
}

// The second opinion: how often each number came, and how many had come when the highest was reached.
struct Naive {
  std::map<int64_t, int> copies;
  int64_t next = 0;
  bool left_missing = false;

  Arrived Note(int64_t number) {
    if (number >= next) {
      for (int64_t n = next; n <= number; ++n) {
        const int64_t leaves = n - 256;
        if (leaves >= 0 && copies[leaves] == 0) left_missing = true;
      }
      next = number + 1;
      ++copies[number];
      return kIn;
    }
    if (next - number > 256) return left_missing ? kLate : kDup;
    return copies[number]++ == 0 ? kRe : kDup;
  }
};

TEST_CASE("any order of arrivals is judged as by hand") {
  const auto seed = GENERATE(range(1u, 41u));
  CAPTURE(seed);
  std::mt19937 random(seed);
  Ledger ledger;
  Naive naive;
  const int spread = seed % 4 == 0 ? 700 : 40;  // some runs reach far behind the window
  int64_t at = 0;
  for (int i = 0; i < 5000; ++i) {
    const uint32_t dice = random() % 100;
    int64_t number = at;
    if (dice < 70) {
      ++at;
    } else if (dice < 80) {
      number = at += static_cast<int64_t>(random() % (seed % 8 == 0 ? 600 : 5));
      ++at;
    } else {
      number = std::max<int64_t>(0, at - static_cast<int64_t>(random() % static_cast<unsigned>(spread)));
      at = std::max(at, number + 1);
    }
    CAPTURE(i, number);
    REQUIRE(ledger.Note(static_cast<uint32_t>(number)) == naive.Note(number));
  }
}

}  // namespace
}  // namespace baton::generator
