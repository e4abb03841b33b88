// Virtual routers: where they are, which addresses they have, what they track. One thread.
#pragma once

#include "controlplane/config/validate.h"

namespace baton::controlplane {

class AddressBook;
class Network;

// What a virtual router shows without the ports: which intervals and passwords its version has; the units of its load
// sharing. REQUIRES of the latter: there is one.
void CheckProtocol(const VirtualRouterConfig& router, const std::string& path, const Reporter& reporter);
void CheckUnits(const VirtualRouterConfig& router, const std::string& path, const Reporter& reporter);

// Checks each, and resolves its port and priority: 255 exactly when an address is the port's own (VR-03).
// REQUIRES: routes, listeners and backends are checked.
void ResolveVirtualRouters(Config& config, const Network& network, AddressBook& book, const Reporter& reporter);

}  // namespace baton::controlplane
