// The fragment table against a map of sets of bytes, with random pieces of a few datagrams, and its limits one by one.
#include "dataplane/fragment_table.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

constexpr HashSeed kTableSeed = {.a = 3, .b = 5};

FragmentKey Datagram(uint32_t identification) {
  FragmentKey key;
  key.identification = identification;
  key.ipv4 = true;
  return key;
}

WaitingPacket WithNumber(uintptr_t number) { return {.buffer = reinterpret_cast<void*>(number)}; }
uintptr_t NumberOf(const WaitingPacket& packet) { return reinterpret_cast<uintptr_t>(packet.buffer); }

// What RFC 5722 and RFC 8200 say, unit by unit.
struct ModelDatagram {
  Millis since = 0;
  std::set<int> units;
  std::set<std::pair<int, int>> pieces;
  std::set<int> ends;
  std::vector<uintptr_t> waiting;
  bool spoilt = false, has_first = false, complete = false;

  DropReason Note(int begin, int end, bool last) {
    if (spoilt) return DropReason::kFragmentOverlap;
    std::set<int> all_ends = ends;
    if (last) all_ends.insert(end);
    bool wrong = all_ends.size() > 1;
    const int furthest = std::max(end, units.empty() ? 0 : *units.rbegin() + 1);
    wrong |= !all_ends.empty() && furthest > *all_ends.begin();
    if (!wrong && pieces.count({begin, end}) != 0) return DropReason::kFragmentDuplicate;
    for (int unit = begin; unit < end; ++unit) wrong |= units.count(unit) != 0;
    spoilt = wrong;
    if (wrong) return DropReason::kFragmentOverlap;
    for (int unit = begin; unit < end; ++unit) units.insert(unit);
    pieces.insert({begin, end});
    ends = all_ends;
    complete = !ends.empty() && static_cast<int>(units.size()) == *ends.begin();
    return DropReason::kNone;
  }
};

class ModelTable {
 public:
  explicit ModelTable(unsigned seed) : random_(seed) {}

  void Step() {
    if (Pick(30) == 0) Expire(Pick(60));
    const uint32_t id = Pick(12);
    const int begin = static_cast<int>(Pick(5)), end = begin + 1 + static_cast<int>(Pick(3));
    const bool last = Pick(4) == 0;
    Arrive(id, begin, end, last);
    CHECK(table_.datagrams() == model_.size());
    CHECK(table_.waiting() == waiting_);
  }
  void Expire(Millis later) {
    now_ += later;
    table_.ExpireSome(now_, 1000);
    std::multiset<uintptr_t> expected;
    for (auto at = model_.begin(); at != model_.end();) {
      const bool over = now_ - at->second.since >= kLimits.time_limit;
      if (over) expected.insert(at->second.waiting.begin(), at->second.waiting.end());
      at = over ? model_.erase(at) : std::next(at);
    }
    CHECK(Dropped(DropReason::kFragmentExpired) == expected);
  }

 private:
  static constexpr FragmentTable::Limits kLimits = {.datagrams = 8, .waiting = 10, .time_limit = 100};

  uint32_t Pick(uint32_t count) { return random_() % count; }

  void Arrive(uint32_t id, int begin, int end, bool last) {
    const bool is_first = begin == 0;
    auto at = model_.find(id);
    // What of a complete datagram is left is the table's own choice when it needs room: end them all before it does.
    if (at == model_.end() && model_.size() == kLimits.datagrams) {
      const bool room = std::any_of(model_.begin(), model_.end(), [](const auto& m) { return m.second.complete; });
      if (room) return Expire(kLimits.time_limit);
    }
    const uint32_t place = table_.FindOrCreate(Datagram(id), is_first, now_);
    if (at == model_.end() && model_.size() == kLimits.datagrams) {
      CHECK(place == FragmentTable::kNone);
      return;
    }
    REQUIRE(place != FragmentTable::kNone);
    CHECK(table_.Find(Datagram(id)) == place);
    if (at != model_.end() && at->second.complete && is_first) {
      model_.erase(at);
      at = model_.end();
    }
    if (at == model_.end()) at = model_.emplace(id, ModelDatagram()).first;
    ModelDatagram& m = at->second;
    const bool was_complete = m.complete;
    if (m.pieces.empty() && !m.spoilt) m.since = now_;
    const DropReason expected = m.Note(begin, end, last);
    const FragmentRange range = {static_cast<uint16_t>(begin), static_cast<uint16_t>(end), last};
    if (m.complete && !was_complete) m.since = now_;
    CHECK(table_.Note(place, range, now_) == expected);
    CHECK(table_.spoilt(place) == m.spoilt);
    if (m.spoilt) {
      CHECK(Dropped(DropReason::kFragmentOverlap) == std::multiset<uintptr_t>(m.waiting.begin(), m.waiting.end()));
      m.waiting.clear();
    }
    if (expected != DropReason::kNone) return;
    if (is_first) {
      table_.SetFirst(place, {.src_port = static_cast<uint16_t>(id)});
      m.has_first = true;
      CHECK(Released() == m.waiting);
      m.waiting.clear();
    }
    const FirstFragment* first = table_.first(place);
    CHECK((first != nullptr) == m.has_first);
    if (first != nullptr) {
      CHECK(first->src_port == id);
    } else if (table_.Wait(place, WithNumber(++number_))) {
      m.waiting.push_back(number_);
      ++waiting_;
      CHECK(waiting_ <= kLimits.waiting);
    } else {
      CHECK(waiting_ == kLimits.waiting);
    }
  }

