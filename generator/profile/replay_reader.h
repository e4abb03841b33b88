// Reads the classes of `flows` with protocol: replay, and their recordings. One thread.
#pragma once

#include "controlplane/config/reader.h"
#include "generator/profile/profile.h"

namespace baton::generator {

bool IsReplay(const controlplane::Node& node);
// Adds it to `profile`. A file is looked for in the folder of the profile. REQUIRES: IsReplay, and the ports are read.
void ReadReplay(const controlplane::Node& node, controlplane::ErrorList& errors, Profile& profile);

}  // namespace baton::generator
