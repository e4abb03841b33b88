// What the configuration decides about the worker that a flow belongs to (dataplane/steer.h). Pure, any thread.
#pragma once

#include "controlplane/config/config.h"

namespace baton::controlplane {

// Whether all flows of a client have to meet at one worker: FTP's data connections belong to its control connection.
bool KeepsClientsWhole(const Config& config);

}  // namespace baton::controlplane
