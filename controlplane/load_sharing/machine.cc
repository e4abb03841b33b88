#include "controlplane/load_sharing/machine.h"

#include <algorithm>
#include <utility>

namespace baton::controlplane::load_sharing {

namespace {

bool IsServer(const Config& config, const IpAddress& unit) {
  return std::find(config.servers.begin(), config.servers.end(), unit) != config.servers.end();
}

// The server hears no responses: who does not confirm or answer is at fault there.
Duration ResponsePeriod(const Config& config) {
  return IsServer(config, config.own) ? Duration(std::chrono::hours(24 * 365)) : config.response_period;
}

}  // namespace

Machine::Machine(const Config& config)
    : config_(config), tables_(config.routers, config.servers), hand_overs_(config_),
      membership_(ResponsePeriod(config)), own_(tables_.IndexOf(config.own)), last_given_(config.first_generation),
      mode_(config.hand_over),
      behind_(tables_.units().size(), 0), behind_since_(tables_.units().size()),
      covers_(tables_.units().size(), false),
      may_give_(tables_.units().size(), false),
      recorded_(tables_.units().size(), 0),
      whole_sent_(tables_.units().size(), 0), sent_again_(tables_.units().size()),
      whole_sent_at_(tables_.units().size()) {}

void Machine::Log(EventLogged::Kind kind, const IpAddress& unit, uint64_t number, Out& out) const {
  out.push_back(EventLogged{kind, unit, generation_, number});
}

bool Machine::HasServer() const { return !config_.servers.empty(); }

// VR-Q34: while a server is alive the active router does neither.
bool Machine::IsMaker() const {
  return role_ == Role::kServer ? active_ != kNobody : role_ == Role::kActive && !server_alive_;
}

IpAddress Machine::Maker() const {
  if (role_ == Role::kActive) return server_alive_ ? config_.servers.front() : config_.own;
  if (maker_ != IpAddress{} && tables_.IndexOf(maker_) != kNobody && tables_.unit(tables_.IndexOf(maker_)).is_server) {
    return maker_;  // VR-116
  }
  return active_ == kNobody ? IpAddress{} : tables_.unit(active_).address;
}

UnitIndex Machine::OwnerOf(const IpAddress& condition) const {
  const ConditionRow* row = tables_.Find(condition);
  return row == nullptr ? active_ : row->unit;
}

Here Machine::HereOf(const IpAddress& condition) const {
  const bool has_none = role_ == Role::kBackup && generation_ == 0;  // its successor has what it had
  if (role_ == Role::kStopped || role_ == Role::kServer || has_none) return Here::kBlocks;
  if (hand_overs_.IsUnderWay(condition)) return hand_overs_.HereOf(condition);
  const UnitIndex owner = OwnerOf(condition);
  if (owner == own_) {
    const bool learns = learn_until_ != TimePoint::max() && tables_.Find(condition) == nullptr;
    return learns ? Here::kBlocks : Here::kPasses;
  }
  return owner != kNobody && covers_[owner] ? Here::kPasses : Here::kBlocks;
}

const char* Machine::UnderWay() const {
  if (learn_until_ != TimePoint::max()) return "learning";
  if (discovering_) return "discovery";
  if (collection_) return "review";
  if (pending_ || !paced_.empty()) return "allocation";
  if (incoming_) return "recording";
  if (hand_overs_.pending() > 0) return "hand-over";
  return wants_allocation_ ? "reallocation" : nullptr;
}

void Machine::On(const Event& event, TimePoint now, Out& out) {
  if (const auto* role = std::get_if<RoleChanged>(&event)) {
    switch (role->role) {
      case Role::kActive: BecomeActive(now, out); break;
      case Role::kBackup: BecomeBackup(now, out); break;
      case Role::kServer: role_ = Role::kServer; break;
      case Role::kStopped: StopAll(out); break;
    }
  } else if (role_ == Role::kStopped) {
    return;
  } else if (const auto* heard = std::get_if<MessageHeard>(&event)) {
    HearMessage(*heard, now, out);
  } else if (const auto* advert = std::get_if<AdvertHeard>(&event)) {
    HearAdvert(*advert, now, out);
  } else if (const auto* known = std::get_if<EndSystemsKnown>(&event)) {
    LearnEndSystems(*known, now, out);
  } else if (const auto* given = std::get_if<Given>(&event)) {
    hand_overs_.Stopped(*given, now, out);
  } else if (const auto* measured = std::get_if<FlowsMeasured>(&event)) {
    Measured(*measured, now, out);
  } else if (std::holds_alternative<ReviewAsked>(event)) {
    WantReview(true, now, out);
  } else if (const auto* move = std::get_if<MoveAsked>(&event)) {
    MoveNow(*move, now, out);
  }  // AdvertSent: a response is due within the period anyway; DeadlinePassed: below
  Elapse(now, out);
}

void Machine::ForgetWork() {
  incoming_.reset();
  pending_.reset();
  collection_.reset();
  paced_.clear();
  discovering_ = wants_allocation_ = false;
  discovery_ends_ = next_review_ = learn_until_ = asked_for_ = tell_of_fault_ = TimePoint::max();
  measured_at_ = TimePoint::min();
  overflowed_ = false;
  taken_over_.clear();
  std::fill(behind_.begin(), behind_.end(), 0);
  std::fill(covers_.begin(), covers_.end(), false);
  std::fill(may_give_.begin(), may_give_.end(), false);
  std::fill(recorded_.begin(), recorded_.end(), 0);
  std::fill(whole_sent_.begin(), whole_sent_.end(), 0);
  std::fill(sent_again_.begin(), sent_again_.end(), SentAgain{});
}

// VR-Q22: what was the predecessor's is this unit's at once; the others keep their shares.
void Machine::BecomeActive(TimePoint now, Out& out) {
  const UnitIndex predecessor = active_ == own_ ? kNobody : active_;
  ForgetWork();
  role_ = Role::kActive;
  active_ = own_;
  mode_ = config_.hand_over;  // VR-69
  std::vector<IpAddress> others;
  for (const UnitRow& row : tables_.units()) {
    if (row.address != config_.own) others.push_back(row.address);
    if (row.is_server) continue;
    UnitRow& unit = tables_.unit(tables_.IndexOf(row.address));
    unit.state = row.conditions > 0 || row.address == config_.own ? UnitState::kWorking : UnitState::kSuspended;
  }
  membership_.Start(others, now);
  server_alive_ = HasServer();  // until it turns out not to be
  if (predecessor != kNobody) {
    membership_.SetFault(tables_.unit(predecessor).address);  // until it answers
    tables_.unit(predecessor).state = UnitState::kFault;
    std::vector<Charge> charges;
    TakeOver(predecessor, charges);
    std::vector<IpAddress> mine;
    for (const Charge& charge : charges) {
      if (charge.unit != config_.own) continue;
      hand_overs_.Leave(charge.condition);
      tables_.Assign(charge.condition, own_, generation_, true);
      mine.push_back(charge.condition);
    }
    Log(EventLogged::Kind::kTookOver, tables_.unit(predecessor).address, mine.size(), out);
    if (!mine.empty()) out.push_back(SetConditions{true, mine});
    taken_over_ = std::move(charges);
    if (IsMaker()) AnnounceTakeOver(now, out);  // otherwise the server does, if it is there
  } else if (tables_.unit(own_).conditions > 0) {
    out.push_back(SetConditions{true, tables_.ConditionsOf(own_)});  // it was active before, and nobody since
  }
  if (generation_ == 0) {
    learn_until_ = now + config_.learn;  // others may have shares that it does not know of
  } else {
    out.push_back(SetDefault{true});
  }
  if (config_.review_every > Duration{}) next_review_ = now + config_.review_every;
  if (IsMaker()) StartDiscovery(now, out);  // VR-40
}

// All that may pass here by name: its own, what it gives away, and what it covers for units at fault.
std::vector<IpAddress> Machine::LeaveAll() {
  std::vector<IpAddress> conditions = tables_.ConditionsOf(own_);
  const std::vector<IpAddress> given = hand_overs_.LeaveAll();
  conditions.insert(conditions.end(), given.begin(), given.end());
  for (UnitIndex unit = 0; unit < covers_.size(); ++unit) {
    if (!covers_[unit]) continue;
    const std::vector<IpAddress> covered = tables_.ConditionsOf(unit);
    conditions.insert(conditions.end(), covered.begin(), covered.end());
  }
  return conditions;
}

// Its successor takes all that was its own: it stops at once.
void Machine::BecomeBackup(TimePoint now, Out& out) {
  if (role_ == Role::kBackup) return;
  out.push_back(SetDefault{false});
  if (role_ == Role::kActive) {
    std::vector<IpAddress> mine = LeaveAll();
    if (!mine.empty()) out.push_back(SetConditions{false, std::move(mine)});
    active_ = kNobody;
    generation_ = 0;  // what it has is no longer that: its successor tells it all
  }
  ForgetWork();
  membership_.Stop();
  server_alive_ = false;
  role_ = Role::kBackup;
  (void)now;
}

void Machine::StopAll(Out& out) {
  if (role_ == Role::kStopped) return;
  std::vector<IpAddress> mine = LeaveAll();
  out.push_back(SetDefault{false});
  if (!mine.empty()) out.push_back(SetConditions{false, std::move(mine)});
  ForgetWork();
  membership_.Stop();
  tables_.ClearConditions();
  role_ = Role::kStopped;
  active_ = kNobody;
  generation_ = newest_seen_ = 0;
}

void Machine::HearAdvert(const AdvertHeard& event, TimePoint now, Out& out) {
  const UnitIndex from = tables_.IndexOf(event.from);
  if (role_ == Role::kActive || from == kNobody || from == own_) return;
  const UnitIndex before = active_;
  active_ = from;
  // What the server allocated whole is taken from the active router, and that was never `before`, or is it no more.
  if (role_ == Role::kBackup && before != kNobody && before != from && whole_by_server_ == generation_) {
    hand_overs_.GiverIs(event.from, tables_.unit(before).address, generation_, now, out);
  }
  if (role_ == Role::kBackup && before == kNobody && tables_.unit(own_).conditions > 0) {
    // This unit was active itself: its successor has what it had.
    for (const IpAddress& condition : tables_.ConditionsOf(own_)) tables_.Assign(condition, from, generation_, true);
  }
  if (role_ == Role::kBackup && before != kNobody && before != from) {
    // Its successor has begun with what was its own, and this unit was giving to it.
    std::vector<IpAddress> drop;
    for (const IpAddress& condition : hand_overs_.GivenTo(tables_.unit(before).address)) {
      if (OwnerOf(condition) != before) continue;
      hand_overs_.Leave(condition);
      drop.push_back(condition);
    }
    if (!drop.empty()) out.push_back(SetConditions{false, std::move(drop)});
  }
  if (role_ == Role::kServer) {
    if (!first_heard_) {
      first_heard_ = true;
      std::vector<IpAddress> others;
      for (const UnitRow& row : tables_.units()) {
        if (!row.is_server) others.push_back(row.address);
      }
      membership_.Start(others, now);
      StartDiscovery(now, out);  // VR-110
      StartCollection(now, out);  // who is alive, and what they have
    } else if (before != from && before != kNobody) {
      std::vector<Charge> charges;
      TakeOver(before, charges);
      Log(EventLogged::Kind::kTookOver, tables_.unit(before).address, charges.size(), out);
      if (!charges.empty()) Make(std::move(charges), false, now, out);
      StartDiscovery(now, out);
    }
    HeardByServer(from, now);  // it does not confirm, and would stay at fault
  }
  if (role_ == Role::kBackup && event.told) NoteTold(*event.told);
  // VR-10: the answer says how this unit is.
  UnitState state = UnitState::kServer;
  if (role_ != Role::kServer) {
    state = tables_.unit(own_).conditions > 0 ? UnitState::kWorking : UnitState::kSuspended;
    tables_.unit(own_).state = state;
  }
  Response response{.generation = generation_, .state = state};
  for (const UnitRow& row : tables_.units()) response.units.push_back(row.address);
  Tell(event.from, std::move(response), out);
}

void Machine::HeardByServer(UnitIndex unit, TimePoint now) {
  membership_.Heard(tables_.unit(unit).address, now);
  tables_.unit(unit).state = UnitState::kWorking;
}

// Table A is the active router's to keep: backups only show it, and know best how they are themselves.
void Machine::NoteTold(const UnitAdvert& told) {
  mode_ = told.hand_over;  // VR-69
  for (const UnitAdvert::Unit& unit : told.units) {
    const UnitIndex index = tables_.IndexOf(unit.address);
    if (index != kNobody && index != own_) tables_.unit(index).state = unit.state;
  }
}

void Machine::HearMessage(const MessageHeard& event, TimePoint now, Out& out) {
  const UnitIndex from = tables_.IndexOf(event.from);
  if (from == kNobody || from == own_) return;
  if (const auto* response = std::get_if<Response>(&event.message)) {
    HearResponse(event.from, *response, now, out);
  } else if (const auto* allocation = std::get_if<Allocation>(&event.message)) {
    HearAllocation(event.from, *allocation, now, out);
  } else if (const auto* confirmation = std::get_if<Confirmation>(&event.message)) {
    HearConfirmation(event.from, *confirmation, now, out);
  } else if (const auto* report = std::get_if<Report>(&event.message)) {
    if (report->generation == generation_) may_give_[from] = false;
    hand_overs_.Reported(event.from, *report, now, out);
  } else if (std::holds_alternative<ReviewRequest>(event.message)) {
    HearReviewRequest(now, out);
  } else if (const auto* request = std::get_if<FlowRequest>(&event.message)) {
    AnswerFlowRequest(event.from, *request, out);
  } else if (const auto* flows = std::get_if<FlowResponse>(&event.message)) {
    HearFlows(from, *flows, now, out);
  }
}

void Machine::HearResponse(const IpAddress& from, const Response& response, TimePoint now, Out& out) {
  if (role_ != Role::kActive) return;
  const UnitIndex index = tables_.IndexOf(from);
  UnitRow& unit = tables_.unit(index);
  if (IsNewer(response.generation, newest_seen_)) newest_seen_ = response.generation;
  const bool was_fault = membership_.LifeOf(from) == Membership::Life::kFault;
  const bool is_new = membership_.Heard(from, now);
  if (unit.is_server) {
    if (is_new) {
      unit.state = UnitState::kServer;
      Log(EventLogged::Kind::kServerAlive, from, 0, out);
    }
    if (!server_alive_ && !pending_) {  // what this unit has begun it brings to its end first
      server_alive_ = true;
      collection_.reset();
      discovering_ = wants_allocation_ = false;
      discovery_ends_ = TimePoint::max();
    }
  } else if (is_new) {
    Log(EventLogged::Kind::kUnitAlive, from, 0, out);
    if (was_fault) unit.state = UnitState::kSuspended;  // VR-Q41
    if (!IsMaker()) {
      Uncover(index, out);
      if (generation_ != 0) Tell(Maker(), ReviewRequest{generation_}, out);
    } else if (!discovering_) {
      // It gets its share when the load is looked at next, soon if that may be.
      next_review_ = std::min(next_review_, std::max(now + config_.settle, hold_off_until_));
    }
  }
  NoteProgress(index, response, now, out);
}

void Machine::HearConfirmation(const IpAddress& from, const Confirmation& confirmation, TimePoint now, Out& out) {
  // The server relays what others said (VR-113), and the active router of who is gone; anybody else speaks for itself.
  const bool relays = IsServer(config_, from) || (role_ == Role::kBackup && tables_.IndexOf(from) == active_);
  const bool relayed = confirmation.unit != from && relays;
  if (confirmation.unit != from && !relayed) return;
  const UnitIndex unit = tables_.IndexOf(confirmation.unit);
  if (unit == kNobody) return;
  if (IsMaker() && !relayed) {
    Confirmed(unit, confirmation, now, out);
    if (role_ == Role::kServer) {
      HeardByServer(unit, now);
      if (confirmation.status == Confirmation::Status::kRecorded && active_ != unit) {
        Tell(tables_.unit(active_).address, confirmation, out);
      }
    }
  }
  if (role_ == Role::kActive && confirmation.status == Confirmation::Status::kNoBase && IsServer(config_, from)) {
    SendMissed(tables_.IndexOf(from), now, out);
    return;
  }
  if (role_ == Role::kBackup && relayed && confirmation.status == Confirmation::Status::kNoBase) {
    hand_overs_.KnowsNothing(confirmation.unit, confirmation.generation, now, out);
  }
  if (role_ == Role::kActive && relayed && IsNewer(confirmation.generation, generation_)) {
    // VR-112: it does not confirm, but what it missed it asks for.
    AskForAll(from, confirmation.generation, out);
  }
  if (confirmation.status != Confirmation::Status::kRecorded) return;
  const bool was_told_all = generation_ != 0 && whole_sent_[unit] == generation_;
  if (was_told_all && !relayed && confirmation.generation == generation_) TellGivers(unit, out);
  if (relayed && confirmation.generation == generation_) TellGiver(unit, out);
  if (role_ == Role::kServer || tables_.unit(unit).is_server) return;
  if (role_ == Role::kActive && tables_.unit(unit).state == UnitState::kSuspended) {
    tables_.unit(unit).state = UnitState::kWorking;  // VR-62
  }
  hand_overs_.Confirmed(confirmation.unit, confirmation.generation, !relayed, now, out);
}

void Machine::Queue(const IpAddress& to, std::shared_ptr<const Outgoing> what, uint32_t from, uint32_t end,
                    TimePoint now, Out& out) {
  paced_.push_back({to, std::move(what), from, end});
  SendPaced(now, out);
}

// A few packets per turn, so that an allocation of a million conditions holds nothing up.
void Machine::SendPaced(TimePoint now, Out& out) {
  if (now < next_turn_) return;
  size_t left = config_.packets_per_turn;
  while (!paced_.empty() && left > 0) {
    Paced& next = paced_.front();
    if (next.next == next.end) {
      paced_.pop_front();
      continue;
    }
    const std::vector<Charge>& charges = next.what->charges;
    const size_t per = config_.charges_per_packet;
    const size_t first = std::min(charges.size(), next.next * per), last = std::min(charges.size(), first + per);
    Allocation part{.generation = next.what->generation, .base = next.what->base};
    part.fragment = static_cast<uint16_t>(next.next);
    part.fragments = static_cast<uint16_t>(std::max<size_t>(1, (charges.size() + per - 1) / per));
    part.hand_over = next.what->mode;
    part.charges.assign(charges.begin() + static_cast<ptrdiff_t>(first),
                        charges.begin() + static_cast<ptrdiff_t>(last));
    Tell(next.to, std::move(part), out);
    ++next.next;
    --left;
  }
  while (!paced_.empty() && paced_.front().next == paced_.front().end) paced_.pop_front();
  if (left == 0) next_turn_ = now + config_.turn;
}

// When others have shares that this unit knows nothing of it may not pass them: they give them back, and all begins
// anew; unless there is a server, which will say who has what.
void Machine::EndLearning(TimePoint now, Out& out) {
  const bool others_have_shares = newest_seen_ != 0 && generation_ == 0;
  if (others_have_shares && server_alive_) {
    if (membership_.LifeOf(config_.servers.front()) == Membership::Life::kAlive) {
      learn_until_ = now + config_.learn;
      return;
    }
    server_alive_ = false;  // until it answers
    StartDiscovery(now, out);
  }
  learn_until_ = TimePoint::max();
  if (others_have_shares) MakeWhole(now, out);
  out.push_back(SetDefault{true});
}

void Machine::Elapse(TimePoint now, Out& out) {
  if (role_ == Role::kActive) {
    for (const IpAddress& unit : membership_.Elapse(now)) HandleFault(tables_.IndexOf(unit), now, out);
    if (now >= learn_until_) EndLearning(now, out);
    ElapseFaults(now, out);
  }
  hand_overs_.Elapse(now, out);
  if (incoming_ && now >= incoming_->ask_at) AskForMissing(now, out);
  if (IsMaker()) {
    if (pending_ && now >= pending_->retry_at) Retry(now, out);
    if (now >= discovery_ends_) LearnEndSystems({.complete = true}, now, out);
    AllocateIfWanted(now, out);
  }
  ElapseReview(now, out);
  SendPaced(now, out);
}

TimePoint Machine::NextDeadline() const {
  if (role_ == Role::kStopped) return TimePoint::max();
  TimePoint next = std::min<TimePoint>({hand_overs_.NextDeadline(), learn_until_, next_review_});
  if (role_ == Role::kActive) next = std::min({next, membership_.NextDeadline(), tell_of_fault_});
  if (incoming_) next = std::min(next, incoming_->ask_at);
  if (collection_) next = std::min(next, collection_->deadline);
  if (IsMaker()) {
    if (pending_) next = std::min(next, pending_->retry_at);
    next = std::min(next, discovery_ends_);
    next = std::min(next, asked_for_);
    // What else AllocateIfWanted waits for has a deadline of its own.
    const bool waits = pending_ || discovering_ || collection_ || learn_until_ != TimePoint::max();
    if (wants_allocation_ && !waits) next = std::min(next, settled_at_);
  }
  if (!paced_.empty()) next = std::min(next, next_turn_);
  return next;
}

}  // namespace baton::controlplane::load_sharing
