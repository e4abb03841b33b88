// TCP through the engine: connections opened when they are due, segments of both ends, and the sweep for what was lost.
// What a segment does to a connection is tcp/connection.h's to say; here are frames, ledgers and counts.
#include <algorithm>
#include <cstring>

#include "generator/engine.h"
#include "generator/engine_class.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr int64_t kSweepNs = 50'000'000;     // every connection's deadline is looked at so often
constexpr int64_t kSweepNsPerFlow = 200;     // or less often, when there are more than 250,000
constexpr uint32_t kMostVisits = 512;        // in one poll

Segment ResetFor(const Segment& in) {
  Segment out{.seq = in.ack, .ack = in.seq + in.length + 1, .flow = in.flow, .time = in.flow};
  out.flags = kTcpRst | kTcpAck;
  return out;
}

}  // namespace

int Engine::OpenConnections(Class& c, int64_t now_ns) {
  const int due = c.pace.Due(now_ns, kBurst);
  if (due == 0 || !c.port.outbox.empty()) return 0;
  uint32_t idle[kBurst];
  int count = 0;
  for (int i = 0; i < due; ++i) {
    const uint32_t flow = c.first_flow + c.ahead[(c.ahead_begin + static_cast<uint32_t>(i)) % Class::kAhead];
    const bool twice = std::find(idle, idle + count, flow) != idle + count;
    if (!twice && flows_.tcp(flow).client.state == ClientState::kClosed) {
      idle[count++] = flow;
    } else if (!c.pace.unlimited()) {
      ++c.counts.tcp.busy;
    }
  }
  Frame frames[kBurst];
  if (count > 0 && !c.port.link->Allocate(frames, count)) return 0;
  for (int i = 0; i < count; ++i) {
    const Segment syn = Open(c.tcp_plan, flows_.tcp(idle[i]).client, idle[i], key_, now_ns);
    WriteHeaders(c, idle[i], frames[i]);
    SendFromClient(c, idle[i], syn, frames[i]);
  }
  TcpCounts& tcp = c.counts.tcp;
  tcp.opened += static_cast<uint64_t>(count);
  tcp.concurrent += static_cast<uint64_t>(count);
  tcp.most_concurrent = std::max(tcp.most_concurrent, tcp.concurrent);
  PickAhead(c, due);
  c.pace.Sent(due);
  c.port.outbox.Flush(*c.port.link);
  return count;
}

void Engine::WriteHeaders(Class& c, uint32_t flow, Frame& frame) {
  const auto hosts = static_cast<uint32_t>(c.sources.size());
  const uint32_t source = c.SourceOf(flow - c.first_flow);
  c.frames[0].WriteHeaders(frame.data, c.sources[source % hosts],
                           static_cast<uint16_t>(kFirstSourcePort + source / hosts));
}

// How a payload is cut and what its parts begin with.
struct Engine::Parts {
  uint32_t host;                // that sends them
  uint32_t most;                // bytes of each
  const Stamp& stamp;           // of all parts, or
  std::optional<uint32_t> only = {};  // of the one with this sequence number
  absl::string_view text = {};  // of the only part, instead of a stamp
};

// Sends `whole` in as many segments as it takes, the first one in `frame`, whose headers are written up to the ports.
// What finds no room is asked for, or sent, again.
void Engine::WriteInParts(Port& port, bool ipv4, uint16_t l4, const Segment& whole, const Parts& parts, Frame& frame) {
  const Family family = ipv4 ? Family::kIpv4 : Family::kIpv6;
  SendAsHost(port, family, parts.host, frame.data);
  Segment segment = whole;
  uint32_t left = whole.length;
  const auto headers = static_cast<uint16_t>(l4 + sizeof(TcpHeader));
  Frame at = frame;
  for (bool first = true; first || left > 0; first = false) {
    if (!first) {
      if (port.outbox.room() <= kBurst || !port.link->Allocate(&at, 1)) return;
      std::memcpy(at.data, frame.data, headers);
      GatewayOf(port, family, parts.host);  // counts it
    }
    segment.length = static_cast<uint16_t>(std::min(left, parts.most));
    const bool stamped = segment.length > 0 && (!parts.only || segment.seq == *parts.only);
    at.length = WriteSegment(at.data, ipv4, l4, segment, stamped ? &parts.stamp : nullptr, key_, parts.text);
    port.outbox.Add(at);
    left -= segment.length;
    segment.seq += segment.length;
    segment.mss = 0;
  }
}

