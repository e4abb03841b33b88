// What one virtual router does, transition by transition (RFC 9568, 6.4), and whose advertisements it believes.
#include "controlplane/vrrp/machine.h"

#include <catch2/catch.hpp>

namespace baton::controlplane::vrrp {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{1000s};
IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }

RouterConfig Config(uint8_t priority = 100) {
  return {.vrid = 1, .priority = priority, .own = Ip("192.0.2.2"), .addresses = {Ip("192.0.2.1")}};
}

State Of(Role role, const RouterConfig& config) {
  return {.role = role, .priority = config.priority, .active_interval = 1s, .deadline = kNow + 1s};
}

template <typename T>
bool Has(const Step& step) {
  for (const Action& action : step.actions) {
    if (std::holds_alternative<T>(action)) return true;
  }
  return false;
}

// The priority that is advertised; -1: none is.
int Advertised(const Step& step) {
  for (const Action& action : step.actions) {
    if (const auto* send = std::get_if<SendAdvert>(&action)) return send->priority;
  }
  return -1;
}

TEST_CASE("skew and Active-down interval, RFC 9568, 6.1, and RFC 3768, 6.1") {
  CHECK(SkewTime(3, 100, 1s) == 609375us);    // 156/256 of the interval
  CHECK(SkewTime(3, 100, 10ms) == 6093750ns);
  CHECK(SkewTime(2, 100, 10s) == 609375us);   // of a second
  CHECK(SkewTime(3, 254, 1s) == 7812500ns);
  CHECK(ActiveDownInterval(3, 100, 1s) == 3609375us);
  CHECK(ActiveDownInterval(2, 100, 10s) == 30609375us);
}

TEST_CASE("a start: the owner is Active at once, all others watch first [VR-04]") {
  const RouterConfig owner = Config(255), other = Config(100);
  Step step = React(owner, {}, Started{}, kNow);
  CHECK(step.next.role == Role::kActive);
  CHECK(step.next.deadline == kNow + 1s);
  CHECK(Has<BecomeActive>(step));
  CHECK(Has<Announce>(step));
  CHECK(Advertised(step) == 255);

  step = React(other, {}, Started{}, kNow);
  CHECK(step.next.role == Role::kBackup);
  CHECK(step.next.deadline == kNow + 3609375us);
  CHECK(step.actions.empty());
}

TEST_CASE("what a backup router hears decides when it takes over [VR-05] [VR-06]") {
  struct Case {
    const char* name;
    uint8_t heard;
    bool preempt;
    Duration delay, takeover_after;
  };
  const auto c = GENERATE(values<Case>({
      {"an equal one keeps us waiting", 100, true, 0s, 3609375us},
      {"a stronger one keeps us waiting", 200, true, 0s, 3609375us},
      {"a weaker one is left to time out", 90, true, 0s, 1s},
      {"a weaker one is minded without preemption", 90, false, 0s, 3609375us},
      {"a weaker one is minded until the delay is over", 90, true, 60s, 3609375us},
      {"a resignation leaves only the skew", 0, true, 0s, 609375us},
      {"also without preemption", 0, false, 0s, 609375us},
  }));
  CAPTURE(c.name);
  RouterConfig config = Config();
  config.preempt = c.preempt;
  config.preempt_delay = c.delay;
  const Step step = React(config, Of(Role::kBackup, config), AdvertHeard{Ip("192.0.2.3"), c.heard, 1s}, kNow);
  CHECK(step.next.role == Role::kBackup);
  CHECK(step.next.deadline == kNow + c.takeover_after);
  CHECK(step.actions.empty());
}

TEST_CASE("the interval of the Active router counts, not our own") {
  const RouterConfig config = Config();
  const Step step = React(config, Of(Role::kBackup, config), AdvertHeard{Ip("192.0.2.3"), 200, 10ms}, kNow);
  CHECK(step.next.deadline == kNow + 36093750ns);
  CHECK(step.next.active == Ip("192.0.2.3"));
  CHECK(step.next.active_priority == 200);
}

