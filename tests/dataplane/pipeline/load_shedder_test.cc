// A receive queue in front of a worker, in simulated time: what is lost before anybody looks, with and without
// shedding.
#include <catch2/catch.hpp>

#include <algorithm>

#include "dataplane/load_shedder.h"

namespace baton::dataplane {
namespace {

// A worker that carries 3.2 million packets a second, or looks at 12.8 million and drops them; a queue of 1024.
struct Simulation {
  static constexpr int kQueue = 1024;
  static constexpr double kCarry = 10e-6, kLook = 2.5e-6, kPoll = 0.2e-6;  // seconds for a burst, for an empty poll

  // `rate` packets a second for `seconds`; every `together` packets come at once.
  void Run(double rate, double seconds, int together, bool may_shed) {
    came = lost = shed = carried = 0;
    const double end = time + seconds;
    double next = time;
    while (time < end) {
      for (; next <= time; next += together / rate) {
        came += together;
        const int fits = std::min(together, kQueue - queued);
        queued += fits;
        lost += together - fits;
      }
      const int count = std::min(queued, kBurst);
      queued -= count;
      const TimePoint now{std::chrono::nanoseconds(static_cast<int64_t>(time * 1e9))};
      const bool sheds = shedder.Shed(count, now) && may_shed;
      (sheds ? shed : carried) += count;
      time += kPoll + (sheds ? kLook : kCarry) * count / kBurst;
    }
  }

  double lost_share() const { return static_cast<double>(lost) / came; }

  LoadShedder shedder;
  double time = 1;
  int queued = 0;
  int came = 0, lost = 0, shed = 0, carried = 0;
};

TEST_CASE("an overloaded queue loses nothing once data is shed") {
  const auto rate = GENERATE(4e6, 6e6, 9e6, 11e6);
  CAPTURE(rate);
  Simulation blind;
  blind.Run(rate, 0.5, 8, /*may_shed=*/false);
  CHECK(blind.lost_share() > 0.15);
  Simulation s;
  s.Run(rate, 0.1, 8, true);
  s.Run(rate, 1, 8, true);
  CHECK(s.lost_share() < 0.005);
  CHECK(s.carried > 0.1 * 3.2e6 * (11e6 - rate) / 11e6);
}

TEST_CASE("what is carried does not fall far while more comes") {
  Simulation s;
  s.Run(4e6, 0.2, 8, true);
  s.Run(4e6, 1, 8, true);
  // 4.0 = x + y and x / 3.2 + y / 12.8 = 1: at best 2.93 million can be carried and the rest looked at.
  CHECK(s.carried > 2.3e6);
}

TEST_CASE("a worker that keeps up sheds nothing") {
  const auto together = GENERATE(1, 32, 512, 1000);
  CAPTURE(together);
  Simulation s;
  s.Run(2.9e6, 1, together, true);
  CHECK(s.shed == 0);
  CHECK(s.lost == 0);
}

TEST_CASE("after the overload shedding ends within a second") {
  Simulation s;
  s.Run(11e6, 0.5, 8, true);
  CHECK(s.shedder.shedding());
  s.Run(1e6, 1, 8, true);
  CHECK_FALSE(s.shedder.shedding());
  s.Run(1e6, 1, 8, true);
  CHECK(s.shed == 0);
}

}  // namespace
}  // namespace baton::dataplane
