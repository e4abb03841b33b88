// What a worker gives to other workers and takes from them: packets of flows that the other one owns, and packets that
// are finished but leave through a transmit queue of the other one, where a port has fewer queues than there are
// workers.
#include "dataplane/worker.h"

#include <algorithm>

namespace baton::dataplane {
namespace {

constexpr size_t kMostBursts = 4;  // taken from other workers in one poll

// Takes the cache line from the CPU that has written it, at once for writing: Rewrite would have to ask for it again.
// The builtin makes it a read unless told of a newer machine; older ones than know it do nothing.
inline void PrefetchForWriting(const void* at) {
#ifdef __x86_64__
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));
#else
  __builtin_prefetch(at, 1);
#endif
}

}  // namespace

// The next burst from other workers; the frames begin to come over from their CPUs, which takes a while.
int Worker::TakeSteered(SteeredPacket* packets) {
  const int count = rings_->Take(packets, kBurst);
  for (int i = 0; i < count; ++i) PrefetchForWriting(packets[i].data);
  counters_.steered_in.Add(static_cast<uint64_t>(count));
  return count;
}

// `count`: of taken_[0].
int Worker::RunSteered(int count, TimePoint now) {
  int received = 0;
  for (size_t bursts = 0; count > 0; ++bursts) {
    const SteeredPacket* packets = taken_[bursts % 2].data();
    const bool more = count == kBurst && bursts + 1 < kMostBursts;
    const int next = more ? TakeSteered(taken_[(bursts + 1) % 2].data()) : 0;
    RunSteered(packets, count, now);
    received += count;
    count = next;
  }
  return received;
}

void Worker::RunSteered(const SteeredPacket* packets, int count, TimePoint now) {
  const auto is_rewritten = [](const SteeredPacket& p) { return p.rewritten; };
  if (std::any_of(packets, packets + count, is_rewritten)) SendRewritten(packets, count);  // uses burst_, too
  burst_.count = 0;
  burst_.origin = Origin::kPeer;
  for (int i = 0; i < count; ++i) {
    const SteeredPacket& p = packets[i];
    if (!p.rewritten) burst_.packets[burst_.count++].Start(p.data, p.buffer, p.length, p.port);
  }
  if (burst_.count > 0) RunBurst(now);
}

void Worker::SendRewritten(const SteeredPacket* packets, int count) {
  for (int i = 0; i < count; ++i) {
    const SteeredPacket& from = packets[i];
    if (!from.rewritten) continue;
    Packet& p = burst_.packets[i];
    p.Start(from.data, from.buffer, from.length, from.port);
    Outbox& out = out_[from.port];
    if (out.count == 0) out_used_.push_back(from.port);
    out.packets[out.count++] = &p;
  }
  SendAll();
}

// What a burst held for other workers, in one step for each of them.
void Worker::GiveAway() {
  for (uint16_t worker = 0; worker < share_.workers; ++worker) {
    Steering::Leaving& leaving = pipeline_->steering()->leaving(worker);
    if (leaving.count == 0) continue;
    Give(worker, leaving.packets, leaving.count);
    leaving.count = 0;
  }
}

// REQUIRES: count <= kBurst.
void Worker::PassOn(uint16_t worker, PortId port, Packet* const* packets, int count) {
  for (int i = 0; i < count; ++i) {
    const Packet& p = *packets[i];
    passed_on_[i] = {p.buffer, p.data, p.length, port, true};
  }
  Give(worker, passed_on_.data(), count);
}

void Worker::Give(uint16_t worker, const SteeredPacket* packets, int count) {
  const int given = rings_->Give(worker, packets, count);
  counters_.steered_out.Add(static_cast<uint64_t>(given));
  for (int i = given; i < count; ++i) {
    if (tap_ && !packets[i].rewritten) tap_->CameInOn(packets[i].buffer, packets[i].port);
    Discard(packets[i].buffer, DropReason::kSteerRingFull);
  }
}

void Worker::DiscardSteered() {
  SteeredPacket packet;
  while (rings_->Take(&packet, 1) == 1) {
    counters_.steered_in.Add();
    Discard(packet.buffer, DropReason::kStopped);
  }
}

}  // namespace baton::dataplane
