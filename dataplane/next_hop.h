// Where a packet goes next: the route, then the neighbour. A row remembers the neighbour of each direction, so that
// only the first packet of a direction, and routed traffic, look anything up.
#pragma once

#include "dataplane/neighbor_table.h"
#include "dataplane/packet.h"
#include "dataplane/tables.h"
#include "dataplane/tunnel.h"

namespace baton::dataplane {

// Reads side or key. Writes neighbor and out_port; or drop (kNoRoute, kTooBig, kNeighborTableFull, kNeighborFailed); or
// the fate kWait when the neighbour's MAC address is not known yet. `hop_generation` is never 0 and changes whenever
// routes were replaced or a neighbour's index was freed. `mtus` is indexed by PortId. A tunnel's
// `outers` take their part of the MTU.
void FindNextHops(const Tables& tables, NeighborTable& neighbors, uint16_t hop_generation, const uint16_t* mtus,
                  const OuterHeaders& outers, Burst& burst);

// The neighbour on the way from one address to another; kNoNeighbor: there is no route, or the table is full.
uint16_t NextHopTo(const Tables& tables, NeighborTable& neighbors, const IpAddress& source,
                   const IpAddress& destination);

}  // namespace baton::dataplane
