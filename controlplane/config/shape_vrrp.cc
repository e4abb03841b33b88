// Virtual routers of shape.h.
#include <algorithm>

#include <absl/strings/str_cat.h>

#include "controlplane/config/shape.h"

namespace baton::controlplane {
namespace {

constexpr size_t kMostRouters = 250, kMostAddresses = 64;
constexpr Choice<bool> kYesNo[] = {{"true", true}, {"false", false}};
constexpr Choice<bool> kChecksums[] = {{"pseudo_header", true}, {"message", false}};

TrackConfig ReadTrack(const Node& node, ErrorList& errors) {
  TrackConfig track;
  MapReader map(node, errors);
  int kinds = 0;
  if (const Node* port = map.Optional("port")) {
    ++kinds;
    track.name = ReadValue(*port, errors, ParseName).value_or("");
  }
  if (const Node* service = map.Optional("service")) {
    ++kinds;
    track.kind = TrackConfig::Kind::kService;
    track.name = ReadValue(*service, errors, ParseName).value_or("");
  }
  if (const Node* route = map.Optional("route")) {
    ++kinds;
    if (const auto to = ReadValue(*route, errors, &Prefix::Parse)) {
      track.kind = TrackConfig::Kind::kRoute;
      track.route = *to;
    }
  }
  map.Number("lower_by", {1, 254}, track.lower_by);
  if (kinds != 1 && node.kind == Node::Kind::kMap) {
    Refuse(node, errors, "needs one of the keys \"port\", \"route\" and \"service\"");
  }
  map.Finish();
  return track;
}

// What every unit of the virtual router has the same.
void ReadProtocol(MapReader& map, ErrorList& errors, VirtualRouterConfig& router) {
  if (const Node* id = map.Required("id")) {
    if (const auto number = ReadNumber(*id, errors, {1, 255})) router.id = static_cast<uint8_t>(*number);
  }
  if (const Node* list = map.Required("addresses")) {
    const auto& nodes = ReadList(*list, errors);
    if (list->kind == Node::Kind::kList && (nodes.empty() || nodes.size() > kMostAddresses)) {
      RefuseValue(*list, errors, absl::StrCat(nodes.size()),
                  absl::StrCat("addresses: the number is outside 1..", kMostAddresses));
    } else {
      for (const Node* child : nodes) {
        router.addresses.push_back(ReadValue(*child, errors, ParseRouterAddress).value_or(IpAddress{}));
      }
    }
  }
  map.Number("version", {2, 3}, router.version);
  map.Time("advertise_every", std::chrono::milliseconds(10), router.advertise_every);
  map.Words<bool>("checksum", kChecksums, router.pseudo_header);
  if (const Node* password = map.Optional("password")) router.password = ReadText(*password, errors).value_or("");
}

VirtualRouterConfig ReadVirtualRouter(const Node& node, ErrorList& errors) {
  VirtualRouterConfig router;
  MapReader map(node, errors);
  ReadProtocol(map, errors, router);
  map.RequiredValue("port", ParseName, router.port);
  map.Number("priority", {1, 255}, router.priority);
  map.Words<bool>("preempt", kYesNo, router.preempt);
  map.Time("preempt_delay", Duration{}, router.preempt_delay);
  map.Words<bool>("accept", kYesNo, router.accept);
  if (const Node* track = map.Optional("track")) {
    for (const Node* child : ReadList(*track, errors)) router.track.push_back(ReadTrack(*child, errors));
  }
  if (const Node* sharing = map.Optional("load_sharing")) router.load_sharing = ReadLoadSharing(*sharing, errors);
  map.Finish();
  return router;
}

VirtualRouterConfig ReadServedRouter(const Node& node, ErrorList& errors) {
  VirtualRouterConfig router;
  MapReader map(node, errors);
  ReadProtocol(map, errors, router);
  if (const Node* sharing = map.Required("load_sharing")) {
    router.load_sharing = ReadLoadSharing(*sharing, errors);
    const bool chosen = std::any_of(sharing->children.begin(), sharing->children.end(),
                                    [](const Node* child) { return child->key == "discovery"; });
    if (!chosen) router.load_sharing->arp_scan = true;  // it is no router: it hears little of itself
  }
  map.Finish();
  return router;
}

std::vector<VirtualRouterConfig> ReadRouters(const Node& node, ErrorList& errors,
                                             VirtualRouterConfig (*read)(const Node&, ErrorList&)) {
  std::vector<VirtualRouterConfig> routers;
  const auto& list = ReadList(node, errors);
  if (list.size() > kMostRouters) {
    RefuseValue(node, errors, absl::StrCat(list.size()), absl::StrCat("virtual routers are more than ", kMostRouters));
    return routers;
  }
  for (const Node* child : list) routers.push_back(read(*child, errors));
  return routers;
}

}  // namespace

std::vector<VirtualRouterConfig> ReadVirtualRouters(const Node& node, ErrorList& errors) {
  return ReadRouters(node, errors, &ReadVirtualRouter);
}

std::vector<VirtualRouterConfig> ReadServedRouters(const Node& node, ErrorList& errors) {
  return ReadRouters(node, errors, &ReadServedRouter);
}

}  // namespace baton::controlplane
