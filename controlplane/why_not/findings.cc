#include "controlplane/why_not/findings.h"

#include <algorithm>
#include <set>

#include <absl/strings/str_cat.h>

namespace baton::controlplane {
namespace {

using Severity = Finding::Severity;

bool OneWay(const ServiceConfig& service) {
  return service.forward == ForwardMethod::kDirect || service.forward == ForwardMethod::kTunnel;
}

const Route* RouteTo(const Config& config, const IpAddress& address) {
  const Route* best = nullptr;
  for (const Route& route : config.routes) {
    if (route.from.length > 0 || !route.to.Contains(address)) continue;
    if (best == nullptr || route.to.length > best->to.length) best = &route;
  }
  return best;
}

const Route* DefaultRoute(const Config& config, Family family) {
  for (const Route& route : config.routes) {
    if (route.to.length == 0 && route.to.address.family() == family) return &route;
  }
  return nullptr;
}

std::string OwnAddress(const PortConfig& port, Family family) {
  for (const InterfaceAddress& a : port.addresses) {
    if (a.address.family() == family) return a.address.ToString();
  }
  return "the box";
}

class Search {
 public:
  Search(const Config& config, const View& view) : config_(config), view_(view) {}

  std::vector<Finding> All() {
    Ports();
    Conflicts();
    ReturnRoutes();
    Gateways();
    for (size_t i = 0; i < config_.services.size(); ++i) Service(config_.services[i], i);
    Modes();
    Fill();
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
    return std::move(found_);
  }

 private:
  const std::string& PortName(PortId port) const { return config_.ports[port].name; }

  void Add(Severity severity, std::string object, std::string problem, std::string change) {
    found_.push_back({severity, std::move(object), std::move(problem), std::move(change)});
  }

  void Ports() {
    for (const PortView& port : view_.ports) {
      if (port.link_up) continue;
      Add(Severity::kError, absl::StrCat("port ", port.info.name), "has no link",
          "Look at the cable, the switch, or the other end of a veth pair.");
    }
  }

  // Overlaps within the configuration are refused when it is loaded.
  void Conflicts() {
    if (view_.control.address_conflicts > 0) {
      Add(Severity::kWarning, "addresses",
          absl::StrCat("other stations claimed an address of the box ", view_.control.address_conflicts, " times"),
          "Find the station by the log; take the address from it, or out of the configuration.");
    }
  }

  // Without a default route only hosts of listed networks get an answer.
  void ReturnRoutes() {
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      const auto answered = [&](const ServiceConfig& s) { return s.listen.address.family() == family && !OneWay(s); };
      if (std::none_of(config_.services.begin(), config_.services.end(), answered)) continue;
      if (DefaultRoute(config_, family) != nullptr) continue;
      Add(Severity::kWarning, "routes",
          absl::StrCat("there is no default route for IPv", static_cast<int>(family),
                       ": clients outside the listed networks get no answer (no_route)"),
          absl::StrCat("Add {to: ", family == Family::kIpv4 ? "0.0.0.0/0" : "\"::/0\"",
                       ", via: the clients' gateway, port: its port} to routes, unless all clients are listed."));
    }
  }

  const NeighborView* NeighborOf(PortId port, const IpAddress& address) const {
    for (const NeighborView& n : view_.neighbors) {
      if (n.port == port && n.address == address) return &n;
    }
    return nullptr;
  }

  void CheckNeighbor(const std::string& object, PortId port, const IpAddress& address) {
    const NeighborView* neighbor = NeighborOf(port, address);
    if (neighbor == nullptr || (neighbor->state != "failed" && neighbor->state != "incomplete")) return;
    Add(Severity::kError, object,
        absl::StrCat(address.ToString(), " does not answer ", address.is_v4() ? "ARP" : "neighbour discovery",
                     " on port ", PortName(port)),
        "See that it is up, in the same VLAN as the port, and has this address.");
  }

  void Gateways() {
    std::set<std::pair<PortId, IpAddress>> seen;
    for (const Route& route : config_.routes) {
      if (route.connected() || !seen.insert({route.port, route.via}).second) continue;
      CheckNeighbor(absl::StrCat("route ", route.to.ToString()), route.port, route.via);
    }
  }

  void Service(const ServiceConfig& service, size_t index) {
    Weights(service, index);
    for (const BackendConfig& backend : service.backends) {
      const Route* route = RouteTo(config_, backend.address);
      if (route == nullptr) continue;  // validation refuses it
      const std::string object = absl::StrCat("backend ", service.name, "/", backend.name);
      if (route->connected()) CheckNeighbor(object, route->port, backend.address);
      WayBack(service, backend, *route, object);
    }
    Mtu(service);
  }

  void Weights(const ServiceConfig& service, size_t index) {
    bool any = false;
    const bool live = index < view_.services.size() && view_.services[index].name == service.name;
    if (live) {
      for (const BackendView& b : view_.services[index].backends) any |= b.weight > 0;
    } else {
      for (const BackendConfig& b : service.backends) any |= b.weight > 0;
    }
    if (any) return;
    Add(Severity::kError, absl::StrCat("service ", service.name),
        "no backend takes new connections: all are drained or have weight 0",
        absl::StrCat("batonctl backend ", service.name, " NAME enable, or weight N."));
  }

