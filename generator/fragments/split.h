// Cuts a datagram into IPv4 fragments (RFC 791, 3.2) or puts IPv6 fragment headers in front of its parts (RFC 8200, 4.5).
// Pure, one core.
#pragma once

#include <cstdint>

#include "generator/link/link.h"
#include "generator/random.h"

namespace baton::generator {

enum class FragmentOrder : uint8_t { kInOrder, kReversed, kShuffled };

inline constexpr int kMostPieces = kBurst;      // of a datagram
inline constexpr uint16_t kLongestDatagram = 65531;  // with its Ethernet header: 65,535 bytes of a frame with FCS
inline constexpr uint16_t kLeastPiece = 96;     // an IPv6 packet of that size takes 48 bytes, most of them payload

// Into how many frames whose IP packets have at most `mtu` bytes a datagram goes; 1: it fits as it is. `length`: of its
// frame. REQUIRES: mtu >= kLeastPiece; the IP header has no options.
int PiecesOf(bool ipv4, uint16_t length, uint16_t mtu);

// Writes the pieces, as many as PiecesOf said, in the order in which they are to be sent.
// REQUIRES: 1 <= pieces <= kMostPieces, and each frame has kFrameRoom bytes.
void Split(const uint8_t* datagram, bool ipv4, uint16_t length, uint16_t mtu, uint32_t id, FragmentOrder order,
           Random& random, Frame* frames, int pieces);

}  // namespace baton::generator
