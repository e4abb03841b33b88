// Several routers on one LAN that loses, delays and parts, by seed: whatever happens, once the LAN is quiet exactly one
// is Active, the strongest of those that live.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <vector>

#include "controlplane/vrrp/machine.h"

namespace baton::controlplane::vrrp {
namespace {

using namespace std::chrono_literals;

struct InFlight {
  TimePoint at;
  size_t to;
  AdvertHeard advert;
};

struct Lan {
  std::vector<RouterConfig> configs;
  std::vector<State> states;
  std::vector<bool> alive, cut;  // cut: neither hears nor is heard
  std::vector<InFlight> flying;
  std::mt19937 random;
  TimePoint now{1000s};
  double loss = 0;
  Duration longest_delay = 1ms;
  int active_at_a_time = 0;

  Lan(size_t routers, uint32_t seed) : random(seed) {
    for (size_t i = 0; i < routers; ++i) {
      configs.push_back({.vrid = 1, .priority = static_cast<uint8_t>(100 + (i / 2) * 10), .interval = 100ms,
                         .own = IpAddress::V4(0xc0000202 + static_cast<uint32_t>(i)),
                         .addresses = {IpAddress::V4(0xc0000201)}});
    }
    states.resize(routers);
    alive.resize(routers, false);
    cut.resize(routers, false);
  }

  double Share() { return std::uniform_real_distribution<>(0, 1)(random); }

  void Do(size_t router, const Event& event) {
    const Step step = React(configs[router], states[router], event, now);
    states[router] = step.next;
    for (const Action& action : step.actions) {
      if (const auto* send = std::get_if<SendAdvert>(&action)) Send(router, send->priority);
    }
  }
  void Send(size_t from, uint8_t priority) {
    for (size_t to = 0; to < states.size(); ++to) {
      if (to == from || cut[from] || cut[to] || Share() < loss) continue;
      const Duration delay(static_cast<int64_t>(Share() * static_cast<double>(longest_delay.count())));
      flying.push_back({now + delay, to, {configs[from].own, priority, configs[from].interval}});
    }
  }

  // To the next thing that happens.
  void Advance() {
    TimePoint next = now + 50ms;
    for (size_t i = 0; i < states.size(); ++i) {
      if (alive[i]) next = std::min(next, states[i].deadline);
    }
    for (const InFlight& f : flying) next = std::min(next, f.at);
    now = std::max(now, next);
    for (size_t i = 0; i < flying.size();) {
      if (flying[i].at > now) {
        ++i;
        continue;
      }
      const InFlight f = flying[i];
      flying.erase(flying.begin() + static_cast<ptrdiff_t>(i));
      if (alive[f.to] && !cut[f.to]) Do(f.to, f.advert);
    }
    for (size_t i = 0; i < states.size(); ++i) {
      if (alive[i] && now >= states[i].deadline) Do(i, DeadlinePassed{});
    }
  }
  void RunFor(Duration time) {
    for (const TimePoint end = now + time; now < end;) Advance();
  }

  void ToggleOne() {
    const size_t i = random() % states.size();
    switch (random() % 4) {
      case 0:  // it dies
        alive[i] = false;
        states[i] = {};
        break;
      case 1:  // it starts
        if (!alive[i]) {
          alive[i] = true;
          Do(i, Started{});
        }
        break;
      case 2:  // it stops cleanly
        if (alive[i]) Do(i, Stopped{});
        alive[i] = false;
        break;
      default: cut[i] = !cut[i];
    }
  }

  // Of those that live: the highest priority, then the highest address.
  size_t Strongest() const {
    size_t best = states.size();
    for (size_t i = 0; i < states.size(); ++i) {
      if (alive[i] && (best == states.size() || configs[i].priority >= configs[best].priority)) best = i;
    }
    return best;
  }
};

TEST_CASE("whatever happened, a quiet LAN has one Active router: the strongest [VR-02] [VR-07]") {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Lan lan(2 + seed % 7, seed);
    lan.loss = 0.3;
    lan.longest_delay = 60ms;
    for (int i = 0; i < 20; ++i) {
      lan.ToggleOne();
      lan.RunFor(std::chrono::milliseconds(lan.random() % 500));
    }
    lan.loss = 0;
    lan.longest_delay = 1ms;
    std::fill(lan.cut.begin(), lan.cut.end(), false);
    lan.RunFor(2s);
    const size_t strongest = lan.Strongest();
    // Of equals, whoever is Active stays: a backup router lets an equal one be.
    for (size_t i = 0; i < lan.states.size(); ++i) {
      if (!lan.alive[i]) continue;
      const bool is_active = lan.states[i].role == Role::kActive;
      REQUIRE((!is_active || lan.configs[i].priority == lan.configs[strongest].priority));
    }
    const auto active = std::count_if(lan.states.begin(), lan.states.end(),
                                      [](const State& s) { return s.role == Role::kActive; });
    REQUIRE(active == (strongest == lan.states.size() ? 0 : 1));
  }
}

TEST_CASE("the Active router dies: the next one takes over within three intervals and its skew [VR-06]") {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    Lan lan(5, seed);
    for (size_t i = 0; i < 5; ++i) {
      lan.alive[i] = true;
      lan.Do(i, Started{});
    }
    lan.RunFor(2s);
    REQUIRE(lan.states[4].role == Role::kActive);
    lan.RunFor(std::chrono::milliseconds(lan.random() % 100));
    lan.alive[4] = false;
    lan.states[4] = {};
    const TimePoint died = lan.now;
    while (std::none_of(lan.states.begin(), lan.states.end(), [](const State& s) { return s.role == Role::kActive; })) {
      lan.Advance();
    }
    CHECK(lan.now - died > 200ms);
    CHECK(lan.now - died <= 300ms + SkewTime(3, 110, 100ms) + 1ms);
    lan.RunFor(500ms);
    // The one with priority 110 and the higher address: of two that time out at once it stays.
    CHECK((lan.states[3].role == Role::kActive || lan.states[2].role == Role::kActive));
    CHECK(lan.states[3].role != lan.states[2].role);
  }
}

}  // namespace
}  // namespace baton::controlplane::vrrp
