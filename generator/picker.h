// Which flow of a class sends next: each in turn, any with equal probability, or by Zipf's law, the n-th flow with a
// probability proportional to 1 / n^exponent. Zipf draws from an alias table (Vose 1991) of 8 bytes per flow. One core.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "generator/random.h"

namespace baton::generator {

enum class Activity : uint8_t { kInTurn, kUniform, kZipf };

// The weight of the n-th flow, from 0.
inline double ZipfWeight(uint32_t n, double exponent) { return std::pow(n + 1.0, -exponent); }

class Picker {
 public:
  // `first`, `step`: these flows are number first, first + step, ... of those that Zipf's law is about.
  Picker(Activity activity, uint32_t flows, double exponent, uint64_t seed, uint32_t first = 0, uint32_t step = 1);

  // Fills `picked` with `count` numbers below `flows`. REQUIRES: flows > 0.
  void Pick(uint32_t* picked, int count);
  size_t bytes() const { return aliases_.size() * sizeof(Alias); }

 private:
  struct Alias {
    uint32_t keep;  // out of 2^32: the share of draws that stay
    uint32_t other;
  };
  void BuildAliases(double exponent, uint32_t first, uint32_t step);

  Activity activity_;
  uint32_t flows_;
  uint32_t turn_ = 0;
  Random random_;
  std::vector<Alias> aliases_;
};

}  // namespace baton::generator
