// Datagrams in pieces: the fragments byte by byte, how they are put together, and the ledger above them.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <catch2/catch.hpp>

#include "generator/fragments/reassembly.h"
#include "generator/fragments/split.h"
#include "generator/report/html.h"
#include "generator/report/report.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

constexpr Stamp kStamp{.flow = 5, .number = 7, .time_ns = 1000, .sender = 0};

// A request of `length` bytes, as if it could be sent whole.
std::vector<uint8_t> Datagram(bool ipv4, uint16_t length) {
  const IpAddress dst = Address(ipv4 ? "10.2.0.2" : "2001:db8::10");
  FrameTemplate frame({.dst = dst, .dst_port = 53, .length = length}, kClientMac);
  frame.SetNextHop(kServerMac);
  std::vector<uint8_t> bytes(length + 64u);
  frame.Write(bytes.data(), Address(ipv4 ? "10.1.0.2" : "2001:db8:1::2"), 4000, kStamp, kTestKey);
  const size_t payload = ipv4 ? 60 : 80;  // behind the stamp: bytes that tell where they belong
  for (size_t i = payload; i < length; ++i) bytes[i] = static_cast<uint8_t>(i / 8);
  bytes.resize(length);
  return bytes;
}

using Pieces = std::vector<std::vector<uint8_t>>;

Pieces Cut(const std::vector<uint8_t>& datagram, bool ipv4, uint16_t mtu, FragmentOrder order = FragmentOrder::kInOrder,
           uint32_t id = 0x12345) {
  const auto length = static_cast<uint16_t>(datagram.size());
  const int pieces = PiecesOf(ipv4, length, mtu);
  Pieces written(static_cast<size_t>(pieces), std::vector<uint8_t>(kFrameRoom, 0xee));
  std::vector<Frame> frames;
  for (auto& piece : written) frames.push_back({.data = piece.data(), .buffer = &piece, .length = 0});
  Random random(3);
  Split(datagram.data(), ipv4, length, mtu, id, order, random, frames.data(), pieces);
  Pieces in_order;
  for (const Frame& frame : frames) in_order.emplace_back(frame.data, frame.data + frame.length);
  return in_order;
}

TEST_CASE("IPv4 fragments as RFC 791 has them") {
  const Pieces pieces = Cut(Datagram(true, 14 + 20 + 1000), true, 576);
  REQUIRE(pieces.size() == 2);  // 552 bytes and 448
  CHECK(pieces[0].size() == 14 + 20 + 552);
  CHECK(pieces[1].size() == 14 + 20 + 448);
  const std::vector<uint8_t> first = {0x45, 0, 0x02, 0x3c, 0x23, 0x45, 0x20, 0x00, 64, 17};  // 572, id, more, at 0
  const std::vector<uint8_t> second = {0x45, 0, 0x01, 0xd4, 0x23, 0x45, 0x00, 69, 64, 17};   // 468, the last, at 552
  CHECK(std::vector<uint8_t>(pieces[0].begin() + 14, pieces[0].begin() + 24) == first);
  CHECK(std::vector<uint8_t>(pieces[1].begin() + 14, pieces[1].begin() + 24) == second);
  for (const auto& piece : pieces) {
    CHECK(Classify(piece.data(), static_cast<uint16_t>(piece.size()), kTestKey).kind == ArrivalKind::kFragment);
    CHECK(MacAddress::From(piece.data()) == kServerMac);
  }
}

TEST_CASE("IPv6 fragments as RFC 8200 has them") {
  const Pieces pieces = Cut(Datagram(false, 14 + 40 + 2000), false, 1280);
  REQUIRE(pieces.size() == 2);  // 1232 bytes and 768
  const std::vector<uint8_t> first = {0x04, 0xd8, 44, 64};  // 1240
  CHECK(std::vector<uint8_t>(pieces[0].begin() + 18, pieces[0].begin() + 22) == first);
  const std::vector<uint8_t> header = {17, 0, 0, 1, 0, 1, 0x23, 0x45}, last = {17, 0, 0x04, 0xd0, 0, 1, 0x23, 0x45};
  CHECK(std::vector<uint8_t>(pieces[0].begin() + 54, pieces[0].begin() + 62) == header);
  CHECK(std::vector<uint8_t>(pieces[1].begin() + 54, pieces[1].begin() + 62) == last);  // 1232, no more
  CHECK(pieces[1].size() == 14 + 40 + 8 + 768);
}

