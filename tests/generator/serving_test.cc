// Servers for clients that are not ours: pages and echoes, byte by byte and through the engine.
#include "generator/serving.h"

#include <string>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <catch2/catch.hpp>

#include "generator/report/verdict.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Segment From(uint8_t flags, const std::string& payload = "") {
  Segment in{.seq = 1000, .ack = 5001, .flow = 777, .time = 3, .length = static_cast<uint16_t>(payload.size())};
  in.flags = flags;
  in.has_flow = true;
  return in;
}

TEST_CASE("a page says who serves it, and is as long as its head says") {
  const auto pages = PagesOf({*IpAddress::Parse("10.2.0.2"), *IpAddress::Parse("2001:db8:1::2")}, 100);
  REQUIRE(pages.size() == 2);
  CHECK(absl::StrContains(pages[0], "Content-Length: 100\r\n\r\n10.2.0.2\n"));
  CHECK(absl::StrContains(pages[1], "\r\n\r\n2001:db8:1::2\n"));
  for (const std::string& page : pages) CHECK(page.size() - page.find("\r\n\r\n") - 4 == 100);
}

TEST_CASE("what a client of another stack says, and what it is answered") {
  WebAnswer answer = AnswerWeb(From(kTcpSyn), "", 5000, 1460, 300);
  CHECK(answer.what == Served::kConnection);
  CHECK(answer.out.flags == (kTcpSyn | kTcpAck));
  CHECK(answer.out.seq == 5000);
  CHECK(answer.out.ack == 1001);
  CHECK(answer.out.mss == 1460);
  CHECK(answer.out.time == 777);  // RFC 7323, 3.2: the echo

  CHECK(AnswerWeb(From(kTcpAck), "", 5000, 1460, 300).what == Served::kNothing);
  CHECK(AnswerWeb(From(kTcpRst | kTcpAck), "", 5000, 1460, 300).what == Served::kNothing);

  answer = AnswerWeb(From(kTcpAck | kTcpPsh, kGet), kGet, 5000, 1460, 300);
  CHECK(answer.what == Served::kPage);
  CHECK(answer.out.flags == (kTcpPsh | kTcpAck));
  CHECK(answer.out.seq == 5001);
  CHECK(answer.out.ack == 1000 + kGet.size());
  CHECK(answer.out.length == 300);

  answer = AnswerWeb(From(kTcpAck | kTcpFin), "", 5000, 1460, 300);
  CHECK(answer.what == Served::kEnd);
  CHECK(answer.out.flags == (kTcpFin | kTcpAck));
  CHECK(answer.out.ack == 1001);
}

TEST_CASE("a client that wants the connection ended gets the FIN with its page") {
  struct Case {
    const char* request;
    bool end;
  };
  const auto c = GENERATE(values<Case>({{"GET / HTTP/1.0\r\n\r\n", true},
                                        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false},
                                        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true},
                                        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", false}}));
  CAPTURE(c.request);
  const WebAnswer answer = AnswerWeb(From(kTcpAck, c.request), c.request, 5000, 1460, 300);
  CHECK(answer.what == Served::kPage);
  CHECK(answer.out.has(kTcpFin) == c.end);
}

TEST_CASE("no request, half a request: a reset") {
  const std::string text = GENERATE("x", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n");
  CAPTURE(text);
  const WebAnswer answer = AnswerWeb(From(kTcpAck, text), text, 5000, 1460, 300);
  CHECK(answer.what == Served::kNotUnderstood);
  CHECK(answer.out.has(kTcpRst));
  CHECK(answer.out.seq == 5001);
}

// Our own client as the client of another machine: its profile knows no server.
TEST_CASE("clients that ask for pages are served by a profile without flows") {
  const Profile asking = ProfileFrom(
      "ports: [{name: a, device: \"null:\", role: clients, addresses: [10.1.0.2, \"2001:db8::2\"]}]\n"
      "duration: 100ms\nsettle: 20ms\n"
      "flows:\n"
      "  - {name: v4, protocol: tcp, to: \"10.2.0.3:80\", http: /, count: 50, rate: 5k, requests: 2}\n"
      "  - {name: v6, protocol: tcp, to: \"[2001:db8:1::2]:80\", http: /x, count: 50, rate: 5k, close: reset}\n"
      "  - {name: echo, protocol: udp, to: \"10.2.0.2:7\", count: 50, rate: 5k}\n"
      "  - {name: echo6, protocol: udp, to: \"[2001:db8:1::2]:7\", count: 50, rate: 5k, size: 300}\n");
  const Profile serving = ProfileFrom(
      "ports: [{name: b, device: \"null:\", role: servers, addresses: [10.2.0.2, 10.2.0.3, \"2001:db8:1::2\"], "
      "serve: {udp: echo, http: 500}}]\nduration: 1s\nsettle: 0s\n");
  MemoryWire wire;
  Simulation clients(asking, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac}});
  Simulation servers(serving, {{.link = &wire.end(1), .mac = kServerMac, .peer = kClientMac}});
  clients.RunUntilDone([&](int64_t now_ns) { servers.engine().PollOnce(now_ns); });
  servers.RunUntilDone();
  const RunResult result = clients.Result(), served = servers.Result();
  for (const ClassResult& c : result.classes) {
    CAPTURE(c.name);
    CHECK(c.requests.counts.sent > 400);
    CHECK(c.responses.counts.arrived == c.requests.counts.sent);
    CHECK(c.tcp.completed == c.tcp.opened);
    CHECK(c.wrong_address == 0);
  }
  REQUIRE(served.served);
  CHECK(served.served->connections == result.classes[0].tcp.opened + result.classes[1].tcp.opened);
  CHECK(served.served->pages == result.classes[0].requests.counts.sent + result.classes[1].requests.counts.sent);
  CHECK(served.served->echoed == result.classes[2].requests.counts.sent + result.classes[3].requests.counts.sent);
  CHECK(served.served->not_understood == 0);
  CHECK(served.strays.foreign == 0);
  CHECK(JudgeRun({}, served).passed());
}

TEST_CASE("nobody asks: the run says so") {
  const Profile serving = ProfileFrom(
      "ports: [{name: b, device: \"null:\", role: servers, addresses: 10.2.0.2, serve: {udp: echo}}]\n"
      "duration: 10ms\nsettle: 0s\n");
  MemoryWire wire;
  Simulation servers(serving, {{.link = &wire.end(1), .mac = kServerMac, .peer = kClientMac}});
  servers.RunUntilDone();
  CHECK(JudgeRun({}, servers.Result()).failure == "nobody asked for anything");
}

TEST_CASE("serve: refused where it does not go") {
  struct Case {
    const char* port;
    const char* more;
    const char* report;
  };
  const auto c = GENERATE(values<Case>({
      {"role: clients, addresses: 10.2.0.2, serve: {udp: echo}", "", "f:1:79: ports[0].serve: is for role: servers\n"},
      {"role: servers, addresses: 10.2.0.2, serve: {udp: echo, http: 39}", "",
       "f:1:97: ports[0].serve.http: 39 is outside 40..1000\n"},
      {"role: servers, addresses: 10.2.0.2, serve: {http: 40}", "search: {for: throughput}\nlimits: {lost: 0}\n",
       "f:2:9: search: needs flows\n"},
  }));
  const std::string text = absl::StrCat("ports: [{name: b, device: \"null:\", ", c.port, "}]\n", c.more);
  CHECK(ParseProfile(text, "f").Report() == c.report);
}

}  // namespace
}  // namespace baton::generator
