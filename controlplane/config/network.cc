#include "controlplane/config/network.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <absl/strings/str_cat.h>

#include "controlplane/config/addresses.h"
#include "controlplane/config/trunk.h"

namespace baton::controlplane {
namespace {

constexpr uint16_t kLeastMtuIpv6 = 1280;  // RFC 8200, 5
constexpr int kIpv4AndTcp = 40;           // headers that a maximum segment size does not count (RFC 6691)

bool Overlap(const Prefix& a, const Prefix& b) { return a.Contains(b.address) || b.Contains(a.address); }

// Two ports without an argument ("null:" twice) are two devices.
bool MustDiffer(const DeviceConfig& device) { return !device.argument.empty(); }

bool IsInterface(const DeviceConfig& device) {
  using Kind = DeviceConfig::Kind;
  return device.kind == Kind::kAfPacket || device.kind == Kind::kAfXdp || device.kind == Kind::kTap;
}

std::string DeviceKey(const DeviceConfig& device) {
  return absl::StrCat(static_cast<int>(device.kind), ":", device.argument);
}

}  // namespace

PortId TrunkOf(const std::vector<PortConfig>& ports, PortId port) {
  const DeviceConfig& device = ports[port].device;
  if (device.kind != DeviceConfig::Kind::kPort) return kNoPort;
  for (PortId i = 0; i < port; ++i) {
    if (ports[i].name == device.argument && ports[i].device.kind != DeviceConfig::Kind::kPort) return i;
  }
  return kNoPort;
}

Network::Network(const std::vector<PortConfig>& ports, AddressBook& book, const Reporter& reporter)
    : reporter_(reporter), ports_(ports) {
  for (size_t i = 0; i < ports.size(); ++i) CheckPort(ports[i], static_cast<PortId>(i), book);
  if (ports.empty()) complete_ = false;  // refused: a file without ports
}

void Network::CheckPort(const PortConfig& port, PortId id, AddressBook& book) {
  const std::string path = absl::StrCat("ports[", id, "]");
  if (!port.name.empty()) port_names_.Claim(port.name, path + ".name", Quoted(port.name), reporter_);
  CheckDevice(port, id, path);
  if (!port.kernel.empty()) interfaces_.Claim(port.kernel, path + ".kernel", Quoted(port.kernel), reporter_);
  complete_ = complete_ && !reporter_.errors.Refused(path + ".addresses");
  bool has_ipv6 = false;
  for (size_t i = 0; i < port.addresses.size(); ++i) {
    const InterfaceAddress& a = port.addresses[i];
    const std::string at = absl::StrCat(path, ".addresses[", i, "]");
    if (a.address.is_unspecified()) {
      complete_ = false;
      continue;
    }
    has_ipv6 |= !a.address.is_v4();
    book.Add(a.address, {at, AddressKind::kOwn, 0});
    AddNetwork(a, id, at);
  }
  if (port.mss > port.mtu - kIpv4AndTcp) {
    reporter_.Report(
        path + ".mss", absl::StrCat(port.mss),
        absl::StrCat("is more than ", port.mtu - kIpv4AndTcp, ", the port's mtu without 40 bytes of headers"));
  }
  if (has_ipv6 && port.mtu < kLeastMtuIpv6) {
    reporter_.Report(path + ".mtu", absl::StrCat(port.mtu),
                     absl::StrCat("is outside ", kLeastMtuIpv6, "..", kMostMtu, " of a port with IPv6 addresses"));
  }
}

void Network::CheckDevice(const PortConfig& port, PortId id, const std::string& path) {
  const std::string at = path + ".device", shown = Quoted(reporter_.document.Locate(at).text);
  if (port.device.kind != DeviceConfig::Kind::kPort) {
    const bool first = !MustDiffer(port.device) || devices_.Claim(DeviceKey(port.device), at, shown, reporter_);
    if (first && IsInterface(port.device)) interfaces_.Claim(port.device.argument, at, shown, reporter_);
    return;
  }
  const PortId trunk = TrunkOf(ports_, id);
  if (trunk == kNoPort) return reporter_.Report(at, shown, "names no port above this one that has a device of its own");
  if (port.vlan == ports_[trunk].vlan) {
    return reporter_.Report(path + ".vlan", absl::StrCat(port.vlan),
                            absl::StrCat("is the vlan of port ", ports_[trunk].name, " itself"));
  }
  devices_.Claim(absl::StrCat("port:", trunk, " ", port.vlan), path + ".vlan",
                 absl::StrCat(port.vlan, " of port ", ports_[trunk].name), reporter_);
  if (port.mtu > ports_[trunk].mtu) {
    reporter_.Report(path + ".mtu", absl::StrCat(port.mtu),
                     absl::StrCat("is more than ", ports_[trunk].mtu, " of port ", ports_[trunk].name));
  }
  if (!port.mac.is_zero()) {
    reporter_.Report(path + ".mac", port.mac.ToString(), absl::StrCat("is for port ", ports_[trunk].name, " to have"));
  }
}

void Network::AddNetwork(const InterfaceAddress& address, PortId port, const std::string& path) {
  const Prefix prefix = address.prefix();
  for (const PortNetwork& other : networks_) {
    if (other.port == port && other.prefix == prefix) return;  // a second address on one network
    if (Overlap(other.prefix, prefix)) {
      reporter_.Report(path, address.ToString(),
                       absl::StrCat("overlaps ", other.prefix.ToString(), " of ", other.path));
      return;
    }
  }
  networks_.push_back({prefix, port, path});
  Cover(prefix);
  if (prefix.address.is_v4() && prefix.length <= 30) {
    unusable_.emplace(prefix.address, absl::StrCat("is the network ", prefix.ToString(), " itself, not a host on it"));
    unusable_.emplace(IpAddress::V4(prefix.address.v4() | 0xffffffffU >> prefix.length),
                      absl::StrCat("is the broadcast address of ", prefix.ToString()));
  }
}

RouteList Network::ResolveRoutes(const std::vector<RouteDraft>& drafts, const AddressBook& book) {
  RouteList routes;
  const auto key = [](const Prefix& to, const Prefix& from) {
    return std::make_tuple(to.address, to.length, from.address, from.length);
  };
  FirstUses<std::tuple<IpAddress, uint8_t, IpAddress, uint8_t>> destinations;
  for (const PortNetwork& network : networks_) {
    destinations.Claim(key(network.prefix, {}), network.path, "", reporter_);
  }
  std::set<Prefix> sources;
  complete_ = complete_ && !reporter_.errors.Refused("routes");
  for (size_t i = 0; i < drafts.size(); ++i) {
    const std::string path = absl::StrCat("routes[", i, "]");
    const RouteDraft& draft = drafts[i];
    if (!draft.to) {
      complete_ = false;
      continue;
    }
    Cover(*draft.to);
    const Prefix from = draft.from && draft.from->length > 0 ? *draft.from : Prefix{};
    const bool first = destinations.Claim(key(*draft.to, from), path + ".to", draft.to->ToString(), reporter_);
    Route route{.to = *draft.to, .via = {}, .port = kNoPort, .from = from};
    if (from.length > 0 && sources.insert(from).second && sources.size() > kMaxRouteSources) {
      reporter_.Report(path + ".from", from.ToString(), absl::StrCat("is one source more than ", kMaxRouteSources));
    }
    if (draft.complete && ResolveRoute(draft, path, book, route) && first) routes.push_back(route);
  }
  for (const PortNetwork& network : networks_) routes.push_back({network.prefix, {}, network.port});
  return routes;
}

bool Network::ResolveRoute(const RouteDraft& draft, const std::string& path, const AddressBook& book,
                           Route& route) const {
  if (!draft.port.empty()) {
    route.port = FindPort(draft.port);
    if (route.port == kNoPort) {
      // A port whose name was refused may be the one meant.
      if (FindPort("") == kNoPort && !ports_.empty()) {
        reporter_.Report(path + ".port", Quoted(draft.port), "is the name of no port");
      }
      return false;
    }
  }
  if (draft.from && draft.from->address.family() != route.to.address.family()) {
    reporter_.Report(path + ".from", draft.from->ToString(),
                     absl::StrCat("is of another family than ", route.to.ToString()));
    return false;
  }
  return !draft.via || CheckVia(*draft.via, path + ".via", book, route);
}

bool Network::CheckVia(const IpAddress& via, const std::string& path, const AddressBook& book, Route& route) const {
  if (via.family() != route.to.address.family()) {
    reporter_.Report(path, via.ToString(), absl::StrCat("is of another family than ", route.to.ToString()));
    return false;
  }
  if (const AddressBook::Entry* own = book.Find(via)) {
    reporter_.Report(path, via.ToString(), absl::StrCat("is an address of this box: ", own->path));
    return false;
  }
  if (!CheckUsable(via, path)) return false;
  const auto on = std::find_if(networks_.begin(), networks_.end(),
                               [&via](const PortNetwork& network) { return network.prefix.Contains(via); });
  if (on == networks_.end()) {
    if (complete_) reporter_.Report(path, via.ToString(), "is on no port's network");
    return false;
  }
  if (route.port != kNoPort && route.port != on->port) {
    reporter_.Report(path, via.ToString(),
                     absl::StrCat("is on the network of port \"", ports_[on->port].name, "\", not of \"",
                                  ports_[route.port].name, "\""));
    return false;
  }
  route.via = via;
  route.port = on->port;
  return true;
}

PortId Network::FindPort(absl::string_view name) const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i].name == name) return static_cast<PortId>(i);
  }
  return kNoPort;
}

bool Network::CheckUsable(const IpAddress& address, const std::string& path) const {
  const auto at = unusable_.find(address);
  if (at == unusable_.end()) return true;
  reporter_.Report(path, address.ToString(), at->second);
  return false;
}

void Network::Cover(const Prefix& prefix) {
  covered_.emplace(prefix.address, prefix.length);
  (prefix.address.is_v4() ? lengths_v4_[prefix.length] : lengths_v6_[prefix.length]) = true;
}

bool Network::Connects(const IpAddress& address) const {
  return !complete_ || std::any_of(networks_.begin(), networks_.end(), [&address](const PortNetwork& network) {
    return network.prefix.Contains(address);
  });
}

bool Network::Reaches(const IpAddress& address) const {
  if (!complete_) return true;
  for (int length = 0; length <= address.bits(); ++length) {
    const size_t at = static_cast<size_t>(length);
    if (!(address.is_v4() ? lengths_v4_[at] : lengths_v6_[at])) continue;
    const Prefix prefix = Prefix::Of(address, length);
    if (covered_.contains(std::pair(prefix.address, prefix.length))) return true;
  }
  return false;
}

}  // namespace baton::controlplane
