#include "controlplane/api/service.h"

#include "controlplane/api/answers.h"
#include "controlplane/api/capture_call.h"
#include "controlplane/api/events_call.h"
#include "controlplane/packet/frame.h"
#include "controlplane/words.h"

namespace baton::controlplane {
namespace {

constexpr size_t kMaxText = 256;     // of a name or an address in a request: it may come back in an error
constexpr size_t kMaxMessage = 1024; // of an error; gRPC's limit for all headers together is 8 KiB

absl::Status CheckText(absl::string_view field, absl::string_view text) {
  if (text.size() <= kMaxText) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", text.size(), " characters are more than the limit of ", kMaxText));
}

absl::Status CheckName(absl::string_view field, absl::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(field, ": is missing"));
  return CheckText(field, text);
}

absl::Status InField(absl::string_view field, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
}

absl::StatusOr<IpAddress> AddressField(absl::string_view field, absl::string_view text) {
  RETURN_IF_ERROR(CheckName(field, text));
  const auto address = IpAddress::Parse(text);
  return address.ok() ? address : InField(field, address.status());
}

absl::Status FilterField(absl::string_view field, absl::string_view text, std::optional<IpAddress>* to) {
  if (text.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(*to, AddressField(field, text));
  return absl::OkStatus();
}

absl::StatusOr<AccessFilter> ReadFilter(const v1::ShowAccessRequest& in, const View& view) {
  AccessFilter filter;
  RETURN_IF_ERROR(FilterField("client", in.client(), &filter.client));
  RETURN_IF_ERROR(FilterField("external", in.external(), &filter.external));
  RETURN_IF_ERROR(FilterField("backend", in.backend(), &filter.backend));
  if (!in.service().empty()) {
    RETURN_IF_ERROR(CheckText("service", in.service()));
    RETURN_IF_ERROR(CheckService(view, in.service()));
    filter.service = in.service();
  }
  filter.limit = in.limit() == 0 ? kDefaultListedRows : in.limit();
  if (filter.limit > kMaxListedRows) {
    return absl::InvalidArgumentError(absl::StrCat("limit: ", filter.limit, " is outside 1..", kMaxListedRows));
  }
  return filter;
}

absl::StatusOr<v1::ShowAccessResponse> ListAccess(Requests& requests, const v1::ShowAccessRequest& in) {
  const auto view = requests.GetView();
  ASSIGN_OR_RETURN(AccessFilter filter, ReadFilter(in, *view));
  const uint32_t limit = filter.limit;
  filter.limit = limit + 1;  // one more tells whether there are more
  ASSIGN_OR_RETURN(const auto rows, requests.ListAccess(filter));
  return AnswerAccess(*view, rows, limit);
}

// One row more than is asked for tells whether there are more.
absl::StatusOr<SharingFilter> ReadSharingFilter(uint32_t id, uint32_t limit) {
  if (id > 255) return absl::InvalidArgumentError(absl::StrCat("group: ", id, " is outside 1..255"));
  if (limit > kMaxListedRows) {
    return absl::InvalidArgumentError(absl::StrCat("limit: ", limit, " is outside 1..", kMaxListedRows));
  }
  return SharingFilter{id, (limit == 0 ? kDefaultListedRows : limit) + 1};
}

absl::StatusOr<v1::ShowConditionsResponse> ListConditions(Requests& requests, const v1::ShowConditionsRequest& in) {
  ASSIGN_OR_RETURN(const SharingFilter filter, ReadSharingFilter(in.id(), in.limit()));
  ASSIGN_OR_RETURN(const auto rows, requests.ListConditions(filter));
  return AnswerConditions(rows, filter.limit - 1);
}

absl::StatusOr<v1::ShowEndSystemsResponse> ListEndSystems(Requests& requests, const v1::ShowEndSystemsRequest& in) {
  ASSIGN_OR_RETURN(const SharingFilter filter, ReadSharingFilter(in.id(), in.limit()));
  ASSIGN_OR_RETURN(const auto rows, requests.ListEndSystems(filter));
  return AnswerEndSystems(rows, filter.limit - 1);
}

absl::Status ApplyMode(Requests& requests, const v1::SetModeRequest& in, v1::SetModeResponse* out) {
  ASSIGN_OR_RETURN(const IpAddress address, AddressField("address", in.address()));
  RETURN_IF_ERROR(CheckName("mode", in.mode()));
  const auto mode = ParseMode(in.mode());
  if (!mode.ok()) return InField("mode", mode.status());
  RETURN_IF_ERROR(requests.SetMode(address, *mode));
  out->set_address(address.ToString());
  out->set_mode(std::string(Word(*mode)));
  return absl::OkStatus();
}

absl::Status ApplyBackend(Requests& requests, const v1::ChangeBackendRequest& in, v1::ChangeBackendResponse* out) {
  RETURN_IF_ERROR(CheckName("service", in.service()));
  RETURN_IF_ERROR(CheckName("backend", in.backend()));
  BackendChange change{.service = in.service(), .backend = in.backend(), .weight = {}, .drain = {}};
  if (in.has_weight()) change.weight = in.weight();
  if (in.has_drain()) change.drain = in.drain();
  if (!change.weight && !change.drain) {
    return absl::InvalidArgumentError("weight: neither a weight nor drain is given, so nothing would change");
  }
  if (change.weight && *change.weight > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("weight: ", *change.weight, " is outside 0..65535"));
  }
  RETURN_IF_ERROR(requests.ChangeBackend(change));
  out->set_service(in.service());
  out->set_backend(in.backend());
  return absl::OkStatus();
}

absl::StatusOr<v1::ReviewVirtualRouterResponse> Review(Requests& requests, const v1::ReviewVirtualRouterRequest& in) {
  ASSIGN_OR_RETURN(const auto reviewing,
                   requests.ReviewRouter({.id = in.id(), .port = in.port(), .family = in.family()}));
  v1::ReviewVirtualRouterResponse out;
  for (const ReviewingUnit& one : reviewing) {
    v1::Reviewing* shown = out.add_reviews();
    shown->set_port(one.port);
    shown->set_family(one.family);
    shown->set_unit(one.unit.ToString());
    shown->set_is_this(one.is_this);
  }
  return out;
}

absl::StatusOr<v1::MoveConditionsResponse> Move(Requests& requests, const v1::MoveConditionsRequest& in) {
  if (in.all() == (in.end_systems_size() > 0)) {
    return absl::InvalidArgumentError("end system: either some are named, or all are meant");
  }
  ConditionMove move{.router = {.id = in.id(), .port = in.port(), .family = {}}, .end_systems = {}, .to = {}};
  ASSIGN_OR_RETURN(move.to, AddressField("unit", in.unit()));
  for (const std::string& text : in.end_systems()) {
    ASSIGN_OR_RETURN(const IpAddress address, AddressField("end system", text));
    move.end_systems.push_back(address);
  }
  ASSIGN_OR_RETURN(const MovedConditions moved, requests.MoveConditions(move));
  v1::MoveConditionsResponse out;
  out.set_moved(moved.count);
  out.set_generation(moved.generation);
  return out;
}

absl::StatusOr<v1::ReloadResponse> Reload(Requests& requests, bool dry_run) {
  ASSIGN_OR_RETURN(const ReloadReport report, requests.Reload(dry_run));
  return AnswerReload(report);
}

absl::StatusOr<PortId> FindPort(const View& view, const std::string& name) {
  RETURN_IF_ERROR(CheckName("port", name));
  std::string names;
  for (size_t i = 0; i < view.ports.size(); ++i) {
    if (view.ports[i].info.name == name) return static_cast<PortId>(i);
    absl::StrAppend(&names, i == 0 ? "" : ", ", view.ports[i].info.name);
  }
  return absl::NotFoundError(absl::StrCat("port: there is no port \"", name, "\"; there are ", names));
}

absl::StatusOr<FrameToExplain> ReadFrame(const v1::ExplainRequest& in, const View& view) {
  FrameToExplain frame;
  if (!in.frame().empty()) {
    ASSIGN_OR_RETURN(frame.port, FindPort(view, in.port()));
    frame.bytes.assign(in.frame().begin(), in.frame().end());
    return frame;
  }
  RETURN_IF_ERROR(CheckName("packet", in.packet()));
  ASSIGN_OR_RETURN(const PacketText packet, ParsePacketText(in.packet()));
  ASSIGN_OR_RETURN(frame.port, FindPort(view, packet.port));
  ASSIGN_OR_RETURN(frame.bytes, BuildFrame(packet, view.ports[frame.port].info));
  return frame;
}

absl::StatusOr<v1::ExplainResponse> Explain(Requests& requests, const v1::ExplainRequest& in) {
  const auto view = requests.GetView();
  ASSIGN_OR_RETURN(const FrameToExplain frame, ReadFrame(in, *view));
  ASSIGN_OR_RETURN(const ExplainedPacket explained, requests.Explain(frame));
  return AnswerExplain(*view, frame, explained);
}

template <typename Answer>
grpc::Status Give(absl::StatusOr<Answer> answer, Answer* out) {
  if (!answer.ok()) return ToGrpc(answer.status());
  *out = *std::move(answer);
  return grpc::Status::OK;
}

}  // namespace

