// What arrived of one direction of one flow: 56 bytes, one writer. Exact: every arrival is new, reordered, a duplicate
// or late, and `sent - (new + reordered)` are lost.
//
// A window remembers each of the last 256 numbers up to the highest that arrived. What comes for a number that left the
// window is a duplicate when every number that left had arrived; otherwise it may be the first copy or not, nobody
// knows: it is `late`, does not count as arrived, and its number stays lost. Numbers wrap at 2^32.
#pragma once

#include <bit>
#include <cstdint>

namespace baton::generator {

enum class Arrived : uint8_t {
  kInOrder,    // the next number, or a later one
  kReordered,  // RFC 4737, 3.3: smaller than the next expected one; the first copy
  kDuplicate,
  kLate,
};

class Ledger {
 public:
  static constexpr uint32_t kWindow = 256;

  Arrived Note(uint32_t number) {
    const uint32_t behind = next_ - number;
    if (behind == 0) {  // the usual case: one number enters, one leaves
      Enter(number);
      ++next_;
      return Arrived::kInOrder;
    }
    if (static_cast<int32_t>(behind) < 0) {
      Skip(number);
      return Arrived::kInOrder;
    }
    if (behind > kWindow) return missing_ == 0 ? Arrived::kDuplicate : Arrived::kLate;
    uint64_t& word = window_[number % kWindow / 64];
    const uint64_t bit = uint64_t{1} << number % 64;
    if ((word & bit) != 0) return Arrived::kDuplicate;
    word |= bit;
    return Arrived::kReordered;
  }

  // The longest time between two arrivals is kept in microseconds: 71 minutes at most. Returns last_ns() as it was.
  // REQUIRES: now_ns > 0.
  int64_t NoteTime(int64_t now_ns) {
    const int64_t before_ns = last_ns_;
    if (last_ns_ != 0) {
      const int64_t gap_us = (now_ns - last_ns_) / 1000;
      if (gap_us > longest_gap_us_) longest_gap_us_ = static_cast<uint32_t>(gap_us < UINT32_MAX ? gap_us : UINT32_MAX);
    }
    last_ns_ = now_ns;
    return before_ns;
  }

  uint32_t next() const { return next_; }        // the highest number that arrived, plus one
  int64_t last_ns() const { return last_ns_; }   // 0: nothing arrived
  uint32_t longest_gap_us() const { return longest_gap_us_; }

 private:
  // `number` takes the place of the one 256 before it.
  void Enter(uint32_t number) {
    uint64_t& word = window_[number % kWindow / 64];
    const uint64_t bit = uint64_t{1} << number % 64;
    missing_ += (word & bit) == 0;
    word |= bit;
  }

  // Numbers next_ up to `number` enter, of which only the last has arrived.
  void Skip(uint32_t number) {
    const uint32_t skipped = number - next_;
    if (skipped < kWindow) {
      for (uint32_t n = next_; n != number; ++n) {
        uint64_t& word = window_[n % kWindow / 64];
        const uint64_t bit = uint64_t{1} << n % 64;
        missing_ += (word & bit) == 0;
        word &= ~bit;
      }
    } else {  // all that it holds leave, and the first of those that were skipped
      for (uint64_t& word : window_) {
        missing_ += static_cast<uint32_t>(64 - std::popcount(word));
        word = 0;
      }
      missing_ += skipped - kWindow;
    }
    Enter(number);
    next_ = number + 1;
  }

  uint64_t window_[kWindow / 64] = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};  // before 0: nothing misses
  int64_t last_ns_ = 0;
  uint32_t next_ = 0;
  uint32_t missing_ = 0;  // numbers that left the window without having arrived
  uint32_t longest_gap_us_ = 0;
};

}  // namespace baton::generator
