// Load sharing without VRRP: the machine under another way to say who is active, and its tables as the only way to what
// it allocates from. This program links neither VRRP nor the codec.
#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <random>
#include <type_traits>

#include "controlplane/load_sharing/machine.h"

namespace baton::controlplane::load_sharing {
namespace {

using namespace std::chrono_literals;

IpAddress Unit(uint32_t i) { return IpAddress::V4(0x0a000001 + i); }
IpAddress Host(uint32_t i) { return IpAddress::V4(0x0a000100 + i); }

// Three units in one process; the one with the highest address that lives is active, because a caller says so, and what
// it "advertises" is a function call. Messages are passed on as values.
class HighestIsActive {
 public:
  HighestIsActive() {
    for (uint32_t i = 0; i < 3; ++i) {
      Config config{.own = Unit(i), .routers = {Unit(0), Unit(1), Unit(2)}};
      config.start_delay = 10ms;
      machines_.push_back(std::make_unique<Machine>(config));
      passes_.emplace_back();
      Do(i, RoleChanged{i == 2 ? Role::kActive : Role::kBackup});
    }
  }
  void Kill() {
    dead_ = active_--;
    Do(active_, RoleChanged{Role::kActive});
  }
  void RunFor(Duration time) {
    for (const TimePoint end = now_ + time; now_ < end; now_ += 10ms) {
      for (size_t i = 0; i < machines_.size(); ++i) {
        if (i == dead_) continue;
        if (i != active_) Do(i, AdvertHeard{Unit(static_cast<uint32_t>(active_))});
        Do(i, DeadlinePassed{});
      }
    }
  }
  // Of those that live.
  std::vector<size_t> InCharge(uint32_t host) const {
    std::vector<size_t> units;
    for (size_t i = 0; i < machines_.size(); ++i) {
      const auto named = passes_[i].find(Host(host));
      if (i != dead_ && (named == passes_[i].end() ? i == active_ : named->second)) units.push_back(i);
    }
    return units;
  }

