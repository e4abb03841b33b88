// Services and backends: what they may share and what not. The listen addresses come first, for a gateway or backend
// must not be one of them. One thread.
#pragma once

#include "controlplane/config/validate.h"

namespace baton::controlplane {

class AddressBook;
class Network;

// Checks names and listen addresses and resolves each service's group; a listen address that is in none becomes a group
// of its own, named as the address.
void ResolveListeners(Config& config, const Network& network, AddressBook& book, const Reporter& reporter);

// REQUIRES: routes and listeners are resolved.
void CheckBackends(const Config& config, const Network& network, const AddressBook& book, const Reporter& reporter);

}  // namespace baton::controlplane
