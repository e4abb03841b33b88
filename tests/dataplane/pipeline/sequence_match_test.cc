#include "dataplane/hand_over/sequence_match.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

const IpAddress kClient = IpAddress::V4(0x0a00000b), kServer = IpAddress::V4(0xcb007109);

// A packet of the end system: a TCP port and number, or port 0: UDP.
struct Arrival {
  uint16_t port;
  uint32_t sequence;
};

FlowMark Mark(FlowMark::Status status, uint16_t port = 0, uint32_t sequence = 0) {
  return {kClient, status, uint8_t{6}, kClient, kServer, port, 80, sequence};
}

// Which of the packets that waited go on, as `y` and `n`; behind a bar those that come later.
std::string GoOn(const std::vector<FlowMark>& marks, const std::vector<Arrival>& waited,
                 const std::vector<Arrival>& late) {
  Taking taking;
  SortMarks(marks, taking);
  SequenceMatch match(absl::MakeSpan(taking.flows), absl::MakeSpan(taking.marked));
  const auto tcp = [](const Arrival& a) { return TcpPacket{{kClient, kServer, a.port, 80}, a.sequence}; };
  for (const Arrival& a : waited) {
    const TcpPacket packet = tcp(a);
    match.Count(kClient, a.port == 0 ? nullptr : &packet);
  }
  std::string out;
  for (const Arrival& a : waited) {
    const TcpPacket packet = tcp(a);
    out += match.Forwards(kClient, a.port == 0 ? nullptr : &packet) ? 'y' : 'n';
  }
  out += '|';
  for (const Arrival& a : late) {
    const bool may = match.MayForwardLate(tcp(a));
    out += match.ForwardsLate(tcp(a)) ? 'y' : 'n';
    CHECK((out.back() == 'y') == may);
  }
  return out;
}

TEST_CASE("what goes on in mode sequence") {
  using Marks = std::vector<FlowMark>;
  using Packets = std::vector<Arrival>;
  constexpr auto kFirst = FlowMark::Status::kFirst, kLast = FlowMark::Status::kLast,
                 kNone = FlowMark::Status::kNotFound;
  struct Case { const char* name; Marks marks; Packets waited, late; const char* go_on; };
  const auto c = GENERATE(values<Case>({
      {"[VR-81][VR-82] from the reported packet on",
       {Mark(kFirst, 1, 20)},
       {{1, 10}, {1, 20}, {1, 30}},
       {{1, 40}},
       "nyy|y"},
      {"[VR-83] the check ends there", {Mark(kFirst, 1, 20)}, {{1, 20}, {1, 10}}, {{1, 10}}, "yy|y"},
      {"[VR-Q17] the packet itself never came", {Mark(kFirst, 1, 20)}, {{1, 10}, {1, 30}}, {}, "ny|"},
      {"[VR-Q17] numbers wrap", {Mark(kFirst, 1, 5)}, {{1, 0xfffffff0}, {1, 6}}, {}, "ny|"},
      {"[VR-Q19] what is no TCP goes by position", {Mark(kFirst, 1, 20)}, {{0, 0}, {1, 20}, {0, 0}}, {}, "nyy|"},
      {"[VR-Q17] another flow goes by position", {Mark(kFirst, 1, 20)}, {{2, 99}, {1, 20}, {2, 1}}, {}, "nyy|"},
      {"[VR-Q17] a record for each flow",
       {Mark(kFirst, 1, 20), Mark(kFirst, 2, 70)},
       {{2, 60}, {1, 20}, {2, 60}, {2, 70}},
       {},
       "nyny|"},
      {"[VR-84][VR-Q18] none found: the younger half of four",
       {Mark(kNone)},
       {{0, 0}, {1, 1}, {0, 0}, {1, 2}},
       {{1, 3}},
       "nnyy|y"},
      {"[VR-84][VR-Q18] of three the last: one and a half is older",
       {Mark(kNone)},
       {{0, 0}, {0, 0}, {0, 0}},
       {},
       "nny|"},
      {"[VR-Q17] none agrees: by halves, but not of what is named",
       {Mark(kFirst, 1, 20)},
       {{0, 0}, {1, 10}, {0, 0}, {1, 15}},
       {{1, 16}, {1, 21}, {1, 16}},
       "nnyn|nyy"},
      {"[VR-Q45] behind the last that was forwarded", {Mark(kLast, 1, 19)}, {{1, 10}, {1, 20}}, {}, "ny|"},
      {"another end system's are not looked at", {{kServer, kNone, 0, {}, {}, 0, 0, 0}}, {{0, 0}}, {{1, 1}}, "y|y"},
  }));
  CAPTURE(c.name);
  CHECK(GoOn(c.marks, c.waited, c.late) == c.go_on);
}

}  // namespace
}  // namespace baton::dataplane
