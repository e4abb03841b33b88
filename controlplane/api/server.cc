#include "controlplane/api/server.h"

#include <sys/stat.h>

#include <chrono>

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "controlplane/api/service.h"
#include "controlplane/api/socket_path.h"

namespace baton::controlplane {
namespace {

// Requests wait up to 2 s for the control thread: more callers at once than this are refused, not queued without bound.
constexpr int kMaxThreads = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(const std::string& socket_path, Requests& requests) {
  RETURN_IF_ERROR(PrepareSocket(socket_path));
  auto service = std::make_unique<AdminService>(requests);
  grpc::ResourceQuota quota("api");
  quota.SetMaxThreads(kMaxThreads);
  grpc::ServerBuilder builder;
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(kMaxAnswerBytes);
  int bound = 0;
  builder.AddListeningPort("unix:" + socket_path, grpc::InsecureServerCredentials(), &bound);
  builder.RegisterService(service.get());
  // bind() makes the socket's file: a chmod afterwards would leave a moment in which anybody may connect.
  const mode_t mask = ::umask(0117);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ::umask(mask);
  if (server == nullptr || bound == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", socket_path));
  }
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(service), std::move(server)));
}

ApiServer::ApiServer(std::unique_ptr<AdminService> service, std::unique_ptr<grpc::Server> server)
    : service_(std::move(service)), server_(std::move(server)) {}

ApiServer::~ApiServer() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  server_->Wait();
}

}  // namespace baton::controlplane
