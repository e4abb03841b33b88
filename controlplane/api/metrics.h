// /metrics over HTTP (OpenMetrics 1.0). Start and destroy it on one thread; scrapes are served on civetweb's two
// threads, which read published views and counters and never wait for the control thread.
#pragma once

#include <memory>
#include <string>

#include "common/status.h"
#include "controlplane/requests.h"

namespace baton::controlplane {

class MetricsServer {
 public:
  // `listen`: "127.0.0.1:9111" or "[::1]:9111"; port 0 lets the kernel choose. InvalidArgument: not of this form.
  // Unavailable: the address is in use or not here. Unimplemented: IPv6, and the system's civetweb (Debian
  // 12's) has none. `requests` must outlive the server.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& listen, Requests& requests);
  ~MetricsServer();

  int port() const;

 private:
  struct Http;
  explicit MetricsServer(std::unique_ptr<Http> http);

  std::unique_ptr<Http> http_;
};

}  // namespace baton::controlplane
