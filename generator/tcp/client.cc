#include "generator/tcp/connection.h"

namespace baton::generator {
namespace {

uint32_t ToMs(int64_t ns) { return static_cast<uint32_t>(ns / 1'000'000); }

bool IsBefore(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

Segment Acked(const TcpClient& client, uint32_t flow, uint8_t flags, uint32_t seq, uint16_t length) {
  Segment out{.seq = seq, .ack = client.expected, .flow = flow, .length = length};
  out.flags = static_cast<uint8_t>(flags | kTcpAck);
  return out;
}

// The segment that is outstanding in this state.
Segment Outstanding(const TcpPlan& plan, const TcpClient& client, uint32_t flow) {
  switch (client.state) {
    case ClientState::kAwaiting: return Acked(client, flow, kTcpPsh, client.unacked, plan.request);
    case ClientState::kFinSent: return Acked(client, flow, kTcpFin, client.unacked, 0);
    case ClientState::kSynSent:
    case ClientState::kClosed: break;
  }
  Segment syn{.seq = client.unacked, .flow = flow, .mss = plan.mss};
  syn.flags = kTcpSyn;
  return syn;
}

void Send(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns, ClientStep& step) {
  client.retries = 0;
  client.sent_ns = static_cast<uint64_t>(now_ns);
  client.deadline_ms = ToMs(now_ns) + kRetransmitMs;
  step.send = true;
  step.new_request = client.state == ClientState::kAwaiting;
  step.out = Outstanding(plan, client, flow);
}

void ReactToSynAck(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns,
                   ClientStep& step) {
  if (!in.has(kTcpSyn) || !in.has(kTcpAck) || in.ack != client.unacked + 1) return;
  client.expected = in.seq + 1;
  client.unacked = in.ack;
  client.state = ClientState::kAwaiting;
  client.got = 0;
  step.news = ClientNews::kEstablished;
  Send(plan, client, flow, now_ns, step);
}

void FinishRequest(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns, ClientStep& step) {
  step.response_done = true;
  client.unacked += plan.request;
  client.got = 0;
  if (--client.requests_left > 0 && !plan.over) {
    Send(plan, client, flow, now_ns, step);
  } else if (plan.reset) {
    step.send = true;
    step.out = Acked(client, flow, kTcpRst, client.unacked, 0);
    client.state = ClientState::kClosed;
  } else {
    client.state = ClientState::kFinSent;
    Send(plan, client, flow, now_ns, step);
  }
}

void ReactToResponse(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns,
                     ClientStep& step) {
  if (in.length == 0 && !in.has(kTcpSyn)) return;  // it confirms the request: the response does as well
  if (in.has(kTcpSyn) || IsBefore(in.seq, client.expected)) {
    step.news = ClientNews::kDuplicate;
    return;
  }
  if (in.seq != client.expected || client.got + in.length > plan.response) {
    step.news = ClientNews::kOutOfOrder;
    step.send = true;  // RFC 5681, 4.2: says at once what is missing
    step.out = Acked(client, flow, 0, client.unacked + plan.request, 0);
    return;
  }
  if (client.got == 0) step.news = ClientNews::kFirstBytes;
  client.expected += in.length;
  client.got += in.length;
  client.deadline_ms = ToMs(now_ns) + kRetransmitMs;
  if (client.got == plan.response) FinishRequest(plan, client, flow, now_ns, step);
}

void ReactToFin(TcpClient& client, const Segment& in, uint32_t flow, ClientStep& step) {
  if (!in.has(kTcpFin)) {
    if (in.length > 0 || in.has(kTcpSyn)) step.news = ClientNews::kDuplicate;
    return;
  }
  if (in.seq != client.expected || in.ack != client.unacked + 1) {
    step.news = ClientNews::kDuplicate;
    return;
  }
  ++client.expected;
  ++client.unacked;
  client.state = ClientState::kClosed;
  step.news = ClientNews::kCompleted;
  step.send = true;
  step.out = Acked(client, flow, 0, client.unacked, 0);
}

// TIME-WAIT, in so far as it answers a FIN that comes again (RFC 9293, 3.10.7.4).
void ReactWhenClosed(TcpClient& client, const Segment& in, uint32_t flow, ClientStep& step) {
  step.news = ClientNews::kDuplicate;
  if (!in.has(kTcpFin) || in.seq + 1 != client.expected) return;
  step.send = true;
  step.out = Acked(client, flow, 0, client.unacked, 0);
}

// RFC 9293, 3.10.7.3 and 3.10.7.4: a reset counts when it answers our SYN, or is the next thing that is expected.
bool IsReset(const TcpClient& client, const Segment& in) {
  if (client.state == ClientState::kSynSent) return in.has(kTcpAck) && in.ack == client.unacked + 1;
  return client.state != ClientState::kClosed && in.seq == client.expected;
}

}  // namespace

uint32_t NextInitial(uint32_t last, uint32_t flow, uint64_t key) {
  return ((last >> 16) + 2) << 16 | CheckOf({flow, 0}, key);
}

bool IsInitial(uint32_t seq, uint32_t flow, uint64_t key) {
  return static_cast<uint16_t>(seq) == CheckOf({flow, 0}, key);
}

Segment Open(const TcpPlan& plan, TcpClient& client, uint32_t flow, uint64_t key, int64_t now_ns) {
  client.unacked = NextInitial(client.unacked, flow, key);
  client.state = ClientState::kSynSent;
  client.requests_left = plan.requests;
  ClientStep step;
  Send(plan, client, flow, now_ns, step);
  return step.out;
}

ClientStep React(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns) {
  ClientStep step;
  if (in.has(kTcpRst)) {
    if (!IsReset(client, in)) return step;
    client.state = ClientState::kClosed;
    step.news = ClientNews::kReset;
    return step;
  }
  switch (client.state) {
    case ClientState::kSynSent: ReactToSynAck(plan, client, in, flow, now_ns, step); break;
    case ClientState::kAwaiting: ReactToResponse(plan, client, in, flow, now_ns, step); break;
    case ClientState::kFinSent: ReactToFin(client, in, flow, step); break;
    case ClientState::kClosed: ReactWhenClosed(client, in, flow, step); break;
  }
  return step;
}

ClientStep DeadlinePassed(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns) {
  ClientStep step;
  if (client.retries == kMostRetries) {
    client.state = ClientState::kClosed;
    step.news = ClientNews::kTimedOut;
    return step;
  }
  ++client.retries;
  client.deadline_ms = ToMs(now_ns) + (kRetransmitMs << client.retries);  // RFC 6298, 5.5
  step.send = true;
  step.out = Outstanding(plan, client, flow);
  return step;
}

}  // namespace baton::generator
