// The hosts that the generator plays behind one port: which addresses there are, in the order of the profile, and which
// of them an address is. Frozen after construction.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_map.h>

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
  // The place of an address, as it stands in a packet, in all(); or kNone.
  uint32_t FindV4(const uint8_t* bytes) const;
  uint32_t FindV6(const uint8_t* bytes) const;
  uint32_t Find(const IpAddress& address) const;

 private:
  std::vector<IpAddress> all_, v4_, v6_;
  absl::flat_hash_map<IpAddress, uint32_t> places_;
};

}  // namespace baton::generator
