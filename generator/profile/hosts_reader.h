// Reads what a port of the profile says about its hosts: addresses, MAC addresses, gateways. What is wrong goes to
// `errors` with its place. One thread.
#pragma once

#include <vector>

#include "controlplane/config/reader.h"
#include "generator/profile/profile.h"

namespace baton::generator {

// A value, or a list of values.
std::vector<const controlplane::Node*> OneOrMore(const controlplane::Node& node);

// The keys addresses, also, macs, gateway, gateways.
void ReadHosts(controlplane::MapReader& map, controlplane::ErrorList& errors, PortProfile& port);

}  // namespace baton::generator
