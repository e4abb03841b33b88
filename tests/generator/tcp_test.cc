// Connections through the engine: in memory, through harm, and against somebody who refuses.
#include <catch2/catch.hpp>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/report/verdict.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

std::string Connections(const char* more, const char* run = "duration: 200ms\nsettle: 30ms\n") {
  return TwoPorts(std::string(run) + "flows: [{name: web, protocol: tcp, " + more + "}]\n");
}

RunResult RunLoop(const std::string& text, int64_t poll_ns = 1000) {
  const Profile profile = ProfileFrom(text);
  const auto loopback = Loopback::Create(profile).value();
  Simulation simulation(profile, loopback->uses());
  simulation.RunUntilDone({}, poll_ns);
  return simulation.Result();
}

// opened = completed + timed out + reset + still open; every request that was sent is accounted for.
void CheckSums(const ClassResult& c) {
  CHECK(c.tcp.opened == c.tcp.completed + c.tcp.failed() + c.tcp.concurrent);
  for (const DirectionCounts& counts : {c.requests.counts, c.responses.counts}) {
    CHECK(counts.sent == counts.arrived + counts.lost());
    CHECK(counts.duplicated == 0);  // TCP takes each byte once
    CHECK(counts.reordered == 0);
  }
}

TEST_CASE("connections in memory: all are opened, answered and closed") {
  struct Case {
    const char* name;
    const char* flow;
    uint64_t opened, requests;
  };
  const auto c = GENERATE(values<Case>({
      {"one request each", "to: \"10.9.0.1:80\", count: 100, rate: 10k", 2000, 2000},
      {"IPv6", "to: \"[2001:db8:9::1]:80\", count: 100, rate: 10k", 2000, 2000},
      {"three requests each", "to: \"10.9.0.1:80\", count: 100, rate: 5k, requests: 3", 1000, 3000},
      {"closed by reset", "to: \"10.9.0.1:80\", count: 100, rate: 10k, close: reset", 2000, 2000},
      {"ten segments of response", "to: \"10.9.0.1:80\", count: 100, rate: 5k, response: 11880", 1000, 1000},
      {"a window and more of response", "to: \"10.9.0.1:80\", count: 100, rate: 1k, response: 100000", 200, 200},
      {"ten segments of request", "to: \"[2001:db8:9::1]:80\", count: 100, rate: 5k, request: 12080", 1000, 1000},
      {"the least of both", "to: \"10.9.0.1:80\", count: 100, rate: 5k, request: 18, response: 18", 1000, 1000},
      {"IPv6, all at once",
       "to: \"[2001:db8:9::1]:80\", count: 50, rate: 5k, requests: 2, response: 5000, close: reset", 1000, 2000},
  }));
  CAPTURE(c.name);
  const RunResult result = RunLoop(Connections(c.flow));
  const ClassResult& web = result.classes[0];
  CheckSums(web);
  CHECK(web.tcp.opened == Approx(c.opened).margin(2));
  CHECK(web.tcp.completed == web.tcp.opened);
  CHECK(web.tcp.established == web.tcp.opened);
  CHECK(web.requests.counts.sent == Approx(c.requests).margin(6));
  CHECK(web.responses.counts.arrived == web.requests.counts.sent);
  CHECK(web.tcp.retransmitted + web.tcp.duplicate_segments + web.tcp.out_of_order + web.tcp.abandoned == 0);
  CHECK(web.wrong_server == 0);
  CHECK(result.strays.foreign + result.strays.corrupted == 0);
  CHECK(result.bytes_per_flow == 192);
  CHECK(web.tcp_set_up.count() == web.tcp.opened);
}

TEST_CASE("connections with more to ask are closed when the sending ends, and nothing is cut off") {
  const RunResult result = RunLoop(Connections("to: \"10.9.0.1:80\", count: 100, rate: 5k, requests: 1000",
                                               "duration: 200ms\nsettle: 50ms\nimpair: {delay: 3ms}\n"));
  const ClassResult& web = result.classes[0];
  CheckSums(web);
  CHECK(web.tcp.opened == 100);
  CHECK(web.tcp.completed == 100);
  CHECK(web.tcp.concurrent == 0);
  CHECK(web.requests.counts.sent > 2000);  // 20 to 32 round trips of 6 ms each
  CHECK(web.requests.counts.lost() + web.responses.counts.lost() == 0);
}

TEST_CASE("no more connections at a time than there are flows; what is due beyond is counted") {
  // Each takes three round trips of 10 ms: 4 flows make at most 4 connections in 30 ms.
  const RunResult result =
      RunLoop(Connections("to: \"10.9.0.1:80\", count: 4, rate: 1k", "duration: 300ms\nsettle: 100ms\n") +
              "impair: {delay: 5ms}\n");
  const TcpCounts& tcp = result.classes[0].tcp;
  CHECK(tcp.most_concurrent == 4);
  CHECK(tcp.opened == Approx(40).margin(4));
  CHECK(tcp.opened + tcp.busy == Approx(300).margin(2));
  CHECK(result.classes[0].tcp_set_up.Quantile(0.5) == Approx(10e6).epsilon(0.02));
  CHECK(result.classes[0].round_trip.Quantile(0.5) == Approx(10e6).epsilon(0.02));
}

