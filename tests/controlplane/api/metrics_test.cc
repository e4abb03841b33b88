// The OpenMetrics text by hand, and /metrics over a real connection. metrics_parse.py reads the whole with Prometheus's
// own parser.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <limits>

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

#include "controlplane/api/collect.h"
#include "controlplane/api/metrics.h"
#include "controlplane/api/open_metrics.h"
#include "controlplane/api/version.h"
#include "tests/controlplane/api/fake_box.h"

namespace baton::controlplane {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Family(const char* name, MetricType type, const char* help) { return {name, help, type, {}}; }

ClientMetric Sample(std::vector<ClientMetric::Label> labels, double counter, double gauge) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = counter;
  metric.gauge.value = gauge;
  return metric;
}

// Sends `request` to 127.0.0.1:port and returns all that comes back.
std::string Exchange(int port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0);
  REQUIRE(::send(fd, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
  std::string answer;
  char piece[4096];
  for (ssize_t n = 0; (n = ::recv(fd, piece, sizeof(piece), 0)) > 0;) answer.append(piece, static_cast<size_t>(n));
  ::close(fd);
  return answer;
}

std::string Get(int port, const std::string& path) {
  return Exchange(port, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

bool HasLine(const std::string& text, const std::string& line) { return absl::StrContains(text, "\n" + line + "\n"); }

}  // namespace

TEST_CASE("families become OpenMetrics 1.0 text") {
  MetricFamily bytes = Family("x_sent_bytes", MetricType::Counter, "Says \"what\"\nand C:\\.");
  bytes.metric = {Sample({}, 12, 0), Sample({{"port", "a\"b\\c\nd"}, {"worker", "0"}}, 1e15, 0)};
  MetricFamily share = Family("x_share", MetricType::Gauge, "A part.");
  share.metric = {Sample({{"of", "one"}}, 0, 0.25), Sample({{"of", "none"}}, 0, -1),
                  Sample({{"of", "all"}}, 0, std::numeric_limits<double>::infinity())};
  // OpenMetrics 1.0: type and unit before help, escapes \\ \n \", `_total` on samples of counters only, "# EOF" last.
  CHECK(WriteOpenMetrics({bytes, share}) ==
        "# TYPE x_sent_bytes counter\n"
        "# UNIT x_sent_bytes bytes\n"
        "# HELP x_sent_bytes Says \\\"what\\\"\\nand C:\\\\.\n"
        "x_sent_bytes_total 12\n"
        "x_sent_bytes_total{port=\"a\\\"b\\\\c\\nd\",worker=\"0\"} 1e+15\n"
        "# TYPE x_share gauge\n"
        "# HELP x_share A part.\n"
        "x_share{of=\"one\"} 0.25\n"
        "x_share{of=\"none\"} -1\n"
        "x_share{of=\"all\"} +Inf\n"
        "# EOF\n");
  CHECK(WriteOpenMetrics({}) == "# EOF\n");
}

TEST_CASE("each kind of thing is measured") {
  FakeBox box;
  const std::string text = WriteOpenMetrics(CollectMetrics(*box.view, 1.5e9));
  const auto line = GENERATE(as<std::string>(),
      "baton_build_info{version=\"" + std::string(kVersion) + "\",node=\"lb-a\"} 1",
      "baton_start_time_seconds 1500000000",
      "baton_generation 7",
      "baton_reloads_applied_total 0",
      "baton_reloads_refused_total 0",
      "baton_reload_failed 0",
      "baton_buffers 96",
      "baton_buffers_capacity 4096",
      "baton_port_received_bytes_total{port=\"wan\"} 12000",
      "baton_port_sent_packets_total{port=\"lan\"} 100",
      "baton_port_missed_packets_total{port=\"wan\"} 3",
      "baton_port_link_up{port=\"lan\"} 0",
      "baton_worker_received_packets_total{worker=\"1\"} 100",
      "baton_worker_held_packets{worker=\"0\"} 6",
      "baton_worker_rows{worker=\"0\"} 20",
      "baton_worker_conditions{worker=\"1\"} 5",
      "baton_sharing_hand_overs_put_off_total{port=\"lan\",family=\"ipv4\",id=\"7\"} 4",
      "baton_sharing_longest_hold_seconds{port=\"lan\",family=\"ipv4\",id=\"7\"} 0.0025",
      "baton_sharing_reviews_total{port=\"lan\",family=\"ipv4\",id=\"7\",outcome=\"kept\"} 5",
      "baton_sharing_reviews_total{port=\"lan\",family=\"ipv4\",id=\"7\",outcome=\"changed\"} 2",
      "baton_sharing_end_system_bits_per_second{port=\"lan\",family=\"ipv4\",id=\"7\",end_system=\"10.0.0.51\"} 8000",
      "baton_worker_rows_capacity{worker=\"0\"} 500",
      "baton_worker_rows_ipv6_capacity{worker=\"0\"} 100",
      "baton_worker_busy_seconds_total{worker=\"0\"} 0.25",
      "baton_worker_elapsed_seconds_total{worker=\"0\"} 1",
      "baton_worker_ring_updates{worker=\"0\"} 2",
      "baton_worker_ring_capacity{worker=\"0\"} 1023",
      "baton_dropped_packets_total{worker=\"0\",reason=\"no_route\"} 9",
      "baton_dropped_packets_total{worker=\"0\",reason=\"hold_full\"} 0",
      "baton_service_connections_total{service=\"web\"} 133",
      "baton_backend_connections_total{service=\"web\",backend=\"s1\"} 33",
      "baton_backend_received_bytes_total{service=\"web\",backend=\"s1\"} 5000",
      "baton_backend_weight{service=\"web\",backend=\"s2\"} 0",
      "baton_backend_configured_weight{service=\"web\",backend=\"s2\"} 1");
  CAPTURE(line);
  CHECK(HasLine(text, line));
}

TEST_CASE("every reason has its line at every worker, and only a bug shows `none`") {
  FakeBox box;
  box.counters[1]->drops[0].Set(1);
  const std::string text = WriteOpenMetrics(CollectMetrics(*box.view, 0));
  for (size_t reason = 1; reason < kDropReasons; ++reason) {
    for (const char* worker : {"0", "1"}) {
      CHECK(absl::StrContains(text, absl::StrCat("\nbaton_dropped_packets_total{worker=\"", worker, "\",reason=\"",
                                                 kDropReasonNames[reason], "\"} ")));
    }
  }
  CHECK_FALSE(absl::StrContains(text, "worker=\"0\",reason=\"none\""));
  CHECK(HasLine(text, "baton_dropped_packets_total{worker=\"1\",reason=\"none\"} 1"));
}

TEST_CASE("/metrics is served over HTTP, and nothing else") {
  FakeBox box;
  const auto server = MetricsServer::Start("127.0.0.1:0", box);
  REQUIRE(server.ok());
  const int port = (*server)->port();
  REQUIRE(port != 0);

  const std::string answer = Get(port, "/metrics");
  CHECK(absl::StartsWith(answer, "HTTP/1.1 200 OK\r\n"));
  CHECK(absl::StrContains(answer, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
  CHECK(absl::EndsWith(answer, "\n# EOF\n"));
  CHECK(HasLine(answer, "baton_worker_rows{worker=\"1\"} 20"));

  const std::string head = Exchange(port, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(absl::StartsWith(head, "HTTP/1.1 200 OK\r\n"));
  CHECK(absl::EndsWith(head, "\r\n\r\n"));
  CHECK(absl::StartsWith(Get(port, "/"), "HTTP/1.1 404"));
  CHECK(absl::StartsWith(Get(port, "/metrics/../etc/passwd"), "HTTP/1.1 404"));
  CHECK(absl::StartsWith(Exchange(port, "nonsense\r\n\r\n"), "HTTP/1.0 400"));
}

TEST_CASE("the metrics address is checked, and one that is taken is refused") {
  FakeBox box;
  for (const char* listen : {"", "9111", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "localhost:9111", "::1:9111",
                             "[127.0.0.1]:9111", "[::1]", "127.0.0.1:65536", "127.0.0.1:-1",
                             "0.0.0.0:80,127.0.0.1:81"}) {
    CAPTURE(listen);
    CHECK(absl::IsInvalidArgument(MetricsServer::Start(listen, box).status()));
  }
  const auto first = MetricsServer::Start("127.0.0.1:0", box);
  REQUIRE(first.ok());
  const std::string taken = absl::StrCat("127.0.0.1:", (*first)->port());
  const absl::Status second = MetricsServer::Start(taken, box).status();
  CHECK(absl::IsUnavailable(second));
  CHECK(absl::StartsWith(second.message(), "metrics: cannot listen on " + taken + ": "));
}

// Debian 12 builds civetweb without IPv6: whoever asks for it must be told, not get an unrelated error.
TEST_CASE("the metrics are served over IPv6, or it is said why not") {
  FakeBox box;
  const auto server = MetricsServer::Start("[::1]:0", box);
  if (server.ok()) {
    CHECK((*server)->port() != 0);
  } else {
    CHECK(absl::IsUnimplemented(server.status()));
    CHECK(absl::StrContains(server.status().message(), "[::1]:0: this system's civetweb is built without IPv6"));
  }
}

}  // namespace baton::controlplane
