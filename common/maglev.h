// Maglev's look-up table (Eisenbud et al., NSDI 2016, section 3.4), with weights: a backend of weight w takes w turns
// where one of weight 1 takes one. Pure; the control thread builds tables, workers index them by a flow's hash. Boxes
// that know the same backends build the same table, whatever the order in which they were configured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/types/span.h>

namespace baton {

inline constexpr uint32_t kMaglevSize = 65537;  // prime; the paper's small size: 1 % imbalance up to some 650 backends

struct MaglevBackend {
  std::string name;  // what its permutation is derived from: unique within the service
  uint16_t weight = 1;
};

// Entry i is the index in `backends` that serves hash i. Backends of weight 0 get no entry; empty when all have.
// REQUIRES: size is prime.
std::vector<uint16_t> BuildMaglev(absl::Span<const MaglevBackend> backends, uint32_t size = kMaglevSize);

}  // namespace baton
