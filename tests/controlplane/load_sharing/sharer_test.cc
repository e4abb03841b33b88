// The driver of one group and the workers' side, with two workers that the test moves.
#include <catch2/catch.hpp>

#include "controlplane/load_sharing/sharer.h"
#include "tests/controlplane/fake_worker.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

const IpAddress kActive = Ip("10.0.0.11"), kOwn = Ip("10.0.0.12"), kHost = Ip("10.0.0.51");
const MacAddress kActiveMac{{2, 0, 0, 0, 0, 0x11}}, kOwnMac{{2, 0, 0, 0, 0, 0x12}};

// The next update of a kind in a worker's ring; those before it are taken.
template <typename T>
std::optional<T> Next(FakeWorker& worker) {
  while (!worker.updates.empty()) {
    const Update update = worker.updates.front();
    worker.updates.pop_front();
    if (const auto* found = std::get_if<T>(&update)) return *found;
  }
  return std::nullopt;
}

SharerSettings Settings() {
  SharerSettings s;
  s.group = 3;
  s.machine.own = kOwn;
  s.machine.routers = {kActive, kOwn};
  s.machine.hand_over = HandOver::kExact;
  s.identity = {.version = 3, .vrid = 7, .own = kOwn, .units = {kActive, kOwn}};
  s.discovery.own = kOwn;
  s.discovery.prefix = Prefix::Parse("10.0.0.0/24").value();
  s.port = 1;
  s.port_mac = kOwnMac;
  s.times = {.cover = 50ms, .skew = 5ms, .limit = 1s};
  return s;
}

struct World : WorkerSideCallbacks, SharerCallbacks {
  FakeWorker a{1024}, b{1024};
  WorkerSide workers{{&a, &b}, *this};
  Sharer sharer{Settings(), workers, *this};
  TimePoint now{1000s};
  std::vector<std::vector<uint8_t>> frames;
  std::vector<std::string> log;
  Seals unsealed{{}, 0};
  bool knows_macs = true;

  void SendFrame(PortId port, absl::Span<const uint8_t> frame) override {
    CHECK(port == 1);
    frames.emplace_back(frame.begin(), frame.end());
  }
  std::optional<MacAddress> MacOf(PortId, const IpAddress&) override {
    return knows_macs ? std::optional(kActiveMac) : std::nullopt;
  }
  void OnSharingEvent(ConditionGroup, const std::string& text) override { log.push_back(text); }
  void OnGiven(const HandOverId& id, const WhatWasForwarded& forwarded) override { sharer.OnGiven(id, forwarded, now); }
  void OnTakingBegun(const HandOverId& id) override { sharer.OnTakingBegun(id, now); }
  void OnSeen(ConditionGroup, const IpAddress& address) override { sharer.OnSeen(address, now); }
  void OnMeasured(ConditionGroup, const std::vector<Measured>& measured) override {
    sharer.OnMeasured(measured, 0, now);
  }

  void BecomeBackup() {
    sharer.OnRole(Role::kBackup, 100, now);
    sharer.OnAdvertHeard(kActive, now);
    frames.clear();
    a.updates.clear();
    b.updates.clear();
  }
  // A message of the active router.
  void Hear(const Message& message, const IpAddress& to) {
    const vrrp::Ends ends{kActive, to};
    const std::vector<uint8_t> bytes =
        EncodeMessage({.vrid = 7, .priority = 200}, message, ends, vrrp::ChecksumOver::kMessage);
    sharer.OnMessage({.envelope = {.dst = kOwnMac, .src = kActiveMac, .ends = ends}, .message = bytes}, now);
  }
  // Types of the messages in the frames that were sent.
  std::vector<int> Types() {
    std::vector<int> types;
    for (const auto& frame : std::exchange(frames, {})) {
      const auto unwrapped = vrrp::Unwrap(frame);
      REQUIRE(unwrapped.has_value());
      CHECK(unwrapped->envelope.src == kOwnMac);  // never the virtual one
      types.push_back(unwrapped->message[0] & 0x0f);
    }
    return types;
  }
};

Allocation GivesHostToUs() {
  return {.generation = 5, .base = 0, .hand_over = HandOver::kExact, .charges = {{.condition = kHost, .unit = kOwn}}};
}

