#include "generator/engine.h"

#include <algorithm>
#include <cstring>

#include "common/headers.h"
#include "generator/engine_class.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr int64_t kResolveNs = 5'000'000'000;

bool IsFirstCopy(Arrived arrived) { return arrived == Arrived::kInOrder || arrived == Arrived::kReordered; }

// Where there are no flows, one packet of 65,536 has a stamp by chance.
bool IsOfStranger(Arrival& arrival) {
  if (arrival.kind == ArrivalKind::kStamped) {
    arrival.kind = arrival.icmp ? ArrivalKind::kEchoRequest : ArrivalKind::kForeign;
  }
  return arrival.kind == ArrivalKind::kForeign || arrival.kind == ArrivalKind::kTcp;
}

}  // namespace

int Engine::PollOnce(int64_t now_ns) {
  int moved = 0;
  const uint64_t handed_over = handed_over_;
  if (phase() == Phase::kSending) MoveEpoch(now_ns);  // connections send requests below, in every poll perhaps
  for (const auto& port : ports_) {
    port->link->Advance(now_ns);
    port->outbox.Flush(*port->link);
    if (!port->questions.empty()) AnswerInformation(*port);
    if (port->peer.is_zero() && core_ == 0) {
      if (const auto question = port->neighbors->Ask(now_ns)) Say(*port, *question);
    }
    moved += port->role == Role::kServers ? Serve(*port, now_ns) : TakeResponses(*port, now_ns);
  }
  MovePhase(now_ns);
  if (phase() == Phase::kSending) {
    MoveEpoch(now_ns);  // for an event at the very beginning
    for (size_t i = 0; i < classes_.size(); ++i) {
      Class& c = *classes_[(first_class_ + i) % classes_.size()];
      if (c.profile.count == 0) continue;  // other cores have all of it
      if (c.is_tcp) {
        moved += OpenConnections(c, now_ns);
      } else {
        moved += c.profile.fragments != 0 ? SendDatagrams(c, now_ns) : SendRequests(c, now_ns);
      }
    }
    ++first_class_;
    if (core_ == 0) moved += SendUnanswered(now_ns) + SendReplays(now_ns);
  }
  if (phase() == Phase::kSending || phase() == Phase::kSettling) {
    for (const auto& c : classes_) {
      if (c->is_tcp) Sweep(*c, now_ns);
    }
  }
  if (moved > 0) Publish();
  return moved + static_cast<int>(handed_over_ - handed_over);
}

int Engine::SendRequests(Class& c, int64_t now_ns) {
  Port& port = c.port;
  const int due = c.pace.Due(now_ns, kBurst);
  if (due == 0 || !port.outbox.empty()) return 0;
  Frame frames[kBurst];
  if (!port.link->Allocate(frames, due)) return 0;
  const auto hosts = static_cast<uint32_t>(c.sources.size());
  for (int i = 0; i < due; ++i) {
    const uint32_t picked = c.ahead[(c.ahead_begin + static_cast<uint32_t>(i)) % Class::kAhead];
    const uint32_t flow = c.first_flow + picked, source = c.SourceOf(picked);
    const Stamp stamp{
        .flow = flow, .number = NumberRequest(flow), .time_ns = static_cast<uint64_t>(now_ns), .sender = 0};
    const FrameTemplate& frame = c.NextFrame();
    uint32_t host = source % hosts;
    if (c.terminals != nullptr) {
      host = WriteFromTerminal(c, frame, source, stamp, frames[i].data);
    } else {
      const auto src_port = static_cast<uint16_t>(kFirstSourcePort + source / hosts);
      frame.Write(frames[i].data, c.sources[host], src_port, stamp, key_);
    }
    if (c.esp != nullptr) {
      c.esp->WriteRequest(frames[i].data + frame.l4(), static_cast<uint16_t>(frame.length() - frame.l4()), picked,
                          stamp.number, now_ns - sending_began_ns_);
    }
    if (c.by_host) SendAsHost(port, c.profile.to.family(), host, frames[i].data);
    frames[i].length = frame.length();
    c.counts.requests.sent_bytes += frame.length();
    port.outbox.Add(frames[i]);
  }
  if (!c.by_host && !c.gateways.empty()) c.gateways.front().sent += static_cast<uint64_t>(due);
  PickAhead(c, due);
  last_request_ns_ = now_ns;
  c.counts.requests.sent += static_cast<uint64_t>(due);
  c.pace.Sent(due);
  port.outbox.Flush(*port.link);
  return due;
}

