// Recordings: files written byte by byte, what is refused of them, and when their frames are sent.
#include "generator/replay/sender.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <catch2/catch.hpp>

#include "generator/report/html.h"
#include "generator/report/report.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/baton-replay-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return (path / name).string();
  }
  std::filesystem::path path;
};

void Put32(std::string& out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> 8 * i);
}

// https://www.ietf.org/archive/id/draft-gharris-opsawg-pcap-01.html: microseconds, version 2.4.
std::string PcapHeader(uint32_t link_type = 1) {
  std::string out;
  for (const uint32_t word : {0xa1b2c3d4u, 0x00040002u, 0u, 0u, 65535u, link_type}) Put32(out, word);
  return out;
}

std::string PcapFrame(uint32_t microseconds, const std::string& frame, uint32_t on_wire = 0) {
  std::string out;
  Put32(out, 1000);
  Put32(out, microseconds);
  Put32(out, static_cast<uint32_t>(frame.size()));
  Put32(out, on_wire != 0 ? on_wire : static_cast<uint32_t>(frame.size()));
  return out + frame;
}

std::string Ethernet(size_t length, char mark, uint16_t type = 0x0800) {
  std::string frame(length, mark);
  frame[12] = static_cast<char>(type >> 8);
  frame[13] = static_cast<char>(type);
  return frame;
}

// draft-ietf-opsawg-pcapng: a section, an interface, a frame of 60 bytes.
std::string PcapngOf(const std::string& frame) {
  std::string out;
  for (const uint32_t word : {0x0a0d0d0au, 28u, 0x1a2b3c4du, 1u, 0xffffffffu, 0xffffffffu, 28u}) Put32(out, word);
  for (const uint32_t word : {1u, 20u, 1u, 0u, 20u}) Put32(out, word);
  const auto length = static_cast<uint32_t>(frame.size());
  for (const uint32_t word : {6u, 32 + length, 0u, 0u, 7u, length, length}) Put32(out, word);
  out += frame;
  Put32(out, 32 + length);
  return out;
}

