// The hosts that the generator plays behind one port: which addresses there are, in the order of the profile, and which
// of them an address is. Frozen after construction.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "common/addr.h"

namespace baton::generator {

class Hosts {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  Hosts() = default;
  // REQUIRES: no address twice.
  explicit Hosts(std::vector<IpAddress> addresses);

  const std::vector<IpAddress>& all() const { return all_; }
  const std::vector<IpAddress>& of(Family family) const { return family == Family::kIpv4 ? v4_ : v6_; }
  // The place of an address in all(), or kNone.
  uint32_t Find(const IpAddress& address) const {
    const Halves a = HalvesOf(address);
    for (const Run& run : runs_) {
      if (a.high == run.first.high && a.low - run.first.low < run.count) {
        return run.place + static_cast<uint32_t>(a.low - run.first.low);
      }
    }
    return kNone;
  }

 private:
  struct Halves {
    uint64_t high, low;
  };
  // Addresses that follow each other, as ranges of a profile do: there are few of these, and every request is looked up.
  struct Run {
    Halves first;
    uint64_t count;
    uint32_t place;
  };
  static Halves HalvesOf(const IpAddress& address) {
    uint64_t halves[2];
    std::memcpy(halves, address.v6_bytes(), 16);
    return {__builtin_bswap64(halves[0]), __builtin_bswap64(halves[1])};
  }

  std::vector<IpAddress> all_, v4_, v6_;
  std::vector<Run> runs_;
};

}  // namespace baton::generator
