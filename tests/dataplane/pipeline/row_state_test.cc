// What a row's TCP flags say about its connection, and when a row may go (AM-09, AM-Q22).
#include "dataplane/access_table.h"

#include <catch2/catch.hpp>

#include "common/headers.h"

namespace baton::dataplane {
namespace {

constexpr uint8_t S = kTcpSyn, A = kTcpAck, F = kTcpFin, R = kTcpRst;

Row RowWith(uint8_t kind, uint8_t request_flags, uint8_t reply_flags) {
  Row row = {};
  for (RowSide& side : row.sides) side.kind = static_cast<uint8_t>(kSideLive | kSideIpv4 | kind);
  row.sides[1].kind |= kSideReply;
  row.sides[0].tcp_seen = request_flags;
  row.sides[1].tcp_seen = reply_flags;
  return row;
}

}  // namespace

TEST_CASE("[AM-09] the flags of both directions make the state of a TCP row (AM-Q22)") {
  struct Case { const char* name; uint8_t request, reply; RowState state; };
  const auto c = GENERATE(values<Case>({
      {"a SYN alone", S, 0, RowState::kTcpSyn},
      {"the backend answered, the client did not yet", S, S | A, RowState::kTcpSyn},
      {"all three steps", S | A, S | A, RowState::kTcpEstablished},
      {"the client's ACK without an answer seen", S | A, 0, RowState::kTcpSyn},
      {"data both ways, its beginning not seen", A, A, RowState::kTcpEstablished},
      {"the client closed", S | A | F, S | A, RowState::kTcpFin},
      {"the backend closed", S | A, S | A | F, RowState::kTcpFin},
      {"both closed", S | A | F, S | A | F, RowState::kTcpTimeWait},
      {"a FIN to a backend that never spoke", S | F, 0, RowState::kTcpFin},
      {"the client reset", S | A | R, S | A, RowState::kTcpReset},
      {"the backend reset", S | A, S | A | R, RowState::kTcpReset},
      {"the backend refused", S, R | A, RowState::kTcpReset},
      {"closed one way, then reset", S | A | F, S | A | R, RowState::kTcpReset},
      {"closed both ways, then reset", S | A | F | R, S | A | F, RowState::kTcpReset},
  }));
  CAPTURE(c.name);
  CHECK(StateOf(RowWith(kSideTcp, c.request, c.reply)) == c.state);
}

TEST_CASE("[AM-09] the client's flags alone make the state of a row of one way") {
  struct Case { const char* name; uint8_t request; RowState state; };
  const auto c = GENERATE(values<Case>({
      {"a SYN alone", S, RowState::kTcpSyn},
      {"acknowledged what the backend answered", S | A, RowState::kTcpEstablished},
      {"the client closed", S | A | F, RowState::kTcpFin},
      {"the client reset", S | A | R, RowState::kTcpReset},
      {"closed, then reset", S | A | F | R, RowState::kTcpReset},
  }));
  CAPTURE(c.name);
  CHECK(StateOf(RowWith(kSideTcp | kSideUntouched, c.request, 0)) == c.state);
}

TEST_CASE("other protocols have no flags") {
  CHECK(StateOf(RowWith(kSideUdp, 0, 0)) == RowState::kUdp);
  CHECK(StateOf(RowWith(kSideUdp, R, F)) == RowState::kUdp);
  CHECK(StateOf(RowWith(0, 0, 0)) == RowState::kIcmp);
  CHECK(StateOf(RowWith(0, F, F)) == RowState::kIcmp);
}

TEST_CASE("[AM-09] a row may go when both directions have been silent for its state's time-out") {
  struct Case { const char* name; uint8_t kind, request, reply; Millis after; };
  // Each state has a time-out that no other has.
  const Timeouts timeouts = {.ms = {1'000, 2'000, 3'000, 4'000, 5'000, 6'000, 7'000}};
  const auto c = GENERATE(values<Case>({
      {"not yet open", kSideTcp, S, 0, 1'000},
      {"established", kSideTcp, S | A, S | A, 2'000},
      {"closed one way", kSideTcp, S | A | F, S | A, 3'000},
      {"closed both ways", kSideTcp, S | A | F, S | A | F, 4'000},
      {"reset", kSideTcp, S, R | A, 5'000},
      {"UDP", kSideUdp, 0, 0, 6'000},
      {"ICMP echo", 0, 0, 0, 7'000},
  }));
  // The clock's milliseconds wrap between the two directions' last packets, or near them.
  const Millis last = GENERATE(as<Millis>(), 100, 10'000, 0xffff'ffff, 40, 0x7fff'ffff, 0x8000'0010);
  CAPTURE(c.name, last);
  Row row = RowWith(c.kind, c.request, c.reply);
  row.sides[0].last_seen = last;
  row.sides[1].last_seen = last - 50;
  CHECK(DeadlineOf(row, timeouts) == static_cast<Millis>(last + c.after));
  row.sides[0].last_seen = last - 50;
  row.sides[1].last_seen = last;
  CHECK(DeadlineOf(row, timeouts) == static_cast<Millis>(last + c.after));
}

TEST_CASE("[AM-09] the time-outs that hold when the operator sets none") {
  const Timeouts timeouts;
  CHECK(timeouts.of(RowState::kTcpEstablished) == 300'000);  // AM-Q22
  CHECK(timeouts.of(RowState::kUdp) == 60'000);              // AM-Q22
  CHECK(timeouts.of(RowState::kTcpTimeWait) == 60'000);      // 2 MSL, as Linux has it
  CHECK(timeouts.of(RowState::kTcpReset) <= 10'000);         // ends the access; a repetition may still come
}

}  // namespace baton::dataplane