// Into a frame whose headers are written up to the ports. A request is the newest one of the flow.
void Engine::SendFromClient(Class& c, uint32_t flow, const Segment& segment, Frame& frame) {
  const Stamp stamp{.flow = flow, .number = flows_.client(flow).next_number - 1,
                    .time_ns = flows_.tcp(flow).client.sent_ns, .sender = 0};
  const auto host = static_cast<uint32_t>(c.SourceOf(flow - c.first_flow) % c.sources.size());
  WriteInParts(c.port, c.frames[0].ipv4(), c.frames[0].l4(), segment,
               {.host = host, .most = c.part_of_request, .stamp = stamp, .text = c.profile.request_text}, frame);
}

// The class of a segment's flow, when it can be one of ours.
Engine::Class* Engine::TcpClassOf(uint32_t flow) {
  if (!flows_.has(flow)) return nullptr;
  Class* c = classes_[flows_.client(flow).flow_class].get();
  return c->is_tcp ? c : nullptr;
}

// A reset of a box on the way has no time stamps to echo: then the client's own address and port tell the flow.
bool Engine::FlowBySource(const Port& port, const Arrival& arrival, const uint8_t* frame, uint32_t* flow) const {
  uint32_t source;
  if (!SourceIn(port, arrival, frame, &source)) return false;
  for (const auto& c : classes_) {
    const uint32_t behind = source - c->SourceOf(0);
    if (&c->port != &port || c->profile.to.is_v4() != arrival.ipv4) continue;
    if (behind % c->profile.parts != 0 || behind / c->profile.parts >= c->profile.count) continue;
    *flow = c->first_flow + behind / c->profile.parts;
    return true;
  }
  return false;
}

// The place of a frame's destination among the sources of its port and family.
bool Engine::SourceIn(const Port& port, const Arrival& arrival, const uint8_t* frame, uint32_t* source) const {
  const IpAddress own =
      arrival.ipv4 ? IpAddress::FromV4Bytes(frame + kIp + 16) : IpAddress::FromV6Bytes(frame + kIp + 24);
  const std::vector<IpAddress>& hosts = port.hosts.of(own.family());
  const auto host = std::find(hosts.begin(), hosts.end(), own);
  const uint16_t to_port = reinterpret_cast<const TcpHeader*>(frame + arrival.l4)->dst_port.get();
  if (host == hosts.end() || to_port < kFirstSourcePort) return false;
  *source = static_cast<uint32_t>((to_port - kFirstSourcePort) * hosts.size()) +
            static_cast<uint32_t>(host - hosts.begin());
  return true;
}

