// The gRPC service of proto/baton.proto: checks what a request says, asks the control thread or the last view, answers.
// Runs on gRPC's threads, several at once; holds no state of its own but
// how many follow the events.
#pragma once

#include <atomic>

#include <baton.grpc.pb.h>

#include "common/status.h"
#include "controlplane/requests.h"

namespace baton::controlplane {

// Rows that one ShowAccess may ask for, and the messages that carry so many.
inline constexpr uint32_t kMaxListedRows = 100'000;
inline constexpr uint32_t kDefaultListedRows = 1000;
inline constexpr int kMaxRequestBytes = 16 << 10;
inline constexpr int kMaxAnswerBytes = 64 << 20;

class AdminService final : public v1::Admin::Service {
 public:
  explicit AdminService(Requests& requests) : requests_(requests) {}

  template <typename M> using In = const M*;
  using Context = grpc::ServerContext;

  grpc::Status Status(Context*, In<v1::StatusRequest>, v1::StatusResponse*) override;
  grpc::Status ShowPorts(Context*, In<v1::ShowPortsRequest>, v1::ShowPortsResponse*) override;
  grpc::Status ShowWorkers(Context*, In<v1::ShowWorkersRequest>, v1::ShowWorkersResponse*) override;
  grpc::Status ShowServices(Context*, In<v1::ShowServicesRequest>, v1::ShowServicesResponse*) override;
  grpc::Status ShowBackends(Context*, In<v1::ShowBackendsRequest>, v1::ShowBackendsResponse*) override;
  grpc::Status ShowAccess(Context*, In<v1::ShowAccessRequest>, v1::ShowAccessResponse*) override;
  grpc::Status ShowRoutes(Context*, In<v1::ShowRoutesRequest>, v1::ShowRoutesResponse*) override;
  grpc::Status ShowNeighbors(Context*, In<v1::ShowNeighborsRequest>, v1::ShowNeighborsResponse*) override;
  grpc::Status ShowVirtualRouters(Context*, In<v1::ShowVirtualRoutersRequest>,
                                  v1::ShowVirtualRoutersResponse*) override;
  grpc::Status ShowConditions(Context*, In<v1::ShowConditionsRequest>, v1::ShowConditionsResponse*) override;
  grpc::Status ShowEndSystems(Context*, In<v1::ShowEndSystemsRequest>, v1::ShowEndSystemsResponse*) override;
  grpc::Status ResignVirtualRouter(Context*, In<v1::ResignVirtualRouterRequest>,
                                   v1::ResignVirtualRouterResponse*) override;
  grpc::Status ReviewVirtualRouter(Context*, In<v1::ReviewVirtualRouterRequest>,
                                   v1::ReviewVirtualRouterResponse*) override;
  grpc::Status MoveConditions(Context*, In<v1::MoveConditionsRequest>, v1::MoveConditionsResponse*) override;
  grpc::Status ShowDrops(Context*, In<v1::ShowDropsRequest>, v1::ShowDropsResponse*) override;
  grpc::Status ShowModes(Context*, In<v1::ShowModesRequest>, v1::ShowModesResponse*) override;
  grpc::Status SetMode(Context*, In<v1::SetModeRequest>, v1::SetModeResponse*) override;
  grpc::Status ChangeBackend(Context*, In<v1::ChangeBackendRequest>, v1::ChangeBackendResponse*) override;
  grpc::Status Reload(Context*, In<v1::ReloadRequest>, v1::ReloadResponse*) override;
  grpc::Status Capture(Context*, In<v1::CaptureRequest>, grpc::ServerWriter<v1::CaptureChunk>*) override;
  grpc::Status Events(Context*, In<v1::EventsRequest>, grpc::ServerWriter<v1::Event>*) override;
  grpc::Status WhyNot(Context*, In<v1::WhyNotRequest>, v1::WhyNotResponse*) override;
  grpc::Status Explain(Context*, In<v1::ExplainRequest>, v1::ExplainResponse*) override;

 private:
  Requests& requests_;
  std::atomic<int> followers_{0};  // of events
};

// The same code; a message that would not fit into HTTP/2 headers is cut.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace baton::controlplane
