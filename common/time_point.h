// Time as the whole program sees it. Nobody below programs/ reads a clock: `now` comes in as an argument, so that tests
// and the simulator can move it. The zero point has no meaning; only differences do.
#pragma once

#include <chrono>
#include <cstdint>

namespace baton {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Milliseconds that wrap after 49 days: how access rows remember when they were used. Compare only by difference.
using Millis = uint32_t;

inline Millis ToMillis(TimePoint t) {
  return static_cast<Millis>(std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count());
}

inline Millis ToMillis(Duration d) {
  return static_cast<Millis>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

// True when `deadline` is not later than `now`, whatever the wrap. REQUIRES: they are less than 24 days apart.
inline bool Reached(Millis deadline, Millis now) { return static_cast<int32_t>(now - deadline) >= 0; }

}  // namespace baton
