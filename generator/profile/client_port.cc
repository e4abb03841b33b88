#include "generator/profile/client_port.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

namespace baton::generator {

using controlplane::Node;

bool FindClientPort(const Node* from, const Node& to, Family family, const Profile& profile,
                    controlplane::ErrorList& errors, size_t* place) {
  const std::string wanted = from != nullptr ? controlplane::ReadText(*from, errors).value_or("") : "";
  for (size_t i = 0; i < profile.ports.size(); ++i) {
    const PortProfile& port = profile.ports[i];
    if (from != nullptr && port.name != wanted) continue;
    const bool has_family = std::any_of(port.addresses.begin(), port.addresses.end(),
                                        [&](const IpAddress& a) { return a.family() == family; });
    if (port.role == Role::kClients && has_family) {
      *place = i;
      return true;
    }
  }
  const Node& at = from != nullptr ? *from : to;
  controlplane::RefuseValue(at, errors, at.text,
                            absl::StrCat(from != nullptr ? "is" : "has", " no port with role: clients and IPv",
                                         family == Family::kIpv4 ? 4 : 6, " addresses"));
  return false;
}

}  // namespace baton::generator
