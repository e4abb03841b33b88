// Which flow of a class sends next: each in turn, any with equal probability, or by Zipf's law, the n-th flow with a
// probability proportional to 1 / n^exponent. Zipf draws from an alias table (Vose 1991) of 8 bytes per flow. One core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "generator/random.h"

namespace baton::generator {

enum class Activity : uint8_t { kInTurn, kUniform, kZipf };

class Picker {
 public:
  // REQUIRES: flows > 0.
  Picker(Activity activity, uint32_t flows, double exponent, uint64_t seed);

  // Fills `picked` with `count` numbers below `flows`.
  void Pick(uint32_t* picked, int count);
  size_t bytes() const { return aliases_.size() * sizeof(Alias); }

 private:
  struct Alias {
    uint32_t keep;  // out of 2^32: the share of draws that stay
    uint32_t other;
  };
  void BuildAliases(double exponent);

  Activity activity_;
  uint32_t flows_;
  uint32_t turn_ = 0;
  Random random_;
  std::vector<Alias> aliases_;
};

}  // namespace baton::generator
