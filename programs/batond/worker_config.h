// The sizes of one worker, from the configuration: also what scenarios give their workers. Pure.
#pragma once

#include <vector>

#include "controlplane/config/config.h"
#include "controlplane/slots.h"
#include "dataplane/worker.h"

namespace baton {

// Without name, seed and senders. Of the rows over all workers, each takes its part.
dataplane::WorkerConfig WorkerConfigOf(const controlplane::DataplaneConfig& config, const dataplane::WorkerShare& share,
                                       const std::vector<PortInfo>& ports,
                                       const controlplane::SlotRegistry::Limits& slots);

}  // namespace baton
