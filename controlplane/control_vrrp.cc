// The virtual routers of the box: the driver of vrrp/routers.h gets frames and time here, and what it decides becomes
// addresses that we are in charge of, and MAC addresses that workers take frames for.
#include <algorithm>
#include <utility>

#include "controlplane/control.h"
#include "controlplane/sharing_settings.h"

namespace baton::controlplane {
namespace {

constexpr Duration kTrackEvery = std::chrono::milliseconds(100);

bool HasAddress(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

}  // namespace

std::vector<vrrp::Settings> Control::RouterSettings() const {
  std::vector<vrrp::Settings> all;
  for (const VirtualRouterConfig& from : config_.virtual_routers) {
    all.push_back(VrrpSettings(from, setup_.ports[from.port_id]));
  }
  return all;
}

// vrrp::Callbacks. Tables follow at the end of the turn, once for all that changed in it.
void Control::OnRole(size_t router, bool active) {
  const auto key = routers_.settings(router).key();
  if (active) {
    live_.active_routers.insert(key);
  } else {
    live_.active_routers.erase(key);
  }
  roles_changed_ = true;
}

void Control::OnEvent(size_t router, const std::string& text) {
  const auto& [port, family, vrid] = routers_.settings(router).key();
  Note("virtual_router", absl::StrCat("virtual router ", vrid, " (", setup_.ports[port].name, ", ",
                                      family == Family::kIpv4 ? "IPv4" : "IPv6", "): ", text));
}

bool Control::PublishRoles() {
  if (!roles_changed_) return false;
  roles_changed_ = false;
  const std::vector<KnownAddress> before = addresses_;
  auto addresses = RebuildAddresses();  // gives no slot, so it cannot fail
  if (!addresses.ok()) return false;
  AfterCommit after{.generation = 0, .answer = nullptr, .becoming_ours = {}};
  for (size_t slot = 0; slot < addresses_.size(); ++slot) {
    const bool was = slot < before.size() && before[slot].local.announced;
    if (addresses_[slot].local.announced && !was) after.becoming_ours.push_back(static_cast<Slot>(slot));
  }
  after.generation = publisher_.Publish({.routes = {}, .services = {}, .addresses = *std::move(addresses)});
  after_commits_.push_back(std::move(after));
  return true;
}

// RFC 9568, 8.1.2 and 8.2.2: never the port's own MAC address for a virtual router's address.
std::optional<neighbor::Station> Control::VirtualStation(PortId port, const IpAddress& address,
                                                         const neighbor::Asker& asker) const {
  for (size_t i = 0; i < config_.virtual_routers.size(); ++i) {
    const VirtualRouterConfig& router = config_.virtual_routers[i];
    if (router.port_id != port || !HasAddress(router.addresses, address)) continue;
    const bool active = live_.active_routers.contains({port, router.family(), router.id});
    const MacAddress mac = vrrp::VirtualMac(router.family(), router.id);
    if (router.DirectedDelivery()) return DirectedStation(i, active, asker);
    if (active) return neighbor::Station{mac, router.load_sharing ? setup_.ports[port].mac : mac};
  }
  return std::nullopt;
}

// VRRP takes no part while its port has no link; what else is down lowers the priority.
void Control::TrackRouters(TimePoint now) {
  if (now < next_track_) return;
  next_track_ = now + kTrackEvery;
  for (size_t i = 0; i < config_.virtual_routers.size() && i < routers_.size(); ++i) {
    const VirtualRouterConfig& router = config_.virtual_routers[i];
    routers_.SetUp(i, LinkUp(router.port_id), now);
    int priority = router.priority;
    for (const TrackConfig& track : router.track) {
      if (!IsUp(track)) priority -= track.lower_by;
    }
    routers_.SetPriority(i, static_cast<uint8_t>(std::max(priority, 1)), now);
  }
}

bool Control::LinkUp(PortId port) const { return !setup_.link_up || setup_.link_up(port); }

bool Control::IsUp(const TrackConfig& track) const {
  if (track.kind == TrackConfig::Kind::kPort) {
    for (size_t i = 0; i < setup_.ports.size(); ++i) {
      if (setup_.ports[i].name == track.name) return LinkUp(static_cast<PortId>(i));
    }
    return false;
  }
  if (track.kind == TrackConfig::Kind::kService) {
    return std::any_of(services_.begin(), services_.end(), [&](const Service& service) {
      return service.name == track.name && std::any_of(service.backends.begin(), service.backends.end(),
                                                       [](const Backend& backend) { return backend.weight > 0; });
    });
  }
  return std::any_of(config_.routes.begin(), config_.routes.end(), [&](const Route& route) {
    return route.to == track.route && LinkUp(route.port) &&
           (route.connected() || !neighbors_.Failed(route.port, route.via));
  });
}

std::vector<VirtualRouterView> Control::ViewRouters() const {
  std::vector<VirtualRouterView> views;
  for (size_t i = 0; i < routers_.size(); ++i) {
    views.push_back({routers_.settings(i), routers_.status(i), ViewSharing(i)});
  }
  return views;
}

}  // namespace baton::controlplane
