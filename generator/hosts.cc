#include "generator/hosts.h"

#include <utility>

namespace baton::generator {

Hosts::Hosts(std::vector<IpAddress> addresses) : all_(std::move(addresses)) {
  for (uint32_t i = 0; i < all_.size(); ++i) {
    std::vector<IpAddress>& family = all_[i].is_v4() ? v4_ : v6_;
    family.push_back(all_[i]);
    const Halves a = HalvesOf(all_[i]);
    if (!runs_.empty()) {
      Run& last = runs_.back();
      if (a.high == last.first.high && a.low == last.first.low + last.count) {
        ++last.count;
        continue;
      }
    }
    runs_.push_back({.first = a, .count = 1, .place = {i, static_cast<uint32_t>(family.size() - 1)}});
  }
}

}  // namespace baton::generator
