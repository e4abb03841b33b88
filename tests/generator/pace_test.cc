#include "generator/pace.h"

#include <catch2/catch.hpp>

namespace baton::generator {
namespace {

constexpr int64_t kStart = 1'000'000'000, kMs = 1'000'000;

// Takes all that is due every `step` until `end`, 64 at a time.
uint64_t Run(Pace& pace, int64_t step, int64_t end) {
  uint64_t sent = 0;
  for (int64_t now = kStart; now <= kStart + end; now += step) {
    const int due = pace.Due(now, 64);
    pace.Sent(due);
    sent += static_cast<uint64_t>(due);
  }
  return sent;
}

TEST_CASE("over a second, as many as the rate says") {
  for (const double rate : {1.0, 999.0, 100'000.0}) {
    Pace pace(rate);
    CAPTURE(rate);
    CHECK(Run(pace, 10'000, 1000 * kMs) == Approx(rate).margin(1));
    CHECK(pace.skipped() == 0);
  }
}

TEST_CASE("without a rate always as many as fit") {
  Pace pace(0);
  CHECK(pace.unlimited());
  CHECK(pace.Due(kStart, 64) == 64);
  CHECK(pace.Due(kStart, 64) == 64);
}

TEST_CASE("what is due and not sent stays due") {
  Pace pace(100'000);
  pace.Due(kStart, 64);
  CHECK(pace.Due(kStart + kMs / 10, 64) == 10);
  CHECK(pace.Due(kStart + kMs / 10, 64) == 10);
  pace.Sent(4);
  CHECK(pace.Due(kStart + kMs / 10, 64) == 6);
}

TEST_CASE("after a pause a millisecond's worth is made up for, the rest is skipped and counted") {
  Pace pace(100'000);
  pace.Due(kStart, 64);
  uint64_t sent = 0;
  for (int i = 0; i < 10; ++i) {
    const int due = pace.Due(kStart + 50 * kMs, 64);
    pace.Sent(due);
    sent += static_cast<uint64_t>(due);
  }
  CHECK(sent == 100);
  CHECK(pace.skipped() == 4900);
}

TEST_CASE("as much of a pause is made up for as was asked for") {
  Pace pace(1e6, 20 * kMs);
  CHECK(pace.Due(kStart, 64) == 0);
  CHECK(pace.Due(kStart + 15 * kMs, 100'000) == 15'000);
  CHECK(pace.skipped() == 0);
  CHECK(pace.Due(kStart + 50 * kMs, 100'000) == 20'000);
  CHECK(pace.skipped() == 30'000);
  Pace never(1e6, 0);  // but 32
  never.Due(kStart, 64);
  CHECK(never.Due(kStart + 50 * kMs, 100'000) == 32);
}

}  // namespace
}  // namespace baton::generator
