// Which backend a new access goes to, as tables of cases. Backends are written as letters, as in figure 6 of the
// front-end specification.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "common/maglev.h"
#include "dataplane/balance.h"

namespace baton::dataplane {
namespace {

struct Share {
  char letter;
  uint16_t weight;
  uint8_t load = 0;
  uint64_t rows = 0, open = 0;
};

// A service with these backends. Slots are not the order in the table, so that one taken for the other shows.
struct Choice {
  Choice(Schedule schedule, const std::vector<Share>& shares) {
    service.schedule = schedule;
    service.slot = 0;
    Slot slot = 40;
    for (const Share& share : shares) {
      service.backends.push_back({.name = std::string(1, share.letter), .address = {}, .weight = share.weight,
                                  .load = share.load, .slot = slot});
      counters.backends[slot].rows.Set(share.rows);
      counters.backends[slot].open.Set(share.open);
      slot = static_cast<Slot>(slot - 3);
    }
    std::vector<MaglevBackend> names;
    for (const Backend& b : service.backends) names.push_back({b.name, b.weight});
    if (schedule == Schedule::kMaglev) service.maglev = BuildMaglev(names);
  }

  // '-' when there is none. Whoever is chosen gets a row and an open connection.
  char Next(uint32_t hash = 0) {
    const int chosen = ChooseBackend(service, counts, hash, counts.Turns(0));
    if (chosen == kNoBackend) return '-';
    counts.TakeTurn(0);
    const Backend& backend = service.backends[static_cast<size_t>(chosen)];
    counters.backends[backend.slot].rows.Add();
    counters.backends[backend.slot].open.Add();
    return backend.name[0];
  }
  std::string Sequence(size_t count) {
    std::string letters;
    while (letters.size() < count) letters += Next();
    return letters;
  }

