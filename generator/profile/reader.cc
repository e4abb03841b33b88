#include "generator/profile/reader.h"

#include <algorithm>
#include <set>

#include "common/headers.h"
#include "controlplane/config/reader.h"
#include "controlplane/config/values.h"
#include "generator/frame_layout.h"
#include "generator/frame_template.h"
#include "generator/mobile/headers.h"
#include "generator/profile/client_port.h"
#include "generator/profile/esp_reader.h"
#include "generator/profile/hosts_reader.h"
#include "generator/profile/mobile_reader.h"
#include "generator/profile/replay_reader.h"
#include "generator/profile/unanswered_reader.h"
#include "generator/profile/values.h"
#include "generator/serving.h"
#include "generator/stamp.h"

namespace baton::generator {

using controlplane::Choice;
using controlplane::Document;
using controlplane::ErrorList;
using controlplane::MapReader;
using controlplane::Node;
using controlplane::Refuse;
using controlplane::RefuseValue;

namespace {

constexpr size_t kMostPorts = 8, kMostClasses = 64, kMostSizes = 64;
constexpr uint64_t kMostFlows = 64'000'000;
constexpr int64_t kMostResponse = 16 << 20;
constexpr Duration kLongestDuration = std::chrono::hours(24);

constexpr Choice<Role> kRoles[] = {{"clients", Role::kClients}, {"servers", Role::kServers}};
constexpr Choice<Activity> kActivities[] = {
    {"in_turn", Activity::kInTurn}, {"uniform", Activity::kUniform}, {"zipf", Activity::kZipf}};
// Those of unanswered_reader.h are read there, and here only because a wrong word is answered with all right ones.
constexpr Choice<uint8_t> kProtocols[] = {
    {"udp", kUdp}, {"tcp", kTcp}, {"icmp", kIcmp}, {"esp", kEsp}, {"syn_flood", kTcp}, {"malformed", kUdp},
    {"replay", kUdp}};
// "Simple IMIX": 7 to 4 to 1, spread.
constexpr uint16_t kImix[] = {64, 570, 64, 64, 570, 64, 1518, 64, 570, 64, 64, 570};
constexpr Choice<bool> kServices[] = {{"echo", true}};
constexpr Choice<FragmentOrder> kOrders[] = {{"in_order", FragmentOrder::kInOrder},
                                             {"reversed", FragmentOrder::kReversed},
                                             {"shuffled", FragmentOrder::kShuffled}};
constexpr Choice<bool> kCloses[] = {{"fin", false}, {"reset", true}};
constexpr Choice<SearchFor> kSearches[] = {{"throughput", SearchFor::kThroughput}, {"capacity", SearchFor::kCapacity},
                                           {"back_to_back", SearchFor::kBackToBack}};

void ReadServe(const Node& node, ErrorList& errors, PortProfile& port) {
  MapReader map(node, errors);
  map.Words<bool>("udp", kServices, port.serve.echo);
  map.Number("http", {kLeastPage, kMostPage}, port.serve.page);
  map.Finish();
  if (port.role != Role::kServers) Refuse(node, errors, "is for role: servers");
}

PortProfile ReadPort(const Node& node, ErrorList& errors) {
  PortProfile port;
  MapReader map(node, errors);
  map.RequiredValue("name", controlplane::ParseName, port.name);
  map.RequiredValue("device", controlplane::ParseDevice, port.device);
  if (const Node* role = map.Required("role")) {
    port.role = controlplane::ReadWord<Role>(*role, errors, kRoles).value_or(Role::kClients);
  }
  ReadHosts(map, errors, port);
  map.Number("mtu", {576, controlplane::kMostMtu}, port.mtu);
  if (const Node* serve = map.Optional("serve")) ReadServe(*serve, errors, port);
  map.Finish();
  if (const Node* mtu = map.Optional("mtu"); mtu != nullptr && port.mtu + 14 > kFrameRoom) {
    RefuseValue(*mtu, errors, mtu->text, absl::StrCat("is above ", kFrameRoom - 14));
  }
  return port;
}

// A class as it is read, and where: its meaning depends on the ports.
struct FlowDraft {
  FlowProfile flow;
  const Node* node = nullptr;
  const Node* to = nullptr;
  const Node* from = nullptr;
  const Node* count = nullptr;
  const Node* size = nullptr;
  const Node* answer_size = nullptr;
  EspNodes esp = {};
  const Node* fragments = nullptr;
  const Node* mobile = nullptr;
};

// One size, a list of sizes that take turns, or "imix".
void ReadSizes(const Node& node, ErrorList& errors, int64_t most, std::vector<uint16_t>& sizes) {
  sizes.clear();
  if (node.kind == Node::Kind::kScalar && node.text == "imix") {
    sizes.assign(std::begin(kImix), std::end(kImix));
    return;
  }
  for (const Node* item : OneOrMore(node)) {
    sizes.push_back(static_cast<uint16_t>(controlplane::ReadNumber(*item, errors, {64, most}).value_or(64)));
  }
  if (sizes.empty() || sizes.size() > kMostSizes) Refuse(node, errors, absl::StrCat("needs 1..", kMostSizes, " sizes"));
  if (sizes.empty()) sizes = {64};
}

// UDP and echo requests: packets that are answered by packets.
void ReadPackets(MapReader& map, ErrorList& errors, FlowDraft& draft) {
  draft.size = map.Optional("size");
  const bool cut = draft.flow.protocol != kEsp;
  draft.fragments = cut ? map.Optional("fragments") : nullptr;
  const int64_t most = draft.fragments != nullptr ? kLongestDatagram + kFcs : kFrameRoom;
  if (draft.size != nullptr) ReadSizes(*draft.size, errors, most, draft.flow.sizes);
  draft.answer_size = map.Optional("answer_size");
  map.Number("answer_size", {64, most}, draft.flow.answer_size);
  if (!cut) return;
  map.Number("fragments", {kLeastPiece, kFrameRoom - 14}, draft.flow.fragments);
  if (const Node* order = map.Optional("fragment_order")) {
    if (draft.fragments == nullptr) Refuse(*order, errors, "is only with fragments");
    map.Words<FragmentOrder>("fragment_order", kOrders, draft.flow.fragment_order);
  }
}

// `http: /path`: what to ask for; the address alone is the host (RFC 9110, 7.2), as nobody asked a name server.
void ReadHttp(const Node& node, MapReader& map, ErrorList& errors, FlowProfile& flow) {
  const std::string path = controlplane::ReadValue(node, errors, ParsePath).value_or("/");
  const std::string to = flow.to.is_v4() ? flow.to.ToString() : absl::StrCat("[", flow.to.ToString(), "]");
  flow.request_text = absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", to, ":", flow.to_port,
                                   "\r\nUser-Agent: baton-gen\r\nAccept: */*\r\n\r\n");
  flow.tcp.http = true;
  flow.tcp.request = static_cast<uint16_t>(flow.request_text.size());
  for (const char* key : {"request", "response"}) {
    if (const Node* size = map.Optional(key)) Refuse(*size, errors, "is not for http: the path and the server say it");
  }
}

// A request is at most kMostSegments of what an IPv6 packet with an MTU of 1280 can hold.
void ReadTcp(MapReader& map, ErrorList& errors, FlowProfile& flow) {
  constexpr int64_t kSegment = 1280 - 40 - kTcpHeaderLength;
  TcpPlan& plan = flow.tcp;
  if (const Node* http = map.Optional("http")) {
    ReadHttp(*http, map, errors, flow);
  } else {
    map.Number("request", {int64_t{kStampSize}, kSegment * kMostSegments}, plan.request);
    map.Number("response", {int64_t{kStampSize}, kMostResponse}, plan.response);
  }
  map.Number("requests", {1, 10000}, plan.requests);
  if (const Node* close = map.Optional("close")) {
    plan.reset = controlplane::ReadWord<bool>(*close, errors, kCloses).value_or(false);
  }
}

FlowDraft ReadFlow(const Node& node, ErrorList& errors) {
  FlowDraft draft{.flow = {}, .node = &node};
  FlowProfile& flow = draft.flow;
  MapReader map(node, errors);
  map.RequiredValue("name", controlplane::ParseName, flow.name);
  if (const Node* protocol = map.Required("protocol")) {
    flow.protocol = controlplane::ReadWord<uint8_t>(*protocol, errors, kProtocols).value_or(kUdp);
  }
  draft.to = map.Required("to");
  if (draft.to != nullptr) {
    const auto parse = flow.protocol == kIcmp || flow.protocol == kEsp ? ParseEchoTarget : ParseTarget;
    const Target target = controlplane::ReadValue(*draft.to, errors, parse).value_or(Target{});
    flow.to = target.address;
    flow.to_port = target.port;
  }
  draft.from = map.Optional("from");
  draft.count = map.Optional("count");
  map.Number("count", {1, kMostFlows}, flow.count);
  map.RequiredValue("rate", ParseRate, flow.rate);
  if (flow.protocol == kTcp) {
    ReadTcp(map, errors, flow);
  } else {
    ReadPackets(map, errors, draft);
  }
  if (flow.protocol == kEsp) draft.esp = ReadEspKeys(map, errors, flow.esp);
  draft.mobile = map.Optional("mobile");
  if (draft.mobile != nullptr) ReadMobile(*draft.mobile, errors, flow);
  map.Words<Activity>("activity", kActivities, flow.activity);
  if (const Node* exponent = map.Optional("exponent")) {
    if (flow.activity != Activity::kZipf) Refuse(*exponent, errors, "is only for activity: zipf");
    flow.exponent = controlplane::ReadValue(*exponent, errors, ParseExponent).value_or(1);
  }
  map.Finish();
  return draft;
}

// REQUIRES: flow.fragments != 0, and the size fits into a datagram.
void CheckPieces(const Node& at, uint16_t size, const FlowProfile& flow, ErrorList& errors) {
  const int pieces = PiecesOf(flow.to.is_v4(), static_cast<uint16_t>(size - kFcs), flow.fragments);
  if (pieces <= kMostPieces) return;
  RefuseValue(at, errors, absl::StrCat(size),
              absl::StrCat("would be ", pieces, " fragments, more than ", kMostPieces));
}

void CheckSize(const Node* node, uint16_t size, const FlowProfile& flow, const PortProfile& port, ErrorList& errors,
               const Node& otherwise) {
  const int mobile = flow.mobile.on() ? kMobileHeader : 0;
  const int least = ShortestFrame(flow.to.family(), flow.protocol) + mobile + kFcs;
  const int most = flow.fragments != 0 ? kLongestDatagram + kFcs : port.mtu + 14 + kFcs;
  if (size >= least && size <= most) {
    if (flow.fragments != 0) return CheckPieces(node != nullptr ? *node : otherwise, size, flow, errors);
    if (flow.protocol != kEsp || !IsUnevenEsp(size, flow.to.family())) return;
    RefuseValue(node != nullptr ? *node : otherwise, errors, absl::StrCat("size ", size),
                absl::StrCat("is none of ", least, ", ", least + 4, ", ...: ESP is a multiple of 4 bytes"));
    return;
  }
  RefuseValue(node != nullptr ? *node : otherwise, errors, node != nullptr ? node->text : absl::StrCat("size ", size),
              absl::StrCat("is outside ", least, "..", most, ", what a frame of IPv", flow.to.is_v4() ? 4 : 6,
                           " with a stamp takes on port ", port.name));
}

void CheckSizes(const FlowDraft& draft, const PortProfile& port, ErrorList& errors) {
  const FlowProfile& flow = draft.flow;
  const bool listed = draft.size != nullptr && draft.size->children.size() == flow.sizes.size();
  for (size_t i = 0; i < flow.sizes.size(); ++i) {
    CheckSize(listed ? draft.size->children[i] : draft.size, flow.sizes[i], flow, port, errors, *draft.to);
    if (!listed && errors.Refused(draft.size != nullptr ? draft.size->Path() : draft.to->Path())) return;
  }
}

// An echo service tells nothing about connections: both ends have to be ours, or HTTP tells where a response ends.
void CheckServers(const Node& flow, bool http, const Profile& profile, ErrorList& errors) {
  const bool servers = std::any_of(profile.ports.begin(), profile.ports.end(),
                                   [](const PortProfile& port) { return port.role == Role::kServers; });
  if (!servers && !http) Refuse(flow, errors, "protocol: tcp needs a port with role: servers, or http");
  if (servers && http) Refuse(flow, errors, "http is for real servers: no port may have role: servers");
}

// What depends on ports and on other classes.
void Place(FlowDraft& draft, Profile& profile, std::vector<uint64_t>& sources, ErrorList& errors) {
  FlowProfile& flow = draft.flow;
  if (draft.to == nullptr || errors.Refused(draft.to->Path())) return;
  if (!FindClientPort(draft.from, *draft.to, flow.to.family(), profile, errors, &flow.port)) return;
  const PortProfile& port = profile.ports[flow.port];
  if (flow.protocol == kTcp) {
    CheckServers(*draft.node, flow.tcp.http, profile, errors);
    flow.tcp.mss = static_cast<uint16_t>(port.mtu - (flow.to.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header)) -
                                         sizeof(TcpHeader));
  } else {
    if (flow.fragments > port.mtu) {
      RefuseValue(*draft.fragments, errors, draft.fragments->text,
                  absl::StrCat("is above ", port.mtu, ", the mtu of port ", port.name));
    }
    CheckSizes(draft, port, errors);
  }
  if (draft.answer_size != nullptr) CheckSize(draft.answer_size, flow.answer_size, flow, port, errors, *draft.to);
  const auto hosts = std::count_if(port.addresses.begin(), port.addresses.end(),
                                   [&](const IpAddress& a) { return a.family() == flow.to.family(); });
  uint64_t& used = sources[flow.port * 2 + (flow.to.is_v4() ? 0 : 1)];
  flow.first_source = static_cast<uint32_t>(used);
  used += flow.count;
  if (draft.mobile != nullptr) CheckMobile(*draft.mobile, profile, flow, errors);
  const uint64_t most = static_cast<uint64_t>(hosts) * kSourcePorts;
  if (used > most) {
    const Node& at = draft.count != nullptr ? *draft.count : *draft.node;
    RefuseValue(at, errors, absl::StrCat(flow.count),
                absl::StrCat("flows do not fit: the ", hosts, " hosts of port ", port.name, " have ", most,
                             " source ports, ", used, " are wanted"));
  }
}

