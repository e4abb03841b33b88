// Ports that share a device: each is one VLAN of it. Pure, any thread.
#pragma once

#include <vector>

#include "common/route.h"
#include "controlplane/config/config.h"

namespace baton::controlplane {

// The port whose device this one shares as a VLAN of it, among those in front of it; kNoPort: none.
PortId TrunkOf(const std::vector<PortConfig>& ports, PortId port);

}  // namespace baton::controlplane
