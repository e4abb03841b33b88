// The stage that writes packet bytes: addresses, ports, checksums by difference, TTL, Ethernet header. Everything it
// needs was found out before; it decides nothing.
#pragma once

#include "dataplane/neighbor_table.h"
#include "dataplane/packet.h"
#include "dataplane/tunnel.h"

namespace baton::dataplane {

struct PortHeader {    // what the Ethernet header of a port's frames is made of
  MacAddress mac;
  uint16_t vlan = 0;   // 0: untagged
};

// For every packet that is alive: writes the row's addresses and ports if it has a row (but for `direct` and `tunnel`),
// counts down the TTL, puts the next hop's Ethernet header before the IP header, and a tunnel's headers between them.
// Makes the fate kForward. `ports` is indexed by PortId. Returns for how many.
int Rewrite(NeighborTable& neighbors, const PortHeader* ports, const OuterHeaders& outers, Burst& burst);

// Puts an Ethernet header for `to` before the IP header, with a tag if the port has one; moves data and length.
void WriteEthernet(const PortHeader& from, const MacAddress& to, Packet& packet);

// Turns an echo request to one of our addresses into its reply (RFC 1122, 3.2.2.6; RFC 4443, 4.2), sent back to the
// station it came from.
void MakeEchoReply(const PortHeader& port, Packet& packet);

}  // namespace baton::dataplane
