// The API through a real gRPC client over a real socket, with a fake control thread behind it.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

#include "controlplane/api/server.h"
#include "controlplane/api/service.h"
#include "controlplane/api/socket_path.h"
#include "programs/batonctl/connection.h"
#include "tests/controlplane/api/fake_box.h"
#include "tests/controlplane/api/temp_folder.h"

namespace baton::controlplane {
namespace {

using batonctl::Connection;
using Stub = v1::Admin::Stub;

struct Running {
  TempFolder folder;
  std::string path = folder / "run/batond.sock";  // the folder "run" is the server's to make
  FakeBox box;
  std::unique_ptr<ApiServer> server = ApiServer::Start(path, box).value();
  Connection client = Connection::To(path).value();
};

// A socket as a process leaves it that died: the file is there and nobody listens.
void LeaveStaleSocket(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0);
  ::close(fd);
}

}  // namespace

TEST_CASE("the socket belongs to one batond, and to its owner and group") {
  TempFolder folder;
  FakeBox box;
  const std::string path = folder / "s";

  SECTION("only owner and group may connect") {
    const auto server = ApiServer::Start(path, box);
    REQUIRE(server.ok());
    struct stat file = {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0660);
  }
  SECTION("a live one is not replaced, and goes on") {
    const auto first = ApiServer::Start(path, box);
    REQUIRE(first.ok());
    const auto second = ApiServer::Start(path, box);
    CHECK(second.status() == absl::FailedPreconditionError("another batond listens on " + path));
    CHECK(Connection::To(path)->Ask(&Stub::Status, v1::StatusRequest()).ok());
  }
  SECTION("a dead one's is replaced") {
    LeaveStaleSocket(path);
    CHECK(absl::IsUnavailable(FindListener(path)));
    const auto server = ApiServer::Start(path, box);
    REQUIRE(server.ok());
    CHECK(Connection::To(path)->Ask(&Stub::Status, v1::StatusRequest()).ok());
  }
  SECTION("it is gone after the end, so that a third can start") {
    ApiServer::Start(path, box).value().reset();
    CHECK(absl::IsNotFound(FindListener(path)));
    CHECK(ApiServer::Start(path, box).ok());
  }
  SECTION("a file of another kind is left alone") {
    std::ofstream(path) << "precious";
    CHECK(absl::IsInvalidArgument(ApiServer::Start(path, box).status()));
    CHECK(std::filesystem::file_size(path) == 8);
  }
  SECTION("a path that is too long for a socket is refused with its length") {
    const auto server = ApiServer::Start(folder / std::string(200, 'x'), box);
    CHECK(absl::IsInvalidArgument(server.status()));
    CHECK(absl::StrContains(server.status().message(), "is outside 1..107"));
  }
}

TEST_CASE("status sums over ports, workers and services") {
  Running r;
  const auto s = r.client.Ask(&Stub::Status, v1::StatusRequest());
  REQUIRE(s.ok());
  CHECK(s->node() == "lb-a");
  CHECK(s->uptime_seconds() == 90);
  CHECK(s->generation() == 7);
  CHECK(s->committed_generation() == 6);  // worker 1 is behind
  CHECK(s->ports() == 2);
  CHECK(s->ports_up() == 1);
  CHECK(s->workers() == 2);
  CHECK(s->services() == 2);
  CHECK(s->backends() == 3);
  CHECK(s->backends_in_use() == 2);
  CHECK(s->rows() == 40);
  CHECK(s->rows_capacity() == 1000);
  CHECK(s->buffers() == 96);
  // Twice 100 + 5 + 3 = 80 + 10 + 6 + 5 + 4 + 3.
  CHECK(s->balance().dropped() == 20);
  CHECK(s->balance().difference() == 0);
}

TEST_CASE("ports show what the workers moved and what the device lost") {
  Running r;
  const auto answer = r.client.Ask(&Stub::ShowPorts, v1::ShowPortsRequest());
  REQUIRE(answer.ok());
  REQUIRE(answer->ports_size() == 2);
  const v1::Port& wan = answer->ports(0);
  CHECK(wan.name() == "wan");
  CHECK(wan.device() == "af_packet:veth-wan");
  CHECK(wan.link_up());
  CHECK(wan.mac() == "02:00:00:00:01:01");
  CHECK(wan.received() == 120);
  CHECK(wan.received_bytes() == 12000);
  CHECK(wan.sent() == 0);
  CHECK(wan.missed() == 3);
  CHECK(wan.kernel() == "wan0");
  CHECK(wan.to_kernel() == 6);
  CHECK(wan.from_kernel() == 4);
  CHECK(wan.kernel_refused() == 1);
  const v1::Port& lan = answer->ports(1);
  CHECK(lan.vlan() == 12);
  CHECK(lan.sent() == 100);
  CHECK(lan.transmit_errors() == 4);
  REQUIRE(lan.addresses_size() == 2);
  CHECK(lan.addresses(1) == "2001:db8::2/64");
}

