// Allocations that come in: put together, written to table C, and what changes for this unit begun (VR-58 to VR-66).
#include <algorithm>
#include <utility>

#include "controlplane/load_sharing/machine.h"

namespace baton::controlplane::load_sharing {
namespace {

constexpr int kAsksForMissing = 10;

}  // namespace

// A unit takes allocations from the active router that it minds, or from the server; a server from the active router,
// after it was away itself.
bool Machine::Believes(const IpAddress& from) const {
  const UnitIndex index = tables_.IndexOf(from);
  if (index == kNobody) return false;
  if (role_ == Role::kActive) return tables_.unit(index).is_server;
  if (active_ == kNobody) return false;  // it would not know whose the rest is
  return index == active_ || (role_ == Role::kBackup && tables_.unit(index).is_server);
}

void Machine::Confirm(const IpAddress& to, Confirmation::Status status, Generation generation, Out& out) const {
  Tell(to, Confirmation{.generation = generation, .unit = config_.own, .status = status}, out);
}

void Machine::HearAllocation(const IpAddress& from, const Allocation& allocation, TimePoint now, Out& out) {
  if (!Believes(from) || allocation.fragment >= allocation.fragments) return;
  const bool confirms = role_ == Role::kBackup;  // VR-112
  if (IsNewer(allocation.generation, newest_seen_)) newest_seen_ = allocation.generation;
  if (!IsNewer(allocation.generation, generation_)) {
    const bool by_server = tables_.unit(tables_.IndexOf(from)).is_server;
    if (confirms && (allocation.generation == generation_ || by_server)) {
      Confirm(from, Confirmation::Status::kRecorded, generation_, out);
    } else if (role_ == Role::kActive && allocation.generation != generation_) {
      SendMissed(tables_.IndexOf(from), now, out);  // the server was away
    }
    return;
  }
  if (allocation.base != 0 && allocation.base != generation_) {
    const bool is_last = allocation.fragment + 1 == allocation.fragments;
    if (is_last) Confirm(from, Confirmation::Status::kNoBase, allocation.generation, out);
    return;
  }
  const bool same = incoming_ && incoming_->generation == allocation.generation && incoming_->base == allocation.base &&
                    incoming_->fragments.size() == allocation.fragments;
  if (!same) {
    if (incoming_ && IsNewer(incoming_->generation, allocation.generation)) return;
    incoming_ = Incoming{.generation = allocation.generation, .base = allocation.base, .from = from,
                         .mode = allocation.hand_over, .fragments = {}, .missing = allocation.fragments};
    incoming_->fragments.resize(allocation.fragments);
  }
  incoming_->ask_at = now + config_.fragment_wait;
  std::optional<std::vector<Charge>>& fragment = incoming_->fragments[allocation.fragment];
  if (fragment) return;
  fragment = allocation.charges;
  if (--incoming_->missing > 0) return;
  std::vector<Charge> charges;
  for (const auto& part : incoming_->fragments) charges.insert(charges.end(), part->begin(), part->end());
  const bool whole = incoming_->base == 0;
  if (role_ == Role::kActive) {  // who misses it is told by this unit if the server is gone
    Keep(std::make_shared<const Outgoing>(
        Outgoing{allocation.generation, incoming_->base, allocation.hand_over, charges}));
  }
  incoming_.reset();
  Record(charges, allocation.generation, whole, allocation.hand_over, from, now, out);
  // Only now: what becomes its own waits by the time that somebody stops.
  if (confirms) Confirm(from, Confirmation::Status::kRecorded, generation_, out);
}

void Machine::AskForAll(const IpAddress& maker, Generation generation, Out& out) const {
  Confirmation ask{.generation = generation, .unit = config_.own, .status = Confirmation::Status::kMissing};
  ask.missing.push_back({0, 0xffff});
  Tell(maker, std::move(ask), out);
}

void Machine::AskForMissing(TimePoint now, Out& out) {
  if (++incoming_->asked > kAsksForMissing) {
    incoming_.reset();  // its sender repeats it, or a newer one
    return;
  }
  Confirmation ask{.generation = incoming_->generation, .unit = config_.own, .status = Confirmation::Status::kMissing};
  for (size_t i = 0; i < incoming_->fragments.size() && ask.missing.size() < 32; ++i) {
    if (incoming_->fragments[i]) continue;
    const uint16_t index = static_cast<uint16_t>(i);
    if (!ask.missing.empty() && ask.missing.back().last + 1 == index) {
      ask.missing.back().last = index;
    } else {
      ask.missing.push_back({index, index});
    }
  }
  Tell(incoming_->from, std::move(ask), out);
  incoming_->ask_at = now + 4 * config_.fragment_wait;
}

// What an allocation changes for this unit.
struct Machine::Changes {
  std::vector<IpAddress> pass, block;
  std::vector<std::vector<IpAddress>> give, take;  // by unit
};

void Machine::RecordOne(const Charge& charge, Generation generation, bool whole, Changes& changes) {
  const UnitIndex to = tables_.IndexOf(charge.unit);
  if (to == kNobody || tables_.unit(to).is_server) return;  // configured differently: nobody we know
  const bool is_known = tables_.Find(charge.condition) != nullptr;
  // Who begins with a whole allocation had everything; whatever this unit knows of an earlier life is past.
  const UnitIndex known = OwnerOf(charge.condition);
  const UnitIndex from = whole && !charge.orphan ? active_ : known;
  if (from != known) {
    if (IsMe(known)) {
      hand_overs_.Leave(charge.condition);
      changes.block.push_back(charge.condition);
    }
    tables_.Assign(charge.condition, from, generation, false);
  }
  const bool was_mine = IsMe(from), is_mine = IsMe(to);
  tables_.Assign(charge.condition, to, generation, charge.orphan, from);
  if (was_mine && is_mine) {
    if (charge.orphan) hand_overs_.Leave(charge.condition);  // nobody will report
    if (charge.orphan || !is_known) changes.pass.push_back(charge.condition);
  } else if (was_mine) {
    if (charge.orphan) {
      hand_overs_.Leave(charge.condition);
      changes.block.push_back(charge.condition);
    } else {
      changes.give[to].push_back(charge.condition);
    }
  } else if (is_mine) {
    if (charge.orphan) {
      hand_overs_.Leave(charge.condition);
      changes.pass.push_back(charge.condition);
    } else {
      // What this unit gives away, or is to, comes to its end first; anything else is stale.
      if (!hand_overs_.EndsGiven(charge.condition)) hand_overs_.Leave(charge.condition);
      changes.take[from].push_back(charge.condition);
    }
  } else {
    // Of others. What this unit still forwards for somebody who is gone ends here, though workers have been told to end
    // it in their time. But somebody who lives, and is to hand it on already, waits for this unit's report first.
    if (charge.orphan || hand_overs_.IsCovered(charge.condition)) hand_overs_.Leave(charge.condition);
    const bool was_covered = covers_[to] || (from != to && from != kNobody && covers_[from]);
    if (charge.orphan || was_covered || !is_known) changes.block.push_back(charge.condition);
  }
}

// What becomes the active router's though it is not named: what a whole allocation leaves out, and all else that a unit
// had from which the active router takes anything over. Who allocates may not know of an end system that only a router
// knew which was active for a moment.
std::vector<IpAddress> Machine::Unnamed(const std::vector<Charge>& charges, bool whole) const {
  if (active_ == kNobody) return {};
  std::vector<bool> gone(tables_.units().size(), whole);
  for (const Charge& charge : charges) {
    if (whole || !charge.orphan || tables_.IndexOf(charge.unit) != active_) continue;
    const UnitIndex owner = OwnerOf(charge.condition);
    if (owner != active_) gone[owner] = true;
  }
  if (std::find(gone.begin(), gone.end(), true) == gone.end()) return {};
  absl::flat_hash_set<IpAddress> named;
  for (const Charge& charge : charges) named.insert(charge.condition);
  std::vector<IpAddress> unnamed;
  for (const auto& entry : tables_.conditions()) {
    const UnitIndex owner = entry.second.unit;
    const bool changes = owner == active_ ? whole && hand_overs_.IsUnderWay(entry.first) : gone[owner];
    if (changes && !named.contains(entry.first)) unnamed.push_back(entry.first);
  }
  std::sort(unnamed.begin(), unnamed.end());
  return unnamed;
}

void Machine::Record(const std::vector<Charge>& charges, Generation generation, bool whole, HandOver mode,
                     const IpAddress& maker, TimePoint now, Out& out) {
  if (!taken_over_.empty()) {  // what somebody else has allocated, all know of
    absl::flat_hash_set<IpAddress> named;
    for (const Charge& charge : charges) named.insert(charge.condition);
    taken_over_.erase(std::remove_if(taken_over_.begin(), taken_over_.end(),
                                     [&](const Charge& c) { return whole || named.contains(c.condition); }),
                      taken_over_.end());
  }
  Changes changes;
  changes.give.resize(tables_.units().size());
  changes.take.resize(tables_.units().size());
  // It forwards nothing yet, and others had this allocation before it was active: it has nothing to hand over.
  const bool is_late = whole && learn_until_ != TimePoint::max() &&
                       std::find(recorded_.begin(), recorded_.end(), generation) != recorded_.end();
  const std::vector<IpAddress> unnamed = Unnamed(charges, whole);
  for (Charge charge : charges) {
    charge.orphan |= is_late;
    RecordOne(charge, generation, whole, changes);
  }
  for (const IpAddress& condition : unnamed) {
    RecordOne({condition, tables_.unit(active_).address, true}, generation, whole, changes);
  }
  // Who had not confirmed the last one would be named as the heir of what it was given.
  const bool all_had_it = !whole && maker == maker_ && role_ != Role::kServer;
  const Generation before = std::exchange(generation_, generation);
  if (IsNewer(generation, newest_seen_)) newest_seen_ = generation;
  mode_ = mode;
  maker_ = maker;
  whole_.reset();
  if (maker != config_.own) pending_.reset();  // nobody confirms that any more, nor is it what they have
  if (role_ == Role::kServer) return;
  if (!changes.block.empty()) out.push_back(SetConditions{false, std::move(changes.block)});
  if (!changes.pass.empty()) out.push_back(SetConditions{true, std::move(changes.pass)});
  if (all_had_it) hand_overs_.AllConfirmed(before, now, out);
  const bool by_server = tables_.IndexOf(maker) != kNobody && tables_.unit(tables_.IndexOf(maker)).is_server;
  if (whole && by_server) whole_by_server_ = generation;
  const Duration delay = by_server ? config_.server_start_delay : config_.start_delay;  // VR-114
  for (UnitIndex u = 0; u < changes.give.size(); ++u) {
    const IpAddress& unit = tables_.unit(u).address;
    if (!changes.take[u].empty()) {
      // Its sender has the confirmation already; the server tells the active router itself (VR-113).
      hand_overs_.Take(generation, unit, mode, std::move(changes.take[u]), delay, u != active_, now, out);
    }
    if (!changes.give[u].empty()) hand_overs_.Give(generation, unit, mode, std::move(changes.give[u]), now, out);
  }
  hand_overs_.Recorded(generation, mode, now, out);
  if (tables_.unit(own_).conditions > 0) tables_.unit(own_).state = UnitState::kWorking;  // VR-59
}

}  // namespace baton::controlplane::load_sharing
