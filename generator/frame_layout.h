// Where things are in the frames of the generator, which have neither tags nor IPv4 options.
#pragma once

#include <cstdint>

#include "common/headers.h"

namespace baton::generator {

inline constexpr uint16_t kIp = sizeof(EthernetHeader);  // offset of the IP header
inline constexpr uint16_t kShortestOnWire = 60;          // IEEE 802.3, without the FCS
inline constexpr int kFcs = 4;                           // the frame check sequence, which sizes in profiles include

// Offset of what follows the fixed IP header.
constexpr uint16_t L4Of(bool ipv4) {
  return static_cast<uint16_t>(kIp + (ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header)));
}

}  // namespace baton::generator
