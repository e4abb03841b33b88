#include "dataplane/client_hash.h"

#include <cstring>

namespace baton::dataplane {

uint32_t ToeplitzHash(absl::Span<const uint8_t> key, absl::Span<const uint8_t> input) {
  uint32_t hash = 0;
  uint32_t window = uint32_t{key[0]} << 24 | uint32_t{key[1]} << 16 | uint32_t{key[2]} << 8 | key[3];
  for (size_t i = 0; i < input.size(); ++i) {
    for (int bit = 7; bit >= 0; --bit) {
      if ((input[i] >> bit & 1) != 0) hash ^= window;
      window = window << 1 | (key[i + 4] >> bit & 1u);
    }
  }
  return hash;
}

ClientHash::ClientHash(uint16_t workers) {
  std::array<uint8_t, 18> input{};
  for (size_t place = 0; place < input.size(); ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      input[place] = static_cast<uint8_t>(byte);
      slots_[place][static_cast<size_t>(byte)] = static_cast<uint8_t>(ToeplitzHash(kSpreadKey, input) % kSpreadSlots);
    }
    input[place] = 0;
  }
  for (uint16_t slot = 0; slot < kSpreadSlots; ++slot) owners_[slot] = static_cast<uint8_t>(slot % workers);
}

uint8_t ClientHash::AddressSlot(const IpAddress& address) const {
  if (!address.is_v4()) return SlotV6(address.v6_bytes());
  uint32_t wire;
  std::memcpy(&wire, address.v4_bytes(), sizeof(wire));
  return SlotV4(wire);
}

}  // namespace baton::dataplane
