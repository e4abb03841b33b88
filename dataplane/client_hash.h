// Whose a flow is where network cards spread the frames over the workers: the Toeplitz hash (Microsoft, "RSS hashing
// types"; DPDK's rte_softrss) of the client's address and port, in that order and as on the wire, by one fixed key. Its
// lowest 7 bits choose an entry of the indirection table (RETA), which names the worker. A card that hashes nothing but
// the source's address and port of what clients send, and nothing but the destination's of what backends send, gives
// each worker both directions of its flows by itself. Values; any thread.
#pragma once

#include <array>
#include <cstdint>

#include <absl/types/span.h>

#include "common/addr.h"

namespace baton::dataplane {

inline constexpr size_t kSpreadKeySize = 40;
// Microsoft's: what is known of it can be looked up. For inputs of at most 36 bytes.
inline constexpr std::array<uint8_t, kSpreadKeySize> kSpreadKey = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
    0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
    0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

// Entries of the indirection table; a card whose table is larger has them over and over.
inline constexpr uint16_t kSpreadSlots = 128;

// The definition: for each bit of the input that is set, the 32 bits of the key from there on. REQUIRES: the key is at
// least 4 bytes longer than the input.
uint32_t ToeplitzHash(absl::Span<const uint8_t> key, absl::Span<const uint8_t> input);

class ClientHash {
 public:
  // REQUIRES: 1 <= workers <= kMaxWorkers.
  explicit ClientHash(uint16_t workers);

  // Everything as on the wire. Six look-ups with IPv4, 18 with IPv6, in tables that hold the 7 bits for each byte of
  // the input: the hash of a whole is the sum of the hashes of its parts.
  uint8_t OwnerV4(uint32_t address, uint16_t port) const { return owners_[SlotV4(address) ^ PortSlot(port, true)]; }
  uint8_t OwnerV6(const uint8_t* address, uint16_t port) const {
    return owners_[SlotV6(address) ^ PortSlot(port, false)];
  }

  // The parts that the address and the port have in the slot.
  uint8_t AddressSlot(const IpAddress& address) const;
  uint8_t PortSlot(uint16_t port, bool ipv4) const {
    const auto* tables = &slots_[ipv4 ? 4 : 16];
    return tables[0][port & 0xff] ^ tables[1][port >> 8];
  }
  uint8_t OwnerOfSlot(uint8_t slot) const { return owners_[slot]; }

 private:
  uint8_t SlotV4(uint32_t address) const {
    return slots_[0][address & 0xff] ^ slots_[1][address >> 8 & 0xff] ^ slots_[2][address >> 16 & 0xff] ^
           slots_[3][address >> 24];
  }
  uint8_t SlotV6(const uint8_t* address) const {
    uint8_t slot = 0;
    for (size_t i = 0; i < 16; ++i) slot ^= slots_[i][address[i]];
    return slot;
  }

  alignas(64) std::array<std::array<uint8_t, 256>, 18> slots_;  // by place in the input and by byte
  std::array<uint8_t, kSpreadSlots> owners_;
};

}  // namespace baton::dataplane