  // Of what does not come back through the box nothing can be translated back.
  void WayBack(const ServiceConfig& service, const BackendConfig& backend, const Route& route,
               const std::string& object) {
    const std::string port = PortName(route.port);
    const std::string own = OwnAddress(config_.ports[route.port], backend.address.family());
    switch (service.forward) {
      case ForwardMethod::kDestination:
        if (route.connected()) {
          Add(Severity::kCheck, object, "its answers must come back through the box (forward: destination)",
              absl::StrCat("Its default route, or the one to the clients, must lead to ", own, "."));
        } else {
          Add(Severity::kWarning, object,
              absl::StrCat("is behind the gateway ", route.via.ToString(),
                           ": its answers come back through the box only if "
                           "every router on the way sends them to it"),
              absl::StrCat("Use forward: full, or lead the clients' addresses to ", own, " on all these routers."));
        }
        return;
      case ForwardMethod::kFull: Internals(service, route, own, object); return;
      case ForwardMethod::kDirect:
        Add(Severity::kCheck, object,
            "must have the service's address itself and answer past the box (forward: direct)",
            absl::StrCat("On the backend: ip address add ", service.listen.address.ToString(), "/",
                         service.listen.address.bits(), " dev lo, and no ARP answers for it."));
        return;
      case ForwardMethod::kTunnel:
        Add(Severity::kCheck, object, "must take tunnel packets and have the service's address (forward: tunnel)",
            absl::StrCat("On the backend: a tunnel device for packets from ", service.tunnel.source.ToString(),
                         ", and ", service.listen.address.ToString(), " on lo."));
        return;
    }
  }

  void Internals(const ServiceConfig& service, const Route& route, const std::string& own, const std::string& object) {
    for (const AddressGroupConfig& group : config_.address_groups) {
      if (group.name != service.group) continue;
      for (const IpAddress& internal : group.internal) {
        const Route* back = RouteTo(config_, internal);
        const bool on_link = route.connected() && back != nullptr && back->connected() && back->port == route.port;
        if (on_link || internal.family() != route.to.address.family()) continue;
        Add(Severity::kCheck, object,
            absl::StrCat("the internal address ", internal.ToString(), " is not in a network that the backend is in"),
            absl::StrCat("The backend's way to ", internal.ToString(), " must lead to ", own, "."));
        return;
      }
    }
  }

  // Clients come in on the port of the default route, or where the address is.
  void Mtu(const ServiceConfig& service) {
    const Family family = service.listen.address.family();
    const Route* in = DefaultRoute(config_, family);
    if (in == nullptr) in = RouteTo(config_, service.listen.address);
    if (in == nullptr) return;
    std::set<PortId> seen;
    for (const BackendConfig& backend : service.backends) {
      const Route* out = RouteTo(config_, backend.address);
      if (out == nullptr || !seen.insert(out->port).second) continue;
      int mtu = config_.ports[out->port].mtu;
      if (service.forward == ForwardMethod::kTunnel) mtu -= TunnelBytes(service);
      const int from = config_.ports[in->port].mtu;
      if (mtu >= from) continue;
      Add(Severity::kWarning, absl::StrCat("service ", service.name),
          absl::StrCat("packets of up to ", from, " bytes come in on port ", PortName(in->port), ", but only ", mtu,
                       " fit the way out on port ", PortName(out->port), service.forward == ForwardMethod::kTunnel
                                                                              ? " within the tunnel" : ""),
          absl::StrCat("Raise the MTU of port ", PortName(out->port), " and of what is behind it, or see that ICMP ",
                       "\"packet too big\" reaches the clients; TCP is helped by the MSS clamp."));
    }
  }

  static int TunnelBytes(const ServiceConfig& service) {
    const int outer = service.tunnel.source.is_v4() ? 20 : 40;
    return service.tunnel.type == Tunnel::Type::kVxlan ? outer + 8 + 8 + 14 : outer;
  }

  void Modes() {
    for (const AddressView& a : view_.addresses) {
      if (a.address.kind == AddressKind::kOwn || a.address.mode == AddressMode::kNormal) continue;
      const bool none = a.address.mode == AddressMode::kNone;
      Add(none ? Severity::kError : Severity::kWarning, absl::StrCat("address ", a.address.address.ToString()),
          none ? "is in mode none: its packets are refused here" : "is in mode migration: its packets are held",
          absl::StrCat("batonctl mode ", a.address.address.ToString(), " normal, unless another box has it."));
    }
  }

  void CheckFill(const std::string& worker, const char* what, uint64_t used, uint64_t capacity, const char* key) {
    if (capacity == 0 || used * 10 < capacity * 9) return;
    Add(used >= capacity ? Severity::kError : Severity::kWarning, worker,
        absl::StrCat(what, ": ", used, " of ", capacity, " are in use"),
        absl::StrCat("Raise dataplane.", key, " (restart), or find who needs so many."));
  }

  void Fill() {
    for (const WorkerView& w : view_.workers) {
      const std::string name = absl::StrCat("worker ", w.index);
      const WorkerCounters& c = *w.counters;
      CheckFill(name, "rows of the access table", c.rows.Get(), w.rows_capacity, "access_rows");
      CheckFill(name, "IPv6 rows of the access table", c.rows_ipv6.Get(), w.rows_capacity_ipv6, "access_rows_ipv6");
      CheckFill(name, "port pools", c.port_pools.Get(), w.port_pools_capacity, "port_pools");
      CheckFill(name, "neighbours", c.neighbors.Get(), w.neighbors_capacity, "neighbors");
      CheckFill(name, "held packets", c.held.Get(), w.hold_capacity, "hold.packets");
      CheckFill(name, "datagrams in pieces", c.fragments.Get(), w.fragments_capacity, "fragments.datagrams");
    }
    CheckFill("buffers", "packet buffers", view_.buffers_in_use, view_.buffers_capacity, "packet_buffers");
  }

  const Config& config_;
  const View& view_;
  std::vector<Finding> found_;
};

}  // namespace

absl::string_view Word(Finding::Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kCheck: break;
  }
  return "check";
}

std::vector<Finding> FindMistakes(const Config& config, const View& view) { return Search(config, view).All(); }

}  // namespace baton::controlplane