  Service service;
  WorkerCounters counters{64, 1};
  SharedCounts counts{counters};
};

}  // namespace

TEST_CASE("[FE-13][FE-14][FE-15] weight: the fewest rows for its weight, ties in table order") {
  struct Case { const char* name; std::vector<Share> shares; const char* sequence; };
  const auto c = GENERATE(values<Case>({
      {"figure 6b, port 8080: A and B alike", {{'A', 1}, {'B', 1}}, "ABAB"},
      {"figure 6b, port 8081: C twice D's share", {{'C', 2}, {'D', 1}}, "CDCCDC"},
      {"figure 6b, port 8082: E and F alike", {{'E', 1}, {'F', 1}}, "EFEF"},
      {"six clients at 2 : 1 give four and two", {{'C', 2}, {'D', 1}}, "CDCCDC"},
      {"ratio 0 gets nobody", {{'A', 0}, {'B', 1}}, "BBBB"},
      {"ratio 0 in the middle", {{'A', 1}, {'B', 0}, {'C', 1}}, "ACAC"},
      {"ratio 0 for all", {{'A', 0}, {'B', 0}}, "--"},
      {"no backend at all", {}, "--"},
      {"equal shares of unequal rows: A has 20 of 20, B 1 of 2", {{'A', 20, 0, 20}, {'B', 2, 0, 1}}, "BABA"},
      {"whoever is behind catches up first", {{'A', 1, 0, 3}, {'B', 1, 0, 0}}, "BBBABA"},
      {"a backend that is not asked any more may have rows", {{'A', 0, 0, 0}, {'B', 1, 0, 100}}, "BB"},
      {"the largest weights", {{'A', 65535, 0, 65534}, {'B', 65535, 0, 65535}}, "AAB"},
  }));
  CAPTURE(c.name);
  Choice choice(Schedule::kWeight, c.shares);
  CHECK(choice.Sequence(std::string(c.sequence).size()) == c.sequence);
}

TEST_CASE("[FE-13] weight: over many clients the shares are the ratios") {
  Choice choice(Schedule::kWeight, {{'A', 5}, {'B', 3}, {'C', 0}, {'D', 1}});
  std::map<char, int> got;
  for (const char letter : choice.Sequence(900)) ++got[letter];
  CHECK(got == std::map<char, int>{{'A', 500}, {'B', 300}, {'D', 100}});
}

TEST_CASE("weight: rows, not clients so far, are what counts") {
  Choice choice(Schedule::kWeight, {{'A', 1}, {'B', 1}});
  REQUIRE(choice.Sequence(4) == "ABAB");
  choice.counters.backends[37].rows.Sub(2);  // both of B ended
  CHECK(choice.Sequence(3) == "BBA");
}

TEST_CASE("round robin: each in turn, as often as its weight") {
  struct Case { const char* name; std::vector<Share> shares; const char* sequence; };
  const auto c = GENERATE(values<Case>({
      {"alike", {{'A', 1}, {'B', 1}, {'C', 1}}, "ABCABC"},
      {"2 : 1", {{'A', 2}, {'B', 1}}, "AABAAB"},
      {"rows do not matter", {{'A', 1, 0, 100}, {'B', 1, 0, 0}}, "ABAB"},
      {"load does not matter", {{'A', 1, 100}, {'B', 1, 0}}, "ABAB"},
      {"weight 0 is left out", {{'A', 0}, {'B', 1}, {'C', 0}, {'D', 2}}, "BDDBDD"},
      {"weight 0 for all", {{'A', 0}, {'B', 0}}, "--"},
      {"no backend at all", {}, "--"},
  }));
  CAPTURE(c.name);
  Choice choice(Schedule::kRoundRobin, c.shares);
  CHECK(choice.Sequence(std::string(c.sequence).size()) == c.sequence);
}

TEST_CASE("least load: the smallest load, then the fewest open connections for its weight, then table order") {
  struct Case { const char* name; std::vector<Share> shares; const char* sequence; };
  const auto c = GENERATE(values<Case>({
      {"the load decides", {{'A', 1, 80}, {'B', 1, 20}}, "BBBB"},
      {"the load decides, whatever is open", {{'A', 1, 20, 0, 999}, {'B', 1, 21, 0, 0}}, "AAA"},
      {"equal load: open connections", {{'A', 1, 50, 0, 2}, {'B', 1, 50, 0, 0}}, "BBABAB"},
      {"equal load: open connections for the weight", {{'A', 2, 50}, {'B', 1, 50}}, "ABAABA"},
      {"open connections, not rows", {{'A', 1, 0, 9, 0}, {'B', 1, 0, 0, 9}}, "AAA"},
      {"all alike: table order", {{'A', 1}, {'B', 1}, {'C', 1}}, "ABC"},
      {"weight 0 gets nobody, however idle", {{'A', 0, 0}, {'B', 1, 99}}, "BB"},
      {"weight 0 for all", {{'A', 0, 0}, {'B', 0, 99}}, "--"},
      {"no backend at all", {}, "--"},
  }));
  CAPTURE(c.name);
  Choice choice(Schedule::kLeastLoad, c.shares);
  CHECK(choice.Sequence(std::string(c.sequence).size()) == c.sequence);
}

TEST_CASE("maglev: a flow stays, whatever else happens") {
  Choice first(Schedule::kMaglev, {{'A', 1}, {'B', 1}, {'C', 2}});
  Choice busy(Schedule::kMaglev, {{'C', 2, 90, 7, 7}, {'A', 1, 10, 500, 500}, {'B', 1}});  // another box, another order
  std::mt19937 random(Catch::rngSeed() + 1);
  std::map<char, int> got;
  for (int i = 0; i < 4000; ++i) {
    const uint32_t hash = random();
    const char letter = first.Next(hash);
    ++got[letter];
    REQUIRE(first.Next(hash) == letter);
    REQUIRE(busy.Next(hash) == letter);
  }
  CHECK(got['A'] == Approx(1000).epsilon(0.15));
  CHECK(got['B'] == Approx(1000).epsilon(0.15));
  CHECK(got['C'] == Approx(2000).epsilon(0.15));
}

TEST_CASE("maglev: a backend that leaves takes few flows of others with it") {
  Choice before(Schedule::kMaglev, {{'A', 1}, {'B', 1}, {'C', 1}, {'D', 1}});
  Choice after(Schedule::kMaglev, {{'A', 1}, {'B', 0}, {'C', 1}, {'D', 1}});
  int moved = 0, others = 0;
  for (uint32_t hash = 0; hash < 10'000; ++hash) {
    const char letter = before.Next(hash), now = after.Next(hash);
    REQUIRE(now != 'B');
    if (letter == 'B') continue;
    ++others;
    moved += letter != now ? 1 : 0;
  }
  CHECK(others > 7000);
  CHECK(moved < others / 10);
}

TEST_CASE("[FE-15] maglev: weight 0 gets nobody") {
  Choice choice(Schedule::kMaglev, {{'A', 0}, {'B', 1}});
  Choice none(Schedule::kMaglev, {{'A', 0}, {'B', 0}});
  for (uint32_t hash = 0; hash < 1000; ++hash) {
    REQUIRE(choice.Next(hash * 2654435761u) == 'B');
    REQUIRE(none.Next(hash) == '-');
  }
}

TEST_CASE("several workers that choose in turn give the sequence that one would") {
  const auto schedule = GENERATE(Schedule::kWeight, Schedule::kRoundRobin, Schedule::kLeastLoad);
  Service service;
  service.schedule = schedule;
  service.slot = 0;
  service.backends = {{.name = "A", .address = {}, .weight = 2, .slot = 5},
                      {.name = "B", .address = {}, .weight = 1, .slot = 3}};
  const auto sequence = [&](size_t workers) {
    std::vector<std::unique_ptr<WorkerCounters>> counters;
    std::vector<const WorkerCounters*> all;
    std::vector<SharedCounts> counts;
    for (size_t i = 0; i < workers; ++i) {
      counters.push_back(std::make_unique<WorkerCounters>(8, 1));
      all.push_back(counters.back().get());
      counts.emplace_back(*counters.back());
    }
    std::string letters;
    for (size_t i = 0; i < 30; ++i) {
      SharedCounts& own = counts[i % workers];
      own.SetWorkers(all);
      const int chosen = ChooseBackend(service, own, 0, own.Turns(0));
      REQUIRE(chosen >= 0);
      own.TakeTurn(0);
      const Backend& backend = service.backends[static_cast<size_t>(chosen)];
      counters[i % workers]->backends[backend.slot].rows.Add();
      counters[i % workers]->backends[backend.slot].open.Add();
      letters += backend.name;
    }
    return letters;
  };
  const std::string one = sequence(1);
  CHECK(std::count(one.begin(), one.end(), 'A') == 20);
  CHECK(sequence(2) == one);
  CHECK(sequence(3) == one);
}

}  // namespace baton::dataplane
