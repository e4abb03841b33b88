// The shape of a configuration file: its keys, their types and ranges; docs/configuration.md describes the same. What
// is refused is reported and keeps its default, so that indices here are indices of the file; placeholders are the
// unspecified address and the empty name. Nothing is looked up across objects: that is validate.h. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controlplane/config/config.h"
#include "controlplane/config/reader.h"
#include "controlplane/config/values.h"

namespace baton::controlplane {

// What the file says of a route and an address group before names and ranges are resolved.
struct RouteDraft {
  std::optional<Prefix> to, from;
  std::optional<IpAddress> via;
  std::string port;
  bool complete = true;  // nothing of it was refused
};

struct GroupDraft {
  std::string name;
  std::vector<IpAddress> external;
  std::vector<AddressRange> internal;
  std::string prefer;
};

struct Draft {
  Config config;  // without routes and address groups
  std::vector<RouteDraft> routes;
  std::vector<GroupDraft> groups;
};

Draft ReadDraft(const Node& root, ErrorList& errors);

// The pieces, by file: shape.cc, shape_network.cc, shape_services.cc, shape_vrrp.cc, shape_load_sharing.cc.
void ReadDataplane(const Node& node, ErrorList& errors, DataplaneConfig& dataplane);
std::vector<PortConfig> ReadPorts(const Node& node, ErrorList& errors);
std::vector<RouteDraft> ReadRoutes(const Node& node, ErrorList& errors);
std::vector<GroupDraft> ReadGroups(const Node& node, ErrorList& errors);
std::vector<ServiceConfig> ReadServices(const Node& node, ErrorList& errors);
LoadSharingConfig ReadLoadSharing(const Node& node, ErrorList& errors);
std::vector<VirtualRouterConfig> ReadVirtualRouters(const Node& node, ErrorList& errors);
// As a substitution server has them: without what is a router's own, and with load sharing.
std::vector<VirtualRouterConfig> ReadServedRouters(const Node& node, ErrorList& errors);

}  // namespace baton::controlplane
