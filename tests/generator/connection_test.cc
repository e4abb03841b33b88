// The two machines of a TCP connection against each other, with every pattern of loss and duplication that fits.
#include "generator/tcp/connection.h"

#include <bit>
#include <deque>

#include <catch2/catch.hpp>

namespace baton::generator {
namespace {

constexpr uint32_t kFlow = 77;
constexpr uint64_t kKey = 0xabcdef;
constexpr int64_t kStart = 5'000'000'000;

struct Wire {
  TcpPlan plan;
  TcpClient client;
  TcpServer server;
  std::deque<Segment> to_server, to_client;
  int64_t now_ns = kStart;
  // One bit for each segment that is sent, the first one lowest.
  uint32_t lose = 0, twice = 0;
  int sent = 0, accepted = 0, established = 0, requests = 0, responses = 0, completed = 0, timed_out = 0, resets = 0;

  void Send(std::deque<Segment>& way, const Segment& segment) {
    const int number = sent++;
    if (number < 32 && (lose >> number & 1) != 0) return;
    way.push_back(segment);
    if (number < 32 && (twice >> number & 1) != 0) way.push_back(segment);
  }

  void OpenOne() { Send(to_server, Open(plan, client, kFlow, kKey, now_ns)); }

  void Note(const ClientStep& step) {
    established += step.news == ClientNews::kEstablished;
    responses += step.response_done;
    timed_out += step.news == ClientNews::kTimedOut;
    resets += step.news == ClientNews::kReset;
    completed += step.news == ClientNews::kCompleted ||
                 (step.response_done && client.state == ClientState::kClosed);
    if (!step.send) return;
    Segment part = step.out;
    uint32_t left = step.out.length;
    do {
      part.length = static_cast<uint16_t>(std::min(left, PartOfRequest(plan)));
      Send(to_server, part);
      left -= part.length;
      part.seq += part.length;
    } while (left > 0);
  }

  void Note(const ServerStep& step) {
    accepted += step.news == ServerNews::kAccepted;
    requests += step.news == ServerNews::kRequest;
    if (!step.send) return;
    uint32_t left = step.out.length;
    Segment part = step.out;
    do {
      part.length = static_cast<uint16_t>(std::min(left, RoomInSegment(plan.mss)));
      Send(to_client, part);
      left -= part.length;
      part.seq += part.length;
    } while (left > 0);
  }

  void Step() {
    now_ns += 1'000'000;
    if (!to_server.empty()) {
      const Segment in = to_server.front();
      to_server.pop_front();
      Note(React(plan, server, in, kFlow, kKey));
    } else if (!to_client.empty()) {
      const Segment in = to_client.front();
      to_client.pop_front();
      Note(React(plan, client, in, kFlow, now_ns));
    } else {
      now_ns = std::max(now_ns, int64_t{client.deadline_ms} * 1'000'000);
      Note(DeadlinePassed(plan, client, kFlow, now_ns));
    }
  }