TEST_CASE_METHOD(Folder, "a recording as it lies in the file") {
  const std::string file = Write("a.pcap", absl::StrCat(PcapHeader(), PcapFrame(100, Ethernet(60, 'a')),
                                                        PcapFrame(350, Ethernet(70, 'b', 0x86dd)),
                                                        PcapFrame(300, Ethernet(14, 'c'))));
  const auto recording = ReadRecording(file, 1518);
  REQUIRE(recording.ok());
  REQUIRE(recording->frames.size() == 3);
  CHECK(recording->bytes.size() == 60 + 70 + 14);
  CHECK(recording->frames[1].at == 60);
  CHECK(recording->frames[1].length == 70);
  CHECK(recording->frames[1].ether_type == 0x86dd);
  CHECK(recording->frames[0].offset_ns == 0);
  CHECK(recording->frames[1].offset_ns == 250'000);
  CHECK(recording->frames[2].offset_ns == 250'000);  // a clock that was set back: not before the one in front of it
  CHECK(recording->period_ns() == 375'000);
  const auto newer = ReadRecording(Write("a.pcapng", PcapngOf(Ethernet(60, 'x'))), 1518);
  REQUIRE(newer.ok());
  CHECK(newer->frames.size() == 1);
  CHECK(newer->bytes[59] == 'x');
  CHECK(newer->period_ns() == 0);
}

TEST_CASE_METHOD(Folder, "what cannot be replayed is refused, and why") {
  const auto why = [&](const std::string& bytes) {
    return std::string(ReadRecording(Write("x.pcap", bytes), 1518).status().message());
  };
  const std::string good = absl::StrCat(PcapHeader(), PcapFrame(1, Ethernet(60, 'a')));
  CHECK(why(good) == "");
  CHECK(why(PcapHeader()) == "holds no frames");
  CHECK(absl::StartsWith(why(""), "is no pcap or pcapng file: "));
  CHECK(absl::StartsWith(why("hello, this is no recording"), "is no pcap or pcapng file: "));
  CHECK(why(absl::StrCat(PcapHeader(101), PcapFrame(1, Ethernet(60, 'a')))) == "holds no Ethernet frames but RAW");
  CHECK(
      absl::StartsWith(why(good + PcapFrame(2, Ethernet(60, 'a')).substr(0, 50)), "frame 2 "));  // the file ends there
  CHECK(why(good + PcapFrame(2, Ethernet(60, 'a'), 61)) == "frame 2 was captured in part: 60 of 61 bytes");
  CHECK(why(good + PcapFrame(2, Ethernet(1519, 'a'))) == "frame 2 has 1519 bytes, above 1518");
  CHECK(why(good + PcapFrame(2, "short")) == "frame 2 is shorter than an Ethernet header");
  CHECK(ReadRecording("/nonexistent.pcap", 1518).status().message() == "cannot be read: No such file or directory");
}

// Three frames, 100 and 200 us apart; a round takes 300 us and 150 more.
struct Three : Folder {
  ReplayProfile profile;
  MemoryWire wire;
  MacAddress v4{{2, 2, 2, 2, 2, 2}};
  ReplayMacs macs{.own = kClientMac, .ipv4 = &v4, .ipv6 = nullptr};

  Three() {
    const std::string file = Write("three.pcap", absl::StrCat(PcapHeader(), PcapFrame(100, Ethernet(60, 'a')),
                                                              PcapFrame(200, Ethernet(60, 'b', 0x86dd)),
                                                              PcapFrame(400, Ethernet(60, 'c', 0x88cc))));
    profile.recording = std::make_shared<const Recording>(ReadRecording(file, 1518).value());
  }
  std::vector<std::string> Received() {
    Frame frames[kBurst];
    const int count = wire.end(1).Receive(frames, kBurst);
    std::vector<std::string> received;
    for (int i = 0; i < count; ++i) {
      received.emplace_back(reinterpret_cast<const char*>(frames[i].data), frames[i].length);
    }
    wire.end(1).Free(frames, count);
    return received;
  }
};

TEST_CASE_METHOD(Three, "frames are as far apart as they were, round after round") {
  profile.rounds = 2;
  ReplaySender sender(profile);
  std::vector<int64_t> at_us;
  for (int64_t us = 0; us <= 2000; us += 10) {
    sender.Send(wire.end(0), macs, 1'000'000'000 + us * 1000);
    for (size_t i = Received().size(); i > 0; --i) at_us.push_back(us);
  }
  CHECK(at_us == std::vector<int64_t>{0, 100, 300, 450, 550, 750});
  CHECK(sender.complete());
  CHECK(sender.counts().sent == 6);
  CHECK(sender.counts().sent_bytes == 360);
  CHECK(sender.counts().most_behind_ns == 0);
  CHECK(wire.buffers_free() == wire.buffers());
}

TEST_CASE_METHOD(Three, "twice as fast, and late when nobody polls") {
  profile.speed = 2;
  ReplaySender sender(profile);
  CHECK(sender.Send(wire.end(0), macs, 1'000'000'000) == 1);
  CHECK(sender.Send(wire.end(0), macs, 1'000'049'999) == 0);
  CHECK(sender.Send(wire.end(0), macs, 1'000'150'000) == 2);  // due at 50 us and 150 us
  CHECK(sender.counts().most_behind_ns == 100'000);
  CHECK(sender.Send(wire.end(0), macs, 2'000'000'000) == 0);
}

TEST_CASE_METHOD(Three, "MAC addresses are those of the port and its gateway, or stay") {
  profile.by_rate = true;  // as many as it takes
  profile.keep_macs = GENERATE(false, true);
  ReplaySender sender(profile);
  CHECK(sender.Send(wire.end(0), macs, 1'000'000'000) == 3);
  const auto frames = Received();
  REQUIRE(frames.size() == 3);
  const std::string own("\x02\x00\x00\x00\x00\x01", 6);
  if (profile.keep_macs) {
    CHECK(frames[0].substr(0, 12) == "aaaaaaaaaaaa");
  } else {
    CHECK(frames[0].substr(0, 12) == "\x02\x02\x02\x02\x02\x02" + own);
    CHECK(frames[1].substr(0, 12) == "bbbbbb" + own);  // no gateway of its family
    CHECK(frames[2].substr(0, 12) == "cccccc" + own);  // no family
  }
  CHECK(frames[0].substr(14) == std::string(46, 'a'));
}

TEST_CASE_METHOD(Three, "what a link does not take is sent later") {
  profile.by_rate = true;
  profile.rounds = 1000;
  ReplaySender sender(profile);
  uint64_t received = 0;
  for (int i = 0; i < 200; ++i) {
    sender.Send(wire.end(0), macs, 1'000'000'000 + i);
    if (i % 20 == 19) {
      for (size_t count; (count = Received().size()) > 0;) received += count;
    }
  }
  CHECK(sender.complete());
  CHECK(received == 3000);
}

TEST_CASE_METHOD(Three, "beside flows a replay is counted apart, and what arrives is foreign") {
  const std::string text = TwoPorts(R"(
duration: 50ms
settle: 10ms
flows:
  - {name: good, protocol: udp, to: "10.2.0.2:7", count: 50, rate: 20k}
  - {name: old, protocol: replay, file: three.pcap, loop: 20}
  - {name: fast, protocol: replay, file: three.pcap, loop: 1000, rate: 10k, from: b}
limits: {lost: 0, duplicated: 0, reordered: 0, wrong_server: 0}
)");
  const ProfileResult parsed = ParseProfile(text, (path / "profile.yaml").string());
  REQUIRE(parsed.Report() == "");
  const auto loopback = Loopback::Create(parsed.profile).value();
  Simulation simulation(parsed.profile, loopback->uses());
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  CHECK(JudgeRun(parsed.profile.limits, result).passed());
  REQUIRE(result.replays.size() == 2);
  CHECK(result.replays[0].counts.sent == 60);
  CHECK(result.replays[0].complete);
  CHECK(result.replays[1].counts.sent == Approx(500).margin(1));
  CHECK_FALSE(result.replays[1].complete);
  // 'aaaa' is no IPv4 packet, and 'bbbb' no IPv6 packet: they are corrupted, and of no flow.
  CHECK(result.strays.foreign + result.strays.corrupted ==
        result.replays[0].counts.sent + result.replays[1].counts.sent);
  const Verdict verdict = JudgeRun(parsed.profile.limits, result);
  CHECK(absl::StrContains(JsonReport(parsed.profile, result, verdict), "\"file\": \"three.pcap\""));
  CHECK(absl::StrContains(HtmlReport(parsed.profile, result, verdict), "<table id=\"replays\">"));
}

TEST_CASE_METHOD(Three, "a wrong replay is refused at its place") {
  const auto report = [&](const char* keys) {
    const std::string flow = absl::StrCat("flows: [{name: x, protocol: replay, ", keys, "}]\n");
    return ParseProfile(TwoPorts(flow), (path / "f").string()).Report();
  };
  const std::string f = absl::StrCat((path / "f").string(), ":4:");
  CHECK(report("file: three.pcap, speed: 0.5, loop: 3, macs: keep, from: a") == "");
  CHECK(report("file: three.pcap, speed: max") == "");
  CHECK(report("file: none.pcap") == f + "43: flows[0].file: none.pcap cannot be read: No such file or directory\n");
  CHECK(report("loop: 1") == f + "9: flows[0]: the key \"file\" is missing\n");
  CHECK(report("file: three.pcap, from: c") == f + "61: flows[0].from: c is no port\n");
  CHECK(report("file: three.pcap, rate: 1, speed: 1") == f + "71: flows[0].speed: does not go with rate\n");
  CHECK(report("file: three.pcap, speed: 0") ==
        f + "62: flows[0].speed: \"0\" is outside 0.001..1000, and not max\n");
  CHECK(report("file: three.pcap, loop: 0") == f + "61: flows[0].loop: 0 is outside 1..1000000000\n");
  CHECK(absl::StartsWith(report("file: three.pcap, to: a"), f + "55: flows[0].to: unknown key"));
}

}  // namespace
}  // namespace baton::generator
