// `load_sharing` of a virtual router, of shape.h.
#include <absl/strings/str_cat.h>

#include "controlplane/config/shape.h"

namespace baton::controlplane {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMostUnits = 64, kMostEndSystems = 65536;
constexpr size_t kLeastKey = 16;  // characters
using Mode = LoadSharingConfig::HandOver;
constexpr Choice<Mode> kModes[] = {{"timer", Mode::kTimer}, {"sequence", Mode::kSequence}, {"exact", Mode::kExact}};
using Delivery = LoadSharingConfig::Delivery;
constexpr Choice<Delivery> kDeliveries[] = {{"shared", Delivery::kShared}, {"directed", Delivery::kDirected}};
using Format = LoadSharingConfig::AdvertFormat;
constexpr Choice<Format> kFormats[] = {{"rfc", Format::kRfc}, {"unit-list", Format::kUnitList}};
using Method = bool LoadSharingConfig::*;
constexpr Choice<Method> kMethods[] = {{"passive", &LoadSharingConfig::passive},
                                       {"static", nullptr},  // always
                                       {"arp_scan", &LoadSharingConfig::arp_scan},
                                       {"icmp_echo", &LoadSharingConfig::icmp_echo},
                                       {"icmp_info", &LoadSharingConfig::icmp_info},
                                       {"whole_subnet", &LoadSharingConfig::whole_subnet}};

std::vector<IpAddress> ReadAddresses(const Node& node, ErrorList& errors, Limits count) {
  std::vector<IpAddress> addresses;
  const auto& list = ReadList(node, errors);
  const int64_t size = static_cast<int64_t>(list.size());
  if (node.kind == Node::Kind::kList && (size < count.least || size > count.most)) {
    RefuseValue(node, errors, absl::StrCat(size),
                absl::StrCat("addresses: the number is outside ", count.least, "..", count.most));
    return addresses;
  }
  for (const Node* child : list) {
    addresses.push_back(ReadValue(*child, errors, ParseRouterAddress).value_or(IpAddress{}));
  }
  return addresses;
}

void ReadDiscovery(const Node& node, ErrorList& errors, LoadSharingConfig& sharing) {
  for (const Choice<Method>& word : kMethods) {
    if (*word.value != nullptr) sharing.**word.value = false;
  }
  for (const Node* child : ReadList(node, errors)) {
    const std::optional<Method> method = ReadWord<Method>(*child, errors, kMethods);
    if (method && *method != nullptr) sharing.**method = true;
  }
}

}  // namespace

LoadSharingConfig ReadLoadSharing(const Node& node, ErrorList& errors) {
  LoadSharingConfig sharing;
  MapReader map(node, errors);
  if (const Node* routers = map.Required("routers")) sharing.routers = ReadAddresses(*routers, errors, {2, kMostUnits});
  map.Value("server", ParseRouterAddress, sharing.server);
  map.Words<Delivery>("delivery", kDeliveries, sharing.delivery);
  map.Words<Format>("advert_format", kFormats, sharing.advert_format);
  const Node* hand_over = map.Optional("hand_over");
  if (hand_over != nullptr && sharing.delivery == Delivery::kDirected) {
    Refuse(*hand_over, errors, "is for shared delivery: in directed delivery every router forwards what reaches it");
  } else if (hand_over != nullptr) {
    sharing.hand_over = ReadWord<Mode>(*hand_over, errors, kModes).value_or(sharing.hand_over);
  }
  if (const Node* discovery = map.Optional("discovery")) ReadDiscovery(*discovery, errors, sharing);
  if (const Node* list = map.Optional("end_systems")) {
    sharing.end_systems = ReadAddresses(*list, errors, {0, kMostEndSystems});
  }
  if (const Node* list = map.Optional("other_routers")) {
    sharing.other_routers = ReadAddresses(*list, errors, {0, kMostUnits});
  }
  if (const Node* key = map.Optional("key")) {
    sharing.key = ReadText(*key, errors).value_or("");
    if (sharing.key.size() < kLeastKey) Refuse(*key, errors, absl::StrCat("has less than ", kLeastKey, " characters"));
  }
  map.Number("key_id", {0, 255}, sharing.key_id);
  map.Number("imbalance", {1, 1000}, sharing.imbalance);
  map.Number("flow_threshold", {0, int64_t{1} << 50}, sharing.flow_threshold);
  map.Number("overflow_threshold", {0, 1'000'000'000}, sharing.overflow_threshold);
  map.Time("review_every", Duration{}, sharing.review_every);
  map.Time("hold_off", milliseconds(100), sharing.hold_off);
  map.Time("start_delay", milliseconds(1), sharing.start_delay);
  map.Time("server_start_delay", milliseconds(1), sharing.server_start_delay);
  map.Time("skew", milliseconds(1), sharing.skew);
  map.Time("average_over", milliseconds(100), sharing.average_over);
  map.Finish();
  return sharing;
}

}  // namespace baton::controlplane
