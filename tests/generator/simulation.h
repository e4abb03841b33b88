// An engine on a clock of the test's own: a profile, its ports joined in memory or given by the test, polls a
// microsecond apart until the run is over.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "generator/engine.h"
#include "generator/loopback.h"
#include "generator/profile/reader.h"

namespace baton::generator {

inline Profile ProfileFrom(const std::string& text) {
  const ProfileResult result = ParseProfile(text, "profile");
  REQUIRE(result.Report() == "");
  return result.profile;
}

// One port of clients, one of servers.
inline std::string TwoPorts(const std::string& rest) {
  return R"(ports:
  - {name: a, device: "null:", role: clients, addresses: [10.1.0.2-10.1.0.5, "2001:db8::2"]}
  - {name: b, device: "null:", role: servers, addresses: [10.2.0.2, 10.2.0.3, "2001:db8:1::2"]}
)" + rest;
}

class Simulation {
 public:
  Simulation(const Profile& profile, const std::vector<PortUse>& uses)
      : engine_(Engine::Create(profile, uses).value()) {}

  // `step` runs after each poll.
  void RunUntilDone(const std::function<void(int64_t now_ns)>& step = {}, int64_t poll_ns = 1000) {
    while (engine_->phase() != Phase::kDone) {
      engine_->PollOnce(now_ns_);
      if (step) step(now_ns_);
      now_ns_ += poll_ns;
      if (now_ns_ > int64_t{60'000'000'000}) FAIL("the run does not end");
    }
  }
  Engine& engine() { return *engine_; }
  RunResult Result() const { return engine_->Result(); }

 private:
  std::unique_ptr<Engine> engine_;
  int64_t now_ns_ = 1'000'000'000;
};

}  // namespace baton::generator
