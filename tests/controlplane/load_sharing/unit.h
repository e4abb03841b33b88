// One unit's machine without a network: what it is told, and what it says. Units A, B and C, and a server.
#pragma once

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

#include "controlplane/load_sharing/machine.h"

namespace baton::controlplane::load_sharing {

inline IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

inline const IpAddress kA = Ip("10.0.0.11"), kB = Ip("10.0.0.12"), kC = Ip("10.0.0.13"), kServer = Ip("10.0.0.9");
inline const IpAddress kHost = Ip("10.0.0.51"), kOther = Ip("10.0.0.52");

// Not inlined: g++ 12 takes the copy of a small alternative for a use of uninitialised bytes.
template <typename T>
[[gnu::noinline]] Event Heard(const IpAddress& from, T message) {
  Event event;
  auto& heard = event.emplace<MessageHeard>();
  heard.from = from;
  heard.message.emplace<T>(std::move(message));
  return event;
}

struct Unit {
  Machine machine;
  TimePoint now{std::chrono::seconds(1000)};
  std::vector<Action> out;

  explicit Unit(const IpAddress& own, Config config = {}, std::vector<IpAddress> servers = {}) : machine([&] {
    config.own = own;
    config.routers = {kB, kA, kC};  // in any order
    config.servers = std::move(servers);
    return config;
  }()) {}

  void On(const Event& event) {
    out.clear();
    machine.On(event, now, out);
  }
  void Hear(Allocation allocation) { On(Heard(kA, std::move(allocation))); }
  void Wait(Duration time) {
    now += time;
    On(DeadlinePassed{});
  }
  template <typename T>
  std::vector<std::pair<IpAddress, T>> Sent() const {
    std::vector<std::pair<IpAddress, T>> sent;
    for (const Action& action : out) {
      const auto* send = std::get_if<Send>(&action);
      if (send != nullptr && std::holds_alternative<T>(send->message)) {
        sent.emplace_back(send->to, std::get<T>(send->message));
      }
    }
    return sent;
  }
  template <typename T>
  std::vector<T> Done() const {
    std::vector<T> done;
    for (const Action& action : out) {
      if (const T* one = std::get_if<T>(&action)) done.push_back(*one);
    }
    return done;
  }
  std::vector<IpAddress> Set(bool pass) const {  // what begins to pass, or is blocked
    std::vector<IpAddress> conditions;
    for (const SetConditions& set : Done<SetConditions>()) {
      if (set.pass == pass) conditions.insert(conditions.end(), set.conditions.begin(), set.conditions.end());
    }
    return conditions;
  }
  UnitState ToldState() {
    On(AdvertHeard{kA});
    const auto responses = Sent<Response>();
    REQUIRE(responses.size() == 1);
    CHECK(responses[0].first == kA);
    return responses[0].second.state;
  }
};

inline Allocation TwoHosts(HandOver mode = HandOver::kTimer) {
  return {.generation = 7, .base = 0, .hand_over = mode, .charges = {{kHost, kB, true}, {kOther, kC, true}}};
}

struct Backup : Unit {  // of A
  explicit Backup(const Config& config = {}) : Unit(kB, config) {
    On(RoleChanged{Role::kBackup});
    On(AdvertHeard{kA});
  }
};

}  // namespace baton::controlplane::load_sharing
