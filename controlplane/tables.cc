#include "controlplane/tables.h"

#include <algorithm>
#include <utility>

#include "common/maglev.h"
#include "controlplane/config/difference.h"

namespace baton::controlplane {
namespace {

const AddressGroupConfig* FindGroup(const Config& config, const std::string& name) {
  const auto at = std::find_if(config.address_groups.begin(), config.address_groups.end(),
                               [&](const AddressGroupConfig& group) { return group.name == name; });
  return name.empty() || at == config.address_groups.end() ? nullptr : &*at;
}

uint16_t PortOf(const ServiceConfig& service, const BackendConfig& backend) {
  return backend.port == 0 ? service.listen.port : backend.port;
}

bool SameMaglev(const Service& a, const Service& b) {
  return a.schedule == Schedule::kMaglev && b.schedule == Schedule::kMaglev &&
         std::equal(a.backends.begin(), a.backends.end(), b.backends.begin(), b.backends.end(),
                    [](const Backend& x, const Backend& y) { return x.name == y.name && x.weight == y.weight; });
}

void FillMaglev(Service& service, absl::Span<const Service> former) {
  if (service.schedule != Schedule::kMaglev) return;
  for (const Service& old : former) {
    if (old.slot == service.slot && SameMaglev(old, service)) {
      service.maglev = old.maglev;
      return;
    }
  }
  std::vector<MaglevBackend> backends;
  for (const Backend& backend : service.backends) backends.push_back({backend.name, backend.weight});
  service.maglev = BuildMaglev(backends);
}

// AM-54: the internal addresses of a service are those of the group that its external address is in. Of these, the
// ones of a family that a backend has: the packet to the backend carries one as its source. `destination` needs them
// for clients that are neighbours of the backends.
absl::Status FillInternals(const Config& config, const ServiceConfig& from, SlotRegistry& slots, Service& service) {
  const AddressGroupConfig* group = FindGroup(config, from.group);
  const bool translated = service.method == ForwardMethod::kFull || service.method == ForwardMethod::kDestination;
  if (!translated || group == nullptr) return absl::OkStatus();
  for (const IpAddress& address : group->internal) {
    const bool usable = std::any_of(service.backends.begin(), service.backends.end(), [&](const Backend& backend) {
      return backend.address.family() == address.family();
    });
    if (!usable) continue;
    ASSIGN_OR_RETURN(const Slot slot, slots.Address(address));
    service.internals.push_back({address, slot});
  }
  return absl::OkStatus();
}

absl::StatusOr<Service> BuildService(const Config& config, const ServiceConfig& from, const LiveSettings& live,
                                     SlotRegistry& slots) {
  Service service;
  service.name = from.name;
  service.listen = from.listen;
  service.method = from.forward;
  service.tunnel = from.tunnel;
  service.application = from.application;
  service.schedule = from.schedule;
  service.first_port = from.first_port;
  service.last_port = from.last_port;
  ASSIGN_OR_RETURN(service.slot, slots.Service(from.name));
  ASSIGN_OR_RETURN(service.address_slot, slots.Address(from.listen.address));
  for (const BackendConfig& backend : from.backends) {
    ASSIGN_OR_RETURN(const Slot slot, BackendSlot(from, backend, slots));
    service.backends.push_back({.name = backend.name, .address = backend.address, .port = PortOf(from, backend),
                                .weight = EffectiveWeight(backend, live.backend(slot)), .slot = slot,
                                .tunnel_mac = backend.mac});
  }
  RETURN_IF_ERROR(FillInternals(config, from, slots, service));
  return service;
}

// Collects the addresses; the first that names an address says what it is.
class AddressCollector {
 public:
  AddressCollector(absl::Span<const PortInfo> ports, const LiveSettings& live, SlotRegistry& slots)
      : ports_(ports), live_(live), slots_(slots) {}

  absl::Status AddOwn(const IpAddress& address, PortId port) {
    return Add({.local = {.address = address, .kind = AddressKind::kOwn, .port = port}, .group = "",
                .announce_on = port});
  }

  // Of a virtual router; an owner's is the port's own and there already.
  absl::Status AddVirtual(const IpAddress& address, const VirtualRouterConfig& router, bool active) {
    // An end system that a backup is in charge of reaches its gateway's address there.
    const AddressMode mode = active || router.DirectedDelivery() ? AddressMode::kNormal : AddressMode::kNone;
    return Add({.local = {.address = address, .kind = AddressKind::kOwn, .mode = mode, .announced = active,
                          .port = router.port_id, .accepts = router.accept},
                .group = "", .announce_on = router.port_id, .directed = router.DirectedDelivery()});
  }

  absl::Status AddShared(const IpAddress& address, AddressKind kind, const std::string& group, bool ours) {
    const AddressMode mode = ours ? AddressMode::kNormal : AddressMode::kNone;
    return Add({.local = {.address = address, .kind = kind, .mode = mode, .announced = ours}, .group = group,
                .announce_on = PortFor(address)});
  }