TEST_CASE("workers show their own numbers") {
  Running r;
  const auto answer = r.client.Ask(&Stub::ShowWorkers, v1::ShowWorkersRequest());
  REQUIRE(answer.ok());
  REQUIRE(answer->workers_size() == 2);
  const v1::Worker& w = answer->workers(1);
  CHECK(w.index() == 1);
  CHECK(w.lcore() == 2);
  CHECK(w.busy_share() == 0.25);
  CHECK(w.rows() == 20);
  CHECK(w.rows_capacity() == 500);
  CHECK(w.ring_capacity() == 1023);
  CHECK(w.updates_waiting() == 2);
  CHECK(w.balance().held() == 6);
  CHECK(w.hold_capacity() == 64);
}

TEST_CASE("services and backends sum over workers; a slot that nobody counts is zero") {
  Running r;
  const auto services = r.client.Ask(&Stub::ShowServices, v1::ShowServicesRequest());
  REQUIRE(services.ok());
  REQUIRE(services->services_size() == 2);
  CHECK(services->services(0).protocol() == "tcp");
  CHECK(services->services(0).schedule() == "maglev");
  CHECK(services->services(0).load().created() == 133);  // 11 + 22 + 100
  CHECK(services->services(0).backends_in_use() == 1);
  CHECK(services->services(1).forward() == "full");
  CHECK(services->services(1).load().created() == 0);

  v1::ShowBackendsRequest question;
  const auto all = r.client.Ask(&Stub::ShowBackends, question);
  REQUIRE(all.ok());
  CHECK(all->backends_size() == 3);
  question.set_service("web");
  const auto web = r.client.Ask(&Stub::ShowBackends, question);
  REQUIRE(web.ok());
  REQUIRE(web->backends_size() == 2);
  CHECK(web->backends(0).load().created() == 33);
  CHECK(web->backends(0).load().bytes_from() == 5000);
  CHECK(web->backends(1).drained());
  CHECK(web->backends(1).weight() == 0);
  CHECK(web->backends(1).configured_weight() == 1);
  question.set_service("wbe");
  CHECK(r.client.Ask(&Stub::ShowBackends, question).status() ==
        absl::NotFoundError("service: \"wbe\" is not configured"));
}

TEST_CASE("routes, neighbors and modes name ports and kinds") {
  Running r;
  const auto routes = r.client.Ask(&Stub::ShowRoutes, v1::ShowRoutesRequest());
  REQUIRE(routes.ok());
  REQUIRE(routes->routes_size() == 2);
  CHECK(routes->routes(0).to() == "0.0.0.0/0");
  CHECK(routes->routes(0).via() == "198.51.100.1");
  CHECK(routes->routes(0).port() == "wan");
  CHECK(routes->routes(1).via().empty());

  const auto neighbors = r.client.Ask(&Stub::ShowNeighbors, v1::ShowNeighborsRequest());
  REQUIRE(neighbors.ok());
  REQUIRE(neighbors->neighbors_size() == 2);
  CHECK(neighbors->neighbors(0).mac() == "02:00:00:00:00:01");
  CHECK(neighbors->neighbors(0).age_seconds() == 1.5);
  CHECK(neighbors->neighbors(1).mac().empty());
  CHECK(neighbors->neighbors(1).state() == "failed");

  const auto modes = r.client.Ask(&Stub::ShowModes, v1::ShowModesRequest());
  REQUIRE(modes.ok());
  REQUIRE(modes->addresses_size() == 3);
  CHECK(modes->addresses(0).kind() == "own");
  CHECK(modes->addresses(0).port() == "lan");
  CHECK(modes->addresses(1).mode() == "migration");
  CHECK_FALSE(modes->addresses(1).announced());
  CHECK(modes->addresses(2).group() == "web");
  CHECK(modes->addresses(2).mode() == "none");
}

