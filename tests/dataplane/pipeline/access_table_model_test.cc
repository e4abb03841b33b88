// The access table against a std::map, with random operations in a world so small that everything collides and fills.
#include "dataplane/access_table.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include <catch2/catch.hpp>

#include "common/headers.h"
#include "tests/dataplane/pipeline/small_box.h"

namespace baton::dataplane {
namespace {

using Added = AccessTable::Added;
// Source, its port, destination, its port, protocol.
using Key = std::tuple<IpAddress, uint16_t, IpAddress, uint16_t, uint8_t>;

// TCP has four states here that the flags below lead to; UDP one. ICMP is left to the scenarios.
constexpr Timeouts kTimeouts = {.ms = {300, 3000, 600, 500, 20, 700, 400}};

struct ModelRow {
  NewRow row;
  Millis last;               // of either direction
  Millis last_of[2];
  uint8_t seen[2] = {0, 0};

  Key RequestKey() const {
    return {row.client, row.client_port, row.external, row.external_port, row.protocol};
  }
  Key ReplyKey() const { return {row.backend, row.backend_port, row.internal, row.internal_port, row.protocol}; }
  bool ipv6() const { return !row.client.is_v4() || !row.backend.is_v4(); }
  Millis Deadline() const {
    if (row.protocol == kUdp) return last + 700;
    if (row.one_way()) {
      if ((seen[0] & kTcpRst) != 0) return last + 20;
      return last + ((seen[0] & kTcpFin) != 0 ? 600 : (seen[0] & kTcpAck) != 0 ? 3000 : 300);
    }
    const uint8_t either = seen[0] | seen[1];
    if ((either & kTcpRst) != 0) return last + 20;
    if ((seen[0] & seen[1] & kTcpFin) != 0) return last + 500;
    if ((either & kTcpFin) != 0) return last + 600;
    return last + ((seen[0] & kTcpAck) != 0 && (seen[1] & (kTcpSyn | kTcpAck)) != 0 ? 3000 : 300);
  }
};

class Model {
 public:
  Model(unsigned seed, const AccessTable::Limits& limits) : random_(seed), limits_(limits) {
    auto created = AccessTable::Create("model", limits, {.a = seed, .b = 77});
    REQUIRE(created.ok());
    table_ = *std::move(created);
  }

  void Step();
  void CheckAll();
  void Drain();
  // Adds until the table says that it is full; returns how many it took.
  uint32_t FillUp(bool ipv6);

 private:
  uint32_t Pick(uint32_t count) { return random_() % count; }
  NewRow RandomRow(bool ipv6);
  Key RandomKey();
  void Add(const NewRow& row);
  void Use();
  void Remove();
  void Find();
  void FindBurst();
  void Expire();
  void CheckSide(const Key& key, RowSide* side);
  void Forget(Row& row);
  uint32_t CountIpv6() const;

