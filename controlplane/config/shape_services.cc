// Address groups and services of shape.h.
#include <absl/strings/str_cat.h>

#include "common/headers.h"
#include "controlplane/config/shape.h"

namespace baton::controlplane {
namespace {

constexpr Choice<ForwardMethod> kForwards[] = {{"destination", ForwardMethod::kDestination},
                                               {"full", ForwardMethod::kFull},
                                               {"direct", ForwardMethod::kDirect},
                                               {"tunnel", ForwardMethod::kTunnel}};
constexpr Choice<Schedule> kSchedules[] = {{"weight", Schedule::kWeight},
                                           {"round_robin", Schedule::kRoundRobin},
                                           {"least_load", Schedule::kLeastLoad},
                                           {"maglev", Schedule::kMaglev}};
constexpr Choice<Application> kApplications[] = {{"ftp", Application::kFtp}};
constexpr Choice<Tunnel::Type> kTunnels[] = {{"ip", Tunnel::Type::kIp}, {"vxlan", Tunnel::Type::kVxlan}};
constexpr Choice<uint8_t> kProtocols[] = {{"tcp", kTcp}, {"udp", kUdp}, {"icmp", kIcmp}};
struct SourcePort {};
constexpr Choice<SourcePort> kIdentities[] = {{"source_port", SourcePort{}},
                                              {"source", std::nullopt},
                                              {"home_address", std::nullopt},
                                              {"interface_id", std::nullopt},
                                              {"spi", std::nullopt}};

GroupDraft ReadGroup(const Node& node, ErrorList& errors) {
  GroupDraft group;
  MapReader map(node, errors);
  map.RequiredValue("name", ParseName, group.name);
  // A listen address without a group is a group named as the address: the two must not meet.
  if (IpAddress::Parse(group.name).ok()) {
    RefuseValue(*map.Optional("name"), errors, Quoted(group.name), "is an address, not a name");
    group.name.clear();
  }
  if (const Node* list = map.Required("external")) {
    for (const Node* child : ReadList(*list, errors)) {
      group.external.push_back(ReadValue(*child, errors, ParseHostAddress).value_or(IpAddress{}));
    }
    if (list->kind == Node::Kind::kList && list->children.empty()) Refuse(*list, errors, "an address is needed");
  }
  if (const Node* list = map.Optional("internal")) {
    for (const Node* child : ReadList(*list, errors)) {
      group.internal.push_back(ReadValue(*child, errors, ParseAddressRange).value_or(AddressRange{}));
    }
  }
  map.Value("prefer", ParseName, group.prefer);
  map.Finish();
  return group;
}

// The port of a listen address or backend. ICMP echo has none.
void ReadPortNumber(const Node* node, ErrorList& errors, uint8_t protocol, uint16_t& port) {
  if (node == nullptr) return;
  if (protocol == kIcmp) {
    RefuseValue(*node, errors, node->text, "is a port, but protocol icmp has none");
  } else if (const auto number = ReadNumber(*node, errors, {1, 65535})) {
    port = static_cast<uint16_t>(*number);
  }
}

// Leaves the protocol 0 when it was refused, and kIcmp for both families.
Endpoint ReadListen(const Node& node, ErrorList& errors) {
  Endpoint listen;
  MapReader map(node, errors);
  map.RequiredValue("address", ParseHostAddress, listen.address);
  if (const Node* protocol = map.Required("protocol")) {
    listen.protocol = ReadWord<uint8_t>(*protocol, errors, kProtocols).value_or(0);
  }
  const bool has_port = listen.protocol == kTcp || listen.protocol == kUdp;
  ReadPortNumber(has_port ? map.Required("port") : map.Optional("port"), errors, listen.protocol, listen.port);
  map.Finish();
  return listen;
}

BackendConfig ReadBackend(const Node& node, ErrorList& errors, const Endpoint& listen) {
  BackendConfig backend;
  backend.port = listen.port;
  MapReader map(node, errors);
  map.RequiredValue("name", ParseName, backend.name);
  map.RequiredValue("address", ParseHostAddress, backend.address);
  ReadPortNumber(map.Optional("port"), errors, listen.protocol, backend.port);
  map.Number("weight", {0, 65535}, backend.weight);
  map.Value("mac", ParseHostMac, backend.mac);
  map.Finish();
  return backend;
}

void ReadTunnel(const Node& node, ErrorList& errors, Tunnel& tunnel) {
  MapReader map(node, errors);
  bool known = false;
  if (const Node* type = map.Required("type")) {
    const std::optional<Tunnel::Type> word = ReadWord<Tunnel::Type>(*type, errors, kTunnels);
    known = word.has_value();
    if (known) tunnel.type = *word;
  }
  map.RequiredValue("source", ParseHostAddress, tunnel.source);
  if (tunnel.type == Tunnel::Type::kVxlan) {
    if (const Node* vni = map.Required("vni")) {
      tunnel.vni = static_cast<uint32_t>(ReadNumber(*vni, errors, {0, 0xffffff}).value_or(0));
    }
    map.Number("port", {1, 65535}, tunnel.port);
  } else {
    for (const char* key : {"vni", "port"}) {
      const Node* unused = map.Optional(key);
      if (unused != nullptr && known) RefuseValue(*unused, errors, unused->text, "is of use only with \"type: vxlan\"");
    }
  }
  map.Finish();
}

// `tunnel` is there when, and only when, the method is.
void ReadTunnelOf(MapReader& map, ErrorList& errors, ServiceConfig& service, const std::string& path) {
  if (service.forward == ForwardMethod::kTunnel) {
    if (const Node* node = map.Required("tunnel")) ReadTunnel(*node, errors, service.tunnel);
  } else if (const Node* node = map.Optional("tunnel")) {
    if (!errors.Refused(path + ".forward")) Refuse(*node, errors, "is of use only with \"forward: tunnel\"");
  }
}

// FTP speaks over TCP and needs a port below its own for data; its rewriting, that both directions pass translation.
void ReadApplication(const Node& node, ErrorList& errors, ServiceConfig& service) {
  const std::optional<Application> word = ReadWord<Application>(node, errors, kApplications);
  if (!word) return;
  service.application = *word;
  const Node& parent = *node.parent;
  const bool translated = service.forward == ForwardMethod::kDestination || service.forward == ForwardMethod::kFull;
  if (!translated) {
    RefuseValue(node, errors, Quoted(node.text), "is of use only with \"forward: destination\" or \"forward: full\"");
  } else if (!errors.Refused(parent.Path() + ".listen") && service.listen.protocol != kTcp) {
    RefuseValue(node, errors, Quoted(node.text), "is of use only with \"protocol: tcp\"");
  } else if (service.listen.port == 1) {
    RefuseValue(node, errors, Quoted(node.text), "needs a listen port above 1: the port below it is for data");
  }
}

void ReadIdentity(const Node& node, ErrorList& errors) {
  const auto& list = ReadList(node, errors);
  if (node.kind == Node::Kind::kList && list.size() != 1) Refuse(node, errors, "only [source_port] is supported yet");
  for (const Node* child : list) ReadWord<SourcePort>(*child, errors, kIdentities);
}

void ReadInternalPorts(const Node& node, ErrorList& errors, ServiceConfig& service) {
  const std::optional<PortRange> range = ReadValue(node, errors, ParsePortRange);
  if (!range) return;
  service.first_port = range->first;
  service.last_port = range->last;
  const bool full = service.forward == ForwardMethod::kFull || errors.Refused(node.parent->Path() + ".forward");
  if (!full) RefuseValue(node, errors, Quoted(node.text), "is of use only with \"forward: full\"");
}

ServiceConfig ReadService(const Node& node, ErrorList& errors) {
  ServiceConfig service;
  MapReader map(node, errors);
  map.RequiredValue("name", ParseName, service.name);
  if (const Node* listen = map.Required("listen")) service.listen = ReadListen(*listen, errors);
  map.Words<ForwardMethod>("forward", kForwards, service.forward);
  ReadTunnelOf(map, errors, service, node.Path());
  map.Words<Schedule>("schedule", kSchedules, service.schedule);
  if (const Node* backends = map.Required("backends")) {
    const auto& list = ReadList(*backends, errors);
    for (const Node* child : list) service.backends.push_back(ReadBackend(*child, errors, service.listen));
    if (backends->kind == Node::Kind::kList && list.empty()) Refuse(*backends, errors, "a backend is needed");
  }
  if (const Node* ports = map.Optional("internal_ports")) ReadInternalPorts(*ports, errors, service);
  if (const Node* application = map.Optional("application")) ReadApplication(*application, errors, service);
  if (const Node* identity = map.Optional("identity")) ReadIdentity(*identity, errors);
  map.NotSupportedYet("health");
  map.Finish();
  if (service.listen.protocol == kIcmp && !service.listen.address.is_v4()) service.listen.protocol = kIcmpv6;
  return service;
}

}  // namespace

std::vector<GroupDraft> ReadGroups(const Node& node, ErrorList& errors) {
  std::vector<GroupDraft> groups;
  for (const Node* child : ReadList(node, errors)) groups.push_back(ReadGroup(*child, errors));
  return groups;
}

std::vector<ServiceConfig> ReadServices(const Node& node, ErrorList& errors) {
  std::vector<ServiceConfig> services;
  for (const Node* child : ReadList(node, errors)) services.push_back(ReadService(*child, errors));
  return services;
}

}  // namespace baton::controlplane