void ReadLimits(const Node& node, ErrorList& errors, Limits& limits) {
  MapReader map(node, errors);
  const auto read = [&](absl::string_view key, std::optional<Limit>& limit) {
    if (const Node* value = map.Optional(key)) limit = controlplane::ReadValue(*value, errors, ParseLimit);
  };
  read("lost", limits.lost);
  read("duplicated", limits.duplicated);
  read("reordered", limits.reordered);
  read("corrupted", limits.corrupted);
  read("wrong_server", limits.wrong_server);
  read("wrong_address", limits.wrong_address);
  read("failed", limits.failed);
  map.Finish();
}

void ReadImpairment(const Node& node, ErrorList& errors, Impairment& impair) {
  MapReader map(node, errors);
  map.Value("lost", ParseShare, impair.lost);
  map.Value("duplicated", ParseShare, impair.duplicated);
  map.Value("reordered", ParseShare, impair.reordered);
  map.Value("corrupted", ParseShare, impair.corrupted);
  Duration delay{};
  map.Value("delay", controlplane::ParseDuration, delay);
  impair.delay_ns = delay.count();
  map.Finish();
  if (impair.lost + impair.duplicated + impair.reordered + impair.corrupted > 1) {
    Refuse(node, errors, "the shares are more than 100% together");
  }
}