  std::vector<uintptr_t> Released() {
    std::vector<uintptr_t> all;
    for (WaitingPacket packet; table_.TakeReleased(&packet); --waiting_) all.push_back(NumberOf(packet));
    return all;
  }
  std::multiset<uintptr_t> Dropped(DropReason expected) {
    std::multiset<uintptr_t> all;
    DropReason reason;
    for (WaitingPacket packet; table_.TakeDropped(&packet, &reason); --waiting_) {
      CHECK(reason == expected);
      all.insert(NumberOf(packet));
    }
    return all;
  }

  std::mt19937 random_;
  FragmentTable table_{kLimits, kTableSeed};
  std::map<uint32_t, ModelDatagram> model_;
  Millis now_ = 0xffffff00;  // wraps on the way
  uintptr_t number_ = 0;
  uint32_t waiting_ = 0;
};

}  // namespace

TEST_CASE("the fragment table does what a model does") {
  const auto seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  ModelTable model(seed);
  for (int i = 0; i < 5000; ++i) model.Step();
  model.Expire(100);
}

TEST_CASE("datagrams differ by every part of their key") {
  FragmentTable table({.datagrams = 8, .waiting = 1, .time_limit = 100}, kTableSeed);
  std::vector<FragmentKey> keys(6, Datagram(1));
  keys[1].src[0] = 1;
  keys[2].dst[15] = 1;
  keys[3].identification = 2;
  keys[4].protocol = 17;
  keys[5].ipv4 = false;
  std::set<uint32_t> places;
  for (const FragmentKey& key : keys) {
    CHECK(table.Find(key) == FragmentTable::kNone);
    places.insert(table.FindOrCreate(key, true, 0));
  }
  CHECK(places.size() == keys.size());
  for (const FragmentKey& key : keys) CHECK(places.count(table.Find(key)) == 1);
}

TEST_CASE("the oldest complete datagram makes room, one that is not complete does not") {
  FragmentTable table({.datagrams = 2, .waiting = 1, .time_limit = 100}, kTableSeed);
  for (const uint32_t id : {1u, 2u}) {
    CHECK(table.Note(table.FindOrCreate(Datagram(id), true, 0), {0, 2, true}, 0) == DropReason::kNone);
  }
  CHECK(table.FindOrCreate(Datagram(3), true, 0) != FragmentTable::kNone);
  CHECK(table.Find(Datagram(1)) == FragmentTable::kNone);
  CHECK(table.Find(Datagram(2)) != FragmentTable::kNone);
  CHECK(table.FindOrCreate(Datagram(4), true, 0) != FragmentTable::kNone);
  CHECK(table.FindOrCreate(Datagram(5), true, 0) == FragmentTable::kNone);
  CHECK(table.datagrams() == 2);
}

TEST_CASE("a datagram has 64 pieces at most") {
  FragmentTable table({.datagrams = 2, .waiting = 1, .time_limit = 100}, kTableSeed);
  const uint32_t place = table.FindOrCreate(Datagram(1), true, 0);
  for (uint16_t i = 0; i < 64; ++i) {
    CHECK(table.Note(place, {static_cast<uint16_t>(2 * i), static_cast<uint16_t>(2 * i + 1)}, 0) == DropReason::kNone);
  }
  CHECK(table.Note(place, {128, 129}, 0) == DropReason::kFragmentTableFull);
  CHECK(table.Note(place, {126, 127}, 0) == DropReason::kFragmentDuplicate);
}

TEST_CASE("a table ends only so many datagrams in one call") {
  FragmentTable table({.datagrams = 8, .waiting = 8, .time_limit = 100}, kTableSeed);
  for (uint32_t id = 0; id < 8; ++id) table.Wait(table.FindOrCreate(Datagram(id), false, 0), WithNumber(id));
  table.ExpireSome(99, 3);
  CHECK(table.datagrams() == 8);
  table.ExpireSome(100, 3);
  CHECK(table.datagrams() == 5);
  CHECK(table.waiting() == 8);  // nobody took them yet
  table.ExpireAll();
  CHECK(table.datagrams() == 0);
  WaitingPacket packet;
  DropReason reason;
  for (uintptr_t id = 0; id < 8; ++id) {
    REQUIRE(table.TakeDropped(&packet, &reason));
    CHECK(NumberOf(packet) == id);
  }
  CHECK(table.waiting() == 0);
}

}  // namespace baton::dataplane
