// `batonctl explain` against a running API server: what is asked of the control thread, and what people read.
#include <fstream>
#include <sstream>

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <catch2/catch.hpp>

#include "common/headers.h"
#include "controlplane/api/server.h"
#include "controlplane/packet/frame.h"
#include "programs/batonctl/verbs.h"
#include "tests/controlplane/api/fake_box.h"
#include "tests/controlplane/api/temp_folder.h"

namespace baton::batonctl {
namespace {

using controlplane::FakeBox;
using controlplane::Ip;
using End = PacketTrace::End;
using RowIs = PacketTrace::RowIs;

constexpr char kSyn[] = "explain tcp 192.0.2.7:4711 > 198.51.100.10:80 on wan";

struct Explainer {
  controlplane::TempFolder folder;
  FakeBox box;
  Options options{.socket = folder / "s"};
  std::unique_ptr<controlplane::ApiServer> server = controlplane::ApiServer::Start(options.socket, box).value();
  std::ostringstream out, err;

  int operator()(const std::string& line) {
    out.str("");
    err.str("");
    return Run(absl::StrSplit(line, ' '), options, out, err);
  }
};

// What a worker would tell of kSyn when the row is yet to be made.
PacketTrace NewRow() {
  PacketTrace t;
  t.ready = t.ip = t.keyed = t.ours = t.routed = t.rewritten = true;
  t.end = End::kForward;
  t.protocol = kTcp;
  t.src = Ip("192.0.2.7");
  t.dst = t.address = Ip("198.51.100.10");
  t.src_port = 4711;
  t.dst_port = 80;
  t.address_kind = AddressKind::kExternal;
  t.address_mode = AddressMode::kNormal;
  t.row_is = RowIs::kWouldBeMade;
  t.row = {.client = t.src, .external = t.dst, .internal = t.src, .backend = Ip("10.0.0.11"), .client_port = 4711,
           .external_port = 80, .internal_port = 4711, .backend_port = 8080, .protocol = kTcp,
           .state = RowState::kTcpSyn, .service_slot = 0, .backend_slot = 3};
  t.service_slot = 0;
  t.flow_hash = 0xabc;
  t.route = {Prefix::Parse("10.0.0.0/24").value(), IpAddress(), 1};
  t.neighbor_is = PacketTrace::NeighborIs::kReachable;
  t.neighbor = t.row.backend;
  t.mac = {{2, 0, 0, 0, 0, 0x11}};
  t.out_port = 1;
  t.mtu = 9000;
  return t;
}

void PutFrame(const char* text, const PortInfo& port, PacketTrace& t) {
  const auto frame = controlplane::BuildFrame(controlplane::ParsePacketText(text).value(), port).value();
  t.out_offset = 50;
  t.out_length = static_cast<uint16_t>(frame.size());
  std::copy(frame.begin(), frame.end(), t.bytes.begin() + 50);
}

}  // namespace

TEST_CASE("a packet in words reaches the control thread as a frame to the port") {
  Explainer shell;
  REQUIRE(shell(kSyn) == 0);
  REQUIRE(shell.box.frame);
  CHECK(shell.box.frame->port == 0);
  CHECK(controlplane::FrameText(shell.box.frame->bytes) == "tcp 192.0.2.7:4711 > 198.51.100.10:80 syn mss 1460 ttl 64 len 44");
  CHECK(controlplane::LinkText(shell.box.frame->bytes) == "02:00:00:00:00:00 > 02:00:00:00:01:01");
  shell.options.port = "lan";  // with a tag
  REQUIRE(shell("explain udp 10.0.0.11:53 > 192.0.2.7:4711") == 0);
  CHECK(shell.box.frame->port == 1);
  CHECK(controlplane::LinkText(shell.box.frame->bytes) == "02:00:00:00:00:00 > 02:00:00:00:01:02 vlan 12");
}

TEST_CASE("the way of a packet that opens a connection") {
  Explainer shell;
  shell.box.explained.trace = NewRow();
  shell.box.counters[0]->backends[3].rows.Set(5);
  PutFrame("tcp 192.0.2.7:4711 > 10.0.0.11:8080 syn ttl 63 on lan", {.name = "lan", .mac = {{2, 0, 0, 0, 0, 0x11}}, .addresses = {}},
           shell.box.explained.trace);
  REQUIRE(shell(kSyn) == 0);
  CHECK(shell.out.str() ==
        "packet     tcp 192.0.2.7:4711 > 198.51.100.10:80 syn mss 1460 ttl 64 len 44, in on wan\n"
        "flow       tcp 192.0.2.7:4711 > 198.51.100.10:80\n"
        "identity   192.0.2.7:4711 (source address and port)\n"
        "worker     0\n"
        "address    198.51.100.10 external, mode normal\n"
        "service    web, schedule maglev, forward destination\n"
        "row        would be made: client 192.0.2.7:4711, external 198.51.100.10:80, internal 192.0.2.7:4711, "
        "backend 10.0.0.11:8080\n"
        "backend    s1: weight 2, 5 rows, 0 open; chosen: the flow's hash, 0x00000abc, in the Maglev table\n"
        "backend    s2: weight 0, 0 rows, 0 open\n"
        "route      10.0.0.0/24 connected on lan, mtu 9000\n"
        "next hop   10.0.0.11 on lan, reachable, 02:00:00:00:00:11\n"
        "result     forwarded\n"
        "leaves     tcp 192.0.2.7:4711 > 10.0.0.11:8080 syn mss 1460 ttl 63 len 44, on lan\n"
        "           02:00:00:00:00:00 > 02:00:00:00:00:11\n");
}

TEST_CASE("a packet that is cut tells in how many pieces") {
  Explainer shell;
  shell.box.explained.trace = NewRow();
  shell.box.explained.trace.pieces = 3;
  PutFrame("udp 192.0.2.7:4711 > 10.0.0.11:53 on lan", {.name = "lan", .mac = {}, .addresses = {}},
           shell.box.explained.trace);
  REQUIRE(shell(kSyn) == 0);
  CHECK(absl::StrContains(shell.out.str(), "10.0.0.11:53 ttl 64 len 28, in 3 fragments, on lan\n"));
}

TEST_CASE("why a backend was chosen, by schedule") {
  struct Case { Schedule schedule; const char* why; };
  const auto c = GENERATE(values<Case>({
      {Schedule::kWeight, "chosen: fewest rows for its weight: 7 rows, weight 2"},
      {Schedule::kRoundRobin, "chosen: its turn: access 5, which is place 1 of 2 (the sum of weights)"},
      {Schedule::kLeastLoad, "chosen: least load, then fewest open connections for its weight: load 30, 4 open, weight 2"},
  }));
  Explainer shell;
  shell.box.view->services[0].schedule = c.schedule;
  PacketTrace& t = shell.box.explained.trace = NewRow();
  t.rewritten = false;
  t.turn = 5;
  t.backend_weight = 2;
  t.backend_load = 30;
  t.backend_rows = 7;
  t.backend_open = 4;
  REQUIRE(shell(kSyn) == 0);
  CHECK(absl::StrContains(shell.out.str(), c.why));
}

TEST_CASE("a drop tells what it means and what to change") {
  Explainer shell;
  PacketTrace& t = shell.box.explained.trace = NewRow();
  t.end = End::kDrop;
  t.drop = DropReason::kNoBackend;
  t.row_is = RowIs::kNone;
  t.routed = false;
  t.neighbor_is = PacketTrace::NeighborIs::kNone;
  t.answered = true;
  PutFrame("tcp 198.51.100.10:80 > 192.0.2.7:4711 rst ack on wan", {.name = "wan", .mac = {}, .addresses = {}}, t);
  t.out_port = 0;
  REQUIRE(shell(kSyn) == 0);
  const std::string text = shell.out.str();
  CHECK(absl::StrContains(text, "result     dropped; its sender gets an error, unless there are too many\n"));
  CHECK(absl::StrContains(text, "reason     no_backend: No backend of the service takes new connections"));
  CHECK(absl::StrContains(text, "change     batonctl backend SERVICE NAME enable"));
  CHECK(absl::StrContains(text, "error      tcp 198.51.100.10:80 > 192.0.2.7:4711 ack rst ttl 64 len 40, on wan\n"));
  CHECK(absl::StrContains(text, "row        none\n"));
  CHECK(absl::StrContains(text, "backend    s2: weight 0, 0 rows, 0 open\n"));
}

TEST_CASE("a frame of a capture file is asked about as it is") {
  Explainer shell;
  const std::string file = shell.folder / "two.pcap";
  const auto frame = controlplane::BuildFrame(
      controlplane::ParsePacketText("udp 192.0.2.7:1 > 198.51.100.10:53 on wan").value(), {.name = "wan", .mac = {}, .addresses = {}}).value();
  const auto word = [](uint32_t v) { return std::string(reinterpret_cast<const char*>(&v), 4); };
  const std::string bytes(frame.begin(), frame.end());
  const uint32_t length = static_cast<uint32_t>(bytes.size());
  std::ofstream(file, std::ios::binary) << word(0xa1b2c3d4) << word(0x00040002) << word(0) << word(0) << word(65535)
                                        << word(1) << word(0) << word(0) << word(length) << word(length) << bytes
                                        << word(0) << word(0) << word(10) << word(length) << bytes.substr(0, 10);
  shell.options.pcap = file;
  CHECK(shell("explain 1") == kExitUsage);
  CHECK(shell.err.str() == "batonctl: port: --port tells where the frame comes in\n");
  shell.options.port = "lan";
  REQUIRE(shell("explain 1") == 0);
  CHECK(shell.box.frame->port == 1);
  CHECK(shell.box.frame->bytes == frame);
  struct Case { const char* line; const char* says; };
  for (const Case& c : {Case{"explain 2", "frame: only 10 of its 42 bytes were captured; capture whole frames"},
                        Case{"explain 3", "has 2 frames, not 3"}, Case{"explain 0", "frame: frames are counted from 1"},
                        Case{"explain x", "N is the frame's number, from 1"}}) {
    CAPTURE(c.line);
    CHECK(shell(c.line) == kExitUsage);
    CHECK(absl::StrContains(shell.err.str(), c.says));
  }
  shell.options.pcap = shell.folder / "none.pcap";
  CHECK(shell("explain 1") == kExitUsage);
  CHECK(absl::StrContains(shell.err.str(), "none.pcap"));
}

TEST_CASE("what cannot be explained is refused and says why") {
  struct Case { const char* line; const char* says; };
  const auto c = GENERATE(values<Case>({
      {"explain tcp 192.0.2.7:4711 > 198.51.100.10:80 on wann", "port: there is no port \"wann\"; there are wan, lan"},
      {"explain gre 192.0.2.7 > 198.51.100.10 on wan", "packet: column 1: \"gre\" is not one of tcp, udp, icmp, icmp6"},
      {"explain tcp 192.0.2.7:4711 > 198.51.100.10:80", "comes before \"on PORT\""},
  }));
  CAPTURE(c.line);
  Explainer shell;
  CHECK(shell(c.line) == kExitFailed);
  CHECK(absl::StrContains(shell.err.str(), c.says));
  CHECK_FALSE(shell.box.frame);
}

}  // namespace baton::batonctl
