// Reads the classes of `flows` that expect no answer: protocol syn_flood and malformed. One thread.
#pragma once

#include "controlplane/config/reader.h"
#include "generator/profile/profile.h"

namespace baton::generator {

// Whether this element of `flows` is one of them.
bool IsUnanswered(const controlplane::Node& node);
// Adds it to `profile`. REQUIRES: IsUnanswered, and the ports are read.
void ReadUnanswered(const controlplane::Node& node, controlplane::ErrorList& errors, Profile& profile);

}  // namespace baton::generator