// Replaces the `count` oldest picks, which were used.
void Engine::PickAhead(Class& c, int count) {
  uint32_t picked[kBurst];
  c.picker.Pick(picked, count);
  for (int i = 0; i < count; ++i) {
    c.ahead[c.ahead_begin++ % Class::kAhead] = picked[i];
    __builtin_prefetch(&flows_.client(c.first_flow + picked[i]), 1);
  }
}

inline int Engine::Receive(Port& port, Frame* frames, Arrival* arrivals) {
  if (crew_ != nullptr) return ReceiveOwn(port, frames, arrivals);
  const int count = port.link->Receive(frames, port.role == Role::kServers ? receive_burst_ : kBurst);
  for (int i = 0; i < count; ++i) arrivals[i] = Read(port, frames[i]);
  return count;
}

int Engine::Serve(Port& port, int64_t now_ns) {
  if (!port.outbox.empty()) return 0;  // there is no room for answers
  Frame frames[kBurst];
  Arrival arrivals[kBurst];
  const int count = Receive(port, frames, arrivals);
  Frame unused[kBurst];
  int unused_count = 0;
  for (int i = 0; i < count; ++i) {
    bool used = false;
    if (port.strict() && !TakenByItsHost(port, arrivals[i], frames[i].data)) {
      unused[unused_count++] = frames[i];
      continue;
    }
    if (port.serves() && IsOfStranger(arrivals[i])) {
      if (!ServeStranger(port, arrivals[i], frames[i])) unused[unused_count++] = frames[i];
      continue;
    }
    switch (arrivals[i].kind) {
      case ArrivalKind::kStamped: used = TakeRequest(port, arrivals[i], frames[i], now_ns); break;
      case ArrivalKind::kTcp: used = TakeSegmentAtServer(port, arrivals[i], frames[i], now_ns); break;
      case ArrivalKind::kFragment: TakeFragment(port, arrivals[i], frames[i], now_ns); break;
      default: SetAside(port, arrivals[i], frames[i], now_ns);
    }
    if (!used) unused[unused_count++] = frames[i];
  }
  if (unused_count > 0) port.link->Free(unused, unused_count);
  port.outbox.Flush(*port.link);
  return count;
}

// Sends the frame as the response; false when there is none.
bool Engine::TakeRequest(Port& port, const Arrival& arrival, Frame& frame, int64_t now_ns) {
  const Stamp& stamp = arrival.stamp;
  if (stamp.is_response() || !flows_.has(stamp.flow)) {
    if (!NoteUnanswered(port, arrival, frame)) ++strays_.foreign;
    return false;
  }
  Class& c = *classes_[flows_.server(stamp.flow).flow_class];
  if (arrival.esp != (c.esp != nullptr) || arrival.mobile != (c.terminals != nullptr)) {
    ++strays_.foreign;
    return false;
  }
  const uint16_t length = c.answer_length != 0 ? c.answer_length : arrival.length;
  if (__builtin_expect(c.profile.fragments != 0 || frame.buffer == nullptr, 0)) {
    AnswerInPieces(c, port, arrival, frame.data, length, now_ns);
    return false;
  }
  const uint32_t spi = SpiOf(frame.data + arrival.l4);  // of ESP
  const Receiver receiver = ReceiverOf(port, arrival, frame.data);
  const auto sender = static_cast<uint16_t>(kResponseBit | receiver.server);
  const Stamp response{
      .flow = stamp.flow, .number = CountRequest(c, stamp, length, now_ns), .time_ns = stamp.time_ns, .sender = sender};
  TurnAround(frame.data, arrival, length, port.macs.Of(receiver.host),
             GatewayOf(port, c.profile.to.family(), receiver.host), response, key_);
  if (c.esp != nullptr) {
    c.esp->WriteResponse(frame.data + arrival.l4, static_cast<uint16_t>(length - arrival.l4), stamp.flow - c.first_flow,
                         response.number, spi);
  }
  frame.length = length;
  port.outbox.Add(frame);
  return true;
}

// Of a request that arrived and is answered now, with `bytes`; returns the response's number.
uint32_t Engine::CountRequest(Class& c, const Stamp& stamp, uint32_t bytes, int64_t now_ns) {
  ServerFlow& flow = flows_.server(stamp.flow);
  const uint64_t age_ns = Since(now_ns, stamp.time_ns);
  const Arrived arrived = flow.requests.Note(stamp.number);
  c.counts.requests.Count(arrived);
  if (IsFirstCopy(arrived)) c.counts.one_way.Note(age_ns);
  NoteGap(c, flow.requests.NoteTime(now_ns), now_ns, stamp.flow, &EpochCounts::request_gap);
  ++c.counts.responses.sent;
  c.counts.responses.sent_bytes += bytes;
  MoveIfEarlier(c, age_ns, now_ns, [arrived, bytes](Counted& counts, uint64_t n) {
    counts.requests.Count(arrived, n);
    counts.responses.sent += n;
    counts.responses.sent_bytes += n * bytes;
  });
  return flow.next_number++;
}