void ReadLoads(const Node& node, ErrorList& errors, SearchProfile& search) {
  for (const Node* item : controlplane::ReadList(node, errors)) {
    const auto load = controlplane::ReadValue(*item, errors, ParseShare);
    if (load && *load <= 0) RefuseValue(*item, errors, item->text, "is no load");
    if (load) search.loads.push_back(*load);
  }
  if (search.what != SearchFor::kThroughput) Refuse(node, errors, "are parts of a throughput, which is not searched");
}

void ReadSearch(const Node& node, ErrorList& errors, Profile& profile) {
  SearchProfile search;
  MapReader map(node, errors);
  if (const Node* what = map.Required("for")) {
    search.what = controlplane::ReadWord<SearchFor>(*what, errors, kSearches).value_or(SearchFor::kThroughput);
  }
  if (const Node* resolution = map.Optional("resolution")) {
    search.resolution = controlplane::ReadValue(*resolution, errors, ParseShare).value_or(search.resolution);
    if (search.resolution < 0.0001 || search.resolution > 0.5) {
      RefuseValue(*resolution, errors, resolution->text, "is outside 0.01%..50%");
    }
  }
  if (const Node* loads = map.Optional("loads")) ReadLoads(*loads, errors, search);
  map.Number("repeat", {1, 1000}, search.repeat);
  if (const Node* repeat = map.Optional("repeat"); repeat != nullptr && search.what != SearchFor::kBackToBack) {
    Refuse(*repeat, errors, "is only for back_to_back");
  }
  map.Finish();
  if (profile.flows.empty()) Refuse(node, errors, "needs flows");
  if (!profile.events.empty()) Refuse(node, errors, "does not go with events: they would happen in each trial");
  if (profile.limits == Limits{}) Refuse(node, errors, "needs limits: they tell whether a trial went well");
  const double seconds = std::chrono::duration<double>(profile.duration).count();
  for (const FlowProfile& flow : profile.flows) {
    if (flow.rate == 0 && search.what != SearchFor::kBackToBack) {
      Refuse(node, errors, absl::StrCat("needs a rate to begin with, flow ", flow.name, " has none"));
    }
    if (search.what == SearchFor::kCapacity && flow.rate > 0 && flow.rate * seconds < flow.count) {
      Refuse(node, errors,
             absl::StrCat("not every flow of ", flow.name, " would send: rate times duration is below count"));
    }
  }
  profile.search = std::move(search);
}