// absl::StatusCode and grpc::StatusCode are the same numbers (google.rpc.Code).
grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()),
                      std::string(status.message().substr(0, kMaxMessage)));
}

grpc::Status AdminService::Status(Context*, In<v1::StatusRequest>, v1::StatusResponse* out) {
  *out = AnswerStatus(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowPorts(Context*, In<v1::ShowPortsRequest>, v1::ShowPortsResponse* out) {
  *out = AnswerPorts(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowWorkers(Context*, In<v1::ShowWorkersRequest>, v1::ShowWorkersResponse* out) {
  *out = AnswerWorkers(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowServices(Context*, In<v1::ShowServicesRequest>, v1::ShowServicesResponse* out) {
  *out = AnswerServices(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowBackends(Context*, In<v1::ShowBackendsRequest> in, v1::ShowBackendsResponse* out) {
  const absl::Status text = CheckText("service", in->service());
  if (!text.ok()) return ToGrpc(text);
  return Give(AnswerBackends(*requests_.GetView(), in->service()), out);
}

grpc::Status AdminService::ShowAccess(Context*, In<v1::ShowAccessRequest> in, v1::ShowAccessResponse* out) {
  return Give(ListAccess(requests_, *in), out);
}

grpc::Status AdminService::ShowRoutes(Context*, In<v1::ShowRoutesRequest>, v1::ShowRoutesResponse* out) {
  *out = AnswerRoutes(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowNeighbors(Context*, In<v1::ShowNeighborsRequest>, v1::ShowNeighborsResponse* out) {
  *out = AnswerNeighbors(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowVirtualRouters(Context*, In<v1::ShowVirtualRoutersRequest>,
                                              v1::ShowVirtualRoutersResponse* out) {
  *out = AnswerVirtualRouters(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowConditions(Context*, In<v1::ShowConditionsRequest> in, v1::ShowConditionsResponse* out) {
  return Give(ListConditions(requests_, *in), out);
}

grpc::Status AdminService::ShowEndSystems(Context*, In<v1::ShowEndSystemsRequest> in, v1::ShowEndSystemsResponse* out) {
  return Give(ListEndSystems(requests_, *in), out);
}

grpc::Status AdminService::ResignVirtualRouter(Context*, In<v1::ResignVirtualRouterRequest> in,
                                               v1::ResignVirtualRouterResponse* out) {
  const absl::StatusOr<int> resigned =
      requests_.ResignRouter({.id = in->id(), .port = in->port(), .family = in->family()});
  if (!resigned.ok()) return ToGrpc(resigned.status());
  out->set_resigned(static_cast<uint32_t>(*resigned));
  return grpc::Status::OK;
}

grpc::Status AdminService::ReviewVirtualRouter(Context*, In<v1::ReviewVirtualRouterRequest> in,
                                               v1::ReviewVirtualRouterResponse* out) {
  return Give(Review(requests_, *in), out);
}

grpc::Status AdminService::MoveConditions(Context*, In<v1::MoveConditionsRequest> in, v1::MoveConditionsResponse* out) {
  return Give(Move(requests_, *in), out);
}

grpc::Status AdminService::ShowDrops(Context*, In<v1::ShowDropsRequest> in, v1::ShowDropsResponse* out) {
  *out = AnswerDrops(*requests_.GetView(), in->all());
  return grpc::Status::OK;
}

grpc::Status AdminService::ShowModes(Context*, In<v1::ShowModesRequest>, v1::ShowModesResponse* out) {
  *out = AnswerModes(*requests_.GetView());
  return grpc::Status::OK;
}

grpc::Status AdminService::SetMode(Context*, In<v1::SetModeRequest> in, v1::SetModeResponse* out) {
  return ToGrpc(ApplyMode(requests_, *in, out));
}

grpc::Status AdminService::ChangeBackend(Context*, In<v1::ChangeBackendRequest> in, v1::ChangeBackendResponse* out) {
  return ToGrpc(ApplyBackend(requests_, *in, out));
}

grpc::Status AdminService::Reload(Context*, In<v1::ReloadRequest> in, v1::ReloadResponse* out) {
  return Give(controlplane::Reload(requests_, in->dry_run()), out);
}

grpc::Status AdminService::Capture(Context* context, In<v1::CaptureRequest> in,
                                   grpc::ServerWriter<v1::CaptureChunk>* out) {
  for (const auto& [name, text] : {std::pair{"port", &in->port()}, std::pair{"filter", &in->filter()}}) {
    const absl::Status status = CheckText(name, *text);
    if (!status.ok()) return ToGrpc(status);
  }
  return ToGrpc(StreamCapture(requests_, *in, *context, *out));
}

grpc::Status AdminService::Events(Context* context, In<v1::EventsRequest> in, grpc::ServerWriter<v1::Event>* out) {
  return ToGrpc(StreamEvents(requests_, *in, followers_, *context, *out));
}

grpc::Status AdminService::WhyNot(Context*, In<v1::WhyNotRequest>, v1::WhyNotResponse* out) {
  const auto view = requests_.GetView();
  if (view->config != nullptr) *out = AnswerWhyNot(FindMistakes(*view->config, *view));
  return grpc::Status::OK;
}

grpc::Status AdminService::Explain(Context*, In<v1::ExplainRequest> in, v1::ExplainResponse* out) {
  return Give(controlplane::Explain(requests_, *in), out);
}

}  // namespace baton::controlplane
