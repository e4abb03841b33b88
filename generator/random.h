// Random numbers from a seed: the same run again gives the same ones. SplitMix64 (Steele, Lea, Flood 2014). One thread.
#pragma once

#include <cstdint>

namespace baton::generator {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  // 0..limit-1, with a bias below limit / 2^32. REQUIRES: limit > 0.
  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>((Next() >> 32) * limit >> 32); }
  // 0 <= x < 1
  double Share() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace baton::generator
