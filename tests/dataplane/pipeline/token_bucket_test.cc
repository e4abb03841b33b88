#include "dataplane/token_bucket.h"

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1000s};

int TakeAll(TokenBucket& bucket, TimePoint now, int tries) {
  int taken = 0;
  for (int i = 0; i < tries; ++i) taken += bucket.Take(now) ? 1 : 0;
  return taken;
}

}  // namespace

TEST_CASE("a burst is a tenth of a second's worth, at least one") {
  struct Case { const char* name; uint32_t rate; int burst; };
  const auto c = GENERATE(values<Case>({
      {"a thousand a second", 1000, 100},
      {"ten", 10, 1},
      {"one", 1, 1},
      {"nineteen", 19, 1},
      {"none at all", 0, 0},
      {"as many as the type allows", 0xffffffff, 5000},  // more than are tried
  }));
  CAPTURE(c.name);
  TokenBucket bucket(c.rate);
  CHECK(TakeAll(bucket, kStart, 5000) == c.burst);
  CHECK(TakeAll(bucket, kStart + 1h, 5000) == c.burst);  // a long pause saves no more
}

TEST_CASE("over time the rate is kept, however often it is asked") {
  struct Case { const char* name; uint32_t rate; Duration step; int tries; int allowed; };
  // In the 10 s after the first burst: ten times the rate.
  const auto c = GENERATE(values<Case>({
      {"asked every millisecond", 100, 1ms, 1, 1000},
      {"asked every microsecond", 50, 1us, 1, 500},
      {"asked in bursts", 1000, 100ms, 500, 10'000},
      {"asked less often than the rate", 1000, 10ms, 1, 1000},
  }));
  CAPTURE(c.name);
  TokenBucket bucket(c.rate);
  TakeAll(bucket, kStart, 5000);
  int allowed = 0;
  for (TimePoint now = kStart + c.step; now <= kStart + 10s; now += c.step) allowed += TakeAll(bucket, now, c.tries);
  CHECK(allowed == c.allowed);
}

TEST_CASE("a clock that stands still or goes back gives nothing") {
  TokenBucket bucket(1000);
  REQUIRE(TakeAll(bucket, kStart, 1000) == 100);
  CHECK_FALSE(bucket.Take(kStart));
  CHECK_FALSE(bucket.Take(kStart - 5s));
  CHECK_FALSE(bucket.Take(kStart));
  CHECK(bucket.Take(kStart + 1ms));
}

}  // namespace baton::dataplane
