// From the configuration of a virtual router and the port that it is on to the settings of its drivers: of VRRP, and of
// load sharing. Routers (control.h) and the substitution server (controller/controller.h) have the same. Pure; any
// thread.
#pragma once

#include <cstdint>

#include "common/route.h"
#include "controlplane/config/config.h"
#include "controlplane/load_sharing/sharer.h"
#include "controlplane/vrrp/routers.h"

namespace baton::controlplane {

// From the port's first IPv4 address, or its link-local one.
vrrp::Settings VrrpSettings(const VirtualRouterConfig& from, const PortInfo& port);

// Of the unit that is `vrrp.machine.own`; without `group`, and without the limit of `times`. `start_us`: microseconds
// since 1970, when the program started. REQUIRES: router.load_sharing.
load_sharing::SharerSettings SharingSettings(const VirtualRouterConfig& router, const vrrp::Settings& vrrp,
                                             const PortInfo& port, uint64_t start_us);

}  // namespace baton::controlplane
