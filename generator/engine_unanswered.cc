// Traffic that expects no answer, through the engine: when it is sent, and how what arrives of it is told from strays.
#include <algorithm>

#include "common/headers.h"
#include "generator/engine.h"

namespace baton::generator {

void Engine::AddUnanswered(const UnansweredProfile& profile) {
  Port& port = *ports_[profile.port];
  const auto place = static_cast<uint32_t>(unanswered_.size());
  const size_t ip_header = profile.to.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  const auto mss = static_cast<uint16_t>(profile_.ports[profile.port].mtu - ip_header - sizeof(TcpHeader));
  // Not the seed of a class's picker.
  const uint64_t seed = profile_.seed + (uint64_t{place} + 1) * 0x10001;
  unanswered_.push_back({port, NextHopPlace(port, profile.to),
                         std::make_unique<UnansweredSender>(profile, place, port.hosts, mss, port.mac, seed, key_)});
}

int Engine::SendUnanswered(int64_t now_ns) {
  int sent = 0;
  for (Unanswered& u : unanswered_) {
    if (!u.port.outbox.empty()) continue;  // it is not to overtake what is judged
    const MacAddress& next_hop = u.port.peer.is_zero() ? u.port.neighbors->mac(u.next_hop) : u.port.peer;
    sent += u.sender->Send(*u.port.link, next_hop, now_ns);
  }
  return sent;
}

// False: it has to do with none of these.
bool Engine::NoteUnanswered(const Port& port, const Arrival& arrival, const Frame& frame) {
  if (unanswered_.empty()) return false;
  if (port.role == Role::kServers) {
    const auto mark = FindMark(frame.data, frame.length, arrival, key_);
    if (!mark || mark->flow - kUnansweredFlow >= unanswered_.size()) return false;
    unanswered_[mark->flow - kUnansweredFlow].sender->NoteArrival(*mark);
    return true;
  }
  const auto returned = ReadReturned(frame.data, frame.length, arrival);
  return returned && std::any_of(unanswered_.begin(), unanswered_.end(), [&](const Unanswered& u) {
           return &u.port == &port && u.sender->NoteReturned(*returned);
         });
}

uint64_t Engine::UnansweredSent() const {
  uint64_t sent = 0;
  for (const Unanswered& u : unanswered_) sent += u.sender->counts().sent;
  for (const auto& replay : replays_) sent += replay->counts().sent;
  return sent;
}

void Engine::AddUnansweredTo(RunResult& result) const {
  for (const Unanswered& u : unanswered_) {
    const UnansweredProfile& profile = u.sender->profile();
    result.unanswered.push_back({.name = profile.name,
                                 .malformed = profile.kind == UnansweredKind::kMalformed,
                                 .kinds = profile.kinds,
                                 .offered_rate = profile.rate,
                                 .judged = has_servers_,
                                 .skipped = u.sender->skipped(),
                                 .counts = u.sender->counts()});
  }
}

}  // namespace baton::generator