TEST_CASE("through harm every request is answered once, by sending again") {
  const char* harm = GENERATE("lost: 5%", "duplicated: 10%", "reordered: 10%", "corrupted: 5%",
                              "lost: 2%, duplicated: 5%, reordered: 5%, corrupted: 2%, delay: 1ms");
  const char* flow = GENERATE("to: \"10.9.0.1:80\", count: 200, rate: 5k, requests: 2, response: 3000",
                              "to: \"10.9.0.1:80\", count: 200, rate: 5k, request: 2000, response: 100",
                              "to: \"[2001:db8:9::1]:80\", count: 200, rate: 5k, close: reset");
  CAPTURE(harm, flow);
  const RunResult result =
      RunLoop(Connections(flow, "duration: 300ms\nsettle: 14s\n") + "impair: {" + harm + "}\n", 20'000);
  const ClassResult& web = result.classes[0];
  CheckSums(web);
  CHECK(web.tcp.opened > 400);
  CAPTURE(web.tcp.timed_out, web.tcp.reset_by_server, web.tcp.reset_by_others, web.tcp.closed_early,
          web.tcp.not_understood, web.tcp.resets_sent, web.tcp.abandoned, result.strays.foreign);
  CHECK(web.tcp.concurrent == 0);
  // One exchange of seven fails at most, and six in a row end a connection: one of 100,000.
  CHECK(web.tcp.completed == web.tcp.opened);
  CHECK(web.requests.counts.lost() == 0);
  CHECK(web.responses.counts.lost() == 0);
  if (absl::string_view(harm) == "lost: 5%") CHECK(web.tcp.retransmitted > 50);
  if (absl::string_view(harm) == "duplicated: 10%") CHECK(web.tcp.duplicate_segments > 100);
}

TEST_CASE("nobody answers: every connection times out") {
  const RunResult result = RunLoop(Connections("to: \"10.9.0.1:80\", count: 10, rate: 100",
                                               "duration: 100ms\nsettle: 15s\n") + "impair: {lost: 100%}\n", 100'000);
  const ClassResult& web = result.classes[0];
  CheckSums(web);
  CHECK(web.tcp.opened == Approx(10).margin(1));
  CHECK(web.tcp.timed_out == web.tcp.opened);
  CHECK(web.tcp.retransmitted == 5 * web.tcp.opened);
  CHECK_FALSE(JudgeRun({.failed = Limit{}}, result).passed());
}

TEST_CASE("the parts of a run between events add up to the whole") {
  const RunResult result =
      RunLoop(Connections("to: \"10.9.0.1:80\", count: 200, rate: 5k, requests: 2", "duration: 300ms\nsettle: 14s\n") +
                  "events: [{at: 100ms, run: ls}, {at: 200ms, run: ls}]\nimpair: {lost: 5%}\n",
              20'000);
  const ClassResult& web = result.classes[0];
  REQUIRE(web.epochs.size() == 3);
  Counted sum;
  for (const EpochCounts& epoch : web.epochs) {
    CHECK(epoch.requests.sent > 100);
    CHECK(epoch.requests.lost() == 0);
    sum.Add(epoch);
  }
  CHECK(sum.requests.sent == web.requests.counts.sent);
  CHECK(sum.requests.arrived == web.requests.counts.arrived);
  CHECK(sum.responses.sent == web.responses.counts.sent);
  CHECK(sum.responses.arrived == web.responses.counts.arrived);
}

// Refuses every SYN as batond does without a service: a reset without options (RFC 9293, 3.10.7.1).
struct Refuser {
  Link& link;
  uint64_t refused = 0;

  void Poll() {
    Frame frames[kBurst];
    const int count = link.Receive(frames, kBurst);
    for (int i = 0; i < count; ++i) {
      MirrorFrame(frames[i].data, true, 34, kServerMac.bytes.data(), nullptr);
      auto& tcp = *reinterpret_cast<TcpHeader*>(frames[i].data + 34);
      Segment reset{.seq = 0, .ack = tcp.seq.get() + 1};
      reset.flags = kTcpRst | kTcpAck;
      // WriteSegment adds time stamps; a kind that means nothing takes their place, and the checksum follows (RFC
      // 1624).
      frames[i].length = WriteSegment(frames[i].data, true, 34, reset, nullptr, 0);
      tcp.checksum.set_raw(
          ApplyDifference(tcp.checksum.raw(), ChecksumDifference(Be16(0x080a).raw(), Be16(0xfd0a).raw())));
      frames[i].data[34 + 22] = 0xfd;
      refused += link.Send(&frames[i], 1) == 1;
    }
  }
};

TEST_CASE("a box on the way refuses: resets by others, found by address and port") {
  const Profile profile = ProfileFrom(Connections("to: \"10.9.0.1:80\", count: 50, rate: 5k"));
  MemoryWire wire, unused;
  Refuser refuser{wire.end(1)};
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &unused.end(0), .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone([&](int64_t) { refuser.Poll(); });
  const RunResult result = simulation.Result();
  const ClassResult& web = result.classes[0];
  CheckSums(web);
  CHECK(refuser.refused == web.tcp.opened);
  CHECK(web.tcp.reset_by_others == web.tcp.opened);
  CHECK(web.tcp.reset_by_server == 0);
  CHECK(web.requests.counts.sent == 0);
  CHECK(result.strays.foreign == 0);
}

}  // namespace
}  // namespace baton::generator