int Engine::TakeResponses(Port& port, int64_t now_ns) {
  if (port.outbox.room() < kBurst) return 0;  // TCP answers
  Frame frames[kBurst];
  Arrival arrivals[kBurst];
  const int count = Receive(port, frames, arrivals);
  Frame unused[kBurst];
  int unused_count = 0;
  for (int i = 0; i < count; ++i) {
    bool used = false;
    if (port.strict() && !TakenByItsHost(port, arrivals[i], frames[i].data)) {
      unused[unused_count++] = frames[i];
      continue;
    }
    switch (arrivals[i].kind) {
      case ArrivalKind::kStamped: TakeResponse(arrivals[i], frames[i].data, now_ns); break;
      case ArrivalKind::kTcp: used = TakeSegmentAtClient(port, arrivals[i], frames[i], now_ns); break;
      case ArrivalKind::kFragment: TakeFragment(port, arrivals[i], frames[i], now_ns); break;
      default: SetAside(port, arrivals[i], frames[i], now_ns);
    }
    if (!used) unused[unused_count++] = frames[i];
  }
  if (unused_count > 0) port.link->Free(unused, unused_count);
  if (unused_count < count) port.outbox.Flush(*port.link);
  return count;
}

// Whether what came for a flow's client looks as if the other end of the flow had sent it: a translation that is not
// undone, or wrongly, is seen here alone, for the stamp tells the flow whatever the addresses are.
bool Engine::IsAddressedRight(const Class& c, uint32_t flow, const Arrival& arrival, const uint8_t* frame) const {
  const auto hosts = static_cast<uint32_t>(c.sources.size());
  const uint32_t source = c.SourceOf(flow - c.first_flow);
  const IpAddress &to = c.profile.to, &from = c.sources[source % hosts];
  const auto own_port = static_cast<uint16_t>(kFirstSourcePort + source / hosts);
  if (arrival.ipv4 != to.is_v4()) return false;
  const bool right = arrival.ipv4 ? std::memcmp(frame + kIp + 12, to.v4_bytes(), 4) == 0 &&
                                        std::memcmp(frame + kIp + 16, from.v4_bytes(), 4) == 0
                                  : std::memcmp(frame + kIp + 8, to.v6_bytes(), 16) == 0 &&
                                        std::memcmp(frame + kIp + 24, from.v6_bytes(), 16) == 0;
  if (arrival.esp) return right;
  if (arrival.icmp) return right && reinterpret_cast<const IcmpHeader*>(frame + arrival.l4)->id.get() == own_port;
  const auto& ports = *reinterpret_cast<const UdpHeader*>(frame + arrival.l4);  // those of TCP lie at the same place
  return right && ports.src_port.get() == c.profile.to_port && ports.dst_port.get() == own_port;
}

// Without servers of our own, a request that comes back counts as its response: hosts with an echo service.
void Engine::TakeResponse(const Arrival& arrival, const uint8_t* frame, int64_t now_ns) {
  const Stamp& stamp = arrival.stamp;
  if (stamp.is_response() != has_servers_ || !flows_.has(stamp.flow)) {
    ++strays_.foreign;
    return;
  }
  const ClientFlow& flow = flows_.client(stamp.flow);
  Class& c = *classes_[flow.flow_class];
  const auto server = static_cast<uint16_t>(stamp.server() + 1);
  c.counts.wrong_address += c.terminals == nullptr
                                ? !IsAddressedRight(c, stamp.flow, arrival, frame)
                                : !TakeAtTerminal(c, arrival, frame, c.SourceOf(stamp.flow - c.first_flow), now_ns);
  CountResponse(c, stamp, flow.first_server != 0 && flow.first_server != server, now_ns);
}

