// From the configuration, and what operators changed since, to what workers look up: services with their backends,
// and the addresses of the box with their modes. Pure: the same input gives the same tables. Called by the control
// thread, which wraps the results in a ServiceTable and an AddressTable and publishes them.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/types/span.h>

#include "common/address_table.h"
#include "common/route.h"
#include "common/service_table.h"
#include "common/status.h"
#include "controlplane/config/config.h"
#include "controlplane/slots.h"

namespace baton::controlplane {

struct BackendSetting {
  std::optional<uint16_t> weight;  // instead of the configured one
  bool drained = false;            // no new connections, whatever the weight
};

struct ModeSetting {
  AddressMode mode = AddressMode::kNormal;
  bool announced = true;
};

struct KnownAddress {
  LocalAddress local;
  std::string group;               // empty: a port's own, or a service's without a group
  PortId announce_on = kNoPort;    // the port where ARP and neighbour discovery are answered; kNoPort: routed to us
  bool directed = false;  // of a virtual router in `directed` delivery: each neighbour is told something of its own

  // Neither configured nor leaving: its place has no address, so that nothing finds it.
  bool gone() const { return local.address == IpAddress{}; }
};

// What was changed while running. By slot, so that it survives a rebuild from another configuration.
struct LiveSettings {
  absl::flat_hash_map<Slot, BackendSetting> backends;
  absl::flat_hash_map<Slot, ModeSetting> modes;
  // No longer configured, but connections go on: still ours until they have ended (reload.h). The modes are theirs.
  absl::flat_hash_map<Slot, KnownAddress> leaving;
  // Virtual routers that we are the active router of, by port, family and VRID.
  absl::flat_hash_set<std::tuple<PortId, Family, uint8_t>> active_routers;

  BackendSetting backend(Slot slot) const {
    const auto at = backends.find(slot);
    return at == backends.end() ? BackendSetting{} : at->second;
  }
};

// FE-15: a drained backend has no share of new connections, like one of weight 0.
uint16_t EffectiveWeight(const BackendConfig& backend, const BackendSetting& setting);

absl::StatusOr<Slot> BackendSlot(const ServiceConfig& service, const BackendConfig& backend, SlotRegistry& slots);

// In the order of the configuration. `former` (the result of the last call, or empty) saves building Maglev tables
// whose backends and weights are as they were: a table takes milliseconds, and a box may have hundreds.
absl::StatusOr<std::vector<Service>> BuildServices(const Config& config, const LiveSettings& live, SlotRegistry& slots,
                                                   absl::Span<const Service> former);

// By slot: the ports' own addresses with their IPv6 link-local ones, those of virtual routers, every external and
// internal address of the groups, every listen address, those that are leaving. An address that is gone keeps its slot,
// of which only rows that outlived it know. An address of a group that prefers another node begins in mode kNone.
absl::StatusOr<std::vector<KnownAddress>> BuildAddresses(const Config& config, absl::Span<const PortInfo> ports,
                                                         const LiveSettings& live, SlotRegistry& slots);

// Of each virtual router, by position in the configuration.
std::vector<VirtualMac> BuildVirtualMacs(const Config& config, const LiveSettings& live);

}  // namespace baton::controlplane
