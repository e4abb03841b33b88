#include "controlplane/config/steering.h"

#include <algorithm>

namespace baton::controlplane {

bool KeepsClientsWhole(const Config& config) {
  return std::any_of(config.services.begin(), config.services.end(),
                     [](const ServiceConfig& service) { return service.application == Application::kFtp; });
}

}  // namespace baton::controlplane