 private:
  void Do(size_t unit, const Event& event) {
    std::vector<Action> actions;
    machines_[unit]->On(event, now_, actions);
    for (const Action& action : actions) {
      if (const auto* set = std::get_if<SetConditions>(&action)) {
        for (const IpAddress& condition : set->conditions) passes_[unit][condition] = set->pass;
      } else if (std::holds_alternative<Discover>(action)) {
        Event known;
        auto& all = known.emplace<EndSystemsKnown>();
        for (uint32_t i = 0; i < 6; ++i) all.end_systems.push_back(Host(i));
        all.complete = true;
        Do(unit, known);
      } else if (const auto* send = std::get_if<Send>(&action)) {
        for (size_t to = 0; to < machines_.size(); ++to) {
          const bool meant = send->to == IpAddress{} || send->to == Unit(static_cast<uint32_t>(to));
          if (to != unit && to != dead_ && meant) {
            Do(to, MessageHeard{Unit(static_cast<uint32_t>(unit)), send->message});
          }
        }
      }
    }
  }

  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::map<IpAddress, bool>> passes_;
  TimePoint now_{1000s};
  size_t active_ = 2, dead_ = SIZE_MAX;
};

TEST_CASE("[VR-17] another protocol than VRRP says who is active: the load is shared, and taken over") {
  HighestIsActive group;
  group.RunFor(10s);
  std::map<size_t, int> shares;
  for (uint32_t host = 0; host < 6; ++host) {
    const std::vector<size_t> units = group.InCharge(host);
    REQUIRE(units.size() == 1);
    ++shares[units[0]];
  }
  CHECK(shares == std::map<size_t, int>{{0, 2}, {1, 2}, {2, 2}});
  group.Kill();
  for (uint32_t host = 0; host < 6; ++host) CHECK(group.InCharge(host).size() == 1);  // at once
  group.RunFor(10s);
  shares.clear();
  for (uint32_t host = 0; host < 6; ++host) {
    const std::vector<size_t> units = group.InCharge(host);
    REQUIRE(units.size() == 1);
    ++shares[units[0]];
  }
  CHECK(shares.size() == 2);
}

TEST_CASE("[VR-36] the tables are read through one interface, which keeps their parts in step") {
  static_assert(std::is_same_v<decltype(std::declval<Machine&>().tables()), const Tables&>, "nobody else writes");
  Tables tables({Unit(2), Unit(0), Unit(1)}, {Unit(9)});
  std::map<IpAddress, UnitIndex> model;
  std::mt19937 random(36);
  for (int step = 0; step < 3000; ++step) {
    const IpAddress host = Host(random() % 40);
    const UnitIndex unit = static_cast<UnitIndex>(random() % 3);
    tables.Assign(host, unit, static_cast<Generation>(step + 1), false);
    model[host] = unit;
    if (step == 1500) {
      tables.ClearConditions();
      model.clear();
    }
    for (UnitIndex u = 0; u < 4; ++u) {
      std::vector<IpAddress> expected;
      for (const auto& entry : model) {
        if (entry.second == u) expected.push_back(entry.first);
      }
      REQUIRE(tables.ConditionsOf(u) == expected);
      REQUIRE(tables.unit(u).conditions == expected.size());
    }
    const ConditionRow* row = tables.Find(host);
    REQUIRE((row != nullptr) == model.contains(host));
    if (row != nullptr) REQUIRE(row->unit == unit);
  }
}

TEST_CASE("[VR-53] what is allocated follows from what the tables hold, and from nothing else") {
  // An active router with one backup; what it knows of the flow came by events of different kinds.
  Config config{.own = Unit(0), .routers = {Unit(0), Unit(1)}};
  Machine machine(config);
  TimePoint now{1000s};
  std::vector<Action> out;
  const auto on = [&](const Event& event) {
    out.clear();
    machine.On(event, now, out);
  };
  const auto hear = [&](Message message) { on(MessageHeard{Unit(1), std::move(message)}); };
  const auto allocated = [&]() -> const Allocation* {
    for (const Action& action : out) {
      const auto* send = std::get_if<Send>(&action);
      const auto* allocation = send == nullptr ? nullptr : std::get_if<Allocation>(&send->message);
      if (allocation != nullptr) return allocation;
    }
    return nullptr;
  };
  EndSystemsKnown all{.complete = true};
  for (uint32_t i = 0; i < 8; ++i) all.end_systems.push_back(Host(i));
  on(RoleChanged{Role::kActive});
  hear(Response{});
  now += 1s;
  on(DeadlinePassed{});
  on(all);
  REQUIRE(allocated() != nullptr);
  const Generation first = machine.generation();
  hear(Confirmation{.generation = first, .unit = Unit(1)});
  now += 5s;
  hear(Response{.generation = first, .state = UnitState::kWorking});
  on(FlowsMeasured{.flows = {{Host(0), 900}, {Host(1), 700}, {Host(2), 800}, {Host(3), 100}}, .overflow_unit = 1s});
  on(ReviewAsked{});
  hear(FlowResponse{.generation = first, .review = 1, .fragments = 1, .flows = {{Host(5), 50}, {Host(6), 20}}});
  // Of the tables alone, by the pure function of its own tests.
  std::vector<Share> shares;
  for (uint32_t i = 0; i < 8; ++i) {
    const ConditionRow* row = machine.tables().Find(Host(i));
    REQUIRE(row != nullptr);
    shares.push_back({row->bits_per_second, row->unit});
  }
  CHECK(shares[0].bits_per_second == 900);
  CHECK(shares[5].bits_per_second == 50);
  on(all);
  const Allocation* made = allocated();
  REQUIRE(made != nullptr);
  std::vector<Charge> expected;
  for (const Move& move : Allocate(shares, {true, true}, config.limits)) {
    expected.push_back({Host(move.condition), Unit(move.to), false});
  }
  CHECK_FALSE(expected.empty());
  CHECK(made->charges == expected);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing
