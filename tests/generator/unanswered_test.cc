// Floods and malformed packets beside good flows, over plain wires: what is counted of them, and that flows stay as
// they are.
#include "generator/unanswered/sender.h"

#include <set>

#include <absl/strings/match.h>
#include <absl/strings/str_replace.h>
#include <catch2/catch.hpp>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/report/html.h"
#include "generator/report/report.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

const std::string kBeside = TwoPorts(R"(
duration: 100ms
settle: 10ms
flows:
  - {name: good, protocol: udp, to: "10.2.0.2:7", count: 50, rate: 20k}
  - {name: web, protocol: tcp, to: "10.2.0.3:80", count: 50, rate: 1k}
  - {name: flood, protocol: syn_flood, to: "10.2.0.3:80", sources: 203.0.113.0/24, rate: 10k}
  - {name: flood6, protocol: syn_flood, to: "[2001:db8:1::2]:80", rate: 1k}
  - {name: bad, protocol: malformed, to: "10.2.0.2:7", rate: 2.3k}
  - {name: bad6, protocol: malformed, to: "[2001:db8:1::2]:7", rate: 2.1k, kinds: [udp_no_checksum, land]}
limits: {lost: 0, duplicated: 0, reordered: 0, corrupted: 0, wrong_server: 0, failed: 0}
)");

RunResult RunLoopback(const Profile& profile) {
  const auto loopback = Loopback::Create(profile).value();
  Simulation simulation(profile, loopback->uses());
  simulation.RunUntilDone();
  return simulation.Result();
}

TEST_CASE("what expects no answer is counted apart, and the flows beside it lose nothing") {
  const Profile profile = ProfileFrom(kBeside);
  REQUIRE(profile.flows.size() == 2);
  REQUIRE(profile.unanswered.size() == 4);
  const RunResult result = RunLoopback(profile);
  CHECK(JudgeRun(profile.limits, result).passed());
  REQUIRE(result.classes.size() == 2);
  CHECK(result.classes[0].requests.counts.sent == Approx(2000).margin(1));
  CHECK(result.classes[1].tcp.completed == result.classes[1].tcp.opened);
  CHECK(result.classes[1].tcp.opened == Approx(100).margin(1));
  CHECK(result.strays.foreign == 0);
  CHECK(result.strays.corrupted == 0);
  CHECK(result.strays.icmp_errors == 0);
  const uint64_t expected[] = {1000, 100, 230, 210};
  for (size_t i = 0; i < 4; ++i) {
    const UnansweredCounts& counts = result.unanswered[i].counts;
    CAPTURE(result.unanswered[i].name);
    CHECK(counts.sent == Approx(expected[i]).margin(1));
    CHECK(counts.arrived == counts.sent);  // a wire refuses nothing
    CHECK(counts.duplicated == 0);
    for (const uint64_t returned : counts.returned) CHECK(returned == 0);
  }
  const UnansweredResult& bad = result.unanswered[2];
  CHECK(bad.kinds.size() == 23);  // those of IPv4
  for (const Malformed kind : bad.kinds) {
    CAPTURE(std::string(KindOf(kind).name));
    const auto place = static_cast<size_t>(kind);
    CHECK(bad.counts.sent_of[place] == Approx(10).margin(1));
    CHECK(bad.counts.arrived_of[place] == bad.counts.sent_of[place]);
  }
}

TEST_CASE("copies of what expects no answer, and its losses, do not count for the flows") {
  std::string text = absl::StrReplaceAll(kBeside, {{"failed: 0}", "failed: 0}\nimpair: {lost: 10%, duplicated: 20%}"}});
  const size_t first = text.find("  - {name: good");
  text.erase(first, text.find("  - {name: flood") - first);  // alone
  const Profile profile = ProfileFrom(text);
  REQUIRE(profile.flows.empty());
  const RunResult result = RunLoopback(profile);
  const UnansweredCounts& flood = result.unanswered[0].counts;
  CHECK(flood.arrived < flood.sent);
  CHECK(flood.arrived == Approx(0.9 * static_cast<double>(flood.sent)).epsilon(0.05));
  CHECK(flood.duplicated == Approx(0.2 * static_cast<double>(flood.sent)).epsilon(0.2));
  CHECK(JudgeRun(profile.limits, result).passed());
}

TEST_CASE("sources are drawn from the whole prefix, or from ports that no flow has") {
  const Profile profile = ProfileFrom(kBeside);
  MemoryWire wire;
  const Hosts hosts(profile.ports[0].addresses);
  const auto frames = [&](const UnansweredProfile& unanswered) {
    UnansweredSender sender(unanswered, 0, hosts, 1460, kClientMac, 1, kTestKey);
    std::vector<std::vector<uint8_t>> sent;
    for (int64_t now_ns = 1; sent.size() < 200; now_ns += 1'000'000) {
      sender.Send(wire.end(0), kServerMac, now_ns);
      Frame received[kBurst];
      const int count = wire.end(1).Receive(received, kBurst);
      for (int i = 0; i < count; ++i) sent.emplace_back(received[i].data, received[i].data + received[i].length);
      wire.end(1).Free(received, count);
    }
    return sent;
  };
  std::set<uint8_t> last;
  for (const auto& frame : frames(profile.unanswered[0])) {
    CHECK(std::vector<uint8_t>(frame.begin() + 26, frame.begin() + 29) == std::vector<uint8_t>{203, 0, 113});
    CHECK((frame[34] << 8 | frame[35]) >= 1024);
    last.insert(frame[29]);
  }
  CHECK(last.size() > 100);  // 256 * (1 - e^(-200/256)) = 139 are to be expected
  for (const auto& frame : frames(profile.unanswered[1])) {
    CHECK(IpAddress::FromV6Bytes(frame.data() + 22) == Address("2001:db8::2"));
    const int port = frame[54] << 8 | frame[55];
    CHECK((port >= 1 && port <= 1023));
  }
  CHECK(wire.buffers_free() == wire.buffers());
}