TEST_CASE("what fits is not cut, and how many pieces there are otherwise") {
  CHECK(PiecesOf(true, 1514, 1500) == 1);
  CHECK(PiecesOf(true, 1515, 1500) == 2);
  CHECK(PiecesOf(false, 1514, 1500) == 1);
  CHECK(PiecesOf(false, 1515, 1500) == 2);
  CHECK(PiecesOf(true, 14 + 20 + 1480 * 3, 1500) == 3);
  CHECK(PiecesOf(true, 14 + 20 + 1480 * 3 + 1, 1500) == 4);
  CHECK(PiecesOf(true, kLongestDatagram, 1500) == 45);
  CHECK(PiecesOf(false, 54 + 1448 * 2 + 1, 1500) == 3);  // 1452 rounded down to units of 8
}

struct Table {
  Reassembly table{9000};
  int64_t now_ns = 1;

  std::optional<std::vector<uint8_t>> Take(const std::vector<uint8_t>& frame) {
    const Arrival arrival = Classify(frame.data(), static_cast<uint16_t>(frame.size()), kTestKey);
    REQUIRE(arrival.kind == ArrivalKind::kFragment);
    const auto whole = table.Take(frame.data(), arrival, now_ns);
    if (!whole) return std::nullopt;
    return std::vector<uint8_t>(whole->frame, whole->frame + whole->length);
  }
};

TEST_CASE("a datagram is the same behind its fragments, in any order") {
  for (const bool ipv4 : {true, false}) {
    for (const auto order : {FragmentOrder::kInOrder, FragmentOrder::kReversed, FragmentOrder::kShuffled}) {
      Table t;
      std::vector<uint8_t> datagram = Datagram(ipv4, 8001);
      const Pieces pieces = Cut(datagram, ipv4, 1500, order, 9);
      REQUIRE(pieces.size() == 6);
      for (size_t i = 0; i < 5; ++i) CHECK_FALSE(t.Take(pieces[i]));
      const auto whole = t.Take(pieces[5]);
      REQUIRE(whole);
      // But for what says that it may not be cut, and IPv4's checksum of it.
      if (ipv4) std::copy_n(whole->begin() + 18, 8, datagram.begin() + 18);
      CHECK(*whole == datagram);
      CHECK(t.table.counts().datagrams == 1);
      CHECK(t.table.counts().incomplete == 0);
      for (const auto& piece : pieces) CHECK_FALSE(t.Take(piece));  // once more
      CHECK(t.table.counts().duplicated == 6);
      CHECK(t.table.counts().datagrams == 1);
    }
  }
}

TEST_CASE_METHOD(Table, "fragments of different datagrams do not mix") {
  const Pieces a = Cut(Datagram(true, 3000), true, 1500, FragmentOrder::kInOrder, 1);
  const Pieces b = Cut(Datagram(true, 3000), true, 1500, FragmentOrder::kInOrder, 2);
  REQUIRE(a.size() == 3);
  for (size_t i = 0; i < 2; ++i) {
    CHECK_FALSE(Take(a[i]));
    CHECK_FALSE(Take(b[i]));
  }
  CHECK(Take(b[2]));
  CHECK(Take(a[2]));
}

TEST_CASE_METHOD(Table, "what is missing for a second is incomplete, and what comes then begins anew") {
  const Pieces pieces = Cut(Datagram(true, 3000), true, 1500);
  Take(pieces[0]);
  Take(pieces[1]);
  CHECK(table.counts().incomplete == 1);  // if this were the end
  now_ns += 1'000'000'001;
  CHECK_FALSE(Take(pieces[2]));
  CHECK(table.counts().datagrams == 0);
  CHECK(table.counts().incomplete == 2);
}

TEST_CASE_METHOD(Table, "fragments that overlap are refused, and all of their datagram") {
  const Pieces pieces = Cut(Datagram(true, 3000), true, 1500);
  std::vector<uint8_t> moved = pieces[1];
  Take(pieces[0]);
  SECTION("a part that is there, with other bytes") {
    moved = pieces[0];
    moved[100] ^= 1;
  }
  SECTION("a part of a part that is there") {
    auto shorter = Cut(Datagram(true, 3000), true, 576);
    moved = shorter[1];
    moved[200] ^= 1;  // the same bytes would be no contradiction
  }
  Take(moved);
  CHECK(table.counts().overlapping == 1);
  CHECK_FALSE(Take(pieces[1]));
  CHECK_FALSE(Take(pieces[2]));
  CHECK(table.counts().datagrams == 0);
  CHECK(table.counts().incomplete == 0);
}

TEST_CASE_METHOD(Table, "a last fragment in front of others is refused") {
  const Pieces longer = Cut(Datagram(true, 3000), true, 1500), shorter = Cut(Datagram(true, 2000), true, 1500);
  Take(longer[1]);  // 1480 to 2960
  Take(shorter[1]);  // the end, at 1966
  CHECK(table.counts().overlapping == 1);
}

TEST_CASE_METHOD(Table, "what no datagram of this run can be is not kept") {
  const Pieces pieces = Cut(Datagram(true, 10000), true, 1500);
  REQUIRE(pieces.size() == 7);
  for (const auto& piece : pieces) Take(piece);
  CHECK(table.counts().impossible == 1);  // the one that reaches behind 9000 bytes
  CHECK(table.counts().datagrams == 0);
}

TEST_CASE_METHOD(Table, "a full table gives up the oldest, and says so") {
  const std::vector<uint8_t> datagram = Datagram(true, 3000);
  for (uint32_t id = 0; id < 1000; ++id) {
    ++now_ns;
    Take(Cut(datagram, true, 1500, FragmentOrder::kInOrder, id)[0]);
  }
  const FragmentCounts counts = table.counts();
  CHECK(counts.no_room >= 1000 - 256);
  CHECK(counts.no_room + counts.incomplete == 1000);
  ++now_ns;
  const Pieces newest = Cut(datagram, true, 1500, FragmentOrder::kInOrder, 999);
  Take(newest[1]);
  CHECK(Take(newest[2]));
}

const std::string kFragmented = TwoPorts(R"(
duration: 100ms
settle: 10ms
flows:
  - {name: long, protocol: udp, to: "10.2.0.2:7", count: 50, rate: 5k, size: 8192, fragments: 1500}
  - {name: six, protocol: udp, to: "[2001:db8:1::2]:7", count: 50, rate: 2k, size: [84, 9000, 65535], fragments: 1280,
     fragment_order: shuffled}
  - {name: ping, protocol: icmp, to: "10.2.0.3", count: 50, rate: 1k, size: 100, answer_size: 8000, fragments: 576,
     fragment_order: reversed}
  - {name: plain, protocol: udp, to: "10.2.0.2:9", count: 50, rate: 5k}
  - {name: same-ends, protocol: udp, to: "[2001:db8:1::2]:8", count: 50, rate: 1k, size: 3000, fragments: 1500}
limits: {lost: 0, duplicated: 0, reordered: 0, corrupted: 0, wrong_server: 0}
)");

RunResult RunIt(const std::string& text, const Profile& profile) {
  CAPTURE(text);
  const auto loopback = Loopback::Create(profile).value();
  Simulation simulation(profile, loopback->uses());
  simulation.RunUntilDone();
  return simulation.Result();
}

TEST_CASE("requests and responses in pieces: the ledger counts datagrams") {
  const Profile profile = ProfileFrom(kFragmented);
  const RunResult result = RunIt(kFragmented, profile);
  CHECK(JudgeRun(profile.limits, result).passed());
  const auto& classes = result.classes;
  CHECK(classes[0].requests.counts.sent == Approx(500).margin(1));
  CHECK(classes[0].requests.counts.sent_bytes == classes[0].requests.counts.sent * 8188);
  CHECK(classes[0].request_pieces == classes[0].requests.counts.sent * 6);  // 8154 bytes, 1480 each
  CHECK(classes[0].response_pieces == classes[0].request_pieces);
  CHECK(classes[2].request_pieces == classes[2].requests.counts.sent);
  CHECK(classes[2].response_pieces == classes[2].responses.counts.sent * 15);  // 7962 bytes, 552 each
  CHECK_FALSE(classes[3].in_pieces);
  CHECK(classes[4].request_pieces == classes[4].requests.counts.sent * 3);  // with identifications of their own
  const uint64_t pieces = classes[0].request_pieces * 2 + classes[1].request_pieces * 2 + classes[2].response_pieces +
                          classes[4].request_pieces * 2;
  // Of six one in three is small enough to go whole, there and back.
  const uint64_t whole = 2 * ((classes[1].requests.counts.sent + 1) / 3);
  CHECK(static_cast<double>(result.fragments.arrived) == Approx(static_cast<double>(pieces - whole)).margin(2));
  CHECK(result.fragments.incomplete == 0);
  CHECK(result.fragments.no_room == 0);
  CHECK(result.strays.foreign == 0);
  const std::string json = JsonReport(profile, result, JudgeRun(profile.limits, result));
  CHECK(absl::StrContains(json, "\"fragments_sent\""));
  CHECK(absl::StrContains(json, "\"incomplete\": 0"));
  CHECK(absl::StrContains(HtmlReport(profile, result, {}), "<table id=\"fragments\">"));
}

TEST_CASE("a fragment that is lost is a datagram that is lost, and no more") {
  const std::string text = absl::StrCat(kFragmented, "impair: {lost: 1%, reordered: 2%, duplicated: 2%}\n");
  const RunResult result = RunIt(text, ProfileFrom(text));
  uint64_t lost = 0;
  for (const ClassResult& c : result.classes) {
    for (const DirectionResult* direction : {&c.requests, &c.responses}) {
      CHECK(direction->counts.sent == direction->counts.arrived + direction->counts.lost());
      CHECK(direction->counts.corrupted == 0);
      lost += c.in_pieces ? direction->counts.lost() : 0;
    }
  }
  // Of six pieces each arrives with 0.99: about 6 % of the long ones are lost, of 53 about 41 %.
  CHECK(result.classes[0].requests.counts.lost() == Approx(500 * 0.0585).epsilon(0.5));
  CHECK(result.fragments.incomplete + result.fragments.no_room > 0);
  CHECK(result.fragments.incomplete + result.fragments.no_room <= lost);
  CHECK(result.fragments.duplicated > 0);
  CHECK(result.fragments.overlapping == 0);
}

TEST_CASE("what cannot be cut that way is refused at its place") {
  const auto report = [](const char* keys) {
    const char* flow = "flows: [{name: x, protocol: udp, to: \"10.2.0.2:7\", rate: 1, ";
    return ParseProfile(TwoPorts(absl::StrCat(flow, keys, "}]\n")), "f").Report();
  };
  CHECK(report("size: 8192, fragments: 1500") == "");
  CHECK(report("size: 1519") ==
        "f:4:67: flows[0].size: 1519 is outside 64..1518, what a frame of IPv4 with a stamp takes on port a\n");
  CHECK(report("size: 8192, fragments: 1501") == "f:4:84: flows[0].fragments: 1501 is above 1500, the mtu of port a\n");
  CHECK(report("fragments: 95") == "f:4:72: flows[0].fragments: 95 is outside 96..2034\n");
  CHECK(report("size: 65536, fragments: 1500") == "f:4:67: flows[0].size: 65536 is outside 64..65535\n");
  CHECK(report("size: 65535, fragments: 576") == "f:4:67: flows[0].size: 65535 would be 119 fragments, more than 64\n");
  CHECK(report("answer_size: 65535, fragments: 576") ==
        "f:4:74: flows[0].answer_size: 65535 would be 119 fragments, more than 64\n");
  CHECK(report("fragment_order: reversed") == "f:4:77: flows[0].fragment_order: is only with fragments\n");
  CHECK(report("fragments: 576, fragment_order: any") ==
        "f:4:93: flows[0].fragment_order: \"any\" is not one of in_order, reversed, shuffled\n");
}

}  // namespace
}  // namespace baton::generator