void Engine::CountResponse(Class& c, const Stamp& stamp, bool wrong, int64_t now_ns) {
  ClientFlow& flow = flows_.client(stamp.flow);
  if (flow.first_server == 0) flow.first_server = static_cast<uint16_t>(stamp.server() + 1);
  const uint64_t age_ns = Since(now_ns, stamp.time_ns);
  const Arrived arrived = flow.responses.Note(stamp.number);
  c.counts.responses.Count(arrived);
  if (IsFirstCopy(arrived) && !c.is_tcp) c.counts.round_trip.Note(age_ns);  // TCP: when all of it is there
  NoteGap(c, flow.responses.NoteTime(now_ns), now_ns, stamp.flow, &EpochCounts::response_gap);
  c.counts.wrong_server += wrong;
  MoveIfEarlier(c, age_ns, now_ns, [arrived, wrong](Counted& counts, uint64_t n) {
    counts.responses.Count(arrived, n);
    counts.wrong_server += wrong ? n : 0;
  });
}

// Frames without a good stamp.
void Engine::SetAside(Port& port, const Arrival& arrival, const Frame& frame, int64_t now_ns) {
  if (arrival.kind == ArrivalKind::kEchoRequest || arrival.kind == ArrivalKind::kInformationRequest) {
    AnswerAsHost(port, arrival, frame);
    return;
  }
  if (arrival.kind != ArrivalKind::kNeighbor) {
    if (NoteUnanswered(port, arrival, frame)) return;
    CountStray(arrival, port.role == Role::kClients, now_ns);
    return;
  }
  ++strays_.neighbor;
  if (const auto answer = port.neighbors->Hear(frame.data, frame.length, now_ns)) Say(port, *answer);
}

void Engine::CountStray(const Arrival& arrival, bool at_clients, int64_t now_ns) {
  if (arrival.kind == ArrivalKind::kIcmpError) {
    ++strays_.icmp_errors;
  } else if (arrival.kind == ArrivalKind::kRedirect) {
    ++strays_.redirects;
  } else if (arrival.kind == ArrivalKind::kForeign) {
    ++strays_.foreign;
  } else if (arrival.stamp_good && flows_.has(arrival.stamp.flow)) {
    Class& c = *classes_[flows_.client(arrival.stamp.flow).flow_class];
    const auto count = [at_clients](Counted& counts, uint64_t n) {
      (at_clients ? counts.responses : counts.requests).corrupted += n;
    };
    count(c.counts, 1);
    MoveIfEarlier(c, Since(now_ns, arrival.stamp.time_ns), now_ns, count);
  } else {
    ++strays_.corrupted;
  }
}

// A full outbox is no loss: questions are asked again, and so are those that we do not answer.
void Engine::Say(Port& port, const std::vector<uint8_t>& bytes) {
  Frame frame;
  if (port.outbox.full() || !port.link->Allocate(&frame, 1)) return;
  std::copy(bytes.begin(), bytes.end(), frame.data);
  frame.length = static_cast<uint16_t>(bytes.size());
  port.outbox.Add(frame);
  port.outbox.Flush(*port.link);
}

void Engine::MovePhase(int64_t now_ns) {
  if (phase_began_ns_ == 0) phase_began_ns_ = now_ns;
  const auto begin = [&](Phase next) {
    phase_began_ns_ = now_ns;
    phase_.store(next, std::memory_order_relaxed);
  };
  if (crew_ != nullptr) ShareNextHops();
  if (phase() == Phase::kResolving && LearnNextHops()) {
    const int64_t agreed_ns = crew_ == nullptr ? now_ns : AgreedBegin(now_ns);
    if (agreed_ns > 0) {
      BeginSending(agreed_ns);
      begin(Phase::kSending);
    }
  }
  if (phase() == Phase::kSending) {
    LearnNextHops();
    sending_ended_ns_ = now_ns;
    const bool over = now_ns - sending_began_ns_ >= profile_.duration.count();
    interrupted_ = !over && stop_.load(std::memory_order_relaxed);
    if (over || interrupted_) {
      begin(Phase::kSettling);
      for (const auto& c : classes_) c->tcp_plan.over = true;
    }
  } else if (phase() == Phase::kSettling) {
    if (now_ns - phase_began_ns_ >= profile_.settle.count()) begin(Phase::kDone);
  }
  const bool over = now_ns - phase_began_ns_ >= kResolveNs && core_ == 0;
  const bool unresolved = phase() == Phase::kResolving && (over || stop_.load(std::memory_order_relaxed) ||
                                                           (crew_ != nullptr && crew_->begin_ns() < 0));
  if (unresolved && core_ == 0 && crew_ != nullptr) crew_->SetBegin(-1);
  if (unresolved || abort_.load(std::memory_order_relaxed)) begin(Phase::kDone);
  if (phase() == Phase::kDone) DropUnsent(now_ns);
}

