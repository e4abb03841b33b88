#include "generator/hosts.h"

#include <utility>

namespace baton::generator {

Hosts::Hosts(std::vector<IpAddress> addresses) : all_(std::move(addresses)) {
  for (uint32_t i = 0; i < all_.size(); ++i) {
    (all_[i].is_v4() ? v4_ : v6_).push_back(all_[i]);
    places_.emplace(all_[i], i);
  }
}

uint32_t Hosts::FindV4(const uint8_t* bytes) const { return Find(IpAddress::FromV4Bytes(bytes)); }
uint32_t Hosts::FindV6(const uint8_t* bytes) const { return Find(IpAddress::FromV6Bytes(bytes)); }

uint32_t Hosts::Find(const IpAddress& address) const {
  const auto found = places_.find(address);
  return found == places_.end() ? kNone : found->second;
}

}  // namespace baton::generator
