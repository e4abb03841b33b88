// Clamps the maximum segment size that both ends of a translated connection announce (RFC 9293, 3.7.1), so that their
// segments fit the ways through this box even where path MTU discovery is broken further on (RFC 2923). Worker only.
#pragma once

#include "dataplane/packet.h"

namespace baton::dataplane {

// Lowers the MSS option of every SYN with a row to the smaller limit of the port it came in on and the port it leaves
// by; never raises or adds one. `limits` is indexed by PortId and holds for IPv4; over IPv6, whose header is longer, it
// is 20 less.
void ClampMss(const uint16_t* limits, Burst& burst);

}  // namespace baton::dataplane
