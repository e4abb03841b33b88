#include <algorithm>

#include "generator/tcp/connection.h"

namespace baton::generator {
namespace {

// Segments of one connection lie within so much of the sequence space; that of the next one is farther away.
constexpr uint32_t kOneConnection = 0x10000;

Segment Reply(const TcpServer& server, uint32_t flow, uint8_t flags, uint32_t seq, uint32_t length) {
  Segment out{.seq = seq, .ack = server.expected, .flow = flow, .time = flow, .length = static_cast<uint16_t>(length)};
  out.flags = static_cast<uint8_t>(flags | kTcpAck);
  return out;
}

void Answer(ServerStep& step, const Segment& out) {
  step.send = true;
  step.out = out;
}

Segment SynAck(const TcpPlan& plan, const TcpServer& server, uint32_t flow) {
  Segment out = Reply(server, flow, kTcpSyn, server.unacked, 0);
  out.mss = plan.mss;
  return out;
}

void ReactToSyn(const TcpPlan& plan, TcpServer& server, const Segment& in, uint32_t flow, uint64_t key,
                ServerStep& step) {
  if (!IsInitial(in.seq, flow, key)) {
    step.news = ServerNews::kUnknown;
    return;
  }
  const uint32_t since = server.expected - (in.seq + 1);
  if (server.state != ServerState::kListen && since < kOneConnection) {  // again, or late
    step.news = ServerNews::kDuplicate;
    if (server.state == ServerState::kSynReceived) Answer(step, SynAck(plan, server, flow));
    return;
  }
  step.abandoned = server.state != ServerState::kListen && server.state != ServerState::kLastAck;
  step.news = ServerNews::kAccepted;
  server.state = ServerState::kSynReceived;
  server.expected = in.seq + 1;
  server.unacked = server.response = NextInitial(server.next, ~flow, key);
  server.next = server.end = server.unacked + 1;
  server.asked = 0;
  server.repeated_acks = 0;
  server.peer_mss = in.mss != 0 ? in.mss : uint16_t{536};  // RFC 9293, 3.7.1
  Answer(step, SynAck(plan, server, flow));
}

// Whether it confirms something new.
bool Confirm(TcpServer& server, uint32_t ack) {
  if (server.next - ack >= server.next - server.unacked) return false;  // nothing new, or what was never sent
  server.unacked = ack;
  server.repeated_acks = 0;
  if (ack != server.next) return true;
  if (server.state == ServerState::kSynReceived) server.state = ServerState::kOpen;
  if (server.state == ServerState::kLastAck) server.state = ServerState::kListen;
  return true;
}

// As much of the response as may be on its way.
void Fill(TcpServer& server, uint32_t flow, ServerStep& step) {
  const uint32_t window = kMostSegments * RoomInSegment(server.peer_mss), sent = server.next - server.unacked;
  const uint32_t length = std::min(server.end - server.next, window > sent ? window - sent : 0);
  if (length == 0) return;
  Answer(step, Reply(server, flow, kTcpPsh, server.next, length));
  server.next += length;
}

// A third ACK that confirms nothing new tells of a loss (RFC 5681, 3.2); the client keeps nothing that is behind it. Of
// the first segment the stamp is needed, so the request has to come again.
void ReactToAck(TcpServer& server, bool is_new, uint32_t flow, ServerStep& step) {
  if (server.state != ServerState::kOpen) return;
  if (is_new) {
    Fill(server, flow, step);
  } else if (server.unacked != server.next && server.unacked != server.response && ++server.repeated_acks == 3) {
    Answer(step, Reply(server, flow, kTcpPsh, server.unacked, server.next - server.unacked));
  }
}

// What comes again is answered again, from the first byte that is not confirmed; of a request, its last part is.
void ReactToOld(TcpServer& server, const Segment& in, uint32_t flow, ServerStep& step) {
  step.news = ServerNews::kDuplicate;
  if (in.has(kTcpFin) && server.state == ServerState::kLastAck) {
    Answer(step, Reply(server, flow, kTcpFin, server.unacked, 0));
  } else if (in.length > 0 && in.seq + in.length == server.expected && server.state == ServerState::kOpen &&
             server.unacked != server.next) {
    step.again = true;
    Answer(step, Reply(server, flow, kTcpPsh, server.unacked, server.next - server.unacked));
  }
}

void ReactToRequest(const TcpPlan& plan, TcpServer& server, const Segment& in, uint32_t flow, ServerStep& step) {
  if (in.length > plan.request - server.asked) {
    step.news = ServerNews::kUnknown;
    return;
  }
  server.expected += in.length;
  server.asked += in.length;
  if (server.asked < plan.request) return;
  server.asked = 0;
  step.news = ServerNews::kRequest;
  server.response = server.next;
  server.end = server.next + plan.response;
  Fill(server, flow, step);
}

void ReactToFin(TcpServer& server, uint32_t flow, ServerStep& step) {
  ++server.expected;
  server.state = ServerState::kLastAck;
  server.unacked = server.next++;
  server.end = server.next;
  Answer(step, Reply(server, flow, kTcpFin, server.unacked, 0));
}

}  // namespace

ServerStep React(const TcpPlan& plan, TcpServer& server, const Segment& in, uint32_t flow, uint64_t key) {
  ServerStep step;
  if (in.has(kTcpSyn)) {
    ReactToSyn(plan, server, in, flow, key, step);
    return step;
  }
  const bool old = server.expected - in.seq - 1 < kOneConnection - 1;  // before what is expected
  if (server.state == ServerState::kListen) {
    // Late segments of the connection before need no answer; others are of a connection that this end does not know.
    step.news = old || in.seq == server.expected ? ServerNews::kDuplicate : ServerNews::kUnknown;
    return step;
  }
  if (in.has(kTcpRst)) {
    if (in.seq != server.expected) return step;
    server.state = ServerState::kListen;
    step.news = ServerNews::kReset;
    return step;
  }
  const bool is_new = in.has(kTcpAck) && Confirm(server, in.ack);
  if (in.length == 0 && !in.has(kTcpFin)) {
    ReactToAck(server, is_new, flow, step);
    return step;
  }
  if (old) {
    ReactToOld(server, in, flow, step);
  } else if (in.seq != server.expected) {
    step.news = ServerNews::kOutOfOrder;
  } else if (in.length > 0) {
    ReactToRequest(plan, server, in, flow, step);
  } else {
    ReactToFin(server, flow, step);
  }
  return step;
}

}  // namespace baton::generator
