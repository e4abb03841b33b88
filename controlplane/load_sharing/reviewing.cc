// The measured flow: when somebody wants it looked at, how it is collected, and what follows (VR-92 to VR-105).
#include <algorithm>
#include <utility>

#include "controlplane/load_sharing/machine.h"

namespace baton::controlplane::load_sharing {

// VR-89, VR-92: written to table C; larger than a threshold, and a review is wanted.
void Machine::Measured(const FlowsMeasured& event, TimePoint now, Out& out) {
  for (const IpAddress& condition : measured_) {
    if (IsMe(OwnerOf(condition))) tables_.SetRate(condition, 0);
  }
  measured_.clear();
  bool above = config_.overflow_threshold > 0 && event.overflows > config_.overflow_threshold;
  for (const Flow& flow : event.flows) {
    tables_.SetRate(flow.condition, flow.bits_per_second);
    measured_.push_back(flow.condition);
    above = above || (config_.flow_threshold > 0 && flow.bits_per_second > config_.flow_threshold);
  }
  tables_.unit(own_).overflows = event.overflows;
  overflow_unit_ = event.overflow_unit;
  if (above) WantReview(false, now, out);
}

// Whoever allocates looks by itself (VR-94); others ask it to (VR-93, VR-116). Either is not done again for a while,
// whatever came of it (VR-104, VR-105); an operator may. What was measured before a move would have it moved back.
void Machine::WantReview(bool by_operator, TimePoint now, Out& out) {
  if (!by_operator && now < hold_off_until_) return;
  if (IsMaker()) {
    if (collection_ || (!by_operator && now < measured_at_)) return;
    hold_off_until_ = now + config_.hold_off;
    StartCollection(now, out);
    return;
  }
  const IpAddress maker = Maker();
  if (maker == IpAddress{}) return;
  hold_off_until_ = now + config_.hold_off;
  Tell(maker, ReviewRequest{generation_}, out);
}

void Machine::Adjust(const Config& to, TimePoint now) {
  config_.limits = to.limits;
  config_.flow_threshold = to.flow_threshold;
  config_.overflow_threshold = to.overflow_threshold;
  config_.review_every = to.review_every;
  config_.hold_off = to.hold_off;
  config_.measure = to.measure;
  config_.start_delay = to.start_delay;
  config_.server_start_delay = to.server_start_delay;
  hold_off_until_ = std::min(hold_off_until_, now + to.hold_off);
  const bool reviews = role_ == Role::kActive && to.review_every > Duration{};
  if (reviews) next_review_ = std::min(next_review_, now + to.review_every);
}

void Machine::HearReviewRequest(TimePoint now, Out& out) {
  if (!IsMaker()) {
    if (role_ == Role::kActive) Tell(Maker(), ReviewRequest{generation_}, out);  // VR-116
  } else if (now < measured_at_) {
    asked_for_ = measured_at_;
  } else if (!collection_) {
    StartCollection(now, out);  // its own hold-off does not begin (VR-Q36)
  }
}

void Machine::StartCollection(TimePoint now, Out& out) {
  const size_t units = tables_.units().size();
  collection_ = Collection{.review = ++reviews_, .waits_for = std::vector<bool>(units, false),
                           .have = std::vector<std::vector<bool>>(units), .deadline = now + config_.flow_wait};
  Log(EventLogged::Kind::kReviewStarted, {}, reviews_, out);
  bool any = false;
  for (UnitIndex u = 0; u < units; ++u) {
    const UnitRow& row = tables_.unit(u);
    if (u == own_ || row.is_server) continue;
    // A server also finds out in this way who is back.
    if (role_ != Role::kServer && membership_.LifeOf(row.address) != Membership::Life::kAlive) continue;
    collection_->waits_for[u] = any = true;
    Tell(row.address, FlowRequest{generation_, reviews_}, out);
  }
  if (!any) Decide(now, out);
}

void Machine::AnswerFlowRequest(const IpAddress& from, const FlowRequest& request, Out& out) const {
  if (!Believes(from)) return;
  std::vector<Flow> flows;
  for (const IpAddress& condition : measured_) {
    const ConditionRow* row = tables_.Find(condition);
    if (row != nullptr && row->unit == own_ && row->bits_per_second > 0) {
      flows.push_back({condition, row->bits_per_second});
    }
  }
  const size_t per = config_.flows_per_packet;
  const size_t fragments = std::max<size_t>(1, (flows.size() + per - 1) / per);
  for (size_t i = 0; i < fragments; ++i) {
    FlowResponse part{.generation = generation_, .review = request.review};
    part.fragment = static_cast<uint16_t>(i);
    part.fragments = static_cast<uint16_t>(fragments);
    part.overflows = tables_.unit(own_).overflows;
    part.overflow_unit = overflow_unit_;
    const size_t first = i * per, last = std::min(flows.size(), first + per);
    part.flows.assign(flows.begin() + static_cast<ptrdiff_t>(first), flows.begin() + static_cast<ptrdiff_t>(last));
    Tell(from, std::move(part), out);
  }
}

void Machine::HearFlows(UnitIndex unit, const FlowResponse& response, TimePoint now, Out& out) {
  if (role_ == Role::kServer) {
    recorded_[unit] = response.generation;
    if (IsNewer(response.generation, newest_seen_)) newest_seen_ = response.generation;
  }
  if (!collection_ || response.review != collection_->review || !collection_->waits_for[unit]) return;
  if (response.fragment >= response.fragments) return;
  std::vector<bool>& have = collection_->have[unit];
  if (have.size() != response.fragments) {
    have.assign(response.fragments, false);
    tables_.ClearRates(unit);  // what is not named had nothing
  }
  if (have[response.fragment]) return;
  have[response.fragment] = true;
  for (const Flow& flow : response.flows) {
    if (OwnerOf(flow.condition) == unit) tables_.SetRate(flow.condition, flow.bits_per_second);  // VR-97
  }
  tables_.unit(unit).overflows = response.overflows;
  if (std::find(have.begin(), have.end(), false) != have.end()) return;
  collection_->waits_for[unit] = false;
  if (role_ == Role::kServer) {
    HeardByServer(unit, now);
    if (IsNewer(generation_, response.generation) && !pending_) {
      if (unit != active_ && tables_.unit(unit).conditions > 0) HandleRestart(unit, now, out);
      else SendMissed(unit, now, out);
    }
  }
  const std::vector<bool>& waits = collection_->waits_for;
  if (std::find(waits.begin(), waits.end(), true) == waits.end()) Decide(now, out);
}

void Machine::ElapseReview(TimePoint now, Out& out) {
  if (now >= asked_for_) {
    asked_for_ = TimePoint::max();
    HearReviewRequest(now, out);
  }
  if (now >= next_review_) {
    next_review_ = config_.review_every > Duration{} ? now + config_.review_every : TimePoint::max();
    if (discovering_ || pending_) {
      next_review_ = now + config_.settle;
    } else if (IsMaker() && now < measured_at_) {
      next_review_ = measured_at_;
    } else {
      WantReview(false, now, out);
    }
  }
  if (!collection_ || now < collection_->deadline) return;
  if (collection_->tries++ < config_.tries) {
    collection_->deadline = now + config_.flow_wait;
    for (UnitIndex u = 0; u < collection_->waits_for.size(); ++u) {
      if (!collection_->waits_for[u]) continue;
      Tell(tables_.unit(u).address, FlowRequest{generation_, collection_->review}, out);
    }
    return;
  }
  // VR-Q31: figures of who does not answer are those of before.
  const std::vector<bool> silent = collection_->waits_for;
  if (role_ == Role::kServer) {
    for (UnitIndex u = 0; u < silent.size(); ++u) {
      const bool is_news = tables_.unit(u).state != UnitState::kFault || tables_.unit(u).conditions > 0;
      if (silent[u] && u != active_ && is_news) HandleFault(u, now, out);
    }
  }
  Decide(now, out);
}

// VR-98, VR-99, VR-103.
void Machine::Decide(TimePoint now, Out& out) {
  collection_.reset();
  const std::vector<Share> shares = SharesOf(SortedConditions());
  const std::vector<bool> eligible = Eligible();
  bool needed = IsAbove(SpreadOf(Totals(shares, eligible.size()), eligible), config_.limits);
  uint32_t most = 0, least = UINT32_MAX;
  for (UnitIndex u = 0; u < eligible.size(); ++u) {
    if (!eligible[u]) continue;
    most = std::max(most, tables_.unit(u).overflows);
    least = std::min(least, tables_.unit(u).overflows);
  }
  overflowed_ = config_.overflow_limit > 0 && most > least && most - least > config_.overflow_limit && !needed;
  needed = needed || overflowed_;
  for (const Share& share : shares) needed = needed || share.unit == kNobody;
  Log(EventLogged::Kind::kReviewDecided, {}, needed ? 1 : 0, out);
  if (needed && !discovering_) StartDiscovery(now, out);  // VR-100: the allocation follows
}

std::vector<IpAddress> Machine::SortedConditions() const {
  std::vector<IpAddress> list(tables_.end_systems().begin(), tables_.end_systems().end());
  std::sort(list.begin(), list.end());
  return list;
}

// While nothing is measured every end system counts alike (VR-50). What a unit at fault left to the active router is
// nobody's: it goes where there is room.
std::vector<Share> Machine::SharesOf(const std::vector<IpAddress>& conditions) const {
  std::vector<Share> shares;
  shares.reserve(conditions.size());
  bool any_flow = false;
  for (const IpAddress& condition : conditions) {
    Share share;
    if (const ConditionRow* row = tables_.Find(condition); row != nullptr) {
      share.bits_per_second = row->bits_per_second;
      share.unit = row->unit == active_ && row->orphan ? kNobody : row->unit;
    }
    any_flow = any_flow || share.bits_per_second > 0;
    shares.push_back(share);
  }
  if (!any_flow) {
    for (Share& share : shares) share.bits_per_second = share.unit == kNobody ? 0 : 1;
  }
  return shares;
}

}  // namespace baton::controlplane::load_sharing
