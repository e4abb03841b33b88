// Which port of a profile a class of traffic leaves by. One thread.
#pragma once

#include "controlplane/config/reader.h"
#include "generator/profile/profile.h"

namespace baton::generator {

// The port that is named at `from`, or the first one that has clients of `family`. False, and reported, when there is
// none; without `from` at `to`, the place of the destination.
bool FindClientPort(const controlplane::Node* from, const controlplane::Node& to, Family family, const Profile& profile,
                    controlplane::ErrorList& errors, size_t* place);

}  // namespace baton::generator