// False: the frame is not needed any more.
bool Engine::TakeSegmentAtClient(Port& port, const Arrival& arrival, Frame& frame, int64_t now_ns) {
  std::optional<Segment> in = ReadSegment(frame.data, arrival.l4, arrival.length, true);
  if (in && !in->has_flow && !FlowBySource(port, arrival, frame.data, &in->flow)) in.reset();
  Class* c = in ? TcpClassOf(in->flow) : nullptr;
  if (c == nullptr) {
    if (!NoteUnanswered(port, arrival, frame)) ++strays_.foreign;
    return false;
  }
  if (!IsAddressedRight(*c, in->flow, arrival, frame.data)) {
    ++c->counts.wrong_address;  // no client would know it
    return false;
  }
  TcpClient& client = flows_.tcp(in->flow).client;
  const uint64_t sent_ns = client.sent_ns;
  const absl::string_view payload(reinterpret_cast<const char*>(frame.data) + in->payload_at, in->length);
  const ClientStep step = React(c->tcp_plan, client, *in, in->flow, now_ns, payload);
  if (step.news == ClientNews::kEstablished) c->counts.tcp_set_up.Note(Since(now_ns, sent_ns));
  if (c->tcp_plan.http) {
    if (step.response_done) CountWhole(*c, in->flow, sent_ns, now_ns);
  } else if (step.news == ClientNews::kFirstBytes) {
    NoteResponse(*c, frame.data + in->payload_at, *in, now_ns);
  }
  if (step.response_done) c->counts.round_trip.Note(Since(now_ns, sent_ns));
  CountNews(*c, step, in->has_flow, client);
  if (!step.send) return false;
  if (step.new_request) CountNewRequest(*c, in->flow, now_ns);
  MirrorFrame(frame.data, arrival.ipv4, arrival.l4, port.mac.bytes.data(), c->next_hop_mac.bytes.data());
  SendFromClient(*c, in->flow, step.out, frame);
  return true;
}

void Engine::CountNewRequest(Class& c, uint32_t flow, int64_t now_ns) {
  NumberRequest(flow);
  last_request_ns_ = now_ns;
  ++c.counts.requests.sent;
  c.counts.requests.sent_bytes += c.tcp_plan.request;
}

// Real servers return no stamps: the response is that of the request that waits for one.
void Engine::CountWhole(Class& c, uint32_t flow, uint64_t sent_ns, int64_t now_ns) {
  CountResponse(c, {.flow = flow, .number = flows_.client(flow).next_number - 1, .time_ns = sent_ns, .sender = 0},
                false, now_ns);
}

void Engine::CountNews(Class& c, const ClientStep& step, bool by_server, const TcpClient& client) {
  TcpCounts& tcp = c.counts.tcp;
  switch (step.news) {
    case ClientNews::kEstablished: ++tcp.established; break;
    case ClientNews::kReset: ++(by_server ? tcp.reset_by_server : tcp.reset_by_others); break;
    case ClientNews::kTimedOut: ++tcp.timed_out; break;
    case ClientNews::kClosedEarly: ++tcp.closed_early; break;
    case ClientNews::kNotUnderstood: ++tcp.not_understood; break;
    case ClientNews::kDuplicate: ++tcp.duplicate_segments; break;
    case ClientNews::kOutOfOrder: ++tcp.out_of_order; break;
    case ClientNews::kNone:
    case ClientNews::kFirstBytes:
    case ClientNews::kCompleted: break;
  }
  tcp.error_responses += step.is_error;
  const bool failed = step.news == ClientNews::kReset || step.news == ClientNews::kTimedOut ||
                      step.news == ClientNews::kClosedEarly || step.news == ClientNews::kNotUnderstood;
  const bool completed = step.news == ClientNews::kCompleted ||
                         (step.response_done && client.state == ClientState::kClosed);
  tcp.completed += completed;
  if (completed || failed) --tcp.concurrent;
}

void Engine::NoteResponse(Class& c, const uint8_t* payload, const Segment& in, int64_t now_ns) {
  Stamp stamp;
  if (in.length < kStampSize || !ReadStamp(payload, key_, &stamp) || stamp.flow != in.flow || !stamp.is_response()) {
    ++strays_.foreign;
    return;
  }
  CountResponse(c, stamp, false, now_ns);
}

