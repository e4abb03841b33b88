#include "generator/mobile/terminals.h"

#include <cstring>

namespace baton::generator {

IpAddress Terminals::HomeOf(uint32_t place) const {
  uint8_t bytes[16];
  std::memcpy(bytes, profile_.home.v6_bytes(), 16);
  uint64_t carry = place;
  for (int i = 15; i >= 0 && carry != 0; --i) {
    carry += bytes[i];
    bytes[i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  return IpAddress::FromV6Bytes(bytes);
}

}  // namespace baton::generator
