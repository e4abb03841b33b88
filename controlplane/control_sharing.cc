// Load sharing of the box's virtual routers: a driver (load_sharing/sharer.h) for each that has it.
#include <algorithm>
#include <utility>

#include "controlplane/control.h"

namespace baton::controlplane {
namespace {

using load_sharing::Sharer;
using load_sharing::SharerSettings;

constexpr Duration kMeasureEvery = std::chrono::seconds(1);
constexpr uint16_t kDiscoveryIdentifier = 0xba70;

load_sharing::HandOver ModeOf(LoadSharingConfig::HandOver mode) {
  switch (mode) {
    case LoadSharingConfig::HandOver::kTimer: return load_sharing::HandOver::kTimer;
    case LoadSharingConfig::HandOver::kSequence: return load_sharing::HandOver::kSequence;
    case LoadSharingConfig::HandOver::kExact: return load_sharing::HandOver::kExact;
  }
  return load_sharing::HandOver::kTimer;
}

load_sharing::Config MachineConfig(const VirtualRouterConfig& router, const IpAddress& own) {
  const LoadSharingConfig& from = *router.load_sharing;
  load_sharing::Config config;
  config.own = own;
  config.routers = from.routers;
  if (!from.server.is_unspecified()) config.servers = {from.server};
  config.hand_over = ModeOf(from.hand_over);
  config.limits.of_mean = from.imbalance / 100.0;
  config.flow_threshold = from.flow_threshold;
  config.overflow_threshold = from.overflow_threshold;
  config.review_every = from.review_every;
  config.hold_off = from.hold_off;
  config.start_delay = from.start_delay;
  config.response_period = 3 * router.advertise_every;  // VR-Q32
  config.cover = 10 * from.skew;
  const Family family = router.family();
  config.charges_per_packet = load_sharing::MostCharges(family);
  config.records_per_packet = std::min(load_sharing::MostForwarded(family), load_sharing::MostFlowMarks(family));
  config.flows_per_packet = load_sharing::MostFlows(family);
  return config;
}

load_sharing::DiscoveryConfig DiscoveryOf(const VirtualRouterConfig& router, const PortInfo& port) {
  const LoadSharingConfig& from = *router.load_sharing;
  load_sharing::DiscoveryConfig config;
  config.methods = {.icmp_info = from.icmp_info, .arp_scan = from.arp_scan, .icmp_echo = from.icmp_echo,
                    .passive = from.passive, .whole_subnet = from.whole_subnet};
  config.mac = port.mac;
  config.vlan = port.vlan;
  config.identifier = kDiscoveryIdentifier;
  config.end_systems = from.end_systems;
  config.routers = from.other_routers;
  config.not_nodes = from.routers;
  config.not_nodes.insert(config.not_nodes.end(), router.addresses.begin(), router.addresses.end());
  if (!from.server.is_unspecified()) config.not_nodes.push_back(from.server);
  for (const InterfaceAddress& own : port.addresses) {
    config.not_nodes.push_back(own.address);
    if (!config.own.is_unspecified() || own.address.family() != router.family()) continue;
    config.own = own.address;
    config.prefix = own.prefix();
  }
  return config;
}

DigestKey DigestKeyOf(const std::vector<load_sharing::Key>& keys) {
  const std::array<uint8_t, 16> bytes = load_sharing::DigestKeyBytes(keys);
  DigestKey key = {};
  static_assert(sizeof(key) == sizeof(bytes));
  std::memcpy(&key, bytes.data(), sizeof key);  // little endian, as this machine is
  return key;
}

}  // namespace

// As the configuration of the start has them: they are not changed by a reload.
void Control::StartSharing() {
  for (size_t i = 0; i < config_.virtual_routers.size(); ++i) {
    const VirtualRouterConfig& router = config_.virtual_routers[i];
    sharers_.emplace_back();
    if (!router.load_sharing) continue;
    const vrrp::Settings vrrp = RouterSettings()[i];
    const LoadSharingConfig& from = *router.load_sharing;
    SharerSettings s;
    s.group = static_cast<ConditionGroup>(i);
    s.machine = MachineConfig(router, vrrp.machine.own);
    s.identity = {.version = router.version, .vrid = router.id, .own = vrrp.machine.own, .units = from.routers,
                  .auth_type = vrrp.machine.auth_type, .password = router.password};
    if (!from.server.is_unspecified()) s.identity.units.push_back(from.server);
    if (!from.key.empty()) s.keys = {{from.key_id, from.key}};
    s.start = setup_.start_us;
    s.discovery = DiscoveryOf(router, setup_.ports[router.port_id]);
    s.port = router.port_id;
    s.port_mac = vrrp.port_mac;
    s.vlan = vrrp.vlan;
    s.over = vrrp.over;
    s.interval = router.advertise_every;
    s.times = {.cover = s.machine.cover, .skew = from.skew,
               .limit = config_.dataplane.hold.time_limit, .key = DigestKeyOf(s.keys)};
    s.average_over = from.average_over;
    sharers_.back() = std::make_unique<Sharer>(std::move(s), worker_side_, static_cast<load_sharing::SharerCallbacks&>(*this));
  }
}

void Control::OnState(size_t router, vrrp::Role role) {
  if (Sharer* sharer = SharerOf(router)) {
    using load_sharing::Role;
    const Role as = role == vrrp::Role::kActive ? Role::kActive : role == vrrp::Role::kBackup ? Role::kBackup : Role::kStopped;
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

std::optional<MacAddress> Control::MacOf(PortId port, const IpAddress& unit) {
  const std::optional<MacAddress> mac = neighbors_.MacOf(port, unit);
  if (!mac) neighbors_.OnNeed({unit, port}, turn_);
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

std::optional<SharingView> Control::ViewSharing(size_t router) const {
  const Sharer* sharer = SharerOf(router);
  if (sharer == nullptr) return std::nullopt;
  const load_sharing::Machine& machine = sharer->machine();
  SharingView view{.generation = machine.generation(), .hand_over = machine.hand_over(), .settled = machine.UnderWay() == nullptr,
                   .conditions = machine.tables().conditions().size(), .end_systems = machine.tables().end_systems().size(),
                   .units = {}, .sent = sharer->sent(), .heard = sharer->inbox().heard(), .unsent = sharer->unsent(),
                   .handed_over = sharer->handed_over(), .incomplete_reports = sharer->incomplete_reports(),
                   .refused = sharer->inbox().Refused()};
  for (const load_sharing::UnitRow& unit : machine.tables().units()) {
    view.units.push_back({unit.address, unit.state, unit.conditions, unit.overflows});
  }
  return view;
}

}  // namespace baton::controlplane
