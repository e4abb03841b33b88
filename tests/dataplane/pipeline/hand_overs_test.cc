// What a worker does with the packets of a condition that gets from one hand-over into the next. Times are in
// milliseconds; a packet is known by its IPv4 identification.
#include "dataplane/hand_over/hand_overs.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>

#include <catch2/catch.hpp>

#include "common/headers.h"

namespace baton::dataplane {
namespace {

using namespace std::chrono_literals;
using Frame = std::array<uint8_t, 64>;

constexpr uint16_t kIp = 14, kTcpAt = 34, kEnd = 55;
const IpAddress kHost = IpAddress::V4(0x0a000033);

// One worker, and what becomes of each packet.
struct Line {
  ConditionTable table{16, {}};
  HandOvers hand_overs{64, table};
  TimePoint now{100s};
  std::deque<Update> updates;
  std::vector<Event> events;
  std::deque<std::unique_ptr<Frame>> frames;
  std::vector<uint16_t> passed, kept, released;
  uint16_t sent = 0;
  std::vector<uint16_t> dropped;

  // As Worker::PollOnce.
  void Poll() {
    while (!updates.empty() && !hand_overs.marking()) {
      const Update update = updates.front();
      updates.pop_front();
      if (const auto* u = std::get_if<BeginGiving>(&update)) hand_overs.Begin(*u->giving, now);
      if (const auto* u = std::get_if<EndGiving>(&update)) hand_overs.End(*u->giving, now);
      if (const auto* u = std::get_if<BeginTaking>(&update)) hand_overs.Begin(*u->taking, now);
      if (const auto* u = std::get_if<EndTaking>(&update)) hand_overs.End(*u->taking);
    }
    WaitingPacket packet;
    DropReason drop = DropReason::kNone;
    while (hand_overs.TakeReleased(now, &packet, &drop)) {
      (drop == DropReason::kNone ? released : dropped).push_back(IdOf(packet.data));
    }
    hand_overs.Advance(now, now);
    Event event;
    while (hand_overs.TakeFinished(&event)) events.push_back(event);
  }
  static uint16_t IdOf(const uint8_t* frame) {
    return reinterpret_cast<const Ipv4Header*>(frame + kIp)->identification.get();
  }

