// What a worker gives to other workers and takes from them: packets of flows that the other one owns, and packets that are
// finished but leave through a transmit queue of the other one, where a port has fewer queues than there are workers.
#include "dataplane/worker.h"

namespace baton::dataplane {
namespace {

constexpr int kMostBursts = 4;  // taken from other workers in one poll

}  // namespace

int Worker::ReceiveSteered(TimePoint now) {
  int received = 0;
  for (int bursts = 0; bursts < kMostBursts; ++bursts) {
    SteeredPacket packets[kBurst];
    const int count = rings_->Take(packets, kBurst);
    if (count == 0) break;
    received += count;
    counters_.steered_in.Add(static_cast<uint64_t>(count));
    int rewritten = 0;
    for (int i = 0; i < count; ++i) {
      __builtin_prefetch(packets[i].data);
      rewritten += packets[i].rewritten ? 1 : 0;
    }
    if (rewritten > 0) SendRewritten(packets, count);
    if (rewritten == count) continue;
    burst_.count = 0;
    burst_.origin = Origin::kPeer;
    for (int i = 0; i < count; ++i) {
      const SteeredPacket& p = packets[i];
      if (!p.rewritten) burst_.packets[burst_.count++].Start(p.data, p.buffer, p.length, p.port);
    }
    RunBurst(now);
    if (count < kBurst) break;
  }
  return received;
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
  SteeredPacket steered[kBurst];
  for (int i = 0; i < count; ++i) steered[i] = {packets[i]->buffer, packets[i]->data, packets[i]->length, port, true};
  Give(worker, steered, count);
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