TEST_CASE("a delayed preemption: the weaker router is minded for the delay, then left to time out") {
  RouterConfig config = Config();
  config.preempt_delay = 10s;
  State state = Of(Role::kBackup, config);
  TimePoint now = kNow;
  for (; now < kNow + 10s; now += 1s) {
    state = React(config, state, AdvertHeard{Ip("192.0.2.3"), 90, 1s}, now).next;
    CHECK(state.deadline == now + 3609375us);
  }
  const TimePoint deadline = state.deadline;
  for (; now < kNow + 12s; now += 1s) state = React(config, state, AdvertHeard{Ip("192.0.2.3"), 90, 1s}, now).next;
  CHECK(state.deadline == deadline);
  // A stronger one in between begins the delay anew.
  state = React(config, state, AdvertHeard{Ip("192.0.2.4"), 200, 1s}, now).next;
  state = React(config, state, AdvertHeard{Ip("192.0.2.3"), 90, 1s}, now).next;
  CHECK(state.deadline == now + 3609375us);
}

TEST_CASE("nothing is heard: a backup router takes over [VR-04] [VR-06]") {
  const RouterConfig config = Config();
  const State backup = Of(Role::kBackup, config);
  CHECK(React(config, backup, DeadlinePassed{}, kNow + 999ms).next.role == Role::kBackup);  // it came too early
  const Step step = React(config, backup, DeadlinePassed{}, kNow + 1s);
  CHECK(step.next.role == Role::kActive);
  CHECK(step.next.deadline == kNow + 2s);
  REQUIRE(step.actions.size() == 3);
  CHECK(std::holds_alternative<BecomeActive>(step.actions[0]));  // before anybody is told
  CHECK(std::holds_alternative<SendAdvert>(step.actions[1]));
  CHECK(std::holds_alternative<Announce>(step.actions[2]));
}

TEST_CASE("the Active router advertises each interval, and not in a row after a pause [VR-04]") {
  const RouterConfig config = Config();
  Step step = React(config, Of(Role::kActive, config), DeadlinePassed{}, kNow + 1003ms);
  CHECK(Advertised(step) == 100);
  CHECK(step.next.deadline == kNow + 2s);  // 3 ms late, and the next one is not
  step = React(config, Of(Role::kActive, config), DeadlinePassed{}, kNow + 30s);
  CHECK(step.next.deadline == kNow + 30500ms);
}

TEST_CASE("what an Active router hears decides whether it stays [VR-02] [VR-07]") {
  struct Case {
    const char* name;
    uint8_t heard;
    const char* from;
    bool stays;
  };
  const auto c = GENERATE(values<Case>({
      {"a weaker one", 99, "192.0.2.3", true},
      {"a stronger one", 101, "192.0.2.1", false},
      {"an equal one with the higher address", 100, "192.0.2.3", false},
      {"an equal one with the lower address", 100, "192.0.2.1", true},
      {"one that resigns", 0, "192.0.2.3", true},
  }));
  CAPTURE(c.name);
  const RouterConfig config = Config();
  const Step step = React(config, Of(Role::kActive, config), AdvertHeard{Ip(c.from), c.heard, 2s}, kNow);
  CHECK((step.next.role == Role::kActive) == c.stays);
  CHECK(Has<ResignActive>(step) == !c.stays);
  CHECK(Advertised(step) == (c.stays ? 100 : -1));
  CHECK(step.next.deadline == kNow + (c.stays ? Duration(1s) : Duration(7218750us)));  // 3 * 2 s and 156/256 of 2 s
  CHECK(Has<RivalActive>(step) == (c.stays && c.heard != 0));
}

TEST_CASE("a rival is told of once, not for each advertisement") {
  const RouterConfig config = Config();
  State state = Of(Role::kActive, config);
  int told = 0;
  for (int i = 0; i < 10; ++i) {
    const Step step = React(config, state, AdvertHeard{Ip(i < 5 ? "192.0.2.3" : "192.0.2.4"), 50, 1s}, kNow);
    told += Has<RivalActive>(step);
    state = step.next;
  }
  CHECK(told == 2);
}

