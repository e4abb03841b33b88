#include "generator/profile/hosts_reader.h"

#include <algorithm>
#include <set>

#include <absl/strings/str_cat.h>

#include "controlplane/config/values.h"
#include "generator/profile/values.h"

namespace baton::generator {

using controlplane::Choice;
using controlplane::ErrorList;
using controlplane::MapReader;
using controlplane::Node;
using controlplane::Refuse;
using controlplane::RefuseValue;

namespace {

constexpr size_t kMostGateways = 64, kMostAlso = 64;
constexpr Choice<bool> kOwnMacs[] = {{"port", false}, {"own", true}};

void ReadAddresses(const Node& node, ErrorList& errors, PortProfile& port) {
  std::set<IpAddress> seen;
  for (const Node* item : OneOrMore(node)) {
    for (const IpAddress& address :
         controlplane::ReadValue(*item, errors, ParseHosts).value_or(std::vector<IpAddress>{})) {
      if (!seen.insert(address).second) {
        RefuseValue(*item, errors, controlplane::Quoted(item->text),
                    absl::StrCat("has ", address.ToString(), ", which is there twice"));
        break;
      }
      port.addresses.push_back(address);
    }
  }
  if (port.addresses.size() > kMostHosts) Refuse(node, errors, absl::StrCat("more than ", kMostHosts, " addresses"));
  if (port.addresses.empty() && !errors.Refused(node.Path()) && node.children.empty() &&
      node.kind == Node::Kind::kList) {
    Refuse(node, errors, "a port without an address has no hosts");
  }
}

// One of each family with `gateway`, and as many as 64 with `gateways`.
void ReadGateways(const Node& node, bool several, ErrorList& errors, PortProfile& port) {
  for (const Node* item : OneOrMore(node)) {
    const auto gateway = controlplane::ReadValue(*item, errors, &IpAddress::Parse);
    if (!gateway) continue;
    for (const IpAddress& other : port.gateways) {
      if (several && other == *gateway) RefuseValue(*item, errors, item->text, "is there twice");
      if (!several && other.family() == gateway->family()) {
        RefuseValue(*item, errors, item->text, "is the second one of its family");
      }
    }
    port.gateways.push_back(*gateway);
  }
  if (port.gateways.size() > kMostGateways) {
    Refuse(node, errors, absl::StrCat("more than ", kMostGateways, " gateways"));
  }
}

// Addresses that each host accepts and none of them answers ARP for, as servers have them that answer past a balancer.
void ReadAlso(const Node& node, ErrorList& errors, PortProfile& port) {
  for (const Node* item : OneOrMore(node)) {
    const auto address = controlplane::ReadValue(*item, errors, &IpAddress::Parse);
    if (!address) continue;
    if (std::find(port.addresses.begin(), port.addresses.end(), *address) != port.addresses.end()) {
      RefuseValue(*item, errors, item->text, "is a host's own address");
    }
    port.also.push_back(*address);
  }
  if (port.also.size() > kMostAlso) Refuse(node, errors, absl::StrCat("more than ", kMostAlso, " addresses"));
  if (!port.own_macs) {
    Refuse(node, errors, "needs macs: own: by its MAC address alone is a host known that answers there");
  }
}

}  // namespace

std::vector<const Node*> OneOrMore(const Node& node) {
  if (node.kind == Node::Kind::kList) return node.children;
  return {&node};
}

void ReadHosts(MapReader& map, ErrorList& errors, PortProfile& port) {
  if (const Node* addresses = map.Required("addresses")) ReadAddresses(*addresses, errors, port);
  map.Words<bool>("macs", kOwnMacs, port.own_macs);
  if (const Node* also = map.Optional("also")) ReadAlso(*also, errors, port);
  const Node* gateway = map.Optional("gateway");
  const Node* gateways = map.Optional("gateways");
  if (gateway != nullptr) ReadGateways(*gateway, false, errors, port);
  if (gateway != nullptr && gateways != nullptr) {
    Refuse(*gateways, errors, "does not go with gateway: hosts are spread over the one list");
  } else if (gateways != nullptr) {
    ReadGateways(*gateways, true, errors, port);
  }
}

}  // namespace baton::generator
