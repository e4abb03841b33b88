// Reads what a class of ESP flows has of its own. What is wrong goes to `errors` with its place. One thread.
#pragma once

#include "controlplane/config/reader.h"
#include "generator/profile/profile.h"

namespace baton::generator {

// Where the keys of the class were, for what depends on other classes.
struct EspNodes {
  const controlplane::Node* flow = nullptr;
  const controlplane::Node* first_spi = nullptr;
  const controlplane::Node* rekey = nullptr;
};

// The keys first_spi, rekey.
EspNodes ReadEspKeys(controlplane::MapReader& map, controlplane::ErrorList& errors, EspProfile& esp);

// A size of a frame, with its FCS, that ESP cannot have (RFC 4303, 2.4: a multiple of 4 bytes).
bool IsUnevenEsp(uint16_t size, Family family);

// Refuses classes without servers of our own, as nobody else understands them, and SPIs that run out or that another class
// has at the same address. REQUIRES: the duration is read, and `profile` has all classes; `nodes`: of each class, none of
// those that are not ESP but `flow`.
void CheckEsp(const std::vector<EspNodes>& nodes, controlplane::ErrorList& errors, Profile& profile);

}  // namespace baton::generator
