// Datagrams in pieces through the engine: requests and responses that are cut up, and what arrives that was.
#include <algorithm>
#include <cstring>

#include "common/headers.h"
#include "generator/engine.h"
#include "generator/engine_class.h"

namespace baton::generator {

// Room for the longest datagram, and for the most pieces that an answer may have.
void Engine::PrepareForFragments() {
  uint16_t longest = kFrameRoom;
  int most_pieces = 1;
  for (const auto& c : classes_) {
    if (c->is_tcp) continue;
    uint16_t most = c->answer_length;
    for (const FrameTemplate& frame : c->frames) most = std::max(most, frame.length());
    longest = std::max(longest, most);
    most_pieces = std::max(most_pieces, PiecesOf(c->profile.to.is_v4(), most, c->piece));
  }
  datagram_.resize(longest + size_t{64});
  reassembly_ = std::make_unique<Reassembly>(longest);
  receive_burst_ = std::min(kBurst, std::max(1, Outbox::kRoom / most_pieces));
}

// As SendRequests, a datagram at a time.
int Engine::SendDatagrams(Class& c, int64_t now_ns) {
  Port& port = c.port;
  const int due = c.pace.Due(now_ns, kBurst);
  const auto hosts = static_cast<uint32_t>(c.sources.size());
  int sent = 0;
  for (; sent < due && port.outbox.empty(); ++sent) {
    const size_t turn = c.turn;
    const FrameTemplate& datagram = c.NextFrame();
    const int pieces = PiecesOf(datagram.ipv4(), datagram.length(), c.piece);
    Frame frames[kMostPieces];
    if (!port.link->Allocate(frames, pieces)) {
      c.turn = turn;
      break;
    }
    const uint32_t picked = c.ahead[c.ahead_begin % Class::kAhead];
    const uint32_t flow = c.first_flow + picked, source = c.SourceOf(picked);
    const Stamp stamp{
        .flow = flow, .number = NumberRequest(flow), .time_ns = static_cast<uint64_t>(now_ns), .sender = 0};
    const auto src_port = static_cast<uint16_t>(kFirstSourcePort + source / hosts);
    datagram.Write(datagram_.data(), c.sources[source % hosts], src_port, stamp, key_);
    SendAsHost(port, c.profile.to.family(), source % hosts, datagram_.data());
    Split(datagram_.data(), datagram.ipv4(), datagram.length(), c.piece, next_datagram_++, c.profile.fragment_order,
          c.random, frames, pieces);
    for (int i = 0; i < pieces; ++i) port.outbox.Add(frames[i]);
    PickAhead(c, 1);
    last_request_ns_ = now_ns;
    c.counts.requests.sent_bytes += datagram.length();
    ++c.counts.requests.sent;
    c.request_pieces += static_cast<uint64_t>(pieces);
    port.outbox.Flush(*port.link);
  }
  c.pace.Sent(sent);
  return sent;
}

// A request whose answer of `length` bytes goes in pieces, or which came in pieces itself: `request` is no frame of a
// link then.
void Engine::AnswerInPieces(Class& c, Port& port, const Arrival& arrival, uint8_t* request, uint16_t length,
                            int64_t now_ns) {
  const int pieces = PiecesOf(arrival.ipv4, length, c.piece);
  Frame frames[kMostPieces];
  if (port.outbox.room() < pieces || !port.link->Allocate(frames, pieces)) {
    ++reassembly_->counters().no_buffers;
    return;
  }
  const Stamp& stamp = arrival.stamp;
  const Receiver receiver = ReceiverOf(port, arrival, request);
  const Stamp response{.flow = stamp.flow,
                       .number = CountRequest(c, stamp, length, now_ns),
                       .time_ns = stamp.time_ns,
                       .sender = static_cast<uint16_t>(kResponseBit | receiver.server)};
  std::memcpy(datagram_.data(), request, arrival.length);
  TurnAround(datagram_.data(), arrival, length, port.macs.Of(receiver.host),
             GatewayOf(port, c.profile.to.family(), receiver.host), response, key_);
  if (c.esp != nullptr) {  // cut up on its way here
    c.esp->WriteResponse(datagram_.data() + arrival.l4, static_cast<uint16_t>(length - arrival.l4),
                         stamp.flow - c.first_flow, response.number, SpiOf(request + arrival.l4));
  }
  Split(datagram_.data(), arrival.ipv4, length, c.piece, next_datagram_++, c.profile.fragment_order, c.random, frames,
        pieces);
  for (int i = 0; i < pieces; ++i) port.outbox.Add(frames[i]);
  c.response_pieces += static_cast<uint64_t>(pieces);
}

// Of a datagram whose first piece was never sent. Its bytes stay counted: the piece does not tell them.
void Engine::TakeBackDatagram(const Arrival& arrival, const Frame& frame, int64_t now_ns) {
  const uint8_t* place = frame.data + (arrival.ipv4 ? 20 : arrival.l4 + 2);
  const bool first = ((place[0] << 8 | place[1]) & (arrival.ipv4 ? kIpv4FragmentOffset : 0xfff8)) == 0;
  const size_t at = arrival.l4 + (arrival.ipv4 ? 0u : 8u) + sizeof(UdpHeader);
  Stamp stamp;
  if (!first || at + kStampSize > frame.length || !ReadStamp(frame.data + at, key_, &stamp)) return;
  if (!flows_.has(stamp.flow)) return;
  Class& c = *classes_[flows_.client(stamp.flow).flow_class];
  const auto take_back = [&stamp](Counted& counts, uint64_t n) {
    (stamp.is_response() ? counts.responses : counts.requests).sent -= n;
  };
  take_back(c.counts, 1);
  MoveIfEarlier(c, Since(now_ns, stamp.time_ns), now_ns, take_back);
}

void Engine::TakeFragment(Port& port, const Arrival& arrival, const Frame& frame, int64_t now_ns) {
  if (NoteUnanswered(port, arrival, frame)) return;
  const auto whole = reassembly_->Take(frame.data, arrival, now_ns);
  if (!whole) return;
  const Arrival datagram = Classify(whole->frame, whole->length, key_);
  Frame as_frame{.data = whole->frame, .buffer = nullptr, .length = whole->length};
  if (datagram.stamp_good && crew_ != nullptr && HandOverWhole(port, datagram, *whole)) return;
  if (datagram.kind != ArrivalKind::kStamped) {
    if (datagram.kind == ArrivalKind::kTcp) {
      ++strays_.foreign;  // ours are never cut
    } else {
      SetAside(port, datagram, as_frame, now_ns);
    }
  } else if (port.role == Role::kServers) {
    TakeRequest(port, datagram, as_frame, now_ns);
  } else {
    TakeResponse(datagram, as_frame.data, now_ns);
  }
}

}  // namespace baton::generator
