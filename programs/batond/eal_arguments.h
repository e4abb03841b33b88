// What DPDK is started with: our defaults for what the operator left open, then the configuration's and the command
// line's own options, which win. Pure.
#pragma once

#include <string>
#include <vector>

#include "controlplane/config/config.h"
#include "programs/eal_options.h"

namespace baton {

// Bytes of DPDK memory that the configuration needs: rows, index, packet buffers, tables; generous by a quarter.
size_t NeededMemory(const controlplane::Config& config);

// Without a program name. Options that the operator gave are not added a second time:
//   lcores       main and workers float over all CPUs, unless -l, -c or --lcores say otherwise
//   file prefix  baton-NODE, so that two boxes can run side by side
//   no PCI scan  unless a port is a PCI device, or devices are named by -a
//   no hugepages when there are not enough of them free
std::vector<std::string> EalArguments(const controlplane::Config& config, const std::vector<std::string>& given,
                                      const Machine& machine);

}  // namespace baton
