// Virtual routers: where they are, which addresses they have, what they track. One thread.
#pragma once

#include "controlplane/config/validate.h"

namespace baton::controlplane {

class AddressBook;
class Network;

// Checks each, and resolves its port and priority: 255 exactly when an address is the port's own (VR-03).
// REQUIRES: routes, listeners and backends are checked.
void ResolveVirtualRouters(Config& config, const Network& network, AddressBook& book, const Reporter& reporter);

}  // namespace baton::controlplane