  // Fills the places of addresses that had a slot once.
  std::vector<KnownAddress> Take() {
    addresses_.resize(slots_.addresses().size(), Gone());
    taken_.resize(addresses_.size());
    for (const auto& [slot, known] : live_.leaving) {
      if (!taken_[slot]) addresses_[slot] = known;
    }
    return std::move(addresses_);
  }

 private:
  // In mode kNormal, so that one gone address does not have workers look at the mode of every packet.
  static KnownAddress Gone() {
    return {.local = {.address = {}, .kind = AddressKind::kExternal, .mode = AddressMode::kNormal, .announced = false},
            .group = "", .announce_on = kNoPort};
  }

  PortId PortFor(const IpAddress& address) const {
    for (size_t i = 0; i < ports_.size(); ++i) {
      for (const InterfaceAddress& own : ports_[i].addresses) {
        if (own.prefix().Contains(address)) return static_cast<PortId>(i);
      }
    }
    return kNoPort;
  }

  absl::Status Add(KnownAddress known) {
    ASSIGN_OR_RETURN(const Slot slot, slots_.Address(known.local.address));
    if (slot >= addresses_.size()) addresses_.resize(slot + 1, Gone());
    if (slot >= taken_.size()) taken_.resize(slot + 1);
    if (taken_[slot]) return absl::OkStatus();
    taken_[slot] = true;
    const auto set = live_.modes.find(slot);
    if (set != live_.modes.end() && known.local.kind != AddressKind::kOwn) {
      known.local.mode = set->second.mode;
      known.local.announced = set->second.announced;
    }
    addresses_[slot] = std::move(known);
    return absl::OkStatus();
  }

  absl::Span<const PortInfo> ports_;
  const LiveSettings& live_;
  SlotRegistry& slots_;
  std::vector<KnownAddress> addresses_;
  std::vector<bool> taken_;
};

}  // namespace

absl::StatusOr<Slot> BackendSlot(const ServiceConfig& service, const BackendConfig& backend, SlotRegistry& slots) {
  return slots.Backend(service.name, backend.name, backend.address, PortOf(service, backend));
}

uint16_t EffectiveWeight(const BackendConfig& backend, const BackendSetting& setting) {
  return setting.drained ? uint16_t{0} : setting.weight.value_or(backend.weight);
}

absl::StatusOr<std::vector<Service>> BuildServices(const Config& config, const LiveSettings& live, SlotRegistry& slots,
                                                   absl::Span<const Service> former) {
  std::vector<Service> services;
  services.reserve(config.services.size());
  for (const ServiceConfig& from : config.services) {
    ASSIGN_OR_RETURN(Service service, BuildService(config, from, live, slots));
    FillMaglev(service, former);
    services.push_back(std::move(service));
  }
  return services;
}

absl::StatusOr<std::vector<KnownAddress>> BuildAddresses(const Config& config, absl::Span<const PortInfo> ports,
                                                         const LiveSettings& live, SlotRegistry& slots) {
  AddressCollector collector(ports, live, slots);
  for (size_t i = 0; i < ports.size(); ++i) {
    const PortId port = static_cast<PortId>(i);
    for (const InterfaceAddress& own : ports[i].addresses) RETURN_IF_ERROR(collector.AddOwn(own.address, port));
    RETURN_IF_ERROR(collector.AddOwn(LinkLocalFrom(ports[i].mac), port));
  }
  for (const VirtualRouterConfig& router : config.virtual_routers) {
    const bool active = live.active_routers.contains({router.port_id, router.family(), router.id});
    for (const IpAddress& address : router.addresses) RETURN_IF_ERROR(collector.AddVirtual(address, router, active));
  }
  for (const AddressGroupConfig& group : config.address_groups) {
    const bool ours = InChargeAtStart(config, group);
    for (const IpAddress& address : group.external) {
      RETURN_IF_ERROR(collector.AddShared(address, AddressKind::kExternal, group.name, ours));
    }
    for (const IpAddress& address : group.internal) {
      RETURN_IF_ERROR(collector.AddShared(address, AddressKind::kInternal, group.name, ours));
    }
  }
  for (const ServiceConfig& service : config.services) {
    RETURN_IF_ERROR(collector.AddShared(service.listen.address, AddressKind::kExternal, "", true));
  }
  return collector.Take();
}

std::vector<VirtualMac> BuildVirtualMacs(const Config& config, const LiveSettings& live) {
  std::vector<VirtualMac> macs;
  for (const VirtualRouterConfig& router : config.virtual_routers) {
    const bool active = live.active_routers.contains({router.port_id, router.family(), router.id});
    const bool taken = active || router.SharedDelivery();  // then every router takes them, and passes its share
    macs.push_back({.port = router.port_id, .family = router.family(), .vrid = router.id, .taken = taken,
                    .directed = router.DirectedDelivery()});
  }
  return macs;
}

}  // namespace baton::controlplane
