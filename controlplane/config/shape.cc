#include "controlplane/config/shape.h"

#include <absl/strings/str_cat.h>

#include "common/counters.h"

namespace baton::controlplane {
namespace {

constexpr Choice<Polling> kPollings[] = {{"busy", Polling::kBusy}, {"adaptive", Polling::kAdaptive}};

// A duration within limits that workers can count in wrapping milliseconds (time_point.h: less than 24 days).
std::optional<Duration> ReadDuration(const Node& node, ErrorList& errors, absl::string_view longest_text) {
  const std::optional<Duration> value = ReadValue(node, errors, ParseDuration);
  if (!value) return std::nullopt;
  const Duration longest = ParseDuration(longest_text).value();
  if (*value >= std::chrono::milliseconds(1) && *value <= longest) return value;
  RefuseValue(node, errors, node.text, absl::StrCat("is outside 1ms..", longest_text));
  return std::nullopt;
}

void ReadHold(const Node& node, ErrorList& errors, HoldConfig& hold) {
  MapReader map(node, errors);
  map.Number("packets", {0, 16'777'216}, hold.packets);
  map.Number("packets_per_address", {1, 16'777'216}, hold.packets_per_address);
  map.Number("bytes_per_address", {1, int64_t{1} << 40}, hold.bytes_per_address);
  if (const Node* limit = map.Optional("time_limit")) {
    if (const auto value = ReadDuration(*limit, errors, "1h")) hold.time_limit = *value;
  }
  map.Finish();
}

void ReadFragments(const Node& node, ErrorList& errors, FragmentsConfig& fragments) {
  MapReader map(node, errors);
  map.Number("datagrams", {1, 1'000'000}, fragments.datagrams);
  map.Number("waiting", {0, 1'000'000}, fragments.waiting);
  if (const Node* limit = map.Optional("time_limit")) {
    if (const auto value = ReadDuration(*limit, errors, "1m")) fragments.time_limit = *value;
  }
  map.Finish();
}

void ReadTimeouts(const Node& node, ErrorList& errors, Timeouts& timeouts) {
  static constexpr std::pair<absl::string_view, RowState> kKeys[] = {
      {"tcp_syn", RowState::kTcpSyn},     {"tcp_established", RowState::kTcpEstablished},
      {"tcp_fin", RowState::kTcpFin},     {"tcp_time_wait", RowState::kTcpTimeWait},
      {"tcp_reset", RowState::kTcpReset}, {"udp", RowState::kUdp},
      {"icmp", RowState::kIcmp},
  };
  static_assert(std::size(kKeys) == kRowStates);
  MapReader map(node, errors);
  for (const auto& [key, state] : kKeys) {
    const Node* child = map.Optional(key);
    if (child == nullptr) continue;
    if (const auto value = ReadDuration(*child, errors, "168h")) {
      timeouts.ms[static_cast<size_t>(state)] = ToMillis(*value);
    }
  }
  map.Finish();
}

void ReadWorkers(const Node& node, ErrorList& errors, int& workers) {
  if (const auto count = ReadNumber(node, errors, {1, kMaxWorkers})) workers = static_cast<int>(*count);
}

void ReadApi(const Node& node, ErrorList& errors, ApiConfig& api) {
  MapReader map(node, errors);
  map.Value("socket", ParseSocketPath, api.socket);
  map.Value("metrics", ParseListenText, api.metrics);
  map.Finish();
}

void ReadDpdk(const Node& node, ErrorList& errors, std::vector<std::string>& arguments) {
  MapReader map(node, errors);
  if (const Node* list = map.Optional("eal_arguments")) {
    for (const Node* child : ReadList(*list, errors)) {
      const auto text = ReadText(*child, errors);
      if (!text) continue;
      // "--" would end EAL's options; a zero byte would cut one.
      const bool fit = !text->empty() && *text != "--" && text->find('\0') == std::string::npos;
      if (!fit) RefuseValue(*child, errors, Quoted(*text), "is not an EAL argument");
      arguments.push_back(*text);
    }
  }
  map.Finish();
}

}  // namespace

void ReadDataplane(const Node& node, ErrorList& errors, DataplaneConfig& dataplane) {
  MapReader map(node, errors);
  if (const Node* workers = map.Optional("workers")) ReadWorkers(*workers, errors, dataplane.workers);
  map.Words<Polling>("polling", kPollings, dataplane.polling);
  map.Number("access_rows", {1, 100'000'000}, dataplane.access_rows);
  map.Number("access_rows_ipv6", {0, 100'000'000}, dataplane.access_rows_ipv6);
  map.Number("port_pools", {1, 1'000'000}, dataplane.port_pools);
  map.Number("neighbors", {1, 1'000'000}, dataplane.neighbors);
  map.Number("neighbor_queue", {1, 1'000'000}, dataplane.neighbor_queue);
  map.Number("packet_buffers", {1024, 16'777'216}, dataplane.packet_buffers);
  map.Number("errors_per_second", {0, 10'000'000}, dataplane.errors_per_second);
  map.Number("control_packets_per_second", {1, 10'000'000}, dataplane.control_packets_per_second);
  map.Number("kernel_packets_per_second", {1, 10'000'000}, dataplane.kernel_packets_per_second);
  map.Number("conditions", {0, 2'000'000}, dataplane.conditions);
  map.Number("hand_over_packets", {0, 1'000'000}, dataplane.hand_over_packets);
  if (const Node* hold = map.Optional("hold")) ReadHold(*hold, errors, dataplane.hold);
  if (const Node* fragments = map.Optional("fragments")) ReadFragments(*fragments, errors, dataplane.fragments);
  if (const Node* timeouts = map.Optional("timeouts")) ReadTimeouts(*timeouts, errors, dataplane.timeouts);
  map.Finish();
}

Draft ReadDraft(const Node& root, ErrorList& errors) {
  Draft draft;
  Config& config = draft.config;
  MapReader map(root, errors);
  if (const Node* node = map.Optional("node")) {
    MapReader node_map(*node, errors);
    node_map.RequiredValue("name", ParseName, config.node);
    node_map.Finish();
  }
  if (const Node* dataplane = map.Optional("dataplane")) ReadDataplane(*dataplane, errors, config.dataplane);
  if (const Node* api = map.Optional("api")) ReadApi(*api, errors, config.api);
  if (const Node* dpdk = map.Optional("dpdk")) ReadDpdk(*dpdk, errors, config.eal_arguments);
  if (const Node* ports = map.Required("ports")) config.ports = ReadPorts(*ports, errors);
  if (const Node* routes = map.Optional("routes")) draft.routes = ReadRoutes(*routes, errors);
  if (const Node* groups = map.Optional("address_groups")) draft.groups = ReadGroups(*groups, errors);
  if (const Node* services = map.Optional("services")) config.services = ReadServices(*services, errors);
  if (const Node* routers = map.Optional("virtual_routers")) {
    config.virtual_routers = ReadVirtualRouters(*routers, errors);
  }
  for (const absl::string_view key : {"cluster", "mobility"}) map.NotSupportedYet(key);
  map.Finish();
  return draft;
}

}  // namespace baton::controlplane
