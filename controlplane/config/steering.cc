#include "controlplane/config/steering.h"

#include <algorithm>

#include "controlplane/config/trunk.h"

namespace baton::controlplane {
namespace {

PortId WayTo(const Config& config, const IpAddress& address) {
  const Route* best = nullptr;
  for (const Route& route : config.routes) {
    if (route.from.length > 0) continue;  // for packets of other ends
    if (route.to.address.family() != address.family() || !route.to.Contains(address)) continue;
    if (best == nullptr || route.to.length > best->to.length) best = &route;
  }
  return best == nullptr ? kNoPort : best->port;
}

PortId DeviceOf(const Config& config, PortId port) {
  const PortId trunk = port == kNoPort ? kNoPort : TrunkOf(config.ports, port);
  return trunk == kNoPort ? port : trunk;
}

bool IsTranslated(const ServiceConfig& service) {
  return service.forward == ForwardMethod::kDestination || service.forward == ForwardMethod::kFull;
}

bool HasBackends(const Config& config, PortId device) {
  for (const ServiceConfig& service : config.services) {
    if (!IsTranslated(service)) continue;
    for (const BackendConfig& backend : service.backends) {
      if (DeviceOf(config, WayTo(config, backend.address)) == device) return true;
    }
  }
  return false;
}

bool HasClients(const Config& config, PortId device) {
  const bool routed = std::any_of(config.routes.begin(), config.routes.end(), [&](const Route& route) {
    return route.to.length == 0 && DeviceOf(config, route.port) == device;
  });
  return routed || std::any_of(config.services.begin(), config.services.end(), [&](const ServiceConfig& service) {
    return DeviceOf(config, WayTo(config, service.listen.address)) == device;
  });
}

}  // namespace

bool KeepsClientsWhole(const Config& config) {
  return std::any_of(config.services.begin(), config.services.end(),
                     [](const ServiceConfig& service) { return service.application == Application::kFtp; });
}

SpreadBy SpreadWanted(const Config& config, PortId port) {
  const PortId device = DeviceOf(config, port);
  if (!HasBackends(config, device)) return SpreadBy::kSource;
  return HasClients(config, device) ? SpreadBy::kNothing : SpreadBy::kDestination;
}

}  // namespace baton::controlplane