void ReadDuration(MapReader& map, absl::string_view key, Duration least, Duration& field, ErrorList& errors) {
  map.Value(key, controlplane::ParseDuration, field);
  const Node* node = map.Optional(key);
  if (node != nullptr && (field < least || field > kLongestDuration)) {
    RefuseValue(*node, errors, node->text, "is outside what a run can take: up to 24h");
  }
}

// `names`: of the elements of `list`.
void RefuseTwice(const std::vector<std::string>& names, const Node& list, ErrorList& errors) {
  std::set<std::string> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty() && !seen.insert(names[i]).second) {
      RefuseValue(*list.children[i], errors, controlplane::Quoted(names[i]), "is a name that is there twice");
    }
  }
}

void ReadPorts(const Node& node, ErrorList& errors, Profile& profile) {
  const auto& list = controlplane::ReadList(node, errors);
  if (list.empty() || list.size() > kMostPorts) {
    if (node.kind == Node::Kind::kList) Refuse(node, errors, absl::StrCat("needs 1..", kMostPorts, " ports"));
    return;
  }
  uint64_t servers = 0;
  std::vector<std::string> names;
  for (const Node* child : list) {
    profile.ports.push_back(ReadPort(*child, errors));
    names.push_back(profile.ports.back().name);
    if (profile.ports.back().role == Role::kServers) servers += profile.ports.back().addresses.size();
  }
  if (servers >= kServerMask) Refuse(node, errors, absl::StrCat("more than ", kServerMask - 1, " servers"));
  RefuseTwice(names, node, errors);
}