  std::mt19937 random_;
  AccessTable::Limits limits_;
  std::unique_ptr<AccessTable> table_;
  std::map<uint32_t, ModelRow> rows_;               // by number
  std::map<Key, std::pair<uint32_t, int>> keys_;    // number, side
  uint32_t next_ = 0;
  uint16_t fill_port_ = 1000;                       // FillUp's rows are new ones
  Millis now_ = 0xffff'f000;                        // wraps soon
};

FlowKey FlowKeyOf(const Key& key) {
  return FlowKey::Of(std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key), std::get<4>(key));
}

NewRow Model::RandomRow(bool ipv6) {
  const auto host = [&](const char* v4, const char* v6, uint32_t count) {
    return Ip((ipv6 ? v6 : v4) + std::to_string(1 + Pick(count)));
  };
  NewRow row;
  row.client = host("192.0.2.", "2001:db8:1::", 4);
  row.client_port = static_cast<uint16_t>(Pick(8));
  row.external = host("198.51.100.", "2001:db8:2::", 3);
  row.external_port = static_cast<uint16_t>(Pick(2));
  row.protocol = Pick(2) == 0 ? kTcp : kUdp;
  constexpr ForwardMethod kMethods[] = {ForwardMethod::kFull, ForwardMethod::kDestination, ForwardMethod::kDirect};
  row.method = kMethods[Pick(std::size(kMethods))];
  row.internal = row.client;
  row.internal_port = row.client_port;
  if (row.method == ForwardMethod::kFull) {
    ipv6 = Pick(4) == 0 ? !ipv6 : ipv6;  // variation 7: the backend may be of the other family
    row.internal = host("10.0.0.", "2001:db8:3::", 1);
    row.internal_port = static_cast<uint16_t>(Pick(1000));
  }
  row.backend = host("10.0.1.", "2001:db8:4::", 2);
  row.backend_port = 99;
  row.backend_slot = static_cast<Slot>(Pick(100));
  row.address_slot = static_cast<Slot>(Pick(100));
  return row;
}

Key Model::RandomKey() {
  if (!keys_.empty() && Pick(4) != 0) return std::next(keys_.begin(), Pick(static_cast<uint32_t>(keys_.size())))->first;
  ModelRow any = {.row = RandomRow(Pick(2) == 0), .last = 0, .last_of = {0, 0}};
  return Pick(2) == 0 ? any.RequestKey() : any.ReplyKey();
}

uint32_t Model::CountIpv6() const {
  return static_cast<uint32_t>(
      std::count_if(rows_.begin(), rows_.end(), [](const auto& r) { return r.second.ipv6(); }));
}

void Model::Add(const NewRow& row) {
  const ModelRow model = {.row = row, .last = now_, .last_of = {now_, now_}};
  if (keys_.count(model.RequestKey()) != 0) return;  // REQUIRES of Add
  const bool reply_taken = !row.one_way() && keys_.count(model.ReplyKey()) != 0;
  if (reply_taken && row.method == ForwardMethod::kFull) return;  // the port pool gives no port twice
  const bool full = rows_.size() == limits_.rows || (model.ipv6() && CountIpv6() == limits_.rows_ipv6);
  RowSide* side = nullptr;
  const Added added = table_->Add(row, kTimeouts, now_, &side);
  if (full) {
    REQUIRE(added == Added::kFull);
  } else if (reply_taken) {
    REQUIRE(added == Added::kReplyKeyInUse);
  } else {
    REQUIRE(added == Added::kOk);
    rows_.emplace(next_, model);
    keys_[model.RequestKey()] = {next_, 0};
    if (!row.one_way()) keys_[model.ReplyKey()] = {next_, 1};
    ++next_;
    CheckSide(model.RequestKey(), side);
  }
}

// What the table has under `key` is what the model has, with every value as it went in.
void Model::CheckSide(const Key& key, RowSide* side) {
  const auto at = keys_.find(key);
  if (at == keys_.end()) {
    REQUIRE(side == nullptr);
    return;
  }
  REQUIRE(side != nullptr);
  const auto& [number, which] = at->second;
  const ModelRow& model = rows_.at(number);
  REQUIRE(side->live());
  REQUIRE(side->reply() == (which == 1));
  REQUIRE(side->protocol() == model.row.protocol);
  REQUIRE(side->address == model.row.address_slot);
  const AccessRow packed = PackRow(RowOf(*side), now_);
  const NewRow& row = model.row;
  REQUIRE(std::tie(packed.client, packed.external, packed.internal, packed.backend) ==
          std::tie(row.client, row.external, row.internal, row.backend));
  REQUIRE(packed.client_port == __builtin_bswap16(row.client_port));
  REQUIRE(packed.external_port == __builtin_bswap16(row.external_port));
  REQUIRE(packed.internal_port == __builtin_bswap16(row.internal_port));
  REQUIRE(packed.backend_port == __builtin_bswap16(row.backend_port));
  REQUIRE(packed.method == row.method);
  REQUIRE(packed.backend_slot == row.backend_slot);
  REQUIRE(packed.idle_ms == now_ - model.last);
}

void Model::Find() {
  const Key key = RandomKey();
  CheckSide(key, table_->Find(FlowKeyOf(key), std::get<0>(key).is_v4()));
}

void Model::FindBurst() {
  auto burst = std::make_unique<Burst>();
  std::vector<Key> keys;
  burst->count = static_cast<int>(Pick(kBurst + 1));
  for (Packet& p : *burst) {
    keys.push_back(RandomKey());
    p.key = FlowKeyOf(keys.back());
    p.ipv4 = std::get<0>(keys.back()).is_v4();
    p.flags = kKeyed;
    if (Pick(8) == 0) p.flags = kFragmented;
    if (Pick(8) == 0) p.Drop(DropReason::kMulticast);
  }
  table_->FindRows(*burst);
  for (size_t i = 0; i < keys.size(); ++i) {
    const Packet& p = burst->packets[i];
    if (p.flags == kKeyed && p.alive()) {
      CheckSide(keys[i], p.side);
    } else {
      REQUIRE(p.side == nullptr);
    }
  }
}

// A packet of some row, as the translator notes it.
void Model::Use() {
  if (keys_.empty()) return;
  const auto& [key, place] = *std::next(keys_.begin(), Pick(static_cast<uint32_t>(keys_.size())));
  RowSide* side = table_->Find(FlowKeyOf(key), std::get<0>(key).is_v4());
  REQUIRE(side != nullptr);
  ModelRow& model = rows_.at(place.first);
  model.last = model.last_of[place.second] = side->last_seen = now_;
  if (model.row.protocol != kTcp) return;
  constexpr uint8_t kFlags[] = {kTcpAck, kTcpAck, kTcpAck, kTcpSyn, kTcpFin | kTcpAck, kTcpRst};
  const uint8_t flags = kFlags[Pick(std::size(kFlags))];
  model.seen[place.second] |= flags;
  side->tcp_seen |= flags;
  table_->LookAgainAt(RowOf(*side), DeadlineOf(RowOf(*side), kTimeouts));
}

void Model::Forget(Row& row) {
  // The row's own values name it: its request key.
  const Key key = {row.sides[1].dst, row.sides[1].dst_port, row.sides[1].src, row.sides[1].src_port,
                   row.sides[0].protocol()};
  const uint32_t number = keys_.at(key).first;
  const ModelRow model = rows_.at(number);
  REQUIRE(keys_.erase(model.RequestKey()) == 1);
  if (!model.row.one_way()) REQUIRE(keys_.erase(model.ReplyKey()) == 1);
  rows_.erase(number);
  table_->Remove(row);
  REQUIRE(table_->Find(FlowKeyOf(model.RequestKey()), model.row.client.is_v4()) == nullptr);
  // With a row of one way this key may be another row's, which stays.
  CheckSide(model.ReplyKey(), table_->Find(FlowKeyOf(model.ReplyKey()), model.row.backend.is_v4()));
}

void Model::Remove() {
  if (keys_.empty()) return;
  const Key key = std::next(keys_.begin(), Pick(static_cast<uint32_t>(keys_.size())))->first;
  Forget(RowOf(*table_->Find(FlowKeyOf(key), std::get<0>(key).is_v4())));
}

// Time passes. Whoever is called for must be due; after two whole rounds nobody is left that was.
void Model::Expire() {
  now_ += Pick(4) == 0 ? Pick(2000) : Pick(50);
  const auto ended = [&](Row& row) {
    const Key key = {row.sides[1].dst, row.sides[1].dst_port, row.sides[1].src, row.sides[1].src_port,
                     row.sides[0].protocol()};
    REQUIRE(Reached(rows_.at(keys_.at(key).first).Deadline(), now_));
    Forget(row);
  };
  if (Pick(2) == 0) return table_->Expire(kTimeouts, now_, Pick(10), ended);
  for (uint32_t i = 0; i < 2 * (1 + limits_.rows / AccessTable::kEndsPerCall); ++i) {
    table_->Expire(kTimeouts, now_, limits_.rows, ended);
  }
  for (const auto& [number, model] : rows_) REQUIRE_FALSE(Reached(model.Deadline(), now_));
}

void Model::Step() {
  switch (Pick(12)) {
    default: Add(RandomRow(Pick(2) == 0)); break;
    case 0: case 1: Find(); break;
    case 2: FindBurst(); break;
    case 3: case 4: Use(); break;
    case 5: Remove(); break;
    case 6: if (Pick(8) == 0) Expire(); break;
  }
  REQUIRE(table_->rows() == rows_.size());
  REQUIRE(table_->rows_ipv6() == CountIpv6());
  REQUIRE(table_->row_limit() <= limits_.rows);
}

void Model::CheckAll() {
  for (const auto& [key, place] : keys_) CheckSide(key, table_->Find(FlowKeyOf(key), std::get<0>(key).is_v4()));
  uint32_t live = 0;
  for (uint32_t i = 0; i < table_->row_limit(); ++i) live += table_->row(i).sides[0].live() ? 1 : 0;
  REQUIRE(live == rows_.size());
}

void Model::Drain() {
  while (!rows_.empty()) Remove();
  REQUIRE(table_->rows() == 0);
  REQUIRE(table_->rows_ipv6() == 0);
}

uint32_t Model::FillUp(bool ipv6) {
  NewRow row = RandomRow(ipv6);
  row.method = ForwardMethod::kFull;
  row.internal = row.client;
  row.backend = row.external;
  row.backend_port = 1;
  row.external_port = 2;
  uint32_t added = 0;
  for (; added < 10 * limits_.rows; ++added) {
    row.client_port = row.internal_port = fill_port_++;
    const size_t before = rows_.size();
    Add(row);
    if (rows_.size() == before) break;
  }
  return added;
}

}  // namespace