TEST_CASE("[VR-10] [VR-14] a backup answers each advertisement, to the active router's own MAC address") {
  World world;
  world.sharer.OnRole(Role::kBackup, 100, world.now);
  world.sharer.OnAdvertHeard(kActive, world.now);
  REQUIRE(world.frames.size() == 1);
  const auto unwrapped = vrrp::Unwrap(world.frames[0]);
  CHECK(unwrapped->envelope.dst == kActiveMac);
  CHECK(unwrapped->envelope.ends.dst == kActive);
  CHECK(world.Types() == std::vector<int>{2});
  world.knows_macs = false;
  world.sharer.OnAdvertHeard(kActive, world.now);
  CHECK(world.frames.empty());
  CHECK(world.sharer.unsent() == 1);
}

TEST_CASE("[VR-80] what becomes a unit's own is confirmed when packets of it wait at every worker, not before") {
  World world;
  world.BecomeBackup();
  world.Hear(GivesHostToUs(), Ip("224.0.0.18"));
  const auto at_a = Next<baton::BeginTaking>(world.a), at_b = Next<baton::BeginTaking>(world.b);
  REQUIRE(at_a.has_value());
  REQUIRE(at_b.has_value());
  CHECK(at_a->taking->conditions == std::vector<IpAddress>{kHost});
  CHECK(at_a->taking->group == 3);
  CHECK(world.Types().empty());
  CHECK(world.workers.OnEvent(0, TakingBegun{at_a->taking}));
  CHECK(world.Types().empty());
  CHECK(world.workers.OnEvent(1, TakingBegun{at_b->taking}));
  CHECK(world.Types() == std::vector<int>{4});
  // The report ends it at both, and what was lent comes back.
  world.Hear(Report{.generation = 5,
                    .stopped_ago = 2ms,
                    .records = std::vector<ForwardedPacket>{{.digest = 9, .before_stop = 100}}},
             kOwn);
  const auto end_a = Next<baton::EndTaking>(world.a), end_b = Next<baton::EndTaking>(world.b);
  REQUIRE(end_a.has_value());
  REQUIRE(end_b.has_value());
  CHECK(end_a->taking->stopped_at == world.now - 2ms);
  REQUIRE(end_a->taking->report.size() == 1);
  CHECK(end_a->taking->report[0].digest == 9);
  CHECK(world.workers.lent() == 2);
  CHECK(world.workers.OnEvent(0, TakingEnded{end_a->taking}));
  CHECK(world.workers.OnEvent(1, TakingEnded{end_b->taking}));
  CHECK(world.workers.lent() == 0);
}

TEST_CASE("operators are shown who is in charge of whom, what becomes of the packets here, and how many there were") {
  World world;
  world.BecomeBackup();
  Allocation allocation = GivesHostToUs();
  allocation.charges.push_back({.condition = Ip("10.0.0.50"), .unit = kActive});
  world.Hear(allocation, Ip("224.0.0.18"));
  auto rows = world.sharer.Conditions(10);
  REQUIRE(rows.size() == 2);
  CHECK((rows[0].address == Ip("10.0.0.50") && rows[0].unit == kActive && rows[0].here == Here::kBlocks));
  CHECK((rows[1].address == kHost && rows[1].unit == kOwn && rows[1].here == Here::kHolds));
  CHECK((rows[1].moved == 5 && rows[1].packets == 0));
  for (FakeWorker* worker : {&world.a, &world.b}) {
    const auto begin = Next<baton::BeginTaking>(*worker);
    REQUIRE(begin.has_value());
    world.workers.OnEvent(worker == &world.a ? 0 : 1, TakingBegun{begin->taking});
  }
  CHECK(world.sharer.longest_hold() == 0ms);
  world.now += 7ms;
  world.Hear(Report{.generation = 5, .stopped_ago = 2ms, .records = std::vector<ForwardedPacket>{}}, kOwn);
  CHECK(world.sharer.longest_hold() == 7ms);
  for (int second = 0; second < 2; ++second) {
    world.sharer.OnMeasured({{kHost, 1000U + 500U * static_cast<unsigned>(second), 10}, {Ip("10.0.0.99"), 1, 1}}, 0,
                            world.now);
    world.now += 1s;
  }
  rows = world.sharer.Conditions(10);
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].here == Here::kPasses);
  CHECK((rows[1].packets == 10 && rows[1].bytes == 1500 && rows[1].bits_per_second == 4000));
  CHECK(rows[0].packets == 0);
  REQUIRE(world.sharer.busiest().size() == 1);
  CHECK(world.sharer.busiest()[0].condition == kHost);
  CHECK(world.sharer.Conditions(1).size() == 1);
  world.sharer.OnRole(Role::kStopped, 100, world.now);
  CHECK(world.sharer.Conditions(10).empty());
}