  void Arrive(uint8_t protocol = kTcp) {
    Frame& frame = *frames.emplace_back(std::make_unique<Frame>());
    auto* ip = reinterpret_cast<Ipv4Header*>(frame.data() + kIp);
    ip->version_ihl = 0x45;
    ip->total_length.set(kEnd - kIp);
    ip->identification.set(++sent);
    ip->protocol = protocol;
    ip->src.set(kHost.v4());
    auto* tcp = reinterpret_cast<TcpHeader*>(frame.data() + kTcpAt);
    tcp->src_port.set(1024);
    tcp->seq.set(sent);
    tcp->data_offset = 0x50;
    Packet packet;
    packet.data = frame.data();
    packet.length = kEnd;
    packet.l3 = kIp;
    packet.l4 = kTcpAt;
    packet.protocol = protocol;
    packet.flags = kKeyed;
    packet.ipv4 = true;
    const ConditionTable::Entry entry = table.Find(kHost, 0);
    const ConditionState state = ConditionTable::StateOf(entry);
    if (state == ConditionState::kPass) return passed.push_back(sent);
    if (state == ConditionState::kBlock) return dropped.push_back(sent);
    hand_overs.SetSince(now);
    hand_overs.Judge(entry, packet, now);
    (packet.fate == Fate::kKept ? kept : packet.alive() ? passed : dropped).push_back(sent);
  }
  // A packet and a poll each millisecond.
  void RunFor(int ms) {
    for (; ms > 0; --ms, now += 1ms) {
      Arrive();
      Poll();
    }
  }
  template <typename T>
  size_t Count() const {
    return static_cast<size_t>(
        std::count_if(events.begin(), events.end(), [](const Event& e) { return std::holds_alternative<T>(e); }));
  }
};

Giving Gives(HandOverKind kind) {
  Giving giving{.kind = kind, .conditions = {kHost}, .cover = 50ms, .linger = 5ms};
  giving.notes.resize(256);
  giving.flows.resize(16);
  giving.window = 50ms;
  return giving;
}

Taking Takes(HandOverKind kind) {
  return {.kind = kind, .conditions = {kHost}, .skew = 5ms, .cover = 50ms, .limit = 1s};
}

TEST_CASE("a condition that is taken back before the old router has stopped passes and is noted until then [VR-67]") {
  Line line;
  line.table.Set(kHost, 0, ConditionState::kPass);
  Giving giving = Gives(HandOverKind::kExact);
  Taking taking = Takes(HandOverKind::kExact);
  line.updates = {BeginGiving{&giving}};
  line.RunFor(20);
  line.updates = {EndGiving{&giving}, BeginTaking{&taking}};  // in one poll
  line.RunFor(60);
  // Noted for `cover` from the first poll on; then it waits, and none is in between but for one poll.
  CHECK(line.Count<GivingEnded>() == 1);
  CHECK(line.Count<TakingBegun>() == 1);
  CHECK(line.passed.size() == 51);
  CHECK(giving.noted + 1 == line.passed.size());  // all but the one before it began
  CHECK(giving.stopped_at == TimePoint(100s) + 50ms);
  CHECK(line.kept.size() + line.dropped.size() == 80 - 51);
  CHECK(line.dropped.size() <= 1);  // the next router has it
}

TEST_CASE("`sequence`: what is given back waits at once when the old router has stopped, though it still looks") {
  Line line;
  line.table.Set(kHost, 0, ConditionState::kPass);
  Giving giving = Gives(HandOverKind::kSequence);
  giving.cover = 0ms;
  Taking taking = Takes(HandOverKind::kSequence);
  line.updates = {BeginGiving{&giving}};
  line.RunFor(20);
  line.Arrive(kUdp);  // for this it looks longer
  line.updates = {EndGiving{&giving}, BeginTaking{&taking}};
  line.RunFor(20);
  CHECK(line.Count<TakingBegun>() == 1);
  CHECK(line.Count<GivingEnded>() == 0);
  CHECK(line.kept.size() + 2 >= 40 - line.passed.size());
  line.RunFor(60);
  REQUIRE(line.Count<GivingEnded>() == 1);
  // The last that was forwarded is told (VR-Q45).
  const Giving* const parts[] = {&giving};
  const std::vector<FlowMark> marks = MakeMarks(parts);
  REQUIRE(marks.size() == 1);
  CHECK(marks[0].status != FlowMark::Status::kNotFound);
  if (marks[0].status == FlowMark::Status::kLast) CHECK(marks[0].sequence == line.passed.back());
}

TEST_CASE("`sequence`: the old router looks for long only where packets came that are no TCP [VR-74, VR-77]") {
  // Before the stop, after it, or never; for 5 ms after the stop, or for 50.
  const auto [other_at, looks] = GENERATE(table<int, int>({{-1, 5}, {20, 50}, {53, 50}, {56, 5}}));
  CAPTURE(other_at);
  Line line;
  line.table.Set(kHost, 0, ConditionState::kPass);
  Giving giving = Gives(HandOverKind::kSequence);
  line.updates = {BeginGiving{&giving}};
  line.RunFor(10);
  line.updates = {EndGiving{&giving}};
  const TimePoint begin(100s), stop = begin + giving.cover;
  while (line.Count<GivingEnded>() == 0 && line.now < begin + 1s) {
    if (line.now == begin + other_at * 1ms) line.Arrive(kUdp);
    line.RunFor(1);
  }
  CHECK(giving.stopped_at == stop);
  CHECK(line.now - 1ms == stop + looks * 1ms);
}

TEST_CASE("`sequence`: what the report does not name is known by time alone: its sender was started anew [VR-85]") {
  Line line;
  line.table.Set(kHost, 0, ConditionState::kBlock);
  Taking taking = Takes(HandOverKind::kSequence);
  line.updates = {BeginTaking{&taking}};
  line.Poll();
  line.RunFor(60);
  REQUIRE(line.kept.size() == 60);
  taking.stopped_at = line.now;
  line.updates = {EndTaking{&taking}};
  line.Poll();
  line.Poll();
  // `cover` less `skew` before the stop: 45 ms.
  CHECK(line.dropped.size() == 15);
  CHECK(line.released.size() == 45);
  CHECK((line.dropped.back() == 15 && line.released.front() == 16));
}

TEST_CASE("a condition that is handed on as soon as it was taken: what waits goes on first, late copies are known") {
  Line line;
  line.table.Set(kHost, 0, ConditionState::kBlock);
  Taking taking = Takes(HandOverKind::kExact);
  Giving giving = Gives(HandOverKind::kExact);
  line.updates = {BeginTaking{&taking}};
  line.Poll();
  line.RunFor(30);
  REQUIRE(line.kept.size() == 30);
  // The old router stopped now; it forwarded the first ten, and one that is late here.
  taking.stopped_at = line.now;
  const DigestKey key;
  for (size_t i = 0; i < 10; ++i) {
    taking.report.push_back({PacketDigest(key, line.frames[i]->data() + kIp, kEnd - kIp), TimePoint(100s) + i * 1ms});
  }
  std::sort(taking.report.begin(), taking.report.end(),
            [](const ReportedPacket& a, const ReportedPacket& b) { return a.digest < b.digest; });
  for (uint32_t i = 0; i < 10; ++i) taking.report[i].left = i + 1, taking.report[i].right = i;
  line.updates = {EndTaking{&taking}, BeginGiving{&giving}};  // in one poll
  line.RunFor(20);
  CHECK(taking.forwarded_before == 10);
  CHECK(line.dropped.size() == 10);
  CHECK(line.released.size() + line.passed.size() == 20 + 20);
  CHECK(line.Count<TakingEnded>() == 1);
  CHECK(giving.noted > 0);  // it has begun
}

}  // namespace
}  // namespace baton::dataplane