TEST_CASE("the access table does what a map does, whatever the order of operations") {
  const AccessTable::Limits limits = GENERATE(values<AccessTable::Limits>({{48, 48}, {48, 16}, {8, 1}, {200, 64}}));
  const unsigned seed = std::random_device{}();
  CAPTURE(seed, limits.rows, limits.rows_ipv6);
  Model model(seed, limits);
  for (int i = 0; i < 20'000; ++i) {
    model.Step();
    if (i % 1000 == 0) model.CheckAll();
  }
  model.Drain();
}

TEST_CASE("the table takes exactly as many rows as it was made for, again and again") {
  struct Case { const char* name; AccessTable::Limits limits; bool ipv6; uint32_t rows; };
  const auto c = GENERATE(values<Case>({
      {"IPv4", {64, 32}, false, 64},
      {"IPv6", {64, 32}, true, 32},
      {"IPv6 as many as IPv4", {64, 64}, true, 64},
      {"IPv4 without any IPv6", {64, 0}, false, 64},
      {"IPv6 without any", {64, 0}, true, 0},
      {"one row", {1, 1}, false, 1},
      {"a hundred", {100, 100}, true, 100},
      {"a thousand", {1000, 1000}, false, 1000},
      {"a power of two that fills every bucket of the index", {4096, 4096}, false, 4096},
  }));
  const unsigned seed = std::random_device{}();
  CAPTURE(c.name, seed);
  Model model(seed, c.limits);
  for (int round = 0; round < 3; ++round) {
    CHECK(model.FillUp(c.ipv6) == c.rows);
    CHECK(model.FillUp(c.ipv6) == 0);  // and is still full
    model.CheckAll();
    model.Drain();
  }
}

TEST_CASE("IPv6 rows leave the others to IPv4") {
  Model model(std::random_device{}(), {64, 20});
  CHECK(model.FillUp(true) == 20);
  CHECK(model.FillUp(false) == 44);
  CHECK(model.FillUp(true) == 0);
}

}  // namespace baton::dataplane
