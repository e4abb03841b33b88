// What a packet is to this box: for a service, a reply, for the box itself, or only passing through.
#pragma once

#include "dataplane/access_table.h"
#include "dataplane/hold_buffer.h"
#include "dataplane/packet.h"
#include "dataplane/tables.h"

namespace baton::dataplane {

// Packets that are not for the fast path: those for other stations, ARP, neighbour discovery and VRRP (to the control
// thread). Reads kArp, icmp_type, the MAC addresses. Writes fate. `macs` holds each port's own, indexed by PortId.
void SetAsideLocal(const AddressTable& addresses, Burst& burst, const MacAddress* macs);

// Decides what the others are. Reads side, key and the tables. Writes address_slot and service, or the fate:
//   - the address is in migration, or packets of it still wait in `hold`: kHold (AM-19, AM-20, AM-Q11);
//   - it is in neither mode: refused with an error (AM-21);
//   - a row was found, or the packet opens a connection to a service: stays alive (AM-18);
//   - it belongs to no row and opens nothing: refused with an error (AM-08);
//   - an echo request to an address of ours that no service takes: kEcho;
//   - none of our addresses: stays alive, to be routed.
// A packet that stays alive leaves the box again, so its TTL is checked here.
void Classify(const Tables& tables, const HoldBuffer& hold, Burst& burst);

}  // namespace baton::dataplane
