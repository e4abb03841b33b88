// What the configuration decides about the worker that a flow belongs to (dataplane/steer.h). Pure, any thread.
#pragma once

#include "controlplane/config/config.h"

namespace baton::controlplane {

// Whether all flows of a client have to meet at one worker: FTP's data connections belong to its control connection.
bool KeepsClientsWhole(const Config& config);

// By which end a card should spread what comes in through a port, or through one of the VLANs of its device: the
// client's. That is the source where clients are, and the destination where backends are that translation reaches;
// kNothing where both are. Clients are behind a port on whose network an external address is, behind one with a
// default route, and behind one that has no backends.
SpreadBy SpreadWanted(const Config& config, PortId port);

}  // namespace baton::controlplane
