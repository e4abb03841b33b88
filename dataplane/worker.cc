#include "dataplane/worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dataplane/next_hop.h"

namespace baton::dataplane {
namespace {

constexpr uint32_t kExpiriesPerPoll = 32;        // deadlines looked at: two cache lines
constexpr uint32_t kExpiriesPerIdlePoll = 1024;
constexpr int kReleasesPerPoll = 4 * kBurst;     // held packets that go on
constexpr size_t kHoldSlotsPerPoll = 64;         // addresses looked at for held packets
constexpr uint32_t kDatagramsPerPoll = 64;       // in pieces: ended because their time is up
constexpr int kFragmentsPerPoll = 4 * kBurst;    // that go on, and that are dropped

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Create(const WorkerConfig& config, PacketIo& io, Mailbox& mailbox,
                                                       KernelQueue* kernel, SteeringRings* rings) {
  std::unique_ptr<Worker> worker(new Worker(config, io, mailbox, kernel, rings));
  ASSIGN_OR_RETURN(worker->access_, AccessTable::Create("access_" + config.name, config.access, config.seed));
  if (config.client_hash && rings != nullptr) worker->client_hash_ = std::make_unique<ClientHash>(config.share.workers);
  const ClientHash* hash = worker->client_hash_.get();
  ASSIGN_OR_RETURN(worker->pools_, PortPools::Create(config.name, config.port_pools, config.share, hash));
  ASSIGN_OR_RETURN(worker->neighbors_, NeighborTable::Create(config.name, config.neighbors, config.neighbor_queue));
  worker->ftp_connections_ = std::make_unique<FtpConnections>(config.ftp_connections, config.seed, *worker->pools_);
  worker->translator_ = std::make_unique<Translator>(*worker->access_, *worker->pools_, *worker->ftp_connections_,
                                                     worker->counters_, worker->counts_);
  worker->ftp_ = std::make_unique<Ftp>(*worker->access_, *worker->pools_, *worker->ftp_connections_,
                                       *worker->translator_, worker->counters_);
  std::optional<Steering> steering;
  if (rings != nullptr) steering.emplace(config.share, config.seed, config.whole_clients, hash);
  worker->pipeline_ = std::make_unique<Pipeline>(config.ports, config.errors_per_second, *worker->access_,
                                                 *worker->translator_, *worker->ftp_, *worker->neighbors_,
                                                 worker->fragments_, worker->hold_, *worker->conditions_,
                                                 worker->counters_, steering);
  return worker;
}

Worker::Worker(const WorkerConfig& config, PacketIo& io, Mailbox& mailbox, KernelQueue* kernel, SteeringRings* rings)
    : io_(io),
      mailbox_(mailbox),
      kernel_(kernel),
      rings_(rings),
      share_(config.share),
      senders_(config.senders.empty() ? std::vector<uint16_t>(config.ports.size(), config.share.index)
                                      : config.senders),
      ports_(config.ports),
      counters_(config.backend_slots, config.service_slots),
      counts_(counters_),
      hold_(config.hold, config.address_slots),
      conditions_(std::make_unique<Conditions>(config.conditions, config.hand_over_packets, config.seed, counters_)),
      fragments_(config.fragments, config.seed),
      control_rate_(config.control_packets_per_second),
      kernel_rate_(config.kernel_packets_per_second),
      devices_(config.ports.size()),
      out_(config.ports.size()) {
  // A commit lends three pointers back, staging one, a listing and an explanation one each; a hand-over that ends one.
  unposted_.reserve(16 + 3 * HandOvers::kAtATime);
  out_used_.reserve(config.ports.size());
  for (size_t i = 0; i < ports_.size(); ++i) {
    const bool vlan = ports_[i].trunk != kNoPort;
    Device& device = devices_[vlan ? ports_[i].trunk : i];
    device.shared |= vlan;
    device.sheds |= !ports_[i].kernel.empty();
  }
}

int Worker::PollOnce(TimePoint now) {
  neighbors_->SetClock(ToMillis(now) / 1000);
  if (tap_) tap_->SetTime(now);
  int work = ApplyUpdates(now);
  if (!tables_.ready()) return work;
  work += SendFromKernel(now);  // before any data, which thus cannot take its place in the transmit queues
  work += ReleaseHeld(now);
  if (conditions_->awake()) work += ServeConditions(now);
  const int steered = rings_ != nullptr ? TakeSteered(taken_[0].data()) : 0;
  int received = ReceiveAll(now);
  if (steered > 0) received += RunSteered(steered, now);
  work += received;
  work += ReleaseFragments(now);
  translator_->ExpireSome(tables_.services->timeouts(), ToMillis(now),
                          received > 0 ? kExpiriesPerPoll : kExpiriesPerIdlePoll);
  if (tap_) tap_->Flush();
  counters_.polls.Add();
  SetGauges();
  return work;
}

int Worker::ReceiveAll(TimePoint now) {
  int received = 0;
  for (size_t port = 0; port < ports_.size(); ++port) {
    if (ports_[port].trunk != kNoPort) continue;  // its frames come in there
    burst_.count = io_.Receive(static_cast<PortId>(port), burst_.packets, kBurst);
    const bool shed = devices_[port].sheds && devices_[port].shedder.Shed(burst_.count, now);
    burst_.since = devices_[port].drained;
    if (burst_.count < kBurst) devices_[port].drained = now;
    if (burst_.count == 0) continue;
    burst_.origin = Origin::kPort;
    CountReceived(static_cast<PortId>(port));
    received += burst_.count;
    burst_.shed = shed;
    RunBurst(now);
    burst_.shed = false;
  }
  return received;
}

void Worker::CountReceived(PortId port) {
  const uint64_t count = static_cast<uint64_t>(burst_.count);
  counters_.received.Add(count);
  if (devices_[port].shared) {
    for (const Packet& p : burst_) {
      PortCounters& counters = counters_.ports[pipeline_->PortOf(p)];
      counters.received.Add();
      counters.received_bytes.Add(p.length);
    }
    return;
  }
  uint64_t bytes = 0;
  for (const Packet& p : burst_) bytes += p.length;
  counters_.ports[port].received.Add(count);
  counters_.ports[port].received_bytes.Add(bytes);
}

void Worker::RunBurst(TimePoint now) {
  if (tap_) tap_->Begin(burst_);
  pipeline_->Run(tables_, hop_generation_, burst_, now);
  Dispatch(burst_, now);
  if (tap_) tap_->Finish(burst_);
}

// Carries out each packet's fate and counts it, once.
void Worker::Dispatch(Burst& burst, TimePoint now) {
  void* freed[kBurst];
  int freed_count = 0;
  Outbox* outbox = nullptr;  // the one that is being filled: most packets leave where the one before them does
  Packet** place = nullptr;  // the next one in it
  const auto close = [&] {
    if (outbox != nullptr) outbox->count = static_cast<int>(place - outbox->packets);
    outbox = nullptr;
  };
  const auto queue = [&](Packet& p) {
    if (outbox != &out_[p.out_port]) {
      close();
      outbox = &out_[p.out_port];
      if (outbox->count == 0) out_used_.push_back(p.out_port);
      place = outbox->packets + outbox->count;
    }
    *place++ = &p;
  };
  for (Packet& p : burst) {
    if (p.fate == Fate::kForward && p.drop == DropReason::kNone) {
      queue(p);
      continue;
    }
    if (p.drop != DropReason::kNone) counters_.drops[static_cast<size_t>(p.drop)].Add();
    switch (p.fate) {
      case Fate::kForward: counters_.originated.Add(); [[fallthrough]];
      case Fate::kEcho: queue(p); break;
      case Fate::kControl: Hand(p, now); break;
      case Fate::kKernel: GiveToKernel(p, now); break;
      case Fate::kHold: Hold(p, now); break;
      case Fate::kWait: Wait(p, now); break;
      case Fate::kKept: AskAhead(p, now); break;
      case Fate::kSplit:
        close();
        SendAll();  // what came before it leaves before it
        SendInPieces({{p.buffer, p.data, p.length, p.port}, p.l3, p.flags, p.mtu}, now);
        break;
      case Fate::kUndecided:  // cannot be: Rewrite decided what was left
      case Fate::kDrop:
        if (p.drop == DropReason::kNeighborFailed) AskForNeighbor(p.neighbor, ToMillis(now));
        freed[freed_count++] = p.buffer;
        break;
    }
  }
  close();
  if (freed_count > 0) io_.Free(freed, freed_count);
  if (rings_ != nullptr) GiveAway();
  SendAll();
}

void Worker::SendAll() {
  for (const PortId port : out_used_) {
    Send(port, out_[port].packets, out_[port].count);
    out_[port].count = 0;
  }
  out_used_.clear();
}

void Worker::Send(PortId port, Packet* const* packets, int count) {
  if (senders_[port] != share_.index) return PassOn(senders_[port], port, packets, count);
  uint64_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += packets[i]->length;
  if (tap_) tap_->Sending(port, packets, count);
  const int sent = io_.Send(port, packets, count);
  for (int i = sent; i < count; ++i) {
    bytes -= packets[i]->length;
    Discard(packets[i]->buffer, DropReason::kTransmitFull);
  }
  counters_.sent.Add(static_cast<uint64_t>(sent));
  counters_.ports[port].sent.Add(static_cast<uint64_t>(sent));
  counters_.ports[port].sent_bytes.Add(bytes);
}

// To the control thread.
void Worker::Hand(Packet& p, TimePoint now) {
  if (!control_rate_.Take(now)) return Discard(p.buffer, DropReason::kControlRate);
  if (!mailbox_.Post(FrameForControl{p.buffer, p.data, p.length, p.port})) {
    return Discard(p.buffer, DropReason::kControlRingFull);
  }
  counters_.to_control.Add();
}

void Worker::Hold(Packet& p, TimePoint now) {
  const DropReason refused = hold_.Add(p.address_slot, {p.buffer, p.data, p.length, p.port}, ToMillis(now));
  if (refused != DropReason::kNone) Discard(p.buffer, refused);
}

void Worker::Wait(Packet& p, TimePoint now) {
  if (!neighbors_->Enqueue(p.neighbor, {p.buffer, p.data, p.length, p.port})) {
    Discard(p.buffer, DropReason::kNeighborQueueFull);
  }
  AskForNeighbor(p.neighbor, ToMillis(now));
}

// What waits for the end of a hand-over, or for a first fragment, goes on in a burst: by then its next hop's MAC
// address should be known, for few packets may wait for one neighbour. What is translated finds its next hop with its
// row.
void Worker::AskAhead(const Packet& p, TimePoint now) {
  const IpAddress destination = p.key.dst(p.ipv4);
  if (tables_.addresses->Find(destination) != kNoSlot) return;
  const uint16_t neighbor = NextHopTo(tables_, *neighbors_, p.key.src(p.ipv4), destination);
  if (neighbor == kNoNeighbor || neighbors_->at(neighbor).state == NeighborState::kReachable) return;
  AskForNeighbor(neighbor, ToMillis(now));
}

void Worker::AskForNeighbor(uint16_t index, Millis now) {
  if (!neighbors_->ShouldAsk(index, now)) return;
  const NeighborTable::Entry& entry = neighbors_->at(index);
  if (!mailbox_.Post(NeedNeighbor{entry.address, entry.port})) counters_.events_lost.Add();  // asked again in a second
}

void Worker::Discard(void* buffer, DropReason reason) {
  counters_.drops[static_cast<size_t>(reason)].Add();
  if (tap_) tap_->Dropped(buffer, reason);
  io_.Free(&buffer, 1);
}

// A packet that waited.
void Worker::Discard(const WaitingPacket& packet, DropReason reason) {
  if (tap_) tap_->Dropped(packet, reason);
  counters_.drops[static_cast<size_t>(reason)].Add();
  io_.Free(&packet.buffer, 1);
}

// Held packets whose address has left migration go on, oldest first; those that waited too long are dropped.
int Worker::ReleaseHeld(TimePoint now) {
  if (hold_.packets() == 0) return 0;
  int released = 0;
  const size_t slots = tables_.addresses->size();  // slots stay: a table never has fewer than the one before
  for (size_t i = 0; i < std::min(slots, kHoldSlotsPerPoll); ++i) {
    if (hold_cursor_ >= slots) hold_cursor_ = 0;
    const Slot slot = static_cast<Slot>(hold_cursor_++);
    if (!hold_.Holds(slot)) continue;
    const bool holding = tables_.addresses->at(slot).mode == AddressMode::kMigration;
    WaitingPacket waiting[kBurst];
    int count = 0;
    while (holding && released < kReleasesPerPoll && hold_.TakeExpired(slot, ToMillis(now), &waiting[0])) {
      Discard(waiting[0], DropReason::kHoldExpired);
      ++released;
    }
    while (!holding && released < kReleasesPerPoll && hold_.Take(slot, &waiting[count])) {
      ++released;
      if (++count < kBurst) continue;
      RunAgain(waiting, count, kReleased, now);
      count = 0;
    }
    if (count > 0) RunAgain(waiting, count, kReleased, now);
  }
  return released;
}

// Fragments whose first has come go on in their order; those that wait in vain are dropped.
int Worker::ReleaseFragments(TimePoint now) {
  if (fragments_.datagrams() == 0 && fragments_.waiting() == 0) return 0;
  fragments_.ExpireSome(ToMillis(now), kDatagramsPerPoll);
  if (fragments_.waiting() == 0) return 0;
  int released = 0, dropped = 0;
  WaitingPacket waiting[kBurst];
  int count = 0;
  while (released < kFragmentsPerPoll && fragments_.TakeReleased(&waiting[count])) {
    ++released;
    if (++count < kBurst) continue;
    RunAgain(waiting, count, kFollowed, now);
    count = 0;
  }
  if (count > 0) RunAgain(waiting, count, kFollowed, now);
  DropReason reason;
  for (; dropped < kFragmentsPerPoll && fragments_.TakeDropped(&waiting[0], &reason); ++dropped) {
    Discard(waiting[0], reason);
  }
  return released + dropped;
}

void Worker::StartAgain(const WaitingPacket* packets, int count, uint8_t flags, Burst& burst) {
  burst.count = count;
  burst.origin = flags == kFollowed ? Origin::kFollowed : flags == 0 ? Origin::kTaken : Origin::kReleased;
  for (int i = 0; i < count; ++i) {
    Packet& p = burst.packets[i];
    p.Start(packets[i].data, packets[i].buffer, packets[i].length, packets[i].in_port);
    p.flags = flags;
  }
}

// Packets that waited go through the pipeline from the start. REQUIRES: count <= kBurst.
void Worker::RunAgain(const WaitingPacket* packets, int count, uint8_t flags, TimePoint now) {
  StartAgain(packets, count, flags, burst_);
  RunBurst(now);
}

// The pieces of one packet are a burst of their own, within the dispatch of the packet's; they are never too big.
void Worker::SendInPieces(const Oversize& oversize, TimePoint now) {
  WaitingPacket pieces[kMaxPieces];
  const int count = PiecesOf(oversize);
  if (count == 0) return Discard(oversize.packet, DropReason::kTooBig);
  if (!io_.Allocate(pieces + 1, count - 1)) return Discard(oversize.packet, DropReason::kNoBuffers);
  Split(oversize, pieces, count);
  counters_.originated.Add(static_cast<uint64_t>(count - 1));
  StartAgain(pieces, count, static_cast<uint8_t>(kPiece | kFollowed | (oversize.flags & kReleased)), pieces_);
  pipeline_->Run(tables_, hop_generation_, pieces_, now);
  for (const Packet& p : pieces_) {
    if (tap_ && p.fate == Fate::kDrop) tap_->Dropped(WaitingPacket{p.buffer, p.data, p.length, p.port}, p.drop);
  }
  Dispatch(pieces_, now);
}

void Worker::SetGauges() {
  counters_.held.Set(hold_.packets());
  counters_.waiting.Set(neighbors_->waiting() + fragments_.waiting() + conditions_->waiting());
  counters_.rows.Set(access_->rows());
  counters_.rows_ipv6.Set(access_->rows_ipv6());
  counters_.port_pools.Set(pools_->pools_in_use());
  counters_.neighbors.Set(neighbors_->size());
  counters_.fragments.Set(fragments_.datagrams());
  counters_.ftp_connections.Set(ftp_connections_->count());
}

void Worker::CountTime(Duration all, bool busy) {
  counters_.total_ns.Add(static_cast<uint64_t>(all.count()));
  if (busy) counters_.busy_ns.Add(static_cast<uint64_t>(all.count()));
}

void Worker::FreeWaiting() {
  WaitingPacket waiting;
  for (size_t slot = 0; slot < hold_.address_slots(); ++slot) {
    while (hold_.Take(static_cast<Slot>(slot), &waiting)) Discard(waiting.buffer, DropReason::kStopped);
  }
  for (uint16_t i = 0; i < neighbors_->capacity(); ++i) {
    while (neighbors_->Dequeue(i, &waiting)) Discard(waiting.buffer, DropReason::kStopped);
  }
  while (conditions_->hand_overs().TakeAny(&waiting)) Discard(waiting.buffer, DropReason::kStopped);
  fragments_.ExpireAll();
  DropReason reason;
  while (fragments_.TakeReleased(&waiting) || fragments_.TakeDropped(&waiting, &reason)) {
    Discard(waiting.buffer, DropReason::kStopped);
  }
  if (rings_ != nullptr) DiscardSteered();
  SetGauges();
}

}  // namespace baton::dataplane
