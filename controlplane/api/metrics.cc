#include "controlplane/api/metrics.h"

#include <chrono>
#include <mutex>
#include <vector>

#include <CivetServer.h>
#include <absl/strings/numbers.h>
#include <absl/strings/strip.h>

#include "controlplane/api/collect.h"
#include "controlplane/api/open_metrics.h"

namespace baton::controlplane {
namespace {

constexpr unsigned kCivetIpv6 = 8;  // mg_check_feature; Debian 12 builds civetweb without it

// What civetweb has to say about a start that fails; it reports on the thread that starts it.
thread_local std::string last_message;  // NOLINT: civetweb's callback has no argument of ours before it is started

int KeepMessage(const mg_connection*, const char* message) {
  last_message = message;
  return 1;  // handled: not written to standard error
}

double WallClockSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// "[::1]:9111" -> what civetweb calls listening_ports.
absl::StatusOr<std::string> CheckListen(const std::string& listen) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics: \"", listen, "\" is not ADDRESS:PORT or [ADDRESS]:PORT"));
  };
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return bad();
  absl::string_view host = absl::string_view(listen).substr(0, colon);
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  const auto address = IpAddress::Parse(host);
  uint32_t port = 0;
  if (!address.ok() || address->is_v4() == bracketed || !absl::SimpleAtoi(listen.substr(colon + 1), &port)) {
    return bad();
  }
  if (port > 65535) return absl::InvalidArgumentError(absl::StrCat("metrics: port ", port, " is outside 0..65535"));
  if (bracketed && !mg_check_feature(kCivetIpv6)) {
    return absl::UnimplementedError(
        absl::StrCat("metrics: ", listen, ": this system's civetweb is built without IPv6; use an IPv4 address"));
  }
  return bracketed ? absl::StrCat("[", address->ToString(), "]:", port) : absl::StrCat(address->ToString(), ":", port);
}

class ScrapeHandler : public CivetHandler {
 public:
  explicit ScrapeHandler(Requests& requests) : requests_(requests) {}

  bool handleGet(CivetServer*, mg_connection* connection) override { return Answer(connection, true); }
  bool handleHead(CivetServer*, mg_connection* connection) override { return Answer(connection, false); }

 private:
  bool Answer(mg_connection* connection, bool with_body) {
    const auto view = requests_.GetView();
    // The view tells how long ago the process started; the wall clock at the first scrape tells when that was. Kept, or
    // the start time would move with every correction of the clock.
    std::call_once(started_, [&] {
      start_time_s_ = WallClockSeconds() - std::chrono::duration<double>(view->made - view->started).count();
    });
    const std::string text = WriteOpenMetrics(CollectMetrics(*view, start_time_s_));
    mg_send_http_ok(connection, kOpenMetricsContentType, static_cast<long long>(text.size()));
    if (with_body) mg_write(connection, text.data(), text.size());
    return true;
  }

  Requests& requests_;
  std::once_flag started_;
  double start_time_s_ = 0;
};

}  // namespace

struct MetricsServer::Http {
  Http(const std::vector<std::string>& options, const CivetCallbacks& callbacks, Requests& requests)
      : handler(requests), server(options, &callbacks) {
    server.addHandler("/metrics$", handler);
  }
  ScrapeHandler handler;  // outlives the server, which waits for its threads when it goes
  CivetServer server;
};

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& listen, Requests& requests) {
  ASSIGN_OR_RETURN(const std::string address, CheckListen(listen));
  CivetCallbacks callbacks;
  callbacks.log_message = KeepMessage;
  last_message.clear();
  try {
    const std::vector<std::string> options = {"listening_ports", address, "num_threads", "2",
                                              "request_timeout_ms", "5000"};
    return std::unique_ptr<MetricsServer>(
        new MetricsServer(std::make_unique<Http>(options, callbacks, requests)));
  } catch (const CivetException& e) {
    return absl::UnavailableError(
        absl::StrCat("metrics: cannot listen on ", listen, ": ", last_message.empty() ? e.what() : last_message));
  }
}

MetricsServer::MetricsServer(std::unique_ptr<Http> http) : http_(std::move(http)) {}
MetricsServer::~MetricsServer() = default;

int MetricsServer::port() const {
  const std::vector<int> ports = http_->server.getListeningPorts();
  return ports.empty() ? 0 : ports[0];
}

}  // namespace baton::controlplane