TEST_CASE("operators are shown the end systems that are known, and how") {
  SharerSettings settings = Settings();
  settings.discovery.methods.passive = true;
  settings.discovery.end_systems = {kHost};
  settings.discovery.routers = {Ip("10.0.0.60")};
  World world;
  Sharer sharer(settings, world.workers, world);
  sharer.OnRole(Role::kBackup, 100, world.now);
  sharer.OnSeen(Ip("10.0.0.52"), world.now);
  world.now += 3s;
  auto rows = sharer.EndSystems(10, world.now);
  REQUIRE(rows.size() == 3);
  CHECK((rows[0].node == Node{kHost, Node::Kind::kEndSystem, Node::Origin::kStatic} && !rows[0].seen_ago));
  CHECK(rows[0].unit.is_unspecified());
  CHECK((rows[1].node == Node{Ip("10.0.0.52"), Node::Kind::kEndSystem, Node::Origin::kLearned} &&
         rows[1].seen_ago == 3s));
  CHECK(rows[2].node == Node{Ip("10.0.0.60"), Node::Kind::kRouter, Node::Origin::kStatic});
  sharer.OnAdvertHeard(kActive, world.now);
  rows = sharer.EndSystems(2, world.now);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].unit == kActive);
}

TEST_CASE("an active router that is no unit forwards alone: nothing passes here until a unit is active again") {
  World world;
  world.BecomeBackup();
  world.sharer.OnAdvertHeard(Ip("10.0.0.99"), world.now);
  world.sharer.OnAdvertHeard(Ip("10.0.0.99"), world.now);
  CHECK(world.Types().empty());
  const auto share = Next<ShareLoad>(world.a);
  REQUIRE(share.has_value());
  CHECK(share->shares);
  CHECK(share->verdict == Verdict::kBlock);
  CHECK(world.log == std::vector<std::string>{"10.0.0.99 is active and shares no load: it forwards alone"});
  world.sharer.OnAdvertHeard(kActive, world.now);
  CHECK(world.Types() == std::vector<int>{2});
}

TEST_CASE("[VR-19] [VR-31] the list of units that one unit sends is the table that the other shows") {
  World world;
  SharerSettings settings = Settings();
  settings.machine.own = settings.identity.own = settings.discovery.own = kActive;
  settings.keys = {{1, "of both"}};
  settings.interval = 1s;
  Sharer active(settings, world.workers, world);
  SharerSettings backups = Settings();
  backups.keys = settings.keys;
  Sharer backup(backups, world.workers, world);
  active.OnRole(Role::kActive, 200, world.now);
  backup.OnRole(Role::kBackup, 100, world.now);
  const auto hear = [&](const IpAddress& from) {
    const vrrp::Ends ends{from, Ip("224.0.0.18")};
    const std::vector<uint8_t> bytes = active.WriteUnitList(200, ends);
    return backup.ReadUnitList({.envelope = {.dst = {}, .src = kActiveMac, .ends = ends}, .message = bytes});
  };
  const auto advert = hear(kActive);
  REQUIRE(advert.has_value());
  CHECK((advert->priority == 200 && advert->vrid == 7 && advert->interval == 1s));
  world.frames.clear();
  backup.OnAdvertHeard(kActive, world.now);
  CHECK(world.Types() == std::vector<int>{2});
  const auto state = [&](const IpAddress& unit) {
    const Tables& tables = backup.machine().tables();
    return tables.unit(tables.IndexOf(unit)).state;
  };
  CHECK(state(kActive) == UnitState::kWorking);
  CHECK(state(kOwn) == UnitState::kSuspended);
  CHECK_FALSE(hear(Ip("10.0.0.66")).has_value());
  CHECK(backup.inbox().heard() == 1);
}

TEST_CASE("another list of units is told once, and heard all the same") {
  World world;
  world.BecomeBackup();
  const vrrp::Ends ends{kActive, Ip("224.0.0.18")};
  const auto hear = [&](std::vector<UnitAdvert::Unit> units) {
    const std::vector<uint8_t> bytes = EncodeUnitAdvert(
        {.vrid = 7, .priority = 200}, {std::move(units), HandOver::kExact}, ends, vrrp::ChecksumOver::kMessage);
    return world.sharer.ReadUnitList({.envelope = {.dst = {}, .src = kActiveMac, .ends = ends}, .message = bytes})
        .has_value();
  };
  CHECK(hear({{kOwn}, {kActive}}));
  CHECK(world.log.empty());
  CHECK(hear({{kOwn}, {kActive}, {Ip("10.0.0.13")}}));
  CHECK(hear({{kOwn}, {kActive}, {Ip("10.0.0.13")}}));
  CHECK(hear({{kOwn}, {kActive}}));
  CHECK(world.log == std::vector<std::string>{"10.0.0.11 lists other units than are configured here",
                                              "10.0.0.11 lists the units that are configured here"});
}

