// Allocations that are sent again: who has confirmed the last one, and what is sent to who misses it or more.
#include <algorithm>
#include <utility>

#include "controlplane/load_sharing/machine.h"

namespace baton::controlplane::load_sharing {
namespace {

constexpr size_t kKept = 4;  // allocations; of a million conditions none but the last
constexpr size_t kChargesKept = 65536;
constexpr int kTimesAgain = 3;

}  // namespace

uint32_t Machine::FragmentsOf(const Outgoing& what) const {
  const size_t per_packet = config_.charges_per_packet;
  return static_cast<uint32_t>(std::max<size_t>(1, (what.charges.size() + per_packet - 1) / per_packet));
}

// The last one, and before it those that led to it, while they are few.
void Machine::Keep(std::shared_ptr<const Outgoing> made) {
  if (made->base == 0 || made_ == nullptr || made_->generation != made->base) made_before_.clear();
  else made_before_.push_back(std::move(made_));
  made_ = std::move(made);
  size_t charges = 0;
  for (const auto& what : made_before_) charges += what->charges.size();
  while (made_before_.size() >= kKept || charges > kChargesKept) {
    charges -= made_before_.front()->charges.size();
    made_before_.pop_front();
  }
}

std::shared_ptr<const Machine::Outgoing> Machine::Kept(Generation generation) const {
  if (made_ != nullptr && made_->generation == generation) return made_;
  for (const auto& what : made_before_) {
    if (what->generation == generation) return what;
  }
  return nullptr;
}

// Of those that this unit has kept, the one that changes what `unit` is known to have; null: none.
std::shared_ptr<const Machine::Outgoing> Machine::FirstMissedBy(UnitIndex unit) const {
  if (made_ == nullptr || made_->generation != generation_ || recorded_[unit] == 0) return nullptr;
  if (made_->base == recorded_[unit]) return made_;
  for (const auto& what : made_before_) {
    if (what->base == recorded_[unit]) return what;
  }
  return nullptr;
}

// The active router's have a name, too: who becomes active after it has to know what was its own. Nobody has a report
// for who needs the whole of it: it missed the moves, or was told of others. What it has that is not its own it drops
// at once, and what is its own is nobody else's any more.
std::shared_ptr<const Machine::Outgoing> Machine::Whole() {
  if (whole_ != nullptr && whole_->generation == generation_) return whole_;
  Outgoing all{.generation = generation_, .base = 0, .mode = mode_, .charges = {}};
  for (const auto& entry : tables_.conditions()) {
    all.charges.push_back({entry.first, tables_.unit(entry.second.unit).address, true});
  }
  std::sort(all.charges.begin(), all.charges.end(),
            [](const Charge& a, const Charge& b) { return a.condition < b.condition; });
  whole_ = std::make_shared<const Outgoing>(std::move(all));
  return whole_;
}

void Machine::SendMissed(UnitIndex unit, TimePoint now, Out& out) {
  if (generation_ == 0) return;
  if (tables_.unit(unit).is_server && !taken_over_.empty()) {
    // It was away as well: from what it is sent it could not know what the others have not been told.
    server_alive_ = false;  // until that is done
    AnnounceTakeOver(now, out);
  }
  // Those who give to it still forward, and wait for it; those who take from it wait for its reports. It must not begin
  // or end at once, then. In mode `timer` nobody waits for long.
  auto what = FirstMissedBy(unit);
  SentAgain& again = sent_again_[unit];
  if (what != nullptr && again.generation != what->generation) again = {what->generation, 0};
  const bool as_made = what != nullptr && !tables_.unit(unit).is_server && again.times < kTimesAgain &&
                       (what == made_ || mode_ != HandOver::kTimer);
  if (!as_made) what = Whole();
  const IpAddress& to = tables_.unit(unit).address;
  for (const Paced& paced : paced_) {
    if (paced.to == to && paced.what == what) return;  // it is on its way
  }
  if (as_made) {
    ++again.times;
  } else {
    if (whole_sent_[unit] == generation_ && now < whole_sent_at_[unit] + 2 * config_.fragment_wait) return;
    whole_sent_[unit] = generation_;
    whole_sent_at_[unit] = now;
  }
  Queue(to, what, 0, FragmentsOf(*what), now, out);
}

// VR-Q31. The last packet alone is enough: who has not got the others asks for them.
void Machine::Retry(TimePoint now, Out& out) {
  std::vector<UnitIndex> at_fault;
  for (UnitIndex u = 0; u < pending_->waits_for.size(); ++u) {
    if (!pending_->waits_for[u]) continue;
    if (++pending_->tries[u] >= config_.tries) {
      at_fault.push_back(u);
      continue;
    }
    const auto what = whole_sent_[u] == pending_->what->generation ? Whole() : pending_->what;
    const uint32_t fragments = FragmentsOf(*what);
    Queue(tables_.unit(u).address, what, fragments - 1, fragments, now, out);
  }
  pending_->retry_at = now + config_.confirmation_wait;
  for (const UnitIndex u : at_fault) HandleFault(u, now, out);
  if (!pending_) return;
  const std::vector<bool>& waits = pending_->waits_for;
  if (std::find(waits.begin(), waits.end(), true) == waits.end()) pending_.reset();
}

void Machine::Confirmed(UnitIndex unit, const Confirmation& confirmation, TimePoint now, Out& out) {
  if (role_ == Role::kServer && IsNewer(confirmation.generation, generation_)) {
    // This server was away, and what it just made is too late. It may have seen that number before, in a review.
    if (IsNewer(confirmation.generation, newest_seen_)) newest_seen_ = confirmation.generation;
    pending_.reset();
    wants_allocation_ = true;
  }
  if (confirmation.status == Confirmation::Status::kRecorded) {
    const bool catches_up = role_ == Role::kServer && recorded_[unit] != generation_ && !pending_ &&
                            confirmation.generation == generation_;
    if (catches_up) next_review_ = std::min(next_review_, now + config_.settle);  // it has no share yet
    recorded_[unit] = confirmation.generation;
    behind_[unit] = 0;
    const bool was_sent_again = sent_again_[unit].generation == confirmation.generation;
    if (was_sent_again && confirmation.generation != generation_) SendMissed(unit, now, out);  // the next one
    if (!pending_ || pending_->what->generation != confirmation.generation) return;
    pending_->waits_for[unit] = false;
    const std::vector<bool>& waits = pending_->waits_for;
    if (std::find(waits.begin(), waits.end(), true) != waits.end()) return;
    Log(EventLogged::Kind::kConfirmed, {}, 0, out);
    pending_.reset();
    return;
  }
  if (confirmation.status == Confirmation::Status::kNoBase) {
    LacksBase(unit, confirmation.generation, now, out);
    return;
  }
  const bool is_last = confirmation.generation == generation_;
  auto what = Kept(confirmation.generation);
  // The first one of all was given by the active router; once all have it, nobody gives anything.
  const bool was_first = what != nullptr && what->base == 0 && !pending_;
  if (is_last && (whole_sent_[unit] == generation_ || was_first)) what = Whole();
  if (what == nullptr) {
    if (is_last) SendMissed(unit, now, out);  // somebody else made it, and may be gone
    return;
  }
  const uint32_t fragments = FragmentsOf(*what);
  for (const Range& range : confirmation.missing) {
    if (range.first > range.last || range.first >= fragments) continue;
    Queue(tables_.unit(unit).address, what, range.first, std::min<uint32_t>(range.last + 1U, fragments), now, out);
  }
}

// It was told all of it, and has begun at once: who still gives to it has not heard from it.
void Machine::TellGivers(UnitIndex unit, Out& out) const {
  std::vector<bool> gives(tables_.units().size(), false);
  for (const IpAddress& condition : tables_.ConditionsOf(unit)) {
    const ConditionRow& row = *tables_.Find(condition);
    if (row.previous != kNobody && MovedOfLate(row)) gives[row.previous] = true;
  }
  gives[unit] = gives[own_] = false;
  for (UnitIndex giver = 0; giver < gives.size(); ++giver) {
    if (!gives[giver]) continue;
    const Confirmation confirmation{.generation = generation_, .unit = tables_.unit(unit).address};
    Tell(tables_.unit(giver).address, confirmation, out);
  }
}

// This unit has begun with what that one was giving to it, since it was at fault. If it was away only, it goes on until
// it is told; its report shows that it was. `timer` has none, and ends by itself.
void Machine::TellGiver(UnitIndex unit, Out& out) {
  if (!may_give_[unit]) return;
  Tell(tables_.unit(unit).address, Confirmation{.generation = generation_, .unit = config_.own}, out);
  if (mode_ == HandOver::kTimer) may_give_[unit] = false;
}

void Machine::LacksBase(UnitIndex unit, Generation refused, TimePoint now, Out& out) {
  const auto missed = FirstMissedBy(unit);
  const bool is_last = refused == generation_;
  if (!is_last && (missed == nullptr || missed->generation != refused)) return;  // of long ago
  const bool knew_it = missed != nullptr && missed->generation == refused;
  const bool is_awaited = pending_ && pending_->waits_for[unit] && pending_->what->base != 0;
  if (is_awaited && (knew_it || missed == nullptr) && tables_.unit(unit).conditions > 0) {
    HandleRestart(unit, now, out);  // it had what this one changes, or it would not have any: it lost all in between
    return;
  }
  if (knew_it) recorded_[unit] = 0;
  SendMissed(unit, now, out);
}

// The active router does not confirm (VR-112). Before the server changes anything more it has to know that the active
// router has the last: its flow response says what it has.
void Machine::AskWhoLags(TimePoint now, Out& out) {
  const IpAddress& active = tables_.unit(active_).address;
  const bool lacks_it = recorded_[active_] != generation_;
  if (made_ != nullptr && made_->generation == generation_ && lacks_it && asked_active_++ > 0) {
    const uint32_t fragments = FragmentsOf(*made_);
    Queue(active, made_, fragments - 1, fragments, now, out);
  }
  for (UnitIndex u = 0; u < recorded_.size(); ++u) {
    const UnitRow& unit = tables_.unit(u);
    if (u == own_ || recorded_[u] == generation_ || (u != active_ && unit.conditions == 0)) continue;
    if (membership_.LifeOf(unit.address) == Membership::Life::kFault) continue;
    Tell(unit.address, FlowRequest{generation_, reviews_}, out);
  }
}

}  // namespace baton::controlplane::load_sharing