TEST_CASE("drops show reasons that dropped something, or all of them") {
  Running r;
  v1::ShowDropsRequest question;
  const auto some = r.client.Ask(&Stub::ShowDrops, question);
  REQUIRE(some.ok());
  REQUIRE(some->drops_size() == 2);  // in the order of drop_reason.h
  CHECK(some->drops(0).reason() == "ttl_expired");
  CHECK(some->drops(0).packets() == 2);
  CHECK(some->drops(1).reason() == "no_route");
  CHECK(some->drops(1).packets() == 18);
  CHECK(absl::StrContains(some->drops(1).explanation(), "no route covers the destination"));
  question.set_all(true);
  CHECK(r.client.Ask(&Stub::ShowDrops, question)->drops_size() == static_cast<int>(kDropReasons) - 1);

  r.box.counters[0]->received.Add(3);  // three packets are inside a poll at this moment
  CHECK(r.client.Ask(&Stub::ShowDrops, question)->balance().difference() == 3);
}

TEST_CASE("access rows carry names and are cut at the limit") {
  Running r;
  v1::ShowAccessRequest question;
  question.set_client("192.0.2.1");
  question.set_service("web");
  const auto two = r.client.Ask(&Stub::ShowAccess, question);
  REQUIRE(two.ok());
  REQUIRE(two->rows_size() == 2);
  CHECK_FALSE(two->truncated());
  const v1::AccessRow& row = two->rows(1);
  CHECK(row.service() == "web");
  CHECK(row.backend_name() == "s1");
  CHECK(row.state() == "tcp_established");
  CHECK(row.client_port() == 1);
  CHECK(row.packets_from_client() == 7);
  CHECK(row.packets_from_backend() == 9);
  REQUIRE(r.box.filter);
  CHECK(r.box.filter->client == Ip("192.0.2.1"));
  CHECK_FALSE(r.box.filter->external);
  CHECK(r.box.filter->service == "web");

  r.box.rows_in_table = 200'000;
  question.set_limit(kMaxListedRows);
  const auto many = r.client.Ask(&Stub::ShowAccess, question);
  REQUIRE(many.ok());
  CHECK(many->rows_size() == 100'000);
  CHECK(many->truncated());
  CHECK(many->rows(99'999).client_port() == 99'999 % 65536);

  r.box.rows_in_table = 1000;
  question.set_limit(0);
  CHECK_FALSE(r.client.Ask(&Stub::ShowAccess, question)->truncated());
}

TEST_CASE("a filter that makes no sense is refused by the name of its field") {
  struct Case {
    const char* name;
    void (*edit)(v1::ShowAccessRequest&);
    absl::StatusCode code;
    const char* message;
  };
  const auto c = GENERATE(values<Case>({
      {"a client that is no address", [](v1::ShowAccessRequest& q) { q.set_client("10.0.0.300"); },
       absl::StatusCode::kInvalidArgument, "client: \"10.0.0.300\" is not an IPv4 or IPv6 address"},
      {"an external that is a name", [](v1::ShowAccessRequest& q) { q.set_external("web"); },
       absl::StatusCode::kInvalidArgument, "external: \"web\" is not an IPv4 or IPv6 address"},
      {"a backend with a port", [](v1::ShowAccessRequest& q) { q.set_backend("10.0.0.1:80"); },
       absl::StatusCode::kInvalidArgument, "backend: \"10.0.0.1:80\" is not an IPv4 or IPv6 address"},
      {"a service that is not there", [](v1::ShowAccessRequest& q) { q.set_service("smtp"); },
       absl::StatusCode::kNotFound, "service: \"smtp\" is not configured"},
      {"a name that is too long", [](v1::ShowAccessRequest& q) { q.set_service(std::string(300, 'x')); },
       absl::StatusCode::kInvalidArgument, "service: 300 characters are more than the limit of 256"},
      {"more rows than fit a message", [](v1::ShowAccessRequest& q) { q.set_limit(100'001); },
       absl::StatusCode::kInvalidArgument, "limit: 100001 is outside 1..100000"},
  }));
  CAPTURE(c.name);
  Running r;
  v1::ShowAccessRequest question;
  c.edit(question);
  CHECK(r.client.Ask(&Stub::ShowAccess, question).status() == absl::Status(c.code, c.message));
  CHECK_FALSE(r.box.filter);  // the control thread was not troubled
}

TEST_CASE("a mode is set on an address") {
  Running r;
  v1::SetModeRequest question;
  question.set_address("198.51.100.10");
  question.set_mode("migration");
  const auto answer = r.client.Ask(&Stub::SetMode, question);
  REQUIRE(answer.ok());
  CHECK(answer->mode() == "migration");
  CHECK(r.box.mode_set == std::pair{Ip("198.51.100.10"), AddressMode::kMigration});
}

TEST_CASE("a mode that makes no sense is refused by the name of its field") {
  struct Case { const char* name; const char* address; const char* mode; const char* message; };
  const auto c = GENERATE(values<Case>({
      {"no address", "", "none", "address: is missing"},
      {"half an address", "198.51.100", "none", "address: \"198.51.100\" is not an IPv4 or IPv6 address"},
      {"no mode", "198.51.100.10", "", "mode: is missing"},
      {"an unknown mode", "198.51.100.10", "Normal", "mode: \"Normal\" is not one of normal, migration, none"},
  }));
  CAPTURE(c.name);
  Running r;
  v1::SetModeRequest question;
  question.set_address(c.address);
  question.set_mode(c.mode);
  CHECK(r.client.Ask(&Stub::SetMode, question).status() == absl::InvalidArgumentError(c.message));
  CHECK_FALSE(r.box.mode_set);
}

TEST_CASE("a backend is changed; zero is a weight, and absent is not zero") {
  Running r;
  v1::ChangeBackendRequest question;
  question.set_service("web");
  question.set_backend("s1");
  question.set_weight(0);
  REQUIRE(r.client.Ask(&Stub::ChangeBackend, question).ok());
  REQUIRE(r.box.change);
  CHECK(r.box.change->service == "web");
  CHECK(r.box.change->backend == "s1");
  CHECK(r.box.change->weight == 0u);
  CHECK_FALSE(r.box.change->drain.has_value());

  question.clear_weight();
  question.set_drain(false);
  REQUIRE(r.client.Ask(&Stub::ChangeBackend, question).ok());
  CHECK_FALSE(r.box.change->weight.has_value());
  CHECK(r.box.change->drain == false);
}

TEST_CASE("a change that makes no sense is refused by the name of its field") {
  struct Case { const char* name; const char* service; const char* backend; int64_t weight; const char* message; };
  const auto c = GENERATE(values<Case>({
      {"no service", "", "s1", 1, "service: is missing"},
      {"no backend", "web", "", 1, "backend: is missing"},
      {"a weight over the limit", "web", "s1", 65536, "weight: 65536 is outside 0..65535"},
      {"nothing to change", "web", "s1", -1,
       "weight: neither a weight nor drain is given, so nothing would change"},
  }));
  CAPTURE(c.name);
  Running r;
  v1::ChangeBackendRequest question;
  question.set_service(c.service);
  question.set_backend(c.backend);
  if (c.weight >= 0) question.set_weight(static_cast<uint32_t>(c.weight));
  CHECK(r.client.Ask(&Stub::ChangeBackend, question).status() == absl::InvalidArgumentError(c.message));
  CHECK_FALSE(r.box.change);
}

TEST_CASE("what the control thread refuses comes back with its code and words") {
  const absl::Status refusal = GENERATE(
      absl::NotFoundError("address: 192.0.2.9 is not an address of this box"),
      absl::FailedPreconditionError("address: 10.0.0.2 is a port's own"),
      absl::UnavailableError("the control thread did not answer within 2 s"),
      absl::InvalidArgumentError("weight: 70000 is outside 0..65535"));
  Running r;
  r.box.refuse_with = refusal;
  v1::SetModeRequest question;
  question.set_address("192.0.2.9");
  question.set_mode("none");
  CHECK(r.client.Ask(&Stub::SetMode, question).status() == refusal);
  CHECK(r.client.Ask(&Stub::ShowAccess, v1::ShowAccessRequest()).status() == refusal);
}

TEST_CASE("requests and errors are bounded") {
  Running r;
  v1::SetModeRequest question;
  question.set_address(std::string(kMaxRequestBytes, '1'));
  CHECK(absl::IsResourceExhausted(r.client.Ask(&Stub::SetMode, question).status()));
  question.set_address("192.0.2.9");
  question.set_mode("none");
  r.box.refuse_with = absl::InternalError(std::string(100'000, 'x'));
  const absl::Status cut = r.client.Ask(&Stub::SetMode, question).status();
  CHECK(absl::IsInternal(cut));
  CHECK(cut.message() == std::string(1024, 'x'));
}

}  // namespace baton::controlplane