TEST_CASE("a message that is not believed changes nothing, and is counted by its reason") {
  World world;
  world.BecomeBackup();
  const vrrp::Ends ends{Ip("10.0.0.66"), Ip("224.0.0.18")};
  const std::vector<uint8_t> bytes = EncodeMessage({.vrid = 7}, GivesHostToUs(), ends, vrrp::ChecksumOver::kMessage);
  world.sharer.OnMessage({.envelope = {.dst = kOwnMac, .src = kActiveMac, .ends = ends}, .message = bytes}, world.now);
  CHECK(world.a.updates.empty());
  uint64_t refused = 0;
  for (const Inbox::Count& count : world.sharer.inbox().Refused()) {
    refused += count.reason == "sender" ? count.messages : 0;
  }
  CHECK(refused == 1);
}

TEST_CASE("conditions go to every worker in batches; what a full ring does not take goes later, in order") {
  World world;
  std::vector<IpAddress> many;
  for (uint32_t i = 0; i < 130; ++i) many.push_back(IpAddress::V4(0x0a000100 + i));
  FakeWorker small{2};
  WorkerSide workers({&small}, world);
  workers.Change(1, ConditionWish::kPass, many);
  CHECK(workers.waiting() == 1);
  CHECK(workers.lent() == 3);
  size_t next = 0;
  for (const int count : {64, 64, 2}) {
    const auto change = Next<ChangeConditions>(small);
    REQUIRE(change.has_value());
    CHECK(change->batch->count == count);
    for (int i = 0; i < count; ++i) CHECK(change->batch->changes[static_cast<size_t>(i)].address == many[next++]);
    change->batch->refused = 1;
    workers.OnEvent(0, ConditionsChanged{change->batch});
    workers.Poll();
  }
  CHECK(workers.lent() == 0);
  CHECK(workers.conditions_refused() == 3);
}

TEST_CASE("a hand-over whose conditions all went elsewhere is ended, so that what was lent comes back") {
  World world;
  world.workers.BeginTaking({3, 1, kActive}, HandOverKind::kExact, {kHost}, {.cover = 50ms, .skew = 5ms, .limit = 1s});
  world.workers.BeginGiving({3, 1, kActive}, HandOverKind::kSequence, {Ip("10.0.0.52")}, {.cover = 50ms});
  world.workers.Change(3, ConditionWish::kBlock, {kHost, Ip("10.0.0.52")});
  CHECK(Next<AbandonTaking>(world.a).has_value());
  CHECK(Next<baton::EndGiving>(world.b).has_value());
}

constexpr HandOverTimes kTimes = {.cover = 50ms, .skew = 5ms, .limit = 1s};

// As many hand-overs as workers carry out at a time, of another group.
std::vector<HandOverId> Fill(WorkerSide& workers) {
  std::vector<HandOverId> ids;
  for (uint32_t i = 0; i < WorkerSide::kAtATime; ++i) {
    ids.push_back({9, i + 1, kActive});
    workers.BeginTaking(ids.back(), HandOverKind::kExact, {IpAddress::V4(0x0a010000 + i)}, kTimes);
  }
  return ids;
}

std::vector<Taking*> Taken(FakeWorker& worker) {
  std::vector<Taking*> takings;
  while (const auto begun = Next<baton::BeginTaking>(worker)) takings.push_back(begun->taking);
  return takings;
}

TEST_CASE("a hand-over that finds too many under way begins when another one has ended at every worker, in its turn") {
  World world;
  Fill(world.workers);
  const auto at_a = Taken(world.a), at_b = Taken(world.b);
  REQUIRE(at_a.size() == 64);
  CHECK(world.workers.put_off() == 0);
  const HandOverId gives{3, 1, kActive}, takes{3, 2, kActive};
  world.workers.BeginGiving(gives, HandOverKind::kExact, {kHost, Ip("10.0.0.52")}, kTimes);
  world.workers.BeginTaking(takes, HandOverKind::kExact, {Ip("10.0.0.53")}, kTimes);
  world.workers.Change(3, ConditionWish::kBlock, {Ip("10.0.0.52")});  // leaves it, and is not drawn into it again
  world.workers.EndGiving(gives);
  CHECK(world.workers.put_off() == 2);
  CHECK(world.workers.to_begin() == 2);
  CHECK_FALSE(Next<baton::BeginGiving>(world.a).has_value());
  world.workers.OnEvent(0, TakingEnded{at_a[0]});
  CHECK(world.workers.to_begin() == 2);
  world.workers.OnEvent(1, TakingEnded{at_b[0]});
  CHECK(world.workers.to_begin() == 1);
  for (FakeWorker* worker : {&world.a, &world.b}) {
    const auto begun = Next<baton::BeginGiving>(*worker);
    REQUIRE(begun.has_value());
    CHECK(begun->giving->conditions == std::vector<IpAddress>{kHost});
    CHECK(Next<baton::EndGiving>(*worker).has_value());  // as was asked for meanwhile
  }
  for (const size_t worker : {0, 1}) world.workers.OnEvent(worker, TakingEnded{(worker == 0 ? at_a : at_b)[1]});
  CHECK(world.workers.to_begin() == 0);
  CHECK(Next<baton::BeginTaking>(world.b).has_value());
}

