#include "dataplane/hand_over/sequence_match.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

const IpAddress kClient = IpAddress::V4(0x0a00000b), kServer = IpAddress::V4(0xcb007109);

// A packet of the end system: a TCP port and number, or port 0: UDP. Those with the same `which` have the same digest.
struct Arrival {
  uint16_t port;
  uint32_t sequence;
  uint64_t which = 0;
};

uint64_t DigestOf(const Arrival& a) { return uint64_t{a.port} << 48 | uint64_t{a.sequence} << 16 | a.which; }

FlowMark Mark(FlowMark::Status status, uint16_t port = 0, uint32_t sequence = 0, const Arrival& reported = {}) {
  const uint64_t digest = DigestOf(reported.port != 0 ? reported : Arrival{port, sequence});
  return {kClient, status, uint8_t{6}, kClient, kServer, port, 80, sequence, digest};
}

// Which of the packets that waited go on, as `y` and `n`; behind a bar those that come later.
std::string GoOn(const std::vector<FlowMark>& marks, const std::vector<Arrival>& waited,
                 const std::vector<Arrival>& late) {
  Taking taking;
  SortMarks(marks, taking);
  SequenceMatch match(absl::MakeSpan(taking.flows), absl::MakeSpan(taking.marked));
  const auto tcp = [](const Arrival& a) {
    return TcpPacket{{kClient, kServer, a.port, 80}, a.sequence, 0, DigestOf(a)};
  };
  for (const Arrival& a : waited) {
    const TcpPacket packet = tcp(a);
    match.Count(kClient, a.port == 0 ? nullptr : &packet);
  }
  match.EndCount();
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
      {"[VR-81] acknowledgements all have one number: the reported one is known by its digest",
       {Mark(kFirst, 1, 20, {1, 20, 3})},
       {{1, 20, 1}, {1, 20, 2}, {1, 20, 3}, {1, 20, 4}},
       {{1, 20, 5}},
       "nnyy|y"},
      {"[VR-Q17] the reported one never came: by number",
       {Mark(kFirst, 1, 20, {1, 20, 3})},
       {{1, 19, 1}, {1, 20, 2}},
       {{1, 20, 4}},
       "ny|y"},
      {"[VR-Q17] it comes late: what is before it does not go on",
       {Mark(kFirst, 1, 20)},
       {{1, 10}},
       {{1, 15}, {1, 20}, {1, 10}},
       "n|nyy"},
      {"[VR-Q45] behind the acknowledgement that was forwarded last",
       {Mark(kLast, 1, 19, {1, 20, 2})},
       {{1, 20, 1}, {1, 20, 2}, {1, 20, 3}},
       {{1, 20, 4}},
       "nny|y"},
      {"[VR-Q45] nothing waits behind it",
       {Mark(kLast, 1, 19, {1, 20, 2})},
       {{1, 20, 1}, {1, 20, 2}},
       {{1, 20, 3}},
       "nn|y"},
      {"[VR-Q45] of identical ones all were forwarded",
       {Mark(kLast, 1, 19, {1, 20, 1})},
       {{1, 20, 1}, {1, 20, 1}, {1, 20, 2}},
       {},
       "nny|"},
      {"[VR-Q45] the last comes late",
       {Mark(kLast, 1, 19, {1, 20, 2})},
       {},
       {{1, 20, 2}, {1, 20, 3}},
       "|ny"},
      {"[VR-Q45] what is no TCP goes on with what is behind the last",
       {Mark(kLast, 1, 19, {1, 20, 2})},
       {{0, 0}, {1, 20, 1}, {0, 0}, {1, 20, 2}, {0, 0}, {1, 20, 3}, {0, 0}},
       {},
       "nnnnnyy|"},
      {"[VR-Q45][VR-84] nothing behind it: by halves",
       {Mark(kLast, 1, 19, {1, 20, 2})},
       {{0, 0}, {1, 20, 2}, {0, 0}, {0, 0}},
       {},
       "nnyy|"},
      {"[VR-Q45] behind the last that was forwarded", {Mark(kLast, 1, 19)}, {{1, 10}, {1, 20}}, {}, "ny|"},
      {"another end system's are not looked at", {{kServer, kNone, 0, {}, {}, 0, 0, 0}}, {{0, 0}}, {{1, 1}}, "y|y"},
  }));
  CAPTURE(c.name);
  CHECK(GoOn(c.marks, c.waited, c.late) == c.go_on);
}

}  // namespace
}  // namespace baton::dataplane