void Engine::BeginSending(int64_t now_ns) {
  sending_began_ns_ = sending_ended_ns_ = now_ns;
  epochs_.Begin(now_ns);
  timeline_.Begin(now_ns);
  for (const auto& c : classes_) c->pace.Begin(now_ns, static_cast<double>(c->profile.part) / c->profile.parts);
}

// A request that leaves at the very time of an event would be of two epochs: the event then waits for the next poll.
void Engine::MoveEpoch(int64_t now_ns) {
  if (__builtin_expect(now_ns <= last_request_ns_, 0)) return;
  while (__builtin_expect(timeline_.Due(now_ns), 0)) {
    const Counted totals = Totals(&trips_);
    timeline_.Next(now_ns, totals, trips_);
    cut_ns_ = now_ns;
  }
  while (__builtin_expect(epochs_.Due(now_ns), 0)) {
    cut_ns_ = now_ns;
    for (const auto& c : classes_) c->by_epoch.Close(c->counts, Ends::Of(c->counts.tcp));
    epochs_.Next(now_ns);
    events_begun_.store(epochs_.present(), std::memory_order_relaxed);
  }
}

Counted Engine::Totals(Histogram* trips) const {
  Counted totals;
  trips->Clear();
  for (const auto& c : classes_) {
    totals.Add(c->counts);
    trips->Add(c->counts.round_trip);
  }
  return totals;
}

// Whether every next hop is known; the templates follow each of them.
bool Engine::LearnNextHops() {
  bool all = true;
  uint64_t changes = 0;
  for (const auto& port : ports_) changes += port->neighbors->changes();
  if (phase() == Phase::kSending && changes == neighbor_changes_) return true;
  neighbor_changes_ = changes;
  for (const auto& c : classes_) {
    const MacAddress& mac = c->port.peer.is_zero() ? c->port.neighbors->mac(c->next_hop) : c->port.peer;
    if (mac != c->next_hop_mac) {
      for (FrameTemplate& frame : c->frames) frame.SetNextHop(mac);
      c->next_hop_mac = mac;
    }
    all = all && !mac.is_zero();
  }
  for (const auto& port : ports_) all = all && (!port->peer.is_zero() || port->neighbors->all_known());
  return all;
}

// What a port never took was never sent.
void Engine::DropUnsent(int64_t now_ns) {
  for (const auto& port : ports_) {
    for (const Frame& frame : port->outbox) {
      const Arrival arrival = Classify(frame.data, frame.length, key_);
      TakeBackFromGateway(*port, arrival, frame.data);
      if (arrival.kind == ArrivalKind::kStamped) {
        Class& c = *classes_[flows_.client(arrival.stamp.flow).flow_class];
        const auto take_back = [&arrival, &frame](Counted& counts, uint64_t n) {
          DirectionCounts& direction = arrival.stamp.is_response() ? counts.responses : counts.requests;
          direction.sent -= n;
          direction.sent_bytes -= n * frame.length;
        };
        take_back(c.counts, 1);
        MoveIfEarlier(c, Since(now_ns, arrival.stamp.time_ns), now_ns, take_back);
      }
      if (arrival.kind == ArrivalKind::kFragment) TakeBackDatagram(arrival, frame, now_ns);
      port->link->Free(&frame, 1);
    }
    port->outbox.Clear();
  }
}

void Engine::Publish() {
  uint64_t requests_sent = 0, responses_sent = 0, requests = 0, responses = 0, duplicated = 0, reordered = 0;
  uint64_t corrupted = strays_.corrupted, connections = 0;
  for (const auto& c : classes_) {
    const DirectionCounts &to = c->counts.requests, &from = c->counts.responses;
    requests_sent += to.sent;
    responses_sent += from.sent;
    requests += to.arrived;
    responses += from.arrived;
    duplicated += to.duplicated + from.duplicated;
    reordered += to.reordered + from.reordered;
    corrupted += to.corrupted + from.corrupted;
    connections += c->counts.tcp.completed;
  }
  constexpr auto kRelaxed = std::memory_order_relaxed;
  progress_.sent.store(requests_sent + responses_sent, kRelaxed);
  progress_.arrived.store(requests + responses, kRelaxed);
  progress_.requests_sent.store(requests_sent, kRelaxed);
  progress_.responses_arrived.store(responses, kRelaxed);
  progress_.duplicated.store(duplicated, kRelaxed);
  progress_.reordered.store(reordered, kRelaxed);
  progress_.corrupted.store(corrupted, kRelaxed);
  progress_.connections.store(connections, kRelaxed);
  progress_.unanswered.store(UnansweredSent(), kRelaxed);
  progress_.served.store(served_.echoed + served_.pages, kRelaxed);
}

}  // namespace baton::generator
