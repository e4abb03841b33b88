#include "tests/dataplane/pipeline/small_box.h"

#include <absl/strings/str_cat.h>

#include "common/headers.h"

namespace baton::dataplane {
namespace {

std::vector<PortInfo> Ports() {
  return {
      {.name = "wan",
       .mac = {{2, 0, 0, 0, 0, 1}},
       .addresses = {{Ip("198.51.100.2"), 24}, {Ip("2001:db8:100::2"), 64}},
       .kernel = "wan0"},
      {.name = "lan", .mac = {{2, 0, 0, 0, 0, 2}}, .addresses = {{Ip("10.0.0.2"), 24}, {Ip("2001:db8:a::2"), 64}}},
      {.name = "tag",
       .mac = {{2, 0, 0, 0, 0, 3}},
       .mtu = 600,
       .vlan = 100,
       .addresses = {{Ip("172.16.0.2"), 24}},
       .kernel = "tag0"},
  };
}

// Appends services with the slots that come next.
class ServiceList {
 public:
  explicit ServiceList(uint16_t weight) : weight_(weight) {}

  void Add(const char* external, Slot address, uint16_t port, uint8_t protocol, ForwardMethod method,
           Schedule schedule = Schedule::kWeight) {
    const bool ipv4 = Ip(external).is_v4();
    Service s;
    s.name = absl::StrCat("s", services.size());
    s.listen = {Ip(external), port, protocol};
    s.method = method;
    s.schedule = schedule;
    s.slot = static_cast<Slot>(services.size());
    s.address_slot = address;
    for (const char* host : {"11", "12"}) {
      s.backends.push_back({.name = host,
                            .address = Ip(absl::StrCat(ipv4 ? "10.0.0." : "2001:db8:a::", host)),
                            .port = port,
                            .weight = weight_,
                            .slot = next_backend_++});
    }
    if (method == ForwardMethod::kFull) {
      s.internals = {{Ip(ipv4 ? "10.0.0.10" : "2001:db8:a::10"), ipv4 ? kInside : kInsideV6}};
      s.first_port = 2011;
      s.last_port = 2030;
    }
    services.push_back(std::move(s));
  }

  std::vector<Service> services;

 private:
  uint16_t weight_;
  Slot next_backend_ = 0;
};

}  // namespace

bool SlowMailbox::Take(Update* update) {
  if (updates.empty() || ready == 0) return false;
  if (ready != SIZE_MAX) --ready;
  *update = updates.front();
  updates.pop_front();
  return true;
}

bool SlowMailbox::Post(const Event& event) {
  if (event_room == 0) return false;
  if (event_room != SIZE_MAX) --event_room;
  events.push_back(event);
  return true;
}

IpAddress Ip(absl::string_view text) { return IpAddress::Parse(text).value(); }

WorkerConfig SmallWorker(const std::string& name) {
  return {
      .name = name,
      .ports = Ports(),
      .access = {.rows = 64, .rows_ipv6 = 32},
      .seed = {},
      .hold = {.packets = 16, .packets_per_address = 8, .bytes_per_address = 4096, .time_limit = 2000},
      .fragments = {.datagrams = 4, .waiting = 6, .time_limit = 1000},
      .port_pools = 4,
      .ftp_connections = 3,
      .neighbors = 12,
      .neighbor_queue = 20,
      .errors_per_second = 100,
      .control_packets_per_second = 100,
      .kernel_packets_per_second = 100,
      .service_slots = 32,
      .backend_slots = 64,
      .address_slots = 16,
  };
}

RouteList SmallRoutes() {
  RouteList routes;
  const std::vector<PortInfo> ports = Ports();
  for (size_t i = 0; i < ports.size(); ++i) {
    for (const InterfaceAddress& a : ports[i].addresses) routes.push_back({a.prefix(), {}, static_cast<PortId>(i)});
  }
  routes.push_back({Prefix::Of(Ip("0.0.0.0"), 0), Ip("198.51.100.1"), kWan});
  routes.push_back({Prefix::Of(Ip("::"), 0), Ip("2001:db8:100::1"), kWan});
  return routes;
}

std::vector<LocalAddress> SmallAddresses(AddressMode moving) {
  std::vector<LocalAddress> addresses = {
      {.address = Ip("198.51.100.10"), .kind = AddressKind::kExternal},
      {.address = Ip("2001:db8:100::10"), .kind = AddressKind::kExternal},
      {.address = Ip("198.51.100.20"), .kind = AddressKind::kExternal, .mode = moving},
      {.address = Ip("198.51.100.30"), .kind = AddressKind::kExternal, .mode = AddressMode::kNone},
      {.address = Ip("10.0.0.10"), .kind = AddressKind::kInternal},
      {.address = Ip("2001:db8:a::10"), .kind = AddressKind::kInternal},
  };
  for (const PortInfo& port : Ports()) {
    for (const InterfaceAddress& a : port.addresses) addresses.push_back({.address = a.address});
  }
  return addresses;
}

std::vector<Service> SmallServices(uint16_t weight) {
  constexpr ForwardMethod kDestination = ForwardMethod::kDestination, kFull = ForwardMethod::kFull;
  ServiceList list(weight);
  for (const auto& [external, slot] : {std::pair{"198.51.100.10", kBothWays}, {"2001:db8:100::10", kBothWaysV6}}) {
    const uint8_t icmp = slot == kBothWays ? kIcmp : kIcmpv6;
    list.Add(external, slot, 80, kTcp, kDestination);
    list.Add(external, slot, 53, kUdp, kDestination, Schedule::kRoundRobin);
    list.Add(external, slot, 0, icmp, kDestination, Schedule::kLeastLoad);
    list.Add(external, slot, 81, kTcp, kFull);
    list.Add(external, slot, 54, kUdp, kFull);
  }
  list.Add("198.51.100.20", kMoving, 53, kUdp, kDestination);
  // A backend of a `destination` service names one external address only: its replies must find their way back.
  for (Backend& backend : list.services.back().backends) backend.port = 5353;
  for (const auto& [external, slot] : {std::pair{"198.51.100.10", kBothWays}, {"2001:db8:100::10", kBothWaysV6}}) {
    for (const auto& [port, method] : {std::pair{uint16_t{21}, kDestination}, {uint16_t{2121}, kFull}}) {
      list.Add(external, slot, port, kTcp, method);
      list.services.back().application = Application::kFtp;
    }
  }
  for (const auto& [external, slot] : {std::pair{"198.51.100.10", kBothWays}, {"2001:db8:100::10", kBothWaysV6}}) {
    const IpAddress source = Ip(slot == kBothWays ? "10.0.0.2" : "2001:db8:a::2");
    list.Add(external, slot, 82, kTcp, ForwardMethod::kDirect);
    list.Add(external, slot, 55, kUdp, ForwardMethod::kTunnel);
    list.services.back().tunnel = {.type = Tunnel::Type::kIp, .source = source};
    list.Add(external, slot, 83, kTcp, ForwardMethod::kTunnel);
    list.services.back().tunnel = {.type = Tunnel::Type::kVxlan, .source = source, .vni = 7};
  }
  return std::move(list.services);
}

}  // namespace baton::dataplane