TEST_CASE("what a link does not take was not sent, and has its number still") {
  const Profile profile = ProfileFrom(absl::StrReplaceAll(kBeside, {{"rate: 10k", "rate: max"}}));
  MemoryWire wire;
  const Hosts hosts(profile.ports[0].addresses);
  UnansweredSender sender(profile.unanswered[0], 0, hosts, 1460, kClientMac, 1, kTestKey);
  uint64_t received = 0;
  const auto drain = [&] {
    Frame frames[kBurst];
    for (int count; (count = wire.end(1).Receive(frames, kBurst)) > 0; received += static_cast<uint64_t>(count)) {
      for (int i = 0; i < count; ++i) {
        const Arrival arrival = Classify(frames[i].data, frames[i].length, kTestKey);
        sender.NoteArrival(FindMark(frames[i].data, frames[i].length, arrival, kTestKey).value());
      }
      wire.end(1).Free(frames, count);
    }
  };
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) sender.Send(wire.end(0), kServerMac, 1);  // more than the wire holds
    drain();
  }
  CHECK(received == 3 * MemoryWire::kDepth);
  CHECK(sender.counts().sent == received);
  CHECK(sender.counts().arrived == received);
  CHECK(sender.counts().duplicated == 0);
  CHECK(wire.buffers_free() == wire.buffers());
}

// Turns the flood's SYN into what a host or a box may say to it.
struct Answers {
  Profile profile = ProfileFrom(kBeside);
  Hosts hosts{profile.ports[0].addresses};
  UnansweredSender sender{profile.unanswered[0], 0, hosts, 1460, kClientMac, 1, kTestKey};
  uint8_t frame[2048] = {};

  uint16_t Segment(const char* from, const char* to, uint8_t flags) {
    FrameTemplate headers({.dst = Address(to), .dst_port = 4000, .length = 124, .protocol = kTcp}, kServerMac);
    headers.WriteHeaders(frame, Address(from), 80);
    generator::Segment segment{.seq = 1, .ack = 1};
    segment.flags = flags;
    return WriteSegment(frame, true, 34, segment, nullptr, kTestKey);
  }
  bool Note(uint16_t length) {
    const auto returned = ReadReturned(frame, length, Classify(frame, length, kTestKey));
    return returned && sender.NoteReturned(*returned);
  }
};

TEST_CASE_METHOD(Answers, "what comes back is counted by what it is, if it is to the flood's sources") {
  const auto& returned = sender.counts().returned;
  CHECK(Note(Segment("10.2.0.3", "203.0.113.9", kTcpSyn | kTcpAck)));
  CHECK(returned == std::array<uint64_t, 4>{1, 0, 0, 0});
  CHECK(Note(Segment("10.2.0.3", "203.0.113.9", kTcpRst | kTcpAck)));
  CHECK(returned == std::array<uint64_t, 4>{1, 1, 0, 0});
  CHECK(Note(Segment("10.2.0.3", "203.0.113.9", kTcpAck)));
  CHECK(returned == std::array<uint64_t, 4>{1, 1, 0, 1});
  CHECK_FALSE(Note(Segment("10.2.0.3", "203.0.114.9", kTcpRst)));
  CHECK_FALSE(Note(Segment("10.2.0.2", "203.0.113.9", kTcpRst)));
  const uint16_t length = Segment("203.0.113.9", "10.2.0.3", kTcpSyn);  // quoted below
  std::memmove(frame + 42, frame + 14, length - 14u);
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame + 14);
  ip.protocol = kIcmp;
  ip.total_length = Be16(20 + 8 + 28);
  ip.checksum.set_raw(0);
  ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, 20)));
  std::memset(frame + 34, 0, 8);
  frame[34] = kIcmpUnreachable;
  const uint16_t sum = FinishChecksum(AddToChecksum(0, frame + 34, 8 + 28));
  std::memcpy(frame + 36, &sum, 2);
  CHECK(Note(14 + 20 + 8 + 28));
  CHECK(returned == std::array<uint64_t, 4>{1, 1, 1, 1});
}

TEST_CASE("the reports tell of them") {
  const Profile profile = ProfileFrom(kBeside);
  const RunResult result = RunLoopback(profile);
  const Verdict verdict = JudgeRun(profile.limits, result);
  const std::string json = JsonReport(profile, result, verdict);
  CHECK(absl::StrContains(json, "\"name\": \"flood\",\n      \"protocol\": \"syn_flood\""));
  CHECK(absl::StrContains(json, "\"kind\": \"udp_no_checksum\""));
  CHECK(absl::StrContains(json, "\"syn_acks\": 0"));
  const std::string html = HtmlReport(profile, result, verdict);
  CHECK(absl::StrContains(html, "<table id=\"unanswered\">"));
  CHECK(absl::StrContains(html, "udp_no_checksum"));
  CHECK(absl::StrContains(Summary(result, verdict), "flood: "));
}

}  // namespace
}  // namespace baton::generator
