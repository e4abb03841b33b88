// The administration API on a UNIX socket. Start and destroy it on one thread (programs/batond.cc); requests are served
// on gRPC's own threads. While it exists, the socket is there with mode 0660 and nobody else's server is replaced.
#pragma once

#include <memory>
#include <string>

#include "common/status.h"
#include "controlplane/requests.h"

namespace grpc {
class Server;
}

namespace baton::controlplane {

class AdminService;

class ApiServer {
 public:
  // Makes the socket's folder; replaces the socket of a dead process. FailedPrecondition: a live one listens there.
  // `requests` must outlive the server. Changes the process's umask for a moment.
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(const std::string& socket_path, Requests& requests);
  // Cancels what is under way after 1 s, and removes the socket.
  ~ApiServer();

 private:
  ApiServer(std::unique_ptr<AdminService> service, std::unique_ptr<grpc::Server> server);

  std::unique_ptr<AdminService> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace baton::controlplane
