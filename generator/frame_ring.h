// Frames on their way from one core to another: one core puts, one takes, in order; no lock, nothing is thrown away. Each
// side keeps what it saw last of the other, so that it touches the other's cache line only when that is used up.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "generator/link/link.h"

namespace baton::generator {

class FrameRing {
 public:
  static constexpr uint32_t kDepth = 512;  // a power of two

  FrameRing() : frames_(new Frame[kDepth]) {}

  // The core that puts. How many it could put at least.
  uint32_t Room() {
    const uint32_t in = in_.load(std::memory_order_relaxed);
    if (kDepth - (in - seen_out_) < kBurst) seen_out_ = out_.load(std::memory_order_acquire);
    return kDepth - (in - seen_out_);
  }
  // REQUIRES: Room() > 0.
  void Put(const Frame& frame) {
    const uint32_t in = in_.load(std::memory_order_relaxed);
    frames_[in % kDepth] = frame;
    in_.store(in + 1, std::memory_order_release);  // whoever sees it sees the frame, and what it holds
  }

  // The core that takes: up to `max` frames, of which Drop forgets the first.
  int Look(Frame* frames, int max) {
    const uint32_t out = out_.load(std::memory_order_relaxed);
    if (seen_in_ - out < static_cast<uint32_t>(max)) seen_in_ = in_.load(std::memory_order_acquire);
    int count = 0;
    for (uint32_t at = out; at != seen_in_ && count < max; ++at) frames[count++] = frames_[at % kDepth];
    return count;
  }
  void Drop(int count) {
    const uint32_t out = out_.load(std::memory_order_relaxed);
    out_.store(out + static_cast<uint32_t>(count), std::memory_order_release);  // the places may be written again
  }
  int Take(Frame* frames, int max) {
    const int count = Look(frames, max);
    if (count > 0) Drop(count);
    return count;
  }

 private:
  std::unique_ptr<Frame[]> frames_;
  alignas(64) std::atomic<uint32_t> in_{0};
  uint32_t seen_out_ = 0;
  alignas(64) std::atomic<uint32_t> out_{0};
  uint32_t seen_in_ = 0;
};

}  // namespace baton::generator