// False: the frame is not needed any more.
bool Engine::TakeSegmentAtServer(Port& port, const Arrival& arrival, Frame& frame, int64_t now_ns) {
  const std::optional<Segment> in = ReadSegment(frame.data, arrival.l4, arrival.length, false);
  Class* c = in && in->has_flow ? TcpClassOf(in->flow) : nullptr;
  if (c == nullptr) {
    if (!NoteUnanswered(port, arrival, frame)) ++strays_.foreign;
    return false;
  }
  TcpServer& server = flows_.tcp(in->flow).server;
  TcpCounts& tcp = c->counts.tcp;
  const Receiver receiver = ReceiverOf(port, arrival, frame.data);
  const uint16_t here = receiver.server;
  ServerStep step;
  if (server.state != ServerState::kListen && server.server != here && !in->has(kTcpSyn)) {
    ++c->counts.wrong_server;  // that one has never heard of the connection
    step.news = ServerNews::kUnknown;
  } else {
    step = React(c->tcp_plan, server, *in, in->flow, key_);
  }
  tcp.abandoned += step.abandoned;
  Stamp stamp;
  switch (step.news) {
    case ServerNews::kAccepted: server.server = here; break;
    case ServerNews::kRequest:
      if (!NoteRequest(*c, frame.data + in->payload_at, *in, now_ns, &stamp)) return false;
      break;
    case ServerNews::kDuplicate:
      ++tcp.duplicate_segments;
      if (step.again && !ReadStamp(frame.data + in->payload_at, key_, &stamp)) return false;
      break;
    case ServerNews::kOutOfOrder: ++tcp.out_of_order; break;
    case ServerNews::kUnknown:
      if (in->has(kTcpRst)) return false;
      step.send = true;
      step.out = ResetFor(*in);
      ++tcp.resets_sent;
      break;
    case ServerNews::kNone:
    case ServerNews::kReset: break;
  }
  if (!step.send) return false;
  MirrorFrame(frame.data, arrival.ipv4, arrival.l4, port.mac.bytes.data(), nullptr);
  const Stamp answer{.flow = in->flow, .number = flows_.server(in->flow).next_number - 1, .time_ns = stamp.time_ns,
                     .sender = static_cast<uint16_t>(kResponseBit | here)};
  WriteInParts(
      port, arrival.ipv4, arrival.l4, step.out,
      {.host = receiver.host, .most = RoomInSegment(server.peer_mss), .stamp = answer, .only = server.response}, frame);
  return true;
}

bool Engine::NoteRequest(Class& c, const uint8_t* payload, const Segment& in, int64_t now_ns, Stamp* stamp) {
  if (in.length < kStampSize || !ReadStamp(payload, key_, stamp) || stamp->flow != in.flow || stamp->is_response()) {
    ++strays_.foreign;
    return false;
  }
  CountRequest(c, *stamp, c.tcp_plan.response, now_ns);
  return true;
}

// Looks at the next connections of the class whether something of theirs has to be sent again.
void Engine::Sweep(Class& c, int64_t now_ns) {
  const uint32_t count = c.profile.count;
  const int64_t round_ns = std::max(kSweepNs, count * kSweepNsPerFlow);
  if (c.swept_ns == 0) c.swept_ns = now_ns;
  const auto due = static_cast<uint64_t>(now_ns - c.swept_ns) * count / static_cast<uint64_t>(round_ns);
  if (due == 0) return;
  c.swept_ns = now_ns;
  const auto now_ms = static_cast<uint32_t>(now_ns / 1'000'000);
  for (auto visits = std::min<uint64_t>(due, std::min(count, kMostVisits)); visits > 0; --visits) {
    const uint32_t flow = c.first_flow + c.sweep_next;
    if (++c.sweep_next == count) c.sweep_next = 0;
    TcpClient& client = flows_.tcp(flow).client;
    if (client.state == ClientState::kClosed || static_cast<int32_t>(now_ms - client.deadline_ms) < 0) continue;
    SendAgain(c, flow, client, now_ns);
  }
}

void Engine::SendAgain(Class& c, uint32_t flow, TcpClient& client, int64_t now_ns) {
  Frame frame;
  if (c.port.outbox.room() <= kBurst || !c.port.link->Allocate(&frame, 1)) return;
  const ClientStep step = DeadlinePassed(c.tcp_plan, client, flow, now_ns);
  CountNews(c, step, false, client);
  if (!step.send) {
    c.port.link->Free(&frame, 1);
    return;
  }
  ++c.counts.tcp.retransmitted;
  WriteHeaders(c, flow, frame);
  SendFromClient(c, flow, step.out, frame);
}

}  // namespace baton::generator
