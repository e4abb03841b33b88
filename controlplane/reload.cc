#include "controlplane/reload.h"

#include <utility>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "controlplane/config/difference.h"

namespace baton::controlplane {
namespace {

using Weights = absl::flat_hash_map<Slot, uint16_t>;
using InCharge = absl::flat_hash_map<IpAddress, bool>;  // of the addresses that have a mode

absl::StatusOr<Weights> WeightsOf(const Config& config, SlotRegistry& slots) {
  Weights weights;
  for (const ServiceConfig& service : config.services) {
    for (const BackendConfig& backend : service.backends) {
      ASSIGN_OR_RETURN(const Slot slot, BackendSlot(service, backend, slots));
      weights.emplace(slot, backend.weight);
    }
  }
  return weights;
}

InCharge InChargeOf(const Config& config) {
  InCharge in_charge;
  for (const AddressGroupConfig& group : config.address_groups) {
    const bool ours = InChargeAtStart(config, group);
    for (const IpAddress& address : group.external) in_charge.emplace(address, ours);
    for (const IpAddress& address : group.internal) in_charge.emplace(address, ours);
  }
  for (const ServiceConfig& service : config.services) in_charge.emplace(service.listen.address, true);
  return in_charge;
}

void KeepBackends(const Weights& from, const Weights& to, LiveSettings& live) {
  absl::erase_if(live.backends, [&](const auto& setting) { return !to.contains(setting.first); });
  for (auto& [slot, setting] : live.backends) {
    const auto before = from.find(slot);
    if (before != from.end() && before->second != to.at(slot)) setting.weight.reset();
  }
}

// The backends that rows to `address` can name: of services that listen on it or take their source from it.
absl::flat_hash_map<Slot, std::vector<Slot>> BackendsByAddress(absl::Span<const Service> services) {
  absl::flat_hash_map<Slot, std::vector<Slot>> backends;
  for (const Service& service : services) {
    for (const Backend& backend : service.backends) {
      backends[service.address_slot].push_back(backend.slot);
      for (const InternalAddress& internal : service.internals) backends[internal.address_slot].push_back(backend.slot);
    }
  }
  return backends;
}

}  // namespace

absl::StatusOr<CarriedOver> CarryOver(const Config& from, const Config& to, const LiveSettings& live,
                                      absl::Span<const Service> services, absl::Span<const KnownAddress> addresses,
                                      absl::Span<const LeavingAddress> leaving, SlotRegistry& slots) {
  CarriedOver carried{live, {}};
  ASSIGN_OR_RETURN(const Weights weights_before, WeightsOf(from, slots));
  ASSIGN_OR_RETURN(const Weights weights, WeightsOf(to, slots));
  KeepBackends(weights_before, weights, carried.live);

  const InCharge before = InChargeOf(from), after = InChargeOf(to);
  auto backends = BackendsByAddress(services);
  absl::flat_hash_set<Slot> already;
  for (const LeavingAddress& address : leaving) {
    already.insert(address.slot);
    if (after.contains(addresses[address.slot].local.address)) {
      carried.live.leaving.erase(address.slot);
    } else {
      carried.leaving.push_back(address);
    }
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    const KnownAddress& known = addresses[i];
    const Slot slot = static_cast<Slot>(i);
    if (known.gone() || known.local.kind == AddressKind::kOwn || already.contains(slot)) continue;
    const auto stays = after.find(known.local.address);
    if (stays == after.end()) {
      carried.live.modes.erase(slot);
      // Another box may serve it already: nothing of ours goes on.
      if (known.local.mode == AddressMode::kNone) continue;
      carried.live.leaving.emplace(slot, known);
      carried.leaving.push_back({slot, std::move(backends[slot])});
    } else if (const auto was = before.find(known.local.address); was != before.end() && was->second != stays->second) {
      carried.live.modes.erase(slot);
    }
  }
  return carried;
}

}  // namespace baton::controlplane
