// The stage that finds what nothing here takes and the kernel may: on ports with a kernel side. Worker only.
#pragma once

#include <array>

#include "common/route.h"
#include "dataplane/packet.h"
#include "dataplane/tables.h"

namespace baton::dataplane {

// Which ports have a kernel side, by PortId.
struct KernelPorts {
  std::array<bool, kMaxPorts> has{};
  bool any = false;
};

// Under overload, of a burst that is to be shed: drops all but what is for the box itself, which is left to the other
// stages. Reads key.dst. Writes drop.
void ShedData(const Tables& tables, Burst& burst);

// Packets that the stages before dropped because nobody here listens, and that a host at the port's place would take:
// to one of the box's own addresses, to link-local addresses and groups, and what is not IP. Reads key, drop and
// address_slot; makes the fate kKernel, and the packet is no longer dropped.
void SetAsideKernel(const Tables& tables, const KernelPorts& ports, const MacAddress* macs, Burst& burst);

}  // namespace baton::dataplane