void ReadFlows(const Node& node, ErrorList& errors, Profile& profile) {
  const auto& list = controlplane::ReadList(node, errors);
  if (list.empty() || list.size() > kMostClasses) {
    if (node.kind == Node::Kind::kList) {
      Refuse(node, errors, absl::StrCat("needs 1..", kMostClasses, " classes of flows"));
    }
    return;
  }
  std::vector<uint64_t> sources(profile.ports.size() * 2);
  std::vector<std::string> names;
  std::vector<EspNodes> esp;
  for (const Node* child : list) {
    if (IsUnanswered(*child)) {
      ReadUnanswered(*child, errors, profile);
      names.push_back(profile.unanswered.back().name);
      continue;
    }
    if (IsReplay(*child)) {
      ReadReplay(*child, errors, profile);
      names.push_back(profile.replays.back().name);
      continue;
    }
    FlowDraft draft = ReadFlow(*child, errors);
    Place(draft, profile, sources, errors);
    profile.flows.push_back(std::move(draft.flow));
    names.push_back(profile.flows.back().name);
    esp.push_back(draft.esp);
    esp.back().flow = draft.node;
  }
  CheckEsp(esp, errors, profile);
  if (profile.flow_count() > kMostFlows) {
    Refuse(node, errors, absl::StrCat("more than ", kMostFlows, " flows together"));
  }
  RefuseTwice(names, node, errors);
}

