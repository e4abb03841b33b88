// Reads what a class of flows of Mobile IPv6 terminals has of its own. What is wrong goes to `errors` with its place. One
// thread.
#pragma once

#include "controlplane/config/reader.h"
#include "generator/profile/profile.h"

namespace baton::generator {

// The map `mobile`. REQUIRES: flow's protocol, count and address are read.
void ReadMobile(const controlplane::Node& node, controlplane::ErrorList& errors, FlowProfile& flow);

// What depends on ports and on other classes. REQUIRES: flow's port and first_source are known.
void CheckMobile(const controlplane::Node& node, const Profile& profile, const FlowProfile& flow,
                 controlplane::ErrorList& errors);

}  // namespace baton::generator
