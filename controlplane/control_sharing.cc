// Load sharing of the box's virtual routers: a driver (load_sharing/sharer.h) for each that has it.
#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/control.h"
#include "controlplane/sharing_settings.h"

namespace baton::controlplane {
namespace {

using load_sharing::Sharer;

constexpr Duration kMeasureEvery = std::chrono::seconds(1);

}  // namespace

// The configuration cannot tell: over IPv6 the unit's address is made of the device's MAC address.
absl::Status Control::CheckUnits() const {
  for (const VirtualRouterConfig& router : config_.virtual_routers) {
    if (!router.load_sharing) continue;
    const PortInfo& port = setup_.ports[router.port_id];
    const std::vector<IpAddress>& units = router.load_sharing->routers;
    const IpAddress own = VrrpSettings(router, port).machine.own;
    if (std::find(units.begin(), units.end(), own) != units.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat("virtual router ", router.id, " on port ", port.name,
                                                   ": load_sharing.routers: ", own.ToString(),
                                                   " is missing, the address of the port with ", port.mac.ToString()));
  }
  return absl::OkStatus();
}

// As the configuration of the start has them: a reload changes no more than AdjustSharing can.
void Control::StartSharing() {
  for (size_t i = 0; i < config_.virtual_routers.size(); ++i) {
    const VirtualRouterConfig& router = config_.virtual_routers[i];
    sharers_.emplace_back();
    if (!router.load_sharing) continue;
    const vrrp::Settings vrrp = VrrpSettings(router, setup_.ports[router.port_id]);
    load_sharing::SharerSettings s = SharingSettings(router, vrrp, setup_.ports[router.port_id], setup_.start_us);
    s.group = static_cast<ConditionGroup>(i);
    s.times.limit = config_.dataplane.hold.time_limit;
    sharers_.back() =
        std::make_unique<Sharer>(std::move(s), worker_side_, static_cast<load_sharing::SharerCallbacks&>(*this));
  }
}

// After a reload. Which routers share their load, and at which position they are, is as before (config/difference.cc).
void Control::AdjustSharing() {
  for (size_t i = 0; i < sharers_.size(); ++i) {
    if (sharers_[i] == nullptr) continue;
    const VirtualRouterConfig& router = config_.virtual_routers[i];
    const PortInfo& port = setup_.ports[router.port_id];
    sharers_[i]->Adjust(SharingSettings(router, VrrpSettings(router, port), port, setup_.start_us), turn_);
  }
}

void Control::OnState(size_t router, vrrp::Role role) {
  if (Sharer* sharer = SharerOf(router)) {
    using load_sharing::Role;
    const Role as = role == vrrp::Role::kActive   ? Role::kActive
                    : role == vrrp::Role::kBackup ? Role::kBackup
                                                  : Role::kStopped;
    sharer->OnRole(as, routers_.status(router).state.priority, turn_);
  }
}

void Control::OnAdvertSent(size_t router) {
  if (Sharer* sharer = SharerOf(router)) sharer->OnAdvertSent(turn_);
}

void Control::OnAdvertHeard(size_t router, const IpAddress& from) {
  if (Sharer* sharer = SharerOf(router)) sharer->OnAdvertHeard(from, turn_);
}

bool Control::OnMessage(size_t router, const vrrp::Unwrapped& message) {
  Sharer* sharer = SharerOf(router);
  if (sharer != nullptr) sharer->OnMessage(message, turn_);
  return sharer != nullptr;
}

bool Control::IsUnitList(size_t router, const vrrp::Unwrapped& message) {
  return SharerOf(router) != nullptr && load_sharing::IsUnitAdvert(message.message, message.envelope.ends);
}

std::optional<vrrp::Advert> Control::ReadUnitList(size_t router, const vrrp::Unwrapped& message) {
  return SharerOf(router)->ReadUnitList(message);
}

std::vector<uint8_t> Control::WriteUnitList(size_t router, uint8_t priority, const vrrp::Ends& ends) {
  return SharerOf(router)->WriteUnitList(priority, ends);
}

Sharer* Control::SharerOf(size_t router) const { return router < sharers_.size() ? sharers_[router].get() : nullptr; }

void Control::OnGiven(const load_sharing::HandOverId& id, const load_sharing::WhatWasForwarded& forwarded) {
  if (Sharer* sharer = SharerOf(id.group)) sharer->OnGiven(id, forwarded, turn_);
}

void Control::OnTakingBegun(const load_sharing::HandOverId& id) {
  if (Sharer* sharer = SharerOf(id.group)) sharer->OnTakingBegun(id, turn_);
}

void Control::OnSeen(ConditionGroup group, const IpAddress& address) {
  if (Sharer* sharer = SharerOf(group)) sharer->OnSeen(address, turn_);
}

void Control::OnMeasured(ConditionGroup group, const std::vector<load_sharing::Measured>& measured) {
  Sharer* sharer = SharerOf(group);
  if (sharer == nullptr) return;
  uint64_t overflows = 0;
  for (const WorkerLink* worker : setup_.workers) overflows += load_sharing::OverflowsOf(worker->counters());
  sharer->OnMeasured(measured, overflows, turn_);
}

// VR-Q13: the active router tells each end system the MAC address of the one in charge of it. A neighbour cache asks
// whom it knows again before it asks everybody, so that a backup confirms itself to its own end systems.
std::optional<neighbor::Station> Control::DirectedStation(size_t router, bool active,
                                                          const neighbor::Asker& asker) const {
  const VirtualRouterConfig& from = config_.virtual_routers[router];
  const Sharer* sharer = SharerOf(router);
  const MacAddress own = setup_.ports[from.port_id].mac, shared = vrrp::VirtualMac(from.family(), from.id);
  const IpAddress unit = sharer == nullptr ? IpAddress{} : sharer->InCharge(asker.address);
  if (!active) {
    return asker.us_alone && !unit.is_unspecified() && unit == sharer->own()
               ? std::optional(neighbor::Station{own, own})
               : std::nullopt;
  }
  if (unit.is_unspecified() || unit == sharer->own()) return neighbor::Station{shared, shared};
  const std::optional<MacAddress> mac = neighbors_.MacOf(from.port_id, unit);
  return mac ? neighbor::Station{*mac, own} : neighbor::Station{shared, shared};
}

std::optional<MacAddress> Control::MacOf(PortId port, const IpAddress& neighbor) {
  const std::optional<MacAddress> mac = neighbors_.MacOf(port, neighbor);
  if (!mac) neighbors_.OnNeed({neighbor, port}, turn_);
  return mac;
}

void Control::OnSharingEvent(ConditionGroup group, const std::string& text) { OnEvent(group, text); }

void Control::TickSharing(TimePoint now) {
  bool any = false;
  for (const auto& sharer : sharers_) {
    if (sharer == nullptr) continue;
    any = true;
    sharer->Tick(now);
  }
  if (any && now >= next_measure_) {
    next_measure_ = now + kMeasureEvery;
    worker_side_.Measure();
  }
}

void Control::HearForSharing(PortId port, absl::Span<const uint8_t> frame, TimePoint now) {
  for (size_t i = 0; i < sharers_.size(); ++i) {
    if (sharers_[i] != nullptr && config_.virtual_routers[i].port_id == port) sharers_[i]->OnFrame(frame, now);
  }
}

template <typename Row, typename List>
absl::StatusOr<std::vector<OfRouter<Row>>> Control::ListSharing(const SharingFilter& filter, List list) const {
  std::vector<OfRouter<Row>> rows;
  bool any = false;
  for (size_t i = 0; i < sharers_.size(); ++i) {
    if (sharers_[i] == nullptr) continue;
    const auto& [port, family, vrid] = routers_.settings(i).key();
    if (filter.id != 0 && filter.id != vrid) continue;
    any = true;
    for (Row& row : list(*sharers_[i], filter.limit - rows.size())) {
      rows.push_back({setup_.ports[port].name, vrid, std::move(row)});
    }
  }
  if (!any) {
    return absl::NotFoundError(filter.id == 0
                                   ? std::string("group: no virtual router shares its load")
                                   : absl::StrCat("group: no virtual router ", filter.id, " shares its load"));
  }
  return rows;
}

absl::StatusOr<std::vector<SharedCondition>> Control::ListConditions(const SharingFilter& filter) {
  using Answer = absl::StatusOr<std::vector<SharedCondition>>;
  return requests_.Ask<Answer>([this, filter](const std::shared_ptr<Question<Answer>>& question) {
    question->Answer(ListSharing<load_sharing::ListedCondition>(
        filter, [](const Sharer& sharer, size_t limit) { return sharer.Conditions(limit); }));
  });
}

absl::StatusOr<std::vector<SharedEndSystem>> Control::ListEndSystems(const SharingFilter& filter) {
  using Answer = absl::StatusOr<std::vector<SharedEndSystem>>;
  return requests_.Ask<Answer>([this, filter](const std::shared_ptr<Question<Answer>>& question) {
    question->Answer(ListSharing<load_sharing::ListedEndSystem>(
        filter, [this](const Sharer& sharer, size_t limit) { return sharer.EndSystems(limit, turn_); }));
  });
}

std::optional<SharingView> Control::ViewSharing(size_t router) const {
  const Sharer* sharer = SharerOf(router);
  if (sharer == nullptr) return std::nullopt;
  const load_sharing::Machine& machine = sharer->machine();
  SharingView view{.generation = machine.generation(),
                   .hand_over = machine.hand_over(),
                   .settled = machine.UnderWay() == nullptr,
                   .conditions = machine.tables().conditions().size(),
                   .end_systems = machine.tables().end_systems().size(),
                   .units = {},
                   .sent = sharer->sent(),
                   .heard = sharer->inbox().heard(),
                   .unsent = sharer->unsent(),
                   .handed_over = sharer->handed_over(),
                   .incomplete_reports = sharer->incomplete_reports(),
                   .put_off = sharer->put_off(),
                   .reviews_kept = sharer->reviews_kept(),
                   .reviews_changed = sharer->reviews_changed(),
                   .longest_hold = sharer->longest_hold(),
                   .busiest = sharer->busiest(),
                   .refused = sharer->inbox().Refused()};
  for (const load_sharing::UnitRow& unit : machine.tables().units()) {
    view.units.push_back({unit.address, unit.state, unit.conditions, unit.overflows});
  }
  return view;
}

}  // namespace baton::controlplane