// REQUIRES: the duration is read.
void ReadEvents(const Node& node, ErrorList& errors, Profile& profile) {
  const auto& list = controlplane::ReadList(node, errors);
  if (list.size() > kMostEvents) Refuse(node, errors, absl::StrCat("more than ", kMostEvents, " events"));
  for (const Node* child : list) {
    EventProfile event;
    MapReader map(*child, errors);
    map.RequiredValue("at", controlplane::ParseDuration, event.at);
    if (const Node* run = map.Required("run")) {
      event.run = controlplane::ReadText(*run, errors).value_or("-");
      const bool blank = event.run.find_first_not_of(" \t\n") == std::string::npos;
      if (blank) Refuse(*run, errors, "is no command");
      if (event.run.find('\0') != std::string::npos) Refuse(*run, errors, "has a zero byte");
    }
    map.Finish();
    if (const Node* at = map.Optional("at");
        at != nullptr && event.at >= profile.duration && !errors.Refused("duration")) {
      RefuseValue(*at, errors, at->text, "is not before the end of the duration");
    }
    profile.events.push_back(std::move(event));
  }
  std::stable_sort(profile.events.begin(), profile.events.end(),
                   [](const EventProfile& a, const EventProfile& b) { return a.at < b.at; });
}

void ReadProfile(const Node& root, ErrorList& errors, Profile& profile) {
  MapReader map(root, errors);
  if (const Node* ports = map.Required("ports")) ReadPorts(*ports, errors, profile);
  ReadDuration(map, "duration", std::chrono::milliseconds(1), profile.duration, errors);
  const bool serves = std::any_of(profile.ports.begin(), profile.ports.end(), [](const PortProfile& port) {
    return port.serve.echo || port.serve.page > 0;
  });
  if (const Node* flows = serves ? map.Optional("flows") : map.Required("flows")) {
    if (serves) Refuse(*flows, errors, "does not go with serve: its clients are real ones");
    ReadFlows(*flows, errors, profile);
  }
  ReadDuration(map, "settle", Duration{}, profile.settle, errors);
  map.Number("seed", {0, INT64_MAX}, profile.seed);
  map.Number("cores", {1, kMostCores}, profile.cores);
  map.Value("catch_up", controlplane::ParseDuration, profile.catch_up);
  if (const Node* catch_up = map.Optional("catch_up");
      catch_up != nullptr && profile.catch_up > std::chrono::seconds(1)) {
    RefuseValue(*catch_up, errors, catch_up->text, "is above 1s");
  }
  if (const Node* events = map.Optional("events")) ReadEvents(*events, errors, profile);
  if (const Node* limits = map.Optional("limits")) ReadLimits(*limits, errors, profile.limits);
  if (const Node* impair = map.Optional("impair")) ReadImpairment(*impair, errors, profile.impair);
  if (const Node* search = map.Optional("search")) ReadSearch(*search, errors, profile);
  map.Finish();
}

}  // namespace

uint64_t Profile::flow_count() const {
  uint64_t count = 0;
  for (const FlowProfile& flow : flows) count += flow.count;
  return count;
}

bool Profile::has_tcp() const {
  return std::any_of(flows.begin(), flows.end(), [](const FlowProfile& flow) { return flow.protocol == kTcp; });
}

std::string ProfileResult::Report() const {
  std::string text;
  for (const auto& error : errors) absl::StrAppend(&text, error.ToString(file_name), "\n");
  return text;
}

ProfileResult ParseProfile(absl::string_view text, absl::string_view file_name) {
  ErrorList errors;
  ProfileResult result;
  result.file_name = result.profile.name = std::string(file_name);
  const Document document(text, errors);
  if (document.root() != nullptr) ReadProfile(*document.root(), errors, result.profile);
  result.errors = errors.Take();
  return result;
}

ProfileResult LoadProfile(const std::string& path) {
  const absl::StatusOr<std::string> text = controlplane::ReadDocument(path);
  if (text.ok()) return ParseProfile(*text, path);
  ProfileResult result;
  result.file_name = path;
  result.errors.push_back({1, 1, "", "", std::string(text.status().message())});
  return result;
}

}  // namespace baton::generator
