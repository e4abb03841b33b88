// Ports and routes of shape.h.
#include <absl/strings/str_cat.h>

#include "controlplane/config/shape.h"

namespace baton::controlplane {
namespace {

constexpr size_t kMaxAddressesPerPort = 64;

std::vector<InterfaceAddress> ReadAddresses(const Node& node, ErrorList& errors) {
  std::vector<InterfaceAddress> addresses;
  const auto& list = ReadList(node, errors);
  if (list.size() > kMaxAddressesPerPort) {
    RefuseValue(node, errors, absl::StrCat(list.size()),
                absl::StrCat("addresses are more than ", kMaxAddressesPerPort));
    return addresses;
  }
  for (const Node* child : list) {
    addresses.push_back(ReadValue(*child, errors, ParseHostNetwork).value_or(InterfaceAddress{}));
  }
  return addresses;
}

PortConfig ReadPort(const Node& node, ErrorList& errors) {
  PortConfig port;
  MapReader map(node, errors);
  map.RequiredValue("name", ParseName, port.name);
  map.RequiredValue("device", ParseDevice, port.device);
  if (const Node* addresses = map.Optional("addresses")) port.addresses = ReadAddresses(*addresses, errors);
  map.Number("mtu", {576, kMostMtu}, port.mtu);
  map.Number("mss", {512, kMostMtu - 40}, port.mss);
  map.Number("vlan", {0, 4094}, port.vlan);
  map.Value("mac", ParseHostMac, port.mac);
  map.Value("kernel", ParseInterfaceName, port.kernel);
  map.Finish();
  return port;
}

RouteDraft ReadRoute(const Node& node, ErrorList& errors) {
  RouteDraft route;
  MapReader map(node, errors);
  if (const Node* to = map.Required("to")) route.to = ReadValue(*to, errors, &Prefix::Parse);
  const Node* via = map.Optional("via");
  if (via != nullptr) route.via = ReadValue(*via, errors, ParseHostAddress);
  const Node* port = map.Optional("port");
  if (port != nullptr) route.port = ReadValue(*port, errors, ParseName).value_or("");
  const Node* from = map.Optional("from");
  if (from != nullptr) route.from = ReadValue(*from, errors, &Prefix::Parse);
  if (via == nullptr && port == nullptr && node.kind == Node::Kind::kMap) {
    Refuse(node, errors, "one of the keys \"via\" and \"port\" is missing");
  }
  route.complete = route.to && (via == nullptr || route.via) && (port == nullptr || !route.port.empty()) &&
                   (from == nullptr || route.from) && (via != nullptr || port != nullptr);
  map.Finish();
  return route;
}

}  // namespace

std::vector<PortConfig> ReadPorts(const Node& node, ErrorList& errors) {
  std::vector<PortConfig> ports;
  const auto& list = ReadList(node, errors);
  if (node.kind == Node::Kind::kList && (list.empty() || list.size() > kMaxPorts)) {
    RefuseValue(node, errors, absl::StrCat(list.size()), absl::StrCat("ports: the number is outside 1..", kMaxPorts));
    return ports;
  }
  for (const Node* child : list) ports.push_back(ReadPort(*child, errors));
  return ports;
}

std::vector<RouteDraft> ReadRoutes(const Node& node, ErrorList& errors) {
  std::vector<RouteDraft> routes;
  for (const Node* child : ReadList(node, errors)) routes.push_back(ReadRoute(*child, errors));
  return routes;
}

}  // namespace baton::controlplane