TEST_CASE("a hand-over that has not begun when all left it does not begin, and nobody waits for it") {
  struct Begun : World {
    std::vector<HandOverId> begun;
    void OnTakingBegun(const HandOverId& id) override { begun.push_back(id); }
  } world;
  Fill(world.workers);
  world.workers.BeginTaking({3, 1, kActive}, HandOverKind::kExact, {kHost}, kTimes);
  world.workers.BeginGiving({3, 1, kActive}, HandOverKind::kExact, {Ip("10.0.0.52")}, kTimes);
  const size_t lent = world.workers.lent();
  world.workers.Change(3, ConditionWish::kPass, {kHost, Ip("10.0.0.52")});
  CHECK(world.workers.to_begin() == 0);
  CHECK(world.workers.lent() == lent + 2);  // the batch of that change alone
  REQUIRE(world.begun.size() == 1);
  CHECK(world.begun[0].generation == 1);
}

TEST_CASE("while a hand-over waits for its turn a router confirms nothing, but answers and hears reports") {
  World world;
  world.BecomeBackup();
  Fill(world.workers);
  const auto at_a = Taken(world.a), at_b = Taken(world.b);
  world.Hear(GivesHostToUs(), Ip("224.0.0.18"));
  CHECK(world.Types().empty());
  CHECK(world.log.back() == "a hand-over with 10.0.0.11 begins later: 64 others are under way");
  CHECK(world.sharer.put_off() == 1);
  world.sharer.OnAdvertHeard(kActive, world.now);
  CHECK(world.Types() == std::vector<int>{2});
  // Asked for again each report_wait, and confirmed once.
  for (int i = 0; i < 3; ++i) {
    world.now += 200ms;
    world.sharer.Tick(world.now);
  }
  CHECK(world.Types().empty());
  world.workers.OnEvent(0, TakingEnded{at_a[7]});
  world.workers.OnEvent(1, TakingEnded{at_b[7]});
  const auto begun_a = Next<baton::BeginTaking>(world.a), begun_b = Next<baton::BeginTaking>(world.b);
  REQUIRE(begun_a.has_value());
  REQUIRE(begun_b.has_value());
  world.workers.OnEvent(0, TakingBegun{begun_a->taking});
  CHECK(world.Types().empty());
  world.workers.OnEvent(1, TakingBegun{begun_b->taking});
  CHECK(world.Types() == std::vector<int>{4});
}

TEST_CASE("[VR-89] what workers forwarded is summed over workers and pieces") {
  struct Sums : World {
    std::vector<Measured> sums;
    void OnMeasured(ConditionGroup group, const std::vector<Measured>& measured) override {
      CHECK(group == 3);
      sums = measured;
    }
  } world;
  world.workers.Measure();
  const auto fill = [](FlowBatch& batch, uint64_t bytes, bool done) {
    batch.count = 1;
    batch.flows[0] = {.address = kHost, .group = 3, .packets = 1, .bytes = bytes};
    batch.done = done;
    batch.next = 64;
  };
  const auto at_a = Next<ListFlows>(world.a), at_b = Next<ListFlows>(world.b);
  fill(*at_a->batch, 100, false);
  world.workers.OnEvent(0, FlowsListed{at_a->batch});
  const auto more = Next<ListFlows>(world.a);
  REQUIRE(more.has_value());
  CHECK(more->from == 64);
  fill(*more->batch, 20, true);
  world.workers.OnEvent(0, FlowsListed{more->batch});
  CHECK(world.sums.empty());
  fill(*at_b->batch, 3, true);
  world.workers.OnEvent(1, FlowsListed{at_b->batch});
  REQUIRE(world.sums.size() == 1);
  CHECK(world.sums[0].bytes == 123);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
