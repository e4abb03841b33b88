#include "generator/tcp/connection.h"
#include "generator/tcp/http.h"

namespace baton::generator {
namespace {

uint32_t ToMs(int64_t ns) { return static_cast<uint32_t>(ns / 1'000'000); }

bool IsBefore(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

Segment Acked(const TcpClient& client, uint32_t flow, uint8_t flags, uint32_t seq, uint16_t length) {
  Segment out{.seq = seq, .ack = client.expected, .flow = flow, .time = client.time, .length = length};
  out.flags = static_cast<uint8_t>(flags | kTcpAck);
  return out;
}

// The segment that is outstanding in this state.
Segment Outstanding(const TcpPlan& plan, const TcpClient& client, uint32_t flow) {
  switch (client.state) {
    case ClientState::kAwaiting: return Acked(client, flow, kTcpPsh, client.unacked, plan.request);
    case ClientState::kFinSent:
    case ClientState::kClosing: return Acked(client, flow, kTcpFin, client.unacked, 0);
    case ClientState::kSynSent:
    case ClientState::kClosed: break;
  }
  Segment syn{.seq = client.unacked, .flow = flow, .mss = plan.mss};
  syn.flags = kTcpSyn;
  return syn;
}

// The sequence number behind all that was sent.
uint32_t NextOf(const TcpPlan& plan, const TcpClient& client) {
  if (client.state == ClientState::kAwaiting) return client.unacked + plan.request;
  return client.state == ClientState::kClosed ? client.unacked : client.unacked + 1;
}

void Confirm(const TcpPlan& plan, const TcpClient& client, uint32_t flow, ClientStep& step) {
  step.send = true;
  step.out = Acked(client, flow, 0, NextOf(plan, client), 0);
}

void GiveUp(const TcpPlan& plan, TcpClient& client, uint32_t flow, ClientNews why, ClientStep& step) {
  step.news = why;
  step.send = true;
  step.out = Acked(client, flow, kTcpRst, NextOf(plan, client), 0);
  client.unacked = NextOf(plan, client);
  client.state = ClientState::kClosed;
}

void Send(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns, ClientStep& step) {
  client.retries = 0;
  client.sent_ns = static_cast<uint64_t>(now_ns);
  client.deadline_ms = ToMs(now_ns) + kRetransmitMs;
  step.send = true;
  step.new_request = client.state == ClientState::kAwaiting;
  if (step.new_request) client.left = plan.http ? 0 : plan.response;
  step.out = Outstanding(plan, client, flow);
}

void ReactToSynAck(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns,
                   ClientStep& step) {
  if (!in.has(kTcpSyn) || !in.has(kTcpAck) || in.ack != client.unacked + 1) return;
  client.expected = in.seq + 1;
  client.unacked = in.ack;
  client.time = in.time;
  client.state = ClientState::kAwaiting;
  step.news = ClientNews::kEstablished;
  Send(plan, client, flow, now_ns, step);
}

void Close(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns, ClientStep& step) {
  if (plan.reset) {
    step.send = true;
    step.out = Acked(client, flow, kTcpRst, client.unacked, 0);
    client.state = ClientState::kClosed;
    return;
  }
  client.state = ClientState::kFinSent;
  Send(plan, client, flow, now_ns, step);
}

void FinishRequest(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns, ClientStep& step) {
  step.response_done = true;
  client.unacked += plan.request;
  if (--client.requests_left > 0 && !plan.over) {
    Send(plan, client, flow, now_ns, step);
  } else {
    Close(plan, client, flow, now_ns, step);
  }
}

// The first bytes of a response: false when they are not understood.
bool Begin(const TcpPlan& plan, TcpClient& client, absl::string_view payload, ClientStep& step) {
  step.news = ClientNews::kFirstBytes;
  if (!plan.http) return true;
  const auto head = ReadHttpHead(payload);
  if (!head) return false;
  client.left = head->length;
  step.is_error = head->status >= 400;
  if (head->close) client.requests_left = 1;
  return true;
}

void TakeFin(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, ClientStep& step) {
  ++client.expected;
  const bool confirmed = in.ack == client.unacked + 1;
  client.unacked += confirmed;
  client.state = confirmed ? ClientState::kClosed : ClientState::kClosing;
  if (confirmed) step.news = ClientNews::kCompleted;
  Confirm(plan, client, flow, step);
}

void TakeBytes(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns,
               absl::string_view payload, ClientStep& step) {
  const bool begins = plan.http ? client.left == 0 : client.left == plan.response;
  if (in.length > 0 && ((begins && !Begin(plan, client, payload, step)) || in.length > client.left)) {
    GiveUp(plan, client, flow, ClientNews::kNotUnderstood, step);
    return;
  }
  client.expected += in.length;
  client.left -= in.length;
  client.time = in.time;
  client.deadline_ms = ToMs(now_ns) + kRetransmitMs;
  if (in.length > 0 && client.left == 0) {
    // A server that ends the connection with its response gets no further request.
    if (in.has(kTcpFin)) client.requests_left = 1;
    FinishRequest(plan, client, flow, now_ns, step);
    if (!in.has(kTcpFin) || client.state != ClientState::kFinSent) return;
    ++client.expected;
    client.state = ClientState::kClosing;
    step.out = Outstanding(plan, client, flow);
  } else if (in.has(kTcpFin)) {
    GiveUp(plan, client, flow, ClientNews::kClosedEarly, step);
  } else {
    Confirm(plan, client, flow, step);
  }
}

void ReactToResponse(const TcpPlan& plan, TcpClient& client, Segment in, uint32_t flow, int64_t now_ns,
                     absl::string_view payload, ClientStep& step) {
  // It confirms the request: the response does as well.
  if (in.length == 0 && !in.has(kTcpSyn) && !in.has(kTcpFin)) return;
  const uint32_t known = client.expected - in.seq;
  const uint32_t covers = in.length + (in.has(kTcpFin) ? 1u : 0u);
  if (in.has(kTcpSyn) || (IsBefore(in.seq, client.expected) && known >= covers)) {
    step.news = ClientNews::kDuplicate;
    Confirm(plan, client, flow, step);
    return;
  }
  if (IsBefore(client.expected, in.seq)) {
    step.news = ClientNews::kOutOfOrder;
    Confirm(plan, client, flow, step);  // RFC 5681, 4.2: says at once what is missing
    return;
  }
  in.seq += known;  // a server that sends again may cut otherwise than before
  in.length = static_cast<uint16_t>(in.length - known);
  if (!payload.empty()) payload.remove_prefix(known);
  TakeBytes(plan, client, in, flow, now_ns, payload, step);
}

// kFinSent, kClosing.
void ReactToClosing(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, ClientStep& step) {
  if (client.state == ClientState::kFinSent && in.has(kTcpFin) && in.seq + in.length == client.expected) {
    TakeFin(plan, client, in, flow, step);
  } else if (client.state == ClientState::kClosing && in.has(kTcpAck) && in.ack == client.unacked + 1) {
    ++client.unacked;
    client.state = ClientState::kClosed;
    step.news = ClientNews::kCompleted;
  } else if (in.length > 0 || in.has(kTcpSyn) || in.has(kTcpFin)) {
    step.news = ClientNews::kDuplicate;
    Confirm(plan, client, flow, step);
  }
}

// TIME-WAIT, in so far as it answers a FIN that comes again (RFC 9293, 3.10.7.4).
void ReactWhenClosed(TcpClient& client, const Segment& in, uint32_t flow, ClientStep& step) {
  if (in.length == 0 && !in.has(kTcpSyn) && !in.has(kTcpFin)) return;
  step.news = ClientNews::kDuplicate;
  if (!in.has(kTcpFin) || in.seq + in.length + 1 != client.expected) return;
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

ClientStep React(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns,
                 absl::string_view payload) {
  ClientStep step;
  if (in.has(kTcpRst)) {
    if (!IsReset(client, in)) return step;
    client.state = ClientState::kClosed;
    step.news = ClientNews::kReset;
    return step;
  }
  switch (client.state) {
    case ClientState::kSynSent: ReactToSynAck(plan, client, in, flow, now_ns, step); break;
    case ClientState::kAwaiting: ReactToResponse(plan, client, in, flow, now_ns, payload, step); break;
    case ClientState::kFinSent:
    case ClientState::kClosing: ReactToClosing(plan, client, in, flow, step); break;
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
