// How a worker takes in what the control thread sends: between bursts, never inside one. README, "life of an update".
#include <algorithm>
#include <variant>

#include "dataplane/worker.h"

namespace baton::dataplane {
namespace {

constexpr uint32_t kRowsLookedAtPerListing = 512;
constexpr int kUpdatesInOfConditions = 8;  // 256 conditions a poll, which take some 20 us

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;  // clang 14 does not deduce it by itself

}  // namespace

int Worker::ApplyUpdates(TimePoint now) {
  int applied = 0;
  Update update;
  while (applied < kUpdatesPerPoll && FlushUnposted()) {
    // What sets a condition that a hand-over before it still has to mark comes after that.
    if (tables_.ready() && conditions_->marking()) break;
    if (!mailbox_.Take(&update)) break;
    Apply(update, now);
    applied += std::holds_alternative<ChangeConditions>(update) ? kUpdatesInOfConditions : 1;
  }
  // An index that was freed may be given to another neighbour: rows look their next hop up again.
  if (neighbors_->generation() != neighbor_generation_) {
    neighbor_generation_ = neighbors_->generation();
    if (++hop_generation_ == 0) hop_generation_ = 1;
  }
  return applied;
}

void Worker::Apply(const Update& update, TimePoint now) {
  std::visit(Overloaded{
                 [&](const UseRoutes& u) {
                   if (const auto* unused = staged_.Stage(u.routes)) PostSurely(RetiredRoutes{unused});
                 },
                 [&](const UseServices& u) {
                   if (const auto* unused = staged_.Stage(u.services)) PostSurely(RetiredServices{unused});
                 },
                 [&](const UseAddresses& u) {
                   if (const auto* unused = staged_.Stage(u.addresses)) PostSurely(RetiredAddresses{unused});
                 },
                 [&](const Commit& u) { ApplyCommit(u.generation); },
                 [&](const SetNeighbor& u) { ApplyNeighbor(u, now); },
                 [&](const SendFrame& u) {
                   Packet p;
                   p.data = u.data;
                   p.buffer = u.buffer;
                   p.length = u.length;
                   Packet* packets[] = {&p};
                   counters_.originated.Add();
                   Send(u.port, packets, 1);
                 },
                 [&](const ListRows& u) { FillBatch(u, now); },
                 [&](const StartCapture& u) {
                   tap_.emplace(*u.ring, counters_.capture_missed);
                   tap_->SetTime(now);
                 },
                 [&](const EndCapture&) {
                   if (!tap_) return;
                   CaptureRing* ring = &tap_->ring();
                   tap_.reset();
                   PostSurely(CaptureEnded{ring});
                 },
                 [&](const ShareLoad& u) { conditions_->Share(u); },
                 [&](const ChangeConditions& u) {
                   conditions_->Change(*u.batch);
                   PostSurely(ConditionsChanged{u.batch});
                 },
                 [&](const ListFlows& u) {
                   conditions_->List(u.from, *u.batch);
                   PostSurely(FlowsListed{u.batch});
                 },
                 [&](const BeginGiving& u) { conditions_->hand_overs().Begin(*u.giving, now); },
                 [&](const EndGiving& u) { conditions_->hand_overs().End(*u.giving, now); },
                 [&](const BeginTaking& u) { conditions_->hand_overs().Begin(*u.taking, now); },
                 [&](const EndTaking& u) { conditions_->hand_overs().End(*u.taking); },
                 [&](const AbandonTaking& u) { conditions_->hand_overs().Abandon(*u.taking); },
                 [&](const baton::Explain& u) {
                   Explain(*u.trace, now);
                   PostSurely(Explained{u.trace});
                 },
             },
             update);
}

void Worker::ApplyCommit(uint64_t generation) {
  const Replaced old = staged_.Apply(generation, tables_);
  if (old.routes != nullptr) PostSurely(RetiredRoutes{old.routes});
  if (old.services != nullptr) PostSurely(RetiredServices{old.services});
  if (old.addresses != nullptr) PostSurely(RetiredAddresses{old.addresses});
  if (++hop_generation_ == 0) hop_generation_ = 1;
  counters_.generation.Set(generation);
  PostSurely(Committed{generation});
}

void Worker::ApplyNeighbor(const SetNeighbor& update, TimePoint now) {
  uint16_t index = kNoNeighbor;
  switch (update.state) {
    case SetNeighbor::State::kReachable: index = neighbors_->Set(update.port, update.address, update.mac); break;
    case SetNeighbor::State::kFailed: index = neighbors_->Fail(update.port, update.address); break;
    case SetNeighbor::State::kForget: index = neighbors_->Find(update.port, update.address); break;
  }
  if (index == kNoNeighbor) return;  // the table is full, and so nothing waits for this one; or it was not known
  WaitingPacket waiting[kNeighborQueue];
  int count = 0;
  while (count < kNeighborQueue && neighbors_->Dequeue(index, &waiting[count])) ++count;
  if (update.state != SetNeighbor::State::kForget) {
    if (count > 0 && tables_.ready()) RunAgain(waiting, count, kReleased, now);
    return;
  }
  for (int i = 0; i < count; ++i) Discard(waiting[i], DropReason::kNeighborFailed);
  neighbors_->Forget(index);
}

void Worker::FillBatch(const ListRows& request, TimePoint time) {
  RowBatch& batch = *request.batch;
  batch.count = 0;
  const Millis now = ToMillis(time);
  uint32_t at = request.from;
  const uint32_t end = std::min(access_->row_limit(), request.from + kRowsLookedAtPerListing);
  for (; at < end && batch.count < RowBatch::kCapacity; ++at) {
    const Row& row = access_->row(at);
    if (!row.sides[0].live()) continue;
    AccessRow& packed = batch.rows[static_cast<size_t>(batch.count++)];
    packed = PackRow(row, now);
    packed.service_slot = translator_->ServiceOf(packed.backend_slot);
  }
  batch.next = at;
  batch.done = at >= access_->row_limit();
  PostSurely(RowsListed{&batch});
}

void Worker::Explain(PacketTrace& trace, TimePoint now) {
  trace.ready = tables_.ready();
  if (trace.ready) pipeline_->Explain(tables_, hop_generation_, now, trace);
}

// Events that lend a pointer back must not be lost: they wait here, and no further update is taken meanwhile.
void Worker::PostSurely(const Event& event) {
  if (!unposted_.empty() || !mailbox_.Post(event)) unposted_.push_back(event);
}

bool Worker::FlushUnposted() {
  size_t posted = 0;
  while (posted < unposted_.size() && mailbox_.Post(unposted_[posted])) ++posted;
  unposted_.erase(unposted_.begin(), unposted_.begin() + static_cast<std::ptrdiff_t>(posted));
  return unposted_.empty();
}

}  // namespace baton::dataplane
