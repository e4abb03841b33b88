// A rate limit: at most `rate` a second, with bursts of up to a tenth of a second's worth. One worker's.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/time_point.h"

namespace baton::dataplane {

class TokenBucket {
 public:
  explicit TokenBucket(uint32_t rate) : rate_(rate), depth_(std::max(uint64_t{1}, uint64_t{rate} / 10) * kToken) {
    tokens_ = rate == 0 ? 0 : depth_;
  }

  // True when one more is allowed now.
  bool Take(TimePoint now) {
    const int64_t passed = std::min((now - last_).count(), kSecond);  // a token is a second's worth of nanoseconds
    if (passed > 0) {
      tokens_ = std::min(depth_, tokens_ + static_cast<uint64_t>(passed) * rate_);
      last_ = now;
    }
    if (rate_ == 0 || tokens_ < kToken) return false;
    tokens_ -= kToken;
    return true;
  }

 private:
  static constexpr int64_t kSecond = 1'000'000'000;
  static constexpr uint64_t kToken = kSecond;

  uint64_t rate_;
  uint64_t depth_;
  uint64_t tokens_;
  TimePoint last_{};
};

}  // namespace baton::dataplane