TEST_CASE("a stop: the Active router resigns, a backup router goes silently") {
  const RouterConfig config = Config();
  Step step = React(config, Of(Role::kActive, config), Stopped{}, kNow);
  CHECK(step.next.role == Role::kInitialize);
  CHECK(step.next.deadline == TimePoint::max());
  CHECK(Advertised(step) == 0);
  CHECK(Has<ResignActive>(step));
  step = React(config, Of(Role::kBackup, config), Stopped{}, kNow);
  CHECK(step.next.role == Role::kInitialize);
  CHECK(step.actions.empty());
  CHECK(React(config, step.next, AdvertHeard{Ip("192.0.2.3"), 1, 1s}, kNow).actions.empty());
}

TEST_CASE("tracking lowers the priority: the next stronger router takes over") {
  const RouterConfig config = Config(200);
  State state = React(config, Of(Role::kActive, config), PriorityChanged{80}, kNow).next;
  CHECK(Advertised(React(config, state, DeadlinePassed{}, kNow + 1s)) == 80);
  CHECK(React(config, state, AdvertHeard{Ip("192.0.2.1"), 100, 1s}, kNow).next.role == Role::kBackup);
}

TEST_CASE("whose advertisements are believed, RFC 3768, 7.1, and RFC 9568, 7.1 [VR-25]") {
  struct Case {
    const char* name;
    void (*change)(RouterConfig& config, Advert& advert, IpAddress& from, uint8_t& ttl);
    Refusal refusal;
  };
  const auto c = GENERATE(values<Case>({
      {"all in order", [](auto&, auto&, auto&, auto&) {}, Refusal::kNothing},
      {"it crossed a router", [](auto&, auto&, auto&, auto& ttl) { ttl = 254; }, Refusal::kTtl},
      {"another version", [](auto&, auto& advert, auto&, auto&) { advert.version = 3; }, Refusal::kVersion},
      {"another virtual router", [](auto&, auto& advert, auto&, auto&) { advert.vrid = 2; }, Refusal::kVrid},
      {"our own", [](auto& config, auto&, auto& from, auto&) { from = config.own; }, Refusal::kOwnAddress},
      {"we own the address", [](auto& config, auto&, auto&, auto&) { config.priority = 255; }, Refusal::kOwner},
      {"another password", [](auto&, auto& advert, auto&, auto&) { advert.password = "other"; },
       Refusal::kAuthentication},
      {"no password", [](auto&, auto& advert, auto&, auto&) { advert.auth_type = 0; }, Refusal::kAuthentication},
      {"a password of which eight characters count",
       [](auto& config, auto& advert, auto&, auto&) {
         config.password = "12345678 and more";
         advert.password = "12345678";
       },
       Refusal::kNothing},
      {"another interval", [](auto&, auto& advert, auto&, auto&) { advert.interval = 2s; }, Refusal::kInterval},
      {"version 3 goes by the other's interval",
       [](auto& config, auto& advert, auto&, auto&) {
         config.version = advert.version = 3;
         advert.interval = 2s;
       },
       Refusal::kNothing},
      {"another address", [](auto&, auto& advert, auto&, auto&) { advert.addresses = {Ip("192.0.2.9")}; },
       Refusal::kAddresses},
      {"one address more", [](auto&, auto& advert, auto&, auto&) { advert.addresses.push_back(Ip("192.0.2.9")); },
       Refusal::kAddresses},
      {"one address more, of the owner",
       [](auto&, auto& advert, auto&, auto&) {
         advert.addresses.push_back(Ip("192.0.2.9"));
         advert.priority = 255;
       },
       Refusal::kNothing},
  }));
  CAPTURE(c.name);
  RouterConfig config = Config();
  config.version = 2;
  config.auth_type = kSimpleText;
  config.password = "secret";
  Advert advert{.version = 2, .vrid = 1, .priority = 100, .interval = 1s, .addresses = config.addresses,
                .auth_type = kSimpleText, .password = "secret"};
  IpAddress from = Ip("192.0.2.3");
  uint8_t ttl = 255;
  c.change(config, advert, from, ttl);
  CHECK(Check(config, advert, from, ttl) == c.refusal);
}

}  // namespace
}  // namespace baton::controlplane::vrrp
