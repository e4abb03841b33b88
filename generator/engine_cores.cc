// One engine among several: frames for the flows of other cores handed over and theirs taken in, the beginning agreed,
// next hops followed. Without a crew none of this is called.
#include <cstring>

#include "generator/engine.h"
#include "generator/engine_class.h"
#include "generator/tcp/segment.h"

namespace baton::generator {
namespace {

// Every core has seen the agreed time before it comes, when the machine lets it run.
constexpr int64_t kAheadNs = 500'000;

}  // namespace

// Receives what is this core's: up to kBurst frames, classified. Nothing is received that could not be handed over.
int Engine::ReceiveOwn(Port& port, Frame* frames, Arrival* arrivals) {
  const int burst = port.role == Role::kServers ? receive_burst_ : kBurst;
  const int most_handed = (burst + first_ring_ % 2) / 2;
  int count = 0;
  for (int i = 0; i < crew_->cores() && count < most_handed; ++i) {
    const int from = (first_ring_ + i) % crew_->cores();
    if (from != core_) count += crew_->ring(from, core_, port.place).Take(frames + count, most_handed - count);
  }
  first_ring_ = (first_ring_ + 1) % (2 * crew_->cores());
  for (int i = 0; i < count; ++i) arrivals[i] = Read(port, frames[i]);
  for (int to = 0; to < crew_->cores(); ++to) {
    if (to != core_ && crew_->ring(core_, to, port.place).Room() < kBurst) return count;
  }
  const int received = port.link->Receive(frames + count, burst - count);
  const int end = count + received;
  for (int i = count; i < end; ++i) {
    const Arrival arrival = Read(port, frames[i]);
    const int owner = OwnerOf(port, arrival, frames[i].data);
    if (owner == core_) {
      frames[count] = frames[i];
      arrivals[count++] = arrival;
    } else {
      crew_->ring(core_, owner, port.place).Put(frames[i]);
      ++handed_over_;
    }
  }
  return count;
}

// Who deals with a frame. Nobody's is dealt with where it arrived, but when it may be of what expects no answer: core 0
// alone sends that, and knows it again.
int Engine::OwnerOf(const Port& port, const Arrival& arrival, const uint8_t* frame) const {
  if (arrival.kind == ArrivalKind::kNeighbor || arrival.kind == ArrivalKind::kFragment) return 0;
  const int owner = FlowOwner(port, arrival, frame);
  return owner != Crew::kNobody ? owner : unanswered_.empty() ? core_ : 0;
}

int Engine::FlowOwner(const Port& port, const Arrival& arrival, const uint8_t* frame) const {
  if (arrival.kind != ArrivalKind::kTcp) return arrival.stamp_good ? crew_->OwnerOf(arrival.stamp.flow) : Crew::kNobody;
  const bool at_clients = port.role == Role::kClients;
  const auto segment = ReadSegment(frame, arrival.l4, arrival.length, at_clients);
  if (!segment) return Crew::kNobody;
  if (segment->has_flow) return crew_->OwnerOf(segment->flow);
  uint32_t source;
  if (!at_clients || !SourceIn(port, arrival, frame, &source)) return Crew::kNobody;
  return crew_->OwnerOfSource(port.place, arrival.ipv4 ? Family::kIpv4 : Family::kIpv6, source);
}

// Core 0 puts all fragments together: they do not tell their flow. Classes that are sent in fragments are its own; what
// was cut on its way is handed over whole, and fits a frame. False: it is this core's.
bool Engine::HandOverWhole(Port& port, const Arrival& arrival, const Reassembly::Whole& whole) {
  const int owner = crew_->OwnerOf(arrival.stamp.flow);
  if (owner == core_ || owner == Crew::kNobody) return false;
  FrameRing& ring = crew_->ring(core_, owner, port.place);
  Frame frame;
  if (whole.length > kFrameRoom || ring.Room() == 0 || !port.link->Allocate(&frame, 1)) {
    ++reassembly_->counters().no_buffers;
    return true;
  }
  std::memcpy(frame.data, whole.frame, whole.length);
  frame.length = whole.length;
  ring.Put(frame);
  ++handed_over_;
  return true;
}

// When the sending begins, once all cores know it and it has come; 0: it has not. REQUIRES: this core knows all next
// hops.
int64_t Engine::AgreedBegin(int64_t now_ns) {
  if (crew_->begin_ns() == 0) crew_->SetReady(core_);
  if (crew_->begin_ns() == 0 && core_ == 0 && crew_->AllReady()) crew_->SetBegin(now_ns + kAheadNs);
  const int64_t begin_ns = crew_->begin_ns();
  return begin_ns > 0 && now_ns >= begin_ns ? begin_ns : 0;
}

// Core 0 asks and hears, and tells the others, who follow.
void Engine::ShareNextHops() {
  if (core_ == 0) {
    uint64_t changes = 0;
    for (const auto& port : ports_) changes += port->neighbors->changes();
    if (changes == told_) return;
    told_ = changes;
    for (const auto& port : ports_) {
      for (size_t i = 0; i < port->neighbors->count(); ++i) crew_->TellNextHop(port->place, i, port->neighbors->mac(i));
    }
    crew_->HaveTold();
    return;
  }
  const uint64_t told = crew_->told();
  if (told == told_) return;
  told_ = told;
  for (const auto& port : ports_) {
    for (size_t i = 0; i < port->neighbors->count(); ++i) port->neighbors->Adopt(i, crew_->NextHop(port->place, i));
  }
}

// What was handed over to this core and came too late. REQUIRES: no core polls any more.
void Engine::FreeHandedOver() {
  for (const auto& port : ports_) {
    for (int from = 0; from < crew_->cores(); ++from) {
      Frame frames[kBurst];
      if (from == core_) continue;
      while (const int count = crew_->ring(from, core_, port->place).Take(frames, kBurst)) {
        port->link->Free(frames, count);
      }
    }
  }
}

}  // namespace baton::generator
