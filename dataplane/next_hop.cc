#include "dataplane/next_hop.h"

#include "common/headers.h"
#include "dataplane/access_table.h"
#include "dataplane/route_table.h"

namespace baton::dataplane {
namespace {

// The neighbour towards the packet's destination, as it leaves, or kNoNeighbor with the packet dropped.
uint16_t LookUp(const Tables& tables, NeighborTable& neighbors, Packet& p) {
  const IpAddress destination = p.side != nullptr ? p.side->dst : p.key.dst(p.ipv4);
  const uint32_t index = tables.routes->Find(p.side != nullptr ? p.side->src : p.key.src(p.ipv4), destination);
  if (index == kNoRoute) {
    p.Drop(DropReason::kNoRoute, Answer::kNoRoute);
    return kNoNeighbor;
  }
  const Route& route = tables.routes->route(index);
  const uint16_t neighbor = neighbors.FindOrCreate(route.port, route.connected() ? destination : route.via);
  if (neighbor == kNoNeighbor) p.Drop(DropReason::kNeighborTableFull);
  return neighbor;
}

bool DontFragment(const Packet& p) {
  if (!p.ipv4 || (p.flags & (kIcmpError | kPiece)) != 0) return true;  // errors are translated whole
  return (reinterpret_cast<const Ipv4Header*>(p.data + p.l3)->fragment.get() & kIpv4DontFragment) != 0;
}

}  // namespace

uint16_t NextHopTo(const Tables& tables, NeighborTable& neighbors, const IpAddress& source,
                   const IpAddress& destination) {
  const uint32_t index = tables.routes->Find(source, destination);
  if (index == kNoRoute) return kNoNeighbor;
  const Route& route = tables.routes->route(index);
  return neighbors.FindOrCreate(route.port, route.connected() ? destination : route.via);
}

void FindNextHops(const Tables& tables, NeighborTable& neighbors, uint16_t hop_generation, const uint16_t* mtus,
                  const OuterHeaders& outers, Burst& burst) {
  for (Packet& p : burst) {
    if (!p.alive()) continue;
    RowSide* side = p.side;
    if (side != nullptr && side->hop_generation == hop_generation) {
      p.neighbor = side->neighbor;
    } else {
      p.neighbor = LookUp(tables, neighbors, p);
      if (p.neighbor == kNoNeighbor) continue;
    }
    const NeighborTable::Entry& entry = neighbors.at(p.neighbor);
    p.out_port = entry.port;
    const int outer = side != nullptr && side->tunnel() ? outers[side->backend].length : 0;
    if (p.length - p.l3 + outer > mtus[p.out_port]) {
      p.mtu = static_cast<uint16_t>(mtus[p.out_port] - outer);
      p.fate = Fate::kSplit;
      if (DontFragment(p)) p.Drop(DropReason::kTooBig, Answer::kTooBig);
      continue;
    }
    if (entry.state == NeighborState::kReachable) {
      if (side == nullptr) continue;
      side->neighbor = p.neighbor;
      side->hop_generation = hop_generation;
    } else if (entry.state == NeighborState::kFailed) {
      p.Drop(DropReason::kNeighborFailed, Answer::kHostUnreachable);
    } else {
      p.fate = Fate::kWait;
    }
  }
}

}  // namespace baton::dataplane
