#include "controlplane/config/difference.h"

#include <utility>

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "controlplane/config/steering.h"
#include "controlplane/words.h"

namespace baton::controlplane {
namespace {

// A configuration as text: things with the values of their keys. The functions below take structs apart completely, so
// a new member does not compile until it is decided here whether it takes a restart.
struct Thing {
  std::string object;
  std::vector<std::pair<absl::string_view, std::string>> values;
};
using Things = std::vector<Thing>;

std::string Text(uint64_t number) { return absl::StrCat(number); }

std::string Text(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return ms % 1000 == 0 ? absl::StrCat(ms / 1000, "s") : absl::StrCat(ms, "ms");
}

std::string OrNone(std::string text) { return text.empty() ? "none" : text; }

std::string EndpointText(const IpAddress& address, uint16_t port) {
  if (port == 0) return address.ToString();
  return address.is_v4() ? absl::StrCat(address.ToString(), ":", port)
                         : absl::StrCat("[", address.ToString(), "]:", port);
}

void AddBackend(const std::string& service, const BackendConfig& from, Things& things) {
  const auto& [name, address, port, weight, mac] = from;
  things.push_back({absl::StrCat("backend ", service, "/", name),
                    {{"endpoint", EndpointText(address, port)},
                     {"weight", Text(weight)},
                     {"mac", mac.is_zero() ? "none" : mac.ToString()}}});
}

std::string TunnelText(const Tunnel& from) {
  const auto& [type, source, vni, port] = from;
  if (source.is_unspecified()) return "none";
  if (type == Tunnel::Type::kIp) return absl::StrCat("ip from ", source.ToString());
  return absl::StrCat("vxlan ", vni, " from ", source.ToString(), " to port ", port);
}

void AddService(const ServiceConfig& from, Things& things) {
  const auto& [name, listen, forward, tunnel, application, schedule, backends, first_port, last_port, group] = from;
  things.push_back(
      {absl::StrCat("service ", name),
       {{"listen", absl::StrCat(EndpointText(listen.address, listen.port), " ", ProtocolWord(listen.protocol))},
        {"forward", std::string(Word(forward))},
        {"tunnel", TunnelText(tunnel)},
        {"application", std::string(Word(application))},
        {"schedule", std::string(Word(schedule))},
        {"internal_ports", absl::StrCat(first_port, "-", last_port)},
        {"group", OrNone(group)}}});
  for (const BackendConfig& backend : backends) AddBackend(name, backend, things);
}

void AddGroup(const AddressGroupConfig& from, Things& things) {
  const auto& [name, external, internal, prefer] = from;
  const std::string chosen = prefer.empty() ? "this node" : prefer;
  for (const auto& [kind, addresses] : {std::pair("external", &external), std::pair("internal", &internal)}) {
    for (const IpAddress& address : *addresses) {
      things.push_back(
          {absl::StrCat("address ", address.ToString()), {{"kind", kind}, {"group", name}, {"prefer", chosen}}});
    }
  }
}

std::string TrackText(const TrackConfig& from) {
  const auto& [kind, name, route, lower_by] = from;
  using Kind = TrackConfig::Kind;
  const std::string what = kind == Kind::kRoute ? absl::StrCat("route ", route.ToString())
                                                : absl::StrCat(kind == Kind::kPort ? "port " : "service ", name);
  return absl::StrCat(what, " by ", lower_by);
}

std::string Hidden(const std::string& secret) {
  return secret.empty() ? "none"
                        : absl::StrCat("of ", secret.size(), " characters, hash ", absl::Hash<std::string>{}(secret));
}

std::string SharingText(const LoadSharingConfig& from) {
  const auto& [routers, server, delivery, advert_format, hand_over, passive, arp_scan, icmp_echo, icmp_info,
               whole_subnet, end_systems, other_routers, key, key_id, imbalance, flow_threshold, overflow_threshold,
               review_every, hold_off, start_delay, server_start_delay, skew, average_over] = from;
  const auto list = [](const std::vector<IpAddress>& all) {
    return absl::StrJoin(all, " ", [](std::string* out, const IpAddress& a) { out->append(a.ToString()); });
  };
  // Reloadable: AddTunables.
  static_cast<void>(imbalance), static_cast<void>(flow_threshold), static_cast<void>(overflow_threshold);
  static_cast<void>(review_every), static_cast<void>(hold_off), static_cast<void>(start_delay);
  static_cast<void>(server_start_delay), static_cast<void>(average_over);
  static constexpr const char* kModes[] = {"timer", "sequence", "exact"};
  return absl::StrCat(
      "routers ", list(routers), "; server ", server.ToString(),
      delivery == LoadSharingConfig::Delivery::kDirected ? "; directed" : "",
      advert_format == LoadSharingConfig::AdvertFormat::kUnitList ? "; unit-list" : "", "; hand_over ",
      kModes[static_cast<size_t>(hand_over)], "; discovery", passive ? " passive" : "", arp_scan ? " arp_scan" : "",
      icmp_echo ? " icmp_echo" : "", icmp_info ? " icmp_info" : "", whole_subnet ? " whole_subnet" : "",
      "; end_systems ", list(end_systems), "; other_routers ", list(other_routers), "; key ", key_id, " ", Hidden(key),
      "; skew ", Text(skew));
}

std::string NameOf(const VirtualRouterConfig& router) {
  return absl::StrCat(router.port, "/", router.family() == Family::kIpv4 ? "ipv4" : "ipv6", "/", router.id);
}

// What a review goes by, and when a router begins: changed in place (load_sharing/machine.h, Adjust).
void AddTunables(const VirtualRouterConfig& router, Things& things) {
  if (!router.load_sharing) return;
  const LoadSharingConfig& from = *router.load_sharing;
  things.push_back({absl::StrCat("load_sharing ", NameOf(router)),
                    {{"imbalance", Text(from.imbalance)},
                     {"flow_threshold", Text(from.flow_threshold)},
                     {"overflow_threshold", Text(from.overflow_threshold)},
                     {"review_every", Text(from.review_every)},
                     {"hold_off", Text(from.hold_off)},
                     {"start_delay", Text(from.start_delay)},
                     {"server_start_delay", Text(from.server_start_delay)},
                     {"average_over", Text(from.average_over)}}});
}

void AddVirtualRouter(const VirtualRouterConfig& from, Things& things) {
  const auto& [id, port, addresses, version, priority, advertise_every, preempt, preempt_delay, accept, pseudo_header,
               password, track, port_id, load_sharing] = from;
  static_cast<void>(id), static_cast<void>(port), static_cast<void>(port_id), static_cast<void>(load_sharing);
  const auto words = [](bool yes) { return yes ? "yes" : "no"; };
  things.push_back(
      {absl::StrCat("virtual_router ", NameOf(from)),
       {{"addresses",
         absl::StrJoin(addresses, " ", [](std::string* out, const IpAddress& a) { out->append(a.ToString()); })},
        {"version", Text(version)},
        {"priority", Text(priority)},
        {"advertise_every", Text(advertise_every)},
        {"preempt", words(preempt)},
        {"preempt_delay", Text(preempt_delay)},
        {"accept", words(accept)},
        {"checksum", pseudo_header ? "pseudo_header" : "message"},
        {"password", Hidden(password)},
        {"track", OrNone(absl::StrJoin(track, " ",
                                       [](std::string* out, const TrackConfig& t) { out->append(TrackText(t)); }))}}});
}

void AddTimeouts(const Timeouts& timeouts, Things& things) {
  Thing thing{"dataplane.timeouts", {}};
  for (size_t state = 0; state < kRowStates; ++state) {
    thing.values.push_back({Word(static_cast<RowState>(state)), Text(std::chrono::milliseconds(timeouts.ms[state]))});
  }
  things.push_back(std::move(thing));
}

void AddRoute(const Config& config, const Route& from, Things& things) {
  const auto& [to, via, port, source] = from;
  const std::string only = source.length == 0 ? "" : absl::StrCat(" from ", source.ToString());
  things.push_back({absl::StrCat("route ", to.ToString(), only),
                    {{"via", from.connected() ? "connected" : via.ToString()},
                     {"port", port < config.ports.size() ? config.ports[port].name : Text(port)}}});
}

Things Reloadable(const Config& config) {
  Things things;
  for (const ServiceConfig& service : config.services) AddService(service, things);
  for (const AddressGroupConfig& group : config.address_groups) AddGroup(group, things);
  for (const Route& route : config.routes) AddRoute(config, route, things);
  for (const VirtualRouterConfig& router : config.virtual_routers) {
    AddVirtualRouter(router, things);
    AddTunables(router, things);
  }
  AddTimeouts(config.dataplane.timeouts, things);
  return things;
}

Thing DataplaneThing(const DataplaneConfig& from) {
  const auto& [workers, polling, access_rows, access_rows_ipv6, port_pools, neighbors, neighbor_queue, packet_buffers,
               errors_per_second, control_packets_per_second, kernel_packets_per_second, conditions, hand_over_packets,
               hold, fragments, timeouts] = from;
  const auto& [packets, packets_per_address, bytes_per_address, time_limit] = hold;
  const auto& [datagrams, waiting, wait_limit] = fragments;
  static_cast<void>(timeouts);  // reloadable
  return {"dataplane",
          {{"workers", Text(static_cast<uint64_t>(workers))},
           {"polling", polling == Polling::kBusy ? "busy" : "adaptive"},
           {"access_rows", Text(access_rows)},
           {"access_rows_ipv6", Text(access_rows_ipv6)},
           {"port_pools", Text(port_pools)},
           {"neighbors", Text(neighbors)},
           {"neighbor_queue", Text(neighbor_queue)},
           {"packet_buffers", Text(packet_buffers)},
           {"errors_per_second", Text(errors_per_second)},
           {"control_packets_per_second", Text(control_packets_per_second)},
           {"kernel_packets_per_second", Text(kernel_packets_per_second)},
           {"conditions", Text(conditions)},
           {"hand_over_packets", Text(hand_over_packets)},
           {"hold.packets", Text(packets)},
           {"hold.packets_per_address", Text(packets_per_address)},
           {"hold.bytes_per_address", Text(bytes_per_address)},
           {"hold.time_limit", Text(time_limit)},
           {"fragments.datagrams", Text(datagrams)},
           {"fragments.waiting", Text(waiting)},
           {"fragments.time_limit", Text(wait_limit)}}};
}

Thing PortThing(const PortConfig& from, size_t position) {
  const auto& [name, device, addresses, mtu, mss, vlan, mac, kernel] = from;
  const std::string networks =
      absl::StrJoin(addresses, " ", [](std::string* out, const InterfaceAddress& a) { out->append(a.ToString()); });
  return {absl::StrCat("ports.", name),
          {{"position", Text(position)},
           {"device", absl::StrCat(Word(device.kind), device.argument)},
           {"addresses", OrNone(networks)},
           {"mtu", Text(mtu)},
           {"vlan", Text(vlan)},
           {"mss", Text(mss)},
           {"mac", mac.is_zero() ? "the device's" : mac.ToString()},
           {"kernel", OrNone(kernel)}}};
}

// Which flows meet at one worker: rows cannot move to another one. With one worker all do.
Thing SteeringThing(const Config& config) {
  const bool whole = config.dataplane.workers > 1 && KeepsClientsWhole(config);
  return {"dataplane.workers", {{"share", whole ? "clients (application: ftp)" : "flows"}}};
}

// Workers know a virtual router that shares its load by its position: up to the last of those none may move.
void AddSharing(const Config& config, Things& things) {
  size_t end = config.virtual_routers.size();
  while (end > 0 && !config.virtual_routers[end - 1].load_sharing) --end;
  for (size_t i = 0; i < end; ++i) {
    const VirtualRouterConfig& router = config.virtual_routers[i];
    things.push_back({absl::StrCat("virtual_routers[", i, "]"),
                      {{"router", absl::StrCat(router.port, " ", router.family() == Family::kIpv4 ? "ipv4" : "ipv6",
                                               " ", router.id)},
                       {"load_sharing", router.load_sharing ? SharingText(*router.load_sharing) : "none"}}});
  }
}

Things NeedingRestart(const Config& config) {
  const auto& [node, dataplane, api, ports, routes, address_groups, services, virtual_routers,
              eal_arguments] = config;
  static_cast<void>(routes), static_cast<void>(address_groups), static_cast<void>(services);
  static_cast<void>(virtual_routers);
  const auto& [socket, metrics] = api;
  Things things = {{"node", {{"name", node}}},
                   DataplaneThing(dataplane),
                   SteeringThing(config),
                   {"api", {{"socket", socket}, {"metrics", OrNone(metrics)}}},
                   {"dpdk", {{"eal_arguments", OrNone(absl::StrJoin(eal_arguments, " "))}}}};
  for (size_t i = 0; i < ports.size(); ++i) things.push_back(PortThing(ports[i], i));
  AddSharing(config, things);
  return things;
}

std::string AllValues(const Thing& thing) {
  return absl::StrJoin(thing.values, ", ", [](std::string* out, const auto& value) {
    absl::StrAppend(out, value.first, " ", value.second);
  });
}

std::vector<ConfigChange> CompareThings(const Things& from, const Things& to) {
  using Action = ConfigChange::Action;
  absl::flat_hash_map<absl::string_view, const Thing*> old, kept;
  for (const Thing& thing : from) old.emplace(thing.object, &thing);
  std::vector<ConfigChange> changes;
  for (const Thing& thing : to) {
    kept.emplace(thing.object, &thing);
    const auto at = old.find(thing.object);
    if (at == old.end()) {
      changes.push_back({Action::kAdded, thing.object, "", "", AllValues(thing)});
      continue;
    }
    for (size_t i = 0; i < thing.values.size(); ++i) {
      const auto& [key, value] = thing.values[i];
      const std::string& before = at->second->values[i].second;
      if (value != before) changes.push_back({Action::kChanged, thing.object, std::string(key), before, value});
    }
  }
  for (const Thing& thing : from) {
    if (!kept.contains(thing.object)) changes.push_back({Action::kRemoved, thing.object, "", AllValues(thing), ""});
  }
  return changes;
}

}  // namespace

absl::string_view Word(ConfigChange::Action action) {
  switch (action) {
    case ConfigChange::Action::kAdded: return "added";
    case ConfigChange::Action::kRemoved: return "removed";
    case ConfigChange::Action::kChanged: return "changed";
  }
  return "?";
}

std::string ConfigChange::ToString() const {
  if (action == Action::kChanged) {
    return absl::StrCat(object, key.empty() ? "" : ": ", key, ": ", from, " -> ", to);
  }
  return absl::StrCat(Word(action), " ", object, ": ", action == Action::kAdded ? to : from);
}

ConfigDifference Compare(const Config& from, const Config& to) {
  ConfigDifference difference{CompareThings(Reloadable(from), Reloadable(to)),
                              CompareThings(NeedingRestart(from), NeedingRestart(to))};
  for (ConfigChange& change : difference.restart) {
    if (change.action != ConfigChange::Action::kChanged) continue;
    absl::StrAppend(&change.object, ".", std::exchange(change.key, ""));
  }
  return difference;
}

bool InChargeAtStart(const Config& config, const AddressGroupConfig& group) {
  return group.prefer.empty() || group.prefer == config.node;
}

}  // namespace baton::controlplane
