// Allocations that are made: what a fault, a restart or a decision changes.
#include <algorithm>
#include <utility>

#include "controlplane/load_sharing/machine.h"

namespace baton::controlplane::load_sharing {
namespace {

constexpr int kResponsesThatShowIt = 2;  // one may have been under way
// Allocations: a hand-over of one before may wait for a report that never comes.
constexpr Generation kStillUnderWay = 4;
constexpr Duration kLookAgain = std::chrono::milliseconds(100);
constexpr int kSlower = 10;  // at last

}  // namespace

// A hand-over of it may be under way.
bool Machine::MovedOfLate(const ConditionRow& row) const {
  return generation_ - row.moved < kStillUnderWay * static_cast<Generation>(tables_.units().size());
}

// The conditions of a unit that is gone are the active router's; but what it had not begun with stays where it was, and
// what others took from it a moment ago they have, without a report.
void Machine::TakeOver(UnitIndex gone, std::vector<Charge>& charges) const {
  const IpAddress& active = tables_.unit(active_).address;
  const bool unconfirmed = pending_ && pending_->waits_for[gone];
  const IpAddress& unit = tables_.unit(gone).address;
  for (const auto& entry : tables_.conditions()) {
    const ConditionRow& row = entry.second;
    if (row.unit == gone) {
      const bool not_begun = unconfirmed && row.moved == generation_ && row.previous != kNobody &&
                             row.previous != gone && tables_.unit(row.previous).state != UnitState::kFault;
      charges.push_back({entry.first, not_begun ? tables_.unit(row.previous).address : active, true});
    } else if ((row.previous == gone && MovedOfLate(row) && !row.orphan) ||
               hand_overs_.IsTakingFrom(entry.first, unit)) {  // and is to give it on
      charges.push_back({entry.first, tables_.unit(row.unit).address, true});
    }
  }
  std::sort(charges.begin(), charges.end(),
            [](const Charge& a, const Charge& b) { return a.condition < b.condition; });
}

void Machine::HandleFault(UnitIndex index, TimePoint now, Out& out) {
  UnitRow& unit = tables_.unit(index);
  membership_.SetFault(unit.address);
  if (unit.is_server) {
    unit.state = UnitState::kServerFault;  // VR-119
    Log(EventLogged::Kind::kServerFault, unit.address, 0, out);
    if (server_alive_) {
      server_alive_ = false;
      AnnounceTakeOver(now, out);
      std::fill(covers_.begin(), covers_.end(), false);
      std::fill(may_give_.begin(), may_give_.end(), false);
      for (UnitIndex u = 0; u < tables_.units().size(); ++u) {
        if (tables_.unit(u).state == UnitState::kFault) HandleRestart(u, now, out);
      }
      StartDiscovery(now, out);
    }
    return;
  }
  unit.state = UnitState::kFault;
  Log(EventLogged::Kind::kUnitFault, unit.address, unit.conditions, out);
  if (!IsMaker()) {
    Cover(index, now, out);
    TellTakers(index, out);
    TellOfFault(config_.flow_wait, now, out);
    return;
  }
  HandleRestart(index, now, out);
}

// The server finds out when it asks for the flow. It is asked again, less and less often, until nothing is that unit's.
void Machine::TellOfFault(Duration wait, TimePoint now, Out& out) {
  Tell(Maker(), ReviewRequest{generation_}, out);
  fault_wait_ = wait;
  tell_of_fault_ = now + wait;
}

void Machine::ElapseFaults(TimePoint now, Out& out) {
  if (now < tell_of_fault_) return;
  tell_of_fault_ = TimePoint::max();
  if (role_ != Role::kActive || IsMaker()) return;
  for (UnitIndex u = 0; u < tables_.units().size(); ++u) {
    if (tables_.unit(u).state == UnitState::kFault) TellTakers(u, out);  // what it told them may be lost
  }
  for (const UnitRow& unit : tables_.units()) {
    if (unit.state != UnitState::kFault || unit.conditions == 0) continue;
    TellOfFault(std::max(config_.flow_wait, std::min(2 * fault_wait_, config_.hold_off)), now, out);
    return;
  }
}

// Or somebody else may still forward what the last allocation gave to its unit.
bool Machine::HasBegunWith(const ConditionRow& row) const {
  return row.moved != generation_ || recorded_[row.unit] == generation_;
}

// By whom is not known: this unit was told whole, or has stopped giving it.
bool Machine::MayBeGiven(const IpAddress& condition, const ConditionRow& row) const {
  return row.previous == kNobody || (IsMe(row.previous) && !hand_overs_.EndsGiven(condition));
}

// VR-Q21: while the server has not yet allocated anew, the conditions of a unit at fault are forwarded all the same.
void Machine::Cover(UnitIndex unit, TimePoint now, Out& out) {
  if (covers_[unit]) return;
  covers_[unit] = true;
  const IpAddress& address = tables_.unit(unit).address;
  std::vector<IpAddress> pass, given_by_somebody;
  std::vector<std::vector<IpAddress>> given(tables_.units().size());  // by unit, with the last allocation
  for (const IpAddress& condition : tables_.ConditionsOf(unit)) {
    const ConditionRow& row = *tables_.Find(condition);
    if (!HasBegunWith(row)) {
      if (MayBeGiven(condition, row)) given_by_somebody.push_back(condition);
      continue;
    }
    const bool has_giver = row.previous != kNobody && !IsMe(row.previous) &&
                           tables_.unit(row.previous).state != UnitState::kFault;
    if (has_giver && row.moved == generation_) given[row.previous].push_back(condition);
    else pass.push_back(condition);
  }
  for (const IpAddress& condition : tables_.ConditionsOf(own_)) {
    if (!hand_overs_.IsTakingFrom(condition, address)) continue;
    hand_overs_.Leave(condition);  // nobody will report
    pass.push_back(condition);
    may_give_[unit] = true;  // once it is back
  }
  if (!pass.empty()) out.push_back(SetConditions{true, std::move(pass)});
  // The unit may be gone before its giver has heard that it began.
  for (UnitIndex giver = 0; giver < given.size(); ++giver) {
    if (given[giver].empty()) continue;
    const IpAddress& from = tables_.unit(giver).address;
    hand_overs_.Cover(generation_, from, address, std::move(given[giver]), now, out);
  }
  if (!given_by_somebody.empty()) {
    hand_overs_.Cover(generation_, {}, address, std::move(given_by_somebody), now, out);
  }
}

// What others were taking from a unit at fault nobody will report.
void Machine::TellTakers(UnitIndex gone, Out& out) const {
  std::vector<bool> takes(tables_.units().size(), false);
  for (const auto& entry : tables_.conditions()) {
    const ConditionRow& row = entry.second;
    if (row.previous == gone && MovedOfLate(row) && !row.orphan) takes[row.unit] = true;
  }
  takes[gone] = takes[own_] = false;
  for (UnitIndex taker = 0; taker < takes.size(); ++taker) {
    if (!takes[taker]) continue;
    Tell(tables_.unit(taker).address,
         Confirmation{.generation = generation_, .unit = tables_.unit(gone).address,
                      .status = Confirmation::Status::kNoBase},
         out);
  }
}

void Machine::Uncover(UnitIndex unit, Out& out) {
  if (!covers_[unit]) return;
  covers_[unit] = false;
  std::vector<IpAddress> block;
  for (const IpAddress& condition : tables_.ConditionsOf(unit)) {
    const ConditionRow& row = *tables_.Find(condition);
    const bool was_to_pass = hand_overs_.IsCovered(condition);
    if (was_to_pass) hand_overs_.Leave(condition);
    if (was_to_pass || HasBegunWith(row) || MayBeGiven(condition, row)) block.push_back(condition);
  }
  if (!block.empty()) out.push_back(SetConditions{false, std::move(block)});
}

// The others still take its predecessor for the one in charge: given any of it, they would wait for a report of that.
void Machine::AnnounceTakeOver(TimePoint now, Out& out) {
  if (!taken_over_.empty() && generation_ != 0) Make(std::exchange(taken_over_, {}), false, now, out);
}

// It is gone, or it is back and knows nothing: its conditions are forwarded by the active router at once.
void Machine::HandleRestart(UnitIndex index, TimePoint now, Out& out) {
  std::vector<Charge> charges;
  TakeOver(index, charges);
  if (pending_) pending_->waits_for[index] = false;
  recorded_[index] = 0;
  if (charges.empty()) return;
  Log(EventLogged::Kind::kTookOver, tables_.unit(index).address, charges.size(), out);
  wants_allocation_ = true;
  Make(std::move(charges), false, now, out);
}

// What a response shows of the allocation that a unit has.
void Machine::NoteProgress(UnitIndex index, const Response& response, TimePoint now, Out& out) {
  const UnitRow& unit = tables_.unit(index);
  recorded_[index] = response.generation;
  if (response.generation == generation_) TellGiver(index, out);
  // `timer`: it begins whether this unit hears its confirmation or not, or it began when another was active.
  if (mode_ == HandOver::kTimer) hand_overs_.Confirmed(unit.address, response.generation, false, now, out);
  if (IsNewer(response.generation, generation_)) {
    if (!IsMaker()) {
      AskForAll(Maker(), response.generation, out);
    } else if (learn_until_ == TimePoint::max()) {
      MakeWhole(now, out);  // this unit missed what its predecessor made: it all begins from what this one knows
    }
    return;
  }
  const bool is_old = response.generation != generation_;
  if (is_old && unit.is_server) {
    SendMissed(index, now, out);
    return;
  }
  const bool lost_all = unit.conditions > 0 && response.state == UnitState::kSuspended;
  if ((!is_old && !lost_all) || (pending_ && pending_->waits_for[index])) {
    behind_[index] = 0;
    return;
  }
  if (behind_[index]++ == 0) behind_since_[index] = now;
  if (behind_[index] < kResponsesThatShowIt) return;
  // With a server it may just not have confirmed yet; but one that the server has given up has to hear of it, too.
  const Duration patience = (config_.tries + 1) * config_.confirmation_wait;
  if (!IsMaker() && !lost_all && now < behind_since_[index] + patience) return;
  behind_[index] = 0;
  if (!IsMaker()) {
    if (lost_all) {
      // And again, as long as its responses say so. Not covered: it begins when the server tells it all again, and
      // this unit hears of that later.
      Tell(Maker(), ReviewRequest{generation_}, out);
    } else {
      SendMissed(index, now, out);
    }
  } else if (lost_all) {
    HandleRestart(index, now, out);
  } else {
    SendMissed(index, now, out);
  }
}

bool Machine::MustConfirm(UnitIndex unit) const {
  if (unit == own_ || tables_.unit(unit).is_server) return false;
  if (role_ == Role::kServer && unit == active_) return false;  // VR-112
  return membership_.LifeOf(tables_.unit(unit).address) != Membership::Life::kFault;
}

// The next number that is this unit's to give: on both sides of a LAN that parts allocations are made, and two that are
// not the same must not have the same number. Nor two in different lives of one unit: while it has none it goes on from
// what it gave last, or from its clock. Not otherwise: numbers far apart look like allocations long past.
Generation Machine::NextGeneration() const {
  const Generation units = static_cast<Generation>(tables_.units().size());
  const Generation own = generation_ == 0 ? last_given_ : generation_;
  Generation next = (newest_seen_ != 0 && IsNewer(newest_seen_, own) ? newest_seen_ : own) + 1;
  while (next == 0 || next % units != (own_ + 1U) % units) ++next;  // 0 says that there is none
  return next;
}

// When the next allocation cannot wait for the last one, who has not confirmed that gets it whole, and begins at once:
// those who still forward for it have to hear of that.
void Machine::AddUnconfirmed(std::vector<Charge>& charges) const {
  // The active router confirms nothing to a server: that it has the last one shows when it is asked for its flow.
  const bool is_server = role_ == Role::kServer && active_ != kNobody;
  const bool made_last = made_ != nullptr && made_->generation == generation_;
  const Outgoing* last = pending_ ? pending_->what.get() : is_server && made_last ? made_.get() : nullptr;
  if (last == nullptr) return;
  absl::flat_hash_set<IpAddress> named;
  for (const Charge& charge : charges) named.insert(charge.condition);
  for (const Charge& charge : last->charges) {
    const UnitIndex unit = tables_.IndexOf(charge.unit);
    if (unit == kNobody || named.contains(charge.condition)) continue;
    const bool awaited = pending_ && pending_->waits_for[unit];
    const bool unknown = is_server && unit == active_ && recorded_[unit] != last->generation;
    if (awaited || unknown) charges.push_back({charge.condition, charge.unit, true});
  }
}

// All else that this unit knows of, as it is.
void Machine::AddUnnamed(std::vector<Charge>& charges) {
  absl::flat_hash_set<IpAddress> named;
  for (const Charge& charge : charges) named.insert(charge.condition);
  for (const Charge& charge : Whole()->charges) {
    if (!named.contains(charge.condition)) charges.push_back(charge);
  }
}

void Machine::Make(std::vector<Charge> charges, bool whole, TimePoint now, Out& out) {
  AddUnconfirmed(charges);
  if (generation_ == 0 && !whole) {  // others know nothing of what is not named
    AddUnnamed(charges);
    whole = true;
  }
  for (Charge& charge : charges) {  // of a unit at fault there will be no report
    const UnitIndex owner = OwnerOf(charge.condition);
    charge.orphan |= owner != kNobody && owner != own_ && tables_.unit(owner).state == UnitState::kFault;
  }
  Outgoing made{.generation = NextGeneration(), .base = whole ? 0 : generation_, .mode = config_.hand_over,
                .charges = std::move(charges)};
  const auto what = std::make_shared<const Outgoing>(std::move(made));
  Keep(what);
  last_given_ = what->generation;
  const size_t units = tables_.units().size();
  const uint32_t fragments = FragmentsOf(*what);
  const Duration sending = config_.turn * (fragments / config_.packets_per_turn);
  pending_ = Pending{.what = what, .waits_for = std::vector<bool>(units, false), .tries = std::vector<int>(units, 0),
                     .retry_at = now + sending + config_.confirmation_wait};
  for (UnitIndex u = 0; u < units; ++u) pending_->waits_for[u] = MustConfirm(u);
  settled_at_ = now + sending + config_.settle;
  if (MovesMeasured(what->charges)) measured_at_ = now + sending + config_.measure;
  paced_.clear();
  Queue({}, what, 0, fragments, now, out);  // VR-57
  Record(what->charges, what->generation, whole, what->mode, config_.own, now, out);
  Log(EventLogged::Kind::kAllocated, {}, what->charges.size(), out);
  const std::vector<bool>& waits = pending_->waits_for;
  if (std::find(waits.begin(), waits.end(), true) == waits.end()) pending_.reset();
}

// Of what nobody has measured yet, such as new end systems, nothing is counted twice.
bool Machine::MovesMeasured(const std::vector<Charge>& charges) const {
  return std::any_of(charges.begin(), charges.end(), [&](const Charge& charge) {
    const ConditionRow* row = tables_.Find(charge.condition);
    return row != nullptr && row->bits_per_second > 0 && tables_.unit(row->unit).address != charge.unit;
  });
}

void Machine::MakeWhole(TimePoint now, Out& out) {
  Make(Whole()->charges, true, now, out);
}

std::vector<bool> Machine::Eligible() const {
  std::vector<bool> eligible;
  for (UnitIndex u = 0; u < tables_.units().size(); ++u) {
    const UnitRow& row = tables_.unit(u);
    const Membership::Life life = membership_.LifeOf(row.address);
    bool takes_part = false;
    if (row.is_server) {
      takes_part = false;  // VR-Q35
    } else if (u == own_) {
      takes_part = true;  // VR-51
    } else {
      // It must have what the next allocation changes. The server hears no responses, but who does not confirm.
      const bool lives = role_ == Role::kServer ? life != Membership::Life::kFault : life == Membership::Life::kAlive;
      takes_part = lives && recorded_[u] == generation_;
    }
    eligible.push_back(takes_part);
  }
  return eligible;
}

// Not while somebody who has conditions is in doubt: it turns out to be at fault, or to be alive.
bool Machine::CanAllocate() const {
  const std::vector<bool> eligible = Eligible();
  if (!eligible[active_]) return false;
  for (UnitIndex u = 0; u < eligible.size(); ++u) {
    const UnitRow& row = tables_.unit(u);
    if (!eligible[u] && row.conditions > 0 && membership_.LifeOf(row.address) != Membership::Life::kFault) return false;
  }
  return true;
}

void Machine::StartDiscovery(TimePoint now, Out& out) {
  out.push_back(Discover{});
  discovering_ = true;
  discovery_ends_ = now + config_.discovery_limit;
}

void Machine::LearnEndSystems(const EndSystemsKnown& event, TimePoint now, Out& out) {
  if (event.complete && !event.end_systems.empty()) tables_.ClearEndSystems();  // VR-Q42
  size_t added = 0;
  for (const IpAddress& address : event.end_systems) {
    if (tables_.AddEndSystem(address) && tables_.Find(address) == nullptr) ++added;
  }
  if (event.complete && discovering_) {
    discovering_ = false;
    discovery_ends_ = TimePoint::max();
    wants_allocation_ = true;
  } else if (added > 0 && IsMaker()) {  // the first one, too, after a discovery that found nobody
    wants_allocation_ = true;
  }
  if (IsMaker()) AllocateIfWanted(now, out);
}

void Machine::AllocateIfWanted(TimePoint now, Out& out) {
  if (!wants_allocation_ || pending_ || discovering_ || collection_ || now < settled_at_) return;
  if (learn_until_ != TimePoint::max()) return;
  if (role_ == Role::kServer && IsNewer(newest_seen_, generation_)) {
    // Others have one that it does not know: it was away. If the active router has it not, either, all begins anew.
    if (asked_active_++ < config_.tries || IsNewer(recorded_[active_], generation_)) {
      Confirm(tables_.unit(active_).address, Confirmation::Status::kNoBase, newest_seen_, out);
      Tell(tables_.unit(active_).address, FlowRequest{generation_, reviews_}, out);
    } else {
      MakeWhole(now, out);
    }
    settled_at_ = now + kLookAgain;
    return;
  }
  if (!CanAllocate()) {
    settled_at_ = now + kLookAgain * std::clamp(asked_active_, 1, kSlower);  // it may be gone, and nobody after it
    if (role_ == Role::kServer) AskWhoLags(now, out);
    return;
  }
  Allocate(now, out);
}

void Machine::Allocate(TimePoint now, Out& out) {
  wants_allocation_ = false;
  asked_active_ = 0;
  const std::vector<IpAddress> conditions = SortedConditions();
  const std::vector<Share> shares = SharesOf(conditions);
  const std::vector<bool> eligible = Eligible();
  Limits limits = config_.limits;
  if (overflowed_) {  // a unit has too much although the flows are alike: at least halve what there is
    const uint64_t spread = SpreadOf(Totals(shares, eligible.size()), eligible).bits_per_second;
    limits = {.of_mean = 0, .bits_per_second = std::max<uint64_t>(1, spread / 2)};
    overflowed_ = false;
  }
  std::vector<Charge> charges;
  for (const Move& move : load_sharing::Allocate(shares, eligible, limits)) {
    charges.push_back({conditions[move.condition], tables_.unit(move.to).address, false});
  }
  if (!charges.empty()) Make(std::move(charges), false, now, out);
}

}  // namespace baton::controlplane::load_sharing
