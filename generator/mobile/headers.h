// The extension headers of Mobile IPv6 (RFC 6275), 24 bytes either way, so that a request becomes its response in place:
//
//   | next | 2 | PadN of 4 | 201 | 16 | home address 16 |         destination options, 6.3: the option at 8n + 6
//   | next | 2 | 2 | 1 left | 0 0 0 0 | home address 16 |         routing header of type 2, 6.4
//
// Upper checksums are over the home address (11.3.1, 6.4.2): the packet is the terminal's, wherever it is. Pure.
#pragma once

#include <cstdint>

#include "common/addr.h"

namespace baton::generator {

inline constexpr uint16_t kMobileHeader = 24;
inline constexpr uint16_t kHomeAt = 14 + 40 + 8;  // the home address in a frame of ours, of either kind

// What a chain of such headers says. Any bytes whatever: everything is checked.
struct MobileHeaders {
  bool right = false;          // all lengths fit
  uint8_t next = 0;            // the protocol behind them
  uint16_t l4 = 0;             // where it begins, in the frame
  uint16_t source_home = 0;    // where the option with the home address of the sender is; 0: none
  uint16_t receiver_home = 0;  // of the receiver, in a routing header with one segment left; 0: none
};

// REQUIRES: `length` bytes of frame, with an IPv6 header. `first`: its next header.
MobileHeaders ReadMobileHeaders(const uint8_t* frame, uint16_t length, uint8_t first);

// The header of requests, with no home address yet. REQUIRES: room for 24 bytes.
void WriteHomeOption(uint8_t* at, uint8_t next);
// The sender of the packet, written as if from home, sends it from its care-of address.
void SendFrom(uint8_t* frame, const IpAddress& care_of);
// The header of a request becomes that of a response to the care-of address that it came from; addresses are swapped, and
// that of the home stays. Lengths and checksums are the caller's.
void TurnToTerminal(uint8_t* frame);

}  // namespace baton::generator
