#include "programs/batonctl/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "controlplane/api/service.h"
#include "controlplane/api/socket_path.h"

namespace baton::batonctl {

absl::StatusOr<Connection> Connection::To(const std::string& socket_path) {
  // Looked up first: gRPC would try for seconds and then say less.
  const absl::Status listener = controlplane::FindListener(socket_path);
  if (absl::IsNotFound(listener)) {
    return absl::UnavailableError(absl::StrCat("no batond listens on ", socket_path, ": there is no such socket; ",
                                               "start batond or name its socket with --socket"));
  }
  if (absl::IsUnavailable(listener)) {
    return absl::UnavailableError(absl::StrCat("no batond listens on ", socket_path, " any more: it has ended"));
  }
  if (!listener.ok()) return listener;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(controlplane::kMaxAnswerBytes);
  const auto channel =
      grpc::CreateCustomChannel("unix:" + socket_path, grpc::InsecureChannelCredentials(), arguments);
  return Connection(v1::Admin::NewStub(channel));
}

}  // namespace baton::batonctl
