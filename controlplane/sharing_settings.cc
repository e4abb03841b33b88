#include "controlplane/sharing_settings.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace baton::controlplane {
namespace {

constexpr Duration kReading = std::chrono::seconds(1);  // from one to the next
constexpr uint16_t kDiscoveryIdentifier = 0xba70;

// The address that a virtual router's advertisements come from.
IpAddress PrimaryAddress(const PortInfo& port, Family family) {
  if (family == Family::kIpv6) return LinkLocalFrom(port.mac);
  for (const InterfaceAddress& own : port.addresses) {
    if (own.address.is_v4()) return own.address;
  }
  return {};
}

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
  config.hand_over = router.DirectedDelivery() ? load_sharing::HandOver::kTimer : ModeOf(from.hand_over);
  config.limits.of_mean = from.imbalance / 100.0;
  config.flow_threshold = from.flow_threshold;
  config.overflow_threshold = from.overflow_threshold;
  config.review_every = from.review_every;
  config.hold_off = from.hold_off;
  config.measure = from.average_over + 2 * kReading;  // the first reading after a move, and one that is late
  config.start_delay = from.start_delay;
  config.server_start_delay = from.server_start_delay;  // VR-114
  config.response_period = 3 * router.advertise_every;  // VR-Q32
  config.cover = 10 * from.skew;
  config.report_wait = std::max(config.report_wait, 3 * config.cover);  // the giver notes, and in `sequence` looks
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

vrrp::Settings VrrpSettings(const VirtualRouterConfig& from, const PortInfo& port) {
  vrrp::Settings s;
  s.machine = {.version = from.version, .vrid = from.id, .priority = from.priority, .interval = from.advertise_every,
               .preempt = from.preempt, .preempt_delay = from.preempt_delay,
               .own = PrimaryAddress(port, from.family()), .addresses = from.addresses,
               .auth_type = from.password.empty() ? vrrp::kNoAuthentication : vrrp::kSimpleText,
               .password = from.password};
  s.port = from.port_id;
  s.port_mac = port.mac;
  s.vlan = port.vlan;
  s.shared = from.SharedDelivery();
  s.unit_list = from.load_sharing && from.load_sharing->advert_format == LoadSharingConfig::AdvertFormat::kUnitList;
  s.over = from.pseudo_header ? vrrp::ChecksumOver::kPseudoHeaderToo : vrrp::ChecksumOver::kMessage;
  return s;
}

load_sharing::SharerSettings SharingSettings(const VirtualRouterConfig& router, const vrrp::Settings& vrrp,
                                             const PortInfo& port, uint64_t start_us) {
  const LoadSharingConfig& from = *router.load_sharing;
  load_sharing::SharerSettings s;
  s.machine = MachineConfig(router, vrrp.machine.own);
  s.identity = {.version = router.version, .vrid = router.id, .own = vrrp.machine.own, .units = from.routers,
                .auth_type = vrrp.machine.auth_type, .password = router.password};
  if (!from.server.is_unspecified()) s.identity.units.push_back(from.server);
  if (!from.key.empty()) s.keys = {{from.key_id, from.key}};
  s.start = start_us;
  s.machine.first_generation = load_sharing::GenerationAt(start_us);
  s.discovery = DiscoveryOf(router, port);
  s.port = router.port_id;
  s.port_mac = vrrp.port_mac;
  s.vlan = vrrp.vlan;
  s.over = vrrp.over;
  s.interval = router.advertise_every;
  s.times = {.cover = s.machine.cover, .skew = from.skew, .limit = {}, .key = DigestKeyOf(s.keys)};
  s.average_over = from.average_over;
  if (router.DirectedDelivery()) s.directed = router.addresses;
  return s;
}

}  // namespace baton::controlplane