  void RunUntilClosed() {
    for (int i = 0; i < 1000 && client.state != ClientState::kClosed; ++i) Step();
    for (int i = 0; i < 1000 && !(to_server.empty() && to_client.empty()); ++i) Step();
  }
};

TEST_CASE("a connection takes seven segments") {
  Wire wire;
  wire.OpenOne();
  const Segment syn = wire.to_server.front();
  CHECK(syn.flags == kTcpSyn);
  CHECK(syn.mss == 1460);
  wire.Step();
  const Segment syn_ack = wire.to_client.front();
  CHECK(syn_ack.flags == (kTcpSyn | kTcpAck));
  CHECK(syn_ack.ack == syn.seq + 1);
  wire.Step();
  const Segment request = wire.to_server.front();
  CHECK(request.flags == (kTcpPsh | kTcpAck));
  CHECK(request.seq == syn.seq + 1);
  CHECK(request.ack == syn_ack.seq + 1);
  CHECK(request.length == 100);
  wire.Step();
  const Segment response = wire.to_client.front();
  CHECK(response.seq == syn_ack.seq + 1);
  CHECK(response.ack == syn.seq + 101);
  CHECK(response.length == 1000);
  wire.Step();
  const Segment fin = wire.to_server.front();
  CHECK(fin.flags == (kTcpFin | kTcpAck));
  CHECK(fin.seq == syn.seq + 101);
  CHECK(fin.ack == syn_ack.seq + 1001);
  wire.Step();
  const Segment fin_ack = wire.to_client.front();
  CHECK(fin_ack.flags == (kTcpFin | kTcpAck));
  CHECK(fin_ack.seq == syn_ack.seq + 1001);
  CHECK(fin_ack.ack == syn.seq + 102);
  wire.Step();
  const Segment last = wire.to_server.front();
  CHECK(last.flags == kTcpAck);
  CHECK(last.seq == syn.seq + 102);
  CHECK(last.ack == syn_ack.seq + 1002);
  wire.Step();
  CHECK(wire.sent == 7);
  CHECK(wire.client.state == ClientState::kClosed);
  CHECK(wire.server.state == ServerState::kListen);
  CHECK(wire.completed == 1);
}

TEST_CASE("a connection that is kept alive, and one that is reset") {
  Wire wire;
  wire.plan.requests = 5;
  wire.plan.reset = GENERATE(false, true);
  wire.OpenOne();
  wire.RunUntilClosed();
  CHECK(wire.requests == 5);
  CHECK(wire.responses == 5);
  CHECK(wire.completed == 1);
  CHECK(wire.sent == 2 + 2 * 5 + (wire.plan.reset ? 1 : 3));
  CHECK(wire.server.state == ServerState::kListen);
}

TEST_CASE("ten segments of a response are on their way at a time; each that is confirmed lets one more go") {
  Wire wire;
  wire.plan.response = 50'000;  // 35 segments of 1448 bytes
  wire.OpenOne();
  for (int i = 0; i < 3; ++i) wire.Step();
  CHECK(wire.to_client.size() == 10);
  wire.Step();  // the client takes one
  CHECK(wire.to_client.size() == 9);
  CHECK(wire.to_server.size() == 1);
  wire.Step();
  CHECK(wire.to_client.size() == 10);
  wire.RunUntilClosed();
  CHECK(wire.completed == 1);
  // SYN and its answer, a request, 35 segments and an ACK for all but the last, FIN, FIN and ACK.
  CHECK(wire.sent == 2 + 1 + 35 + 34 + 3);
}

TEST_CASE("a segment that is lost within a long response is sent again before the client asks") {
  Wire wire;
  wire.plan.response = 50'000;
  wire.lose = 1 << 6;  // the fourth segment of the response
  wire.OpenOne();
  wire.RunUntilClosed();
  CHECK(wire.completed == 1);
  CHECK(wire.responses == 1);
  CHECK(wire.requests == 1);
  CHECK(wire.now_ns - kStart < int64_t{kRetransmitMs} * 1'000'000);
}

TEST_CASE("a request of several segments is answered once, when all of it has come") {
  Wire wire;
  wire.plan.request = 12'080;  // nine segments of 1343 bytes
  wire.lose = GENERATE(0u, 1u << 4, 1u << 10, 1u << 2);
  CAPTURE(wire.lose);
  CHECK(PartOfRequest(wire.plan) == 1343);
  wire.OpenOne();
  wire.RunUntilClosed();
  CHECK(wire.requests == 1);
  CHECK(wire.responses == 1);
  CHECK(wire.completed == 1);
  CHECK(wire.timed_out == 0);
}

TEST_CASE("whatever is lost or doubled, each request is taken once and answered once") {
  const int requests = GENERATE(1, 2);
  const uint32_t response = GENERATE(1000u, 4000u, 20'000u);
  const bool reset = GENERATE(false, true);
  for (uint32_t pattern = 0; pattern < 1 << 12; ++pattern) {
    // Six bits say which of every second segment are lost, six which of the others come twice.
    const uint32_t spread = pattern & 0x3f, more = pattern >> 6;
    Wire wire;
    wire.plan.requests = static_cast<uint16_t>(requests);
    wire.plan.response = response;
    wire.plan.reset = reset;
    for (int bit = 0; bit < 6; ++bit) {
      wire.lose |= (spread >> bit & 1) << (2 * bit + requests % 2);
      wire.twice |= (more >> bit & 1) << (2 * bit + 1 - requests % 2);
    }
    if (std::popcount(wire.lose) > kMostRetries) continue;  // that may end a connection
    CAPTURE(requests, response, reset, wire.lose, wire.twice);
    wire.OpenOne();
    wire.RunUntilClosed();
    REQUIRE(wire.timed_out == 0);
    REQUIRE(wire.established == 1);
    REQUIRE(wire.accepted == 1);
    REQUIRE(wire.requests == requests);
    REQUIRE(wire.responses == requests);
    REQUIRE(wire.completed == 1);
  }
}

TEST_CASE("the same flow connects again and again, and what is late of one connection harms no other") {
  Wire wire;
  wire.lose = 0b1001'0010'0100;
  wire.twice = 0b0010'1000'1001;
  for (int i = 1; i <= 100; ++i) {
    wire.OpenOne();
    wire.RunUntilClosed();
    REQUIRE(wire.completed == i);
    REQUIRE(wire.requests == i);
  }
}

TEST_CASE("a SYN that comes late again opens nothing") {
  Wire wire;
  wire.OpenOne();
  const Segment syn = wire.to_server.front();
  wire.Step();
  wire.Step();
  wire.Step();
  REQUIRE(wire.server.state == ServerState::kOpen);
  const ServerStep step = React(wire.plan, wire.server, syn, kFlow, kKey);
  CHECK(step.news == ServerNews::kDuplicate);
  CHECK_FALSE(step.send);
  wire.RunUntilClosed();
  CHECK(wire.completed == 1);
}

TEST_CASE("nobody answers: six SYNs in 12.6 seconds, then the client gives up") {
  Wire wire;
  wire.lose = ~0u;
  wire.OpenOne();
  wire.RunUntilClosed();
  CHECK(wire.timed_out == 1);
  CHECK(wire.sent == 6);
  CHECK(wire.now_ns - kStart == Approx(12.6e9).epsilon(0.01));  // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 6.4
}

TEST_CASE("a reset counts when it is the next thing expected, RFC 9293, 3.10.7") {
  Wire wire;
  wire.OpenOne();
  const Segment syn = wire.to_server.front();
  Segment reset{.seq = 0, .ack = syn.seq + 2, .flow = kFlow};
  reset.flags = kTcpRst | kTcpAck;
  CHECK(React(wire.plan, wire.client, reset, kFlow, wire.now_ns).news == ClientNews::kNone);
  reset.ack = syn.seq + 1;
  CHECK(React(wire.plan, wire.client, reset, kFlow, wire.now_ns).news == ClientNews::kReset);
  CHECK(wire.client.state == ClientState::kClosed);

  wire.to_server.clear();
  wire.OpenOne();
  wire.Step();
  wire.Step();
  REQUIRE(wire.client.state == ClientState::kAwaiting);
  reset.seq = wire.client.expected + 1;
  CHECK(React(wire.plan, wire.client, reset, kFlow, wire.now_ns).news == ClientNews::kNone);
  reset.seq = wire.client.expected;
  CHECK(React(wire.plan, wire.client, reset, kFlow, wire.now_ns).news == ClientNews::kReset);
}

TEST_CASE("a SYN of another run, and a segment of no connection, are unknown") {
  const TcpPlan plan;
  TcpServer server;
  Segment in{.seq = 12345, .flow = kFlow};
  in.flags = kTcpSyn;
  REQUIRE_FALSE(IsInitial(in.seq, kFlow, kKey));
  CHECK(React(plan, server, in, kFlow, kKey).news == ServerNews::kUnknown);
  in.flags = kTcpAck;
  in.seq = 0x70000000;
  in.length = 100;
  CHECK(React(plan, server, in, kFlow, kKey).news == ServerNews::kUnknown);
  CHECK(server.state == ServerState::kListen);
}

}  // namespace
}  // namespace baton::generator
