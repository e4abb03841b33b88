#include "controlplane/load_sharing/hand_overs.h"

#include <algorithm>
#include <utility>

namespace baton::controlplane::load_sharing {
namespace {

bool IsAtLeast(Generation a, Generation b) { return a == b || IsNewer(a, b); }

}  // namespace

void HandOvers::Give(Generation generation, const IpAddress& to, HandOver mode, std::vector<IpAddress> conditions,
                     TimePoint now, std::vector<Action>& out) {
  Session session{.giving = true, .generation = generation, .other = to, .mode = mode};
  session.conditions = std::move(conditions);
  Add(std::move(session), now, out);
}

void HandOvers::Take(Generation generation, const IpAddress& from, HandOver mode, std::vector<IpAddress> conditions,
                     Duration delay, bool confirm_to_giver, TimePoint now, std::vector<Action>& out) {
  Session session{.generation = generation, .other = from, .mode = mode};
  session.conditions = std::move(conditions);
  session.giver = from;
  session.confirm = confirm_to_giver;
  session.delay = delay;
  Add(std::move(session), now, out);
}

void HandOvers::Cover(Generation generation, const IpAddress& from, const IpAddress& unit,
                      std::vector<IpAddress> conditions, TimePoint now, std::vector<Action>& out) {
  Session session{.generation = generation, .other = from, .mode = HandOver::kTimer};
  session.conditions = std::move(conditions);
  session.giver = from;
  session.confirms_for = unit;
  session.delay = config_.report_wait;
  Add(std::move(session), now, out);
}

HandOvers::Id HandOvers::Add(Session session, TimePoint now, std::vector<Action>& out) {
  for (Session& old : sessions_) {
    if (old.phase > Phase::kBegun || !StillIn(old).empty()) continue;
    old.phase = Phase::kDone;  // all have left it
    old.deadline = now;
    Release(old);
  }
  session.id = next_id_++;
  for (const IpAddress& condition : session.conditions) {
    auto& in = in_flight_[condition];
    std::vector<Id>& waits = session.waits_for;
    if (!in.empty() && std::find(waits.begin(), waits.end(), in.back()) == waits.end()) waits.push_back(in.back());
    in.push_back(session.id);
  }
  sessions_.push_back(std::move(session));
  BeginNext(now, out);
  return next_id_ - 1;
}

const HandOvers::Session* HandOvers::FindSession(Id id) const {
  const auto at = std::find_if(sessions_.begin(), sessions_.end(), [id](const Session& s) { return s.id == id; });
  return at == sessions_.end() ? nullptr : &*at;
}

const HandOvers::Session* HandOvers::FirstOf(const IpAddress& condition) const {
  const auto in = in_flight_.find(condition);
  return in == in_flight_.end() ? nullptr : FindSession(in->second.front());
}

const HandOvers::Session* HandOvers::LastOf(const IpAddress& condition) const {
  const auto in = in_flight_.find(condition);
  return in == in_flight_.end() ? nullptr : FindSession(in->second.back());
}

bool HandOvers::EndsGiven(const IpAddress& condition) const {
  const Session* last = LastOf(condition);
  return last != nullptr && last->giving;
}

bool HandOvers::IsCovered(const IpAddress& condition) const {
  const Session* last = LastOf(condition);
  return last != nullptr && last->confirms_for != IpAddress{};
}

bool HandOvers::IsTakingFrom(const IpAddress& condition, const IpAddress& unit) const {
  const Session* session = FirstOf(condition);
  return session != nullptr && !session->giving && session->other == unit;
}

bool HandOvers::IsPassing(const IpAddress& condition) const {
  const Session* session = FirstOf(condition);
  return session != nullptr && session->giving && session->phase <= Phase::kBegun;
}

Here HandOvers::HereOf(const IpAddress& condition) const {
  const Session* session = FirstOf(condition);
  if (session == nullptr) return Here::kBlocks;
  if (session->giving) return session->phase <= Phase::kBegun ? Here::kPasses : Here::kBlocks;
  const bool holds = session->mode != HandOver::kTimer && session->phase == Phase::kBegun;  // VR-73
  return holds ? Here::kHolds : Here::kBlocks;
}

bool HandOvers::Leave(const IpAddress& condition) {
  const bool was_passing = IsPassing(condition);
  in_flight_.erase(condition);
  return was_passing;
}

std::vector<IpAddress> HandOvers::LeaveAll() {
  std::vector<IpAddress> passing;
  for (const auto& entry : in_flight_) {
    if (IsPassing(entry.first)) passing.push_back(entry.first);
  }
  for (const Session& session : sessions_) {
    if (!session.giving || session.phase != Phase::kStopping) continue;  // workers have not stopped yet
    for (const IpAddress& condition : session.conditions) {
      if (!in_flight_.contains(condition)) passing.push_back(condition);
    }
  }
  std::sort(passing.begin(), passing.end());
  sessions_.clear();
  in_flight_.clear();
  return passing;
}

std::vector<IpAddress> HandOvers::StillIn(const Session& session) const {
  std::vector<IpAddress> list;
  for (const IpAddress& condition : session.conditions) {
    const auto in = in_flight_.find(condition);
    if (in == in_flight_.end()) continue;
    if (std::find(in->second.begin(), in->second.end(), session.id) != in->second.end()) list.push_back(condition);
  }
  return list;
}

void HandOvers::BeginNext(TimePoint now, std::vector<Action>& out) {
  for (Session& session : sessions_) {
    if (session.phase == Phase::kWaiting && session.waits_for.empty()) Begin(session, now, out);
  }
}

void HandOvers::Begin(Session& session, TimePoint now, std::vector<Action>& out) {
  session.phase = Phase::kBegun;
  std::vector<IpAddress> conditions = StillIn(session);
  if (session.mode != HandOver::kTimer && !conditions.empty()) {
    if (session.giving) {
      out.push_back(BeginGiving{session.generation, session.other, session.mode, std::move(conditions)});
      if (session.mode == HandOver::kExact) session.may_stop = std::max(session.may_stop, now + config_.cover);
    } else {
      out.push_back(BeginTaking{session.generation, session.other, session.mode, std::move(conditions)});
    }
  }
  if (session.giving) {
    // `timer`: the taker begins, whether its confirmations come through or not. If it missed the allocation itself, its
    // maker has given it up by then.
    const Duration delay = std::max(config_.start_delay, config_.server_start_delay);
    if (session.mode == HandOver::kTimer) {
      session.deadline = now + delay + (config_.tries + 1) * config_.confirmation_wait;
    }
    StopIfDue(session, now, out);
  } else {
    if (session.mode == HandOver::kTimer) session.begin_at = now + session.delay;
    session.deadline = now;
    if (session.confirm) Ask(session, now, out);
    session.confirm = true;  // a report that is late is asked for where it should come from
    // `timer` asks for nothing, and begins even if this confirmation is lost: it is said twice.
    session.deadline = now + (session.mode == HandOver::kTimer ? session.delay / 2 : config_.report_wait);
  }
}

// The confirmation is the question, too: who has stopped answers with its report (README.md, 4).
void HandOvers::Ask(Session& session, TimePoint now, std::vector<Action>& out) {
  const IpAddress& unit = session.confirms_for == IpAddress{} ? config_.own : session.confirms_for;
  Tell(session.giver, Confirmation{.generation = session.generation, .unit = unit}, out);
  session.deadline = now + config_.report_wait;
}

void HandOvers::Confirmed(const IpAddress& unit, Generation generation, bool asks, TimePoint now,
                          std::vector<Action>& out) {
  const auto [entry, first] = confirmed_.try_emplace(unit, Heard{generation, asks});
  Heard& heard = entry->second;
  const bool again = !first && IsAtLeast(heard.newest, generation);
  if (IsNewer(generation, heard.newest)) heard = {generation, asks};
  else if (generation == heard.newest) heard.asks |= asks;
  if (IsNewer(generation, recorded_)) return;  // this unit does not know yet what it gives: see Recorded
  bool any = false;
  Session* asked = nullptr;  // what the unit takes with this allocation, or with one before if it missed that
  for (Session& session : sessions_) {
    if (!session.giving || session.other != unit || !IsAtLeast(generation, session.generation)) continue;
    if (session.phase == Phase::kDone) {
      // A later confirmation has renamed the report; who asks with the first gets it under that name.
      if (session.generation == generation) session.confirmed_as = generation;
      if (session.confirmed_as == generation) any = true, SendReport(session, now, out);
      continue;
    }
    any = true;
    if (!session.confirmed) {
      session.confirmed = true;
      session.confirmed_as = session.generation;
      if (session.mode == HandOver::kExact) session.may_stop = std::max(session.may_stop, now + config_.linger);
    }
    if (asked == nullptr || IsNewer(session.generation, asked->generation)) asked = &session;
  }
  if (!any && again && asks && mode_ != HandOver::kTimer) {
    // It waits for a report, and this unit forwards nothing that is its own any more: that is the report.
    Report report{.generation = generation};
    if (mode_ == HandOver::kExact) report.records = std::vector<ForwardedPacket>{};
    Tell(unit, std::move(report), out);
  }
  if (asked == nullptr) return;
  asked->confirmed_as = generation;
  for (Session& session : sessions_) {
    if (session.giving && session.other == unit) StopIfDue(session, now, out);
  }
  BeginNext(now, out);
}

void HandOvers::AllConfirmed(Generation generation, TimePoint now, std::vector<Action>& out) {
  std::vector<std::pair<IpAddress, Generation>> confirmed;
  for (const Session& session : sessions_) {
    const bool waits = session.giving && !session.confirmed && session.phase <= Phase::kBegun;
    if (waits && IsAtLeast(generation, session.generation)) confirmed.emplace_back(session.other, session.generation);
  }
  for (const auto& [unit, of] : confirmed) Confirmed(unit, of, false, now, out);
}

std::vector<IpAddress> HandOvers::GivenTo(const IpAddress& unit) const {
  std::vector<IpAddress> conditions;
  for (const Session& session : sessions_) {
    if (!session.giving || session.other != unit || session.phase > Phase::kStopping) continue;
    const bool is_stopping = session.phase == Phase::kStopping;  // and they are free already
    for (const IpAddress& condition : session.conditions) {
      const Session* first = FirstOf(condition);
      if (first == &session || (is_stopping && first == nullptr)) conditions.push_back(condition);
    }
  }
  return conditions;
}

void HandOvers::Recorded(Generation generation, HandOver mode, TimePoint now, std::vector<Action>& out) {
  recorded_ = generation;
  mode_ = mode;
  const auto confirmed = confirmed_;
  for (const auto& entry : confirmed) {
    const auto& [unit, heard] = entry;
    if (heard.newest == generation) Confirmed(unit, generation, heard.asks, now, out);
  }
}

void HandOvers::StopIfDue(Session& session, TimePoint now, std::vector<Action>& out) {
  if (session.phase != Phase::kBegun || !session.confirmed) return;
  if (now < session.may_stop) {
    session.deadline = session.may_stop;
    return;
  }
  const std::vector<IpAddress> conditions = StillIn(session);
  out.push_back(EventLogged{EventLogged::Kind::kGiven, session.other, session.generation, conditions.size()});
  if (conditions.empty()) {
    // All have left it; who still waits for its report need not.
    session.phase = Phase::kDone;
    session.stopped_at = now;
    if (session.mode == HandOver::kExact) session.records = std::vector<ForwardedPacket>{};
    session.deadline = now + config_.keep_report;
    SendReport(session, now, out);
  } else if (session.mode == HandOver::kTimer) {
    out.push_back(SetConditions{false, conditions});
    session.phase = Phase::kDone;
    session.deadline = now;  // nothing to report
  } else {
    out.push_back(EndGiving{session.generation, session.other});
    session.phase = Phase::kStopping;
    session.deadline = TimePoint::max();
  }
  Release(session);
}

void HandOvers::Release(Session& session) {
  for (const IpAddress& condition : session.conditions) {
    const auto in = in_flight_.find(condition);
    if (in == in_flight_.end()) continue;
    in->second.erase(std::remove(in->second.begin(), in->second.end(), session.id), in->second.end());
    if (in->second.empty()) in_flight_.erase(in);
  }
  for (Session& other : sessions_) {
    other.waits_for.erase(std::remove(other.waits_for.begin(), other.waits_for.end(), session.id),
                          other.waits_for.end());
  }
}

void HandOvers::Stopped(Given given, TimePoint now, std::vector<Action>& out) {
  for (Session& session : sessions_) {
    if (!session.giving || session.phase != Phase::kStopping || session.generation != given.generation ||
        session.other != given.to) {
      continue;
    }
    session.phase = Phase::kDone;
    session.stopped_at = given.stopped_at;
    session.records = std::move(given.records);
    auto* packets = std::get_if<std::vector<ForwardedPacket>>(&session.records);
    if (packets != nullptr && !session.earlier.empty()) {
      // This unit took the conditions itself a moment ago: the next one must know of the one before, too.
      const auto since = std::chrono::duration_cast<std::chrono::microseconds>(session.stopped_at - session.earlier_at);
      for (ForwardedPacket& packet : session.earlier) {
        packet.before_stop += static_cast<uint32_t>(std::max<int64_t>(0, since.count()));
      }
      packets->insert(packets->begin(), session.earlier.begin(), session.earlier.end());
    }
    session.deadline = now + config_.keep_report;
    SendReport(session, now, out);
    return;
  }
}

void HandOvers::SendReport(const Session& session, TimePoint now, std::vector<Action>& out) {
  if (session.mode == HandOver::kTimer) return;
  const size_t records = std::visit([](const auto& list) { return list.size(); }, session.records);
  const size_t fragments = std::max<size_t>(1, (records + config_.records_per_packet - 1) / config_.records_per_packet);
  for (size_t i = 0; i < fragments; ++i) {
    Report report{.generation = session.confirmed_as};
    report.fragment = static_cast<uint16_t>(i);
    report.fragments = static_cast<uint16_t>(fragments);
    report.stopped_ago = std::chrono::duration_cast<std::chrono::microseconds>(now - session.stopped_at);
    const size_t from = i * config_.records_per_packet, to = std::min(records, from + config_.records_per_packet);
    report.records = std::visit(
        [from, to](const auto& list) {
          using List = std::decay_t<decltype(list)>;
          return decltype(report.records)(
              List(list.begin() + static_cast<ptrdiff_t>(from), list.begin() + static_cast<ptrdiff_t>(to)));
        },
        session.records);
    Tell(session.other, std::move(report), out);
  }
}

void HandOvers::GiverIs(const IpAddress& giver, const IpAddress& before, Generation generation, TimePoint now,
                        std::vector<Action>& out) {
  for (Session& session : sessions_) {
    if (session.giving || session.phase > Phase::kBegun || session.giver != before ||
        session.generation != generation) {
      continue;
    }
    session.giver = giver;
    session.have.clear();
    if (session.phase == Phase::kBegun) Ask(session, now, out);
  }
}

void HandOvers::Reported(const IpAddress& from, const Report& report, TimePoint now, std::vector<Action>& out) {
  for (size_t s = 0; s < sessions_.size(); ++s) {
    Session& session = sessions_[s];
    if (session.giving || session.phase != Phase::kBegun || session.giver != from ||
        session.generation != report.generation || session.mode == HandOver::kTimer ||
        report.fragment >= report.fragments) {
      continue;
    }
    if (session.have.size() != report.fragments) session.have.assign(report.fragments, false), session.records = {};
    if (session.have[report.fragment]) return;
    session.have[report.fragment] = true;
    // In what order they come does not matter for `exact`; flows of `sequence` are each of another condition.
    if (session.records.index() != report.records.index()) session.records = report.records;
    else if (auto* marks = std::get_if<std::vector<FlowMark>>(&session.records)) {
      const auto& more = std::get<std::vector<FlowMark>>(report.records);
      marks->insert(marks->end(), more.begin(), more.end());
    } else {
      const auto& packets = std::get<std::vector<ForwardedPacket>>(report.records);
      auto& all = std::get<std::vector<ForwardedPacket>>(session.records);
      all.insert(all.end(), packets.begin(), packets.end());
    }
    if (std::find(session.have.begin(), session.have.end(), false) != session.have.end()) return;
    for (Session& next : sessions_) {
      const auto* packets = std::get_if<std::vector<ForwardedPacket>>(&session.records);
      if (!next.giving || packets == nullptr ||
          std::find(next.waits_for.begin(), next.waits_for.end(), session.id) == next.waits_for.end()) {
        continue;
      }
      next.earlier.insert(next.earlier.end(), packets->begin(), packets->end());
      next.earlier_at = now - report.stopped_ago;
    }
    const size_t number = StillIn(session).size();
    out.push_back(EndTaking{session.generation, session.other, report.stopped_ago, std::move(session.records)});
    out.push_back(EventLogged{EventLogged::Kind::kTaken, from, session.generation, number});
    session.phase = Phase::kDone;
    session.deadline = now;
    Release(session);
    BeginNext(now, out);
    return;
  }
}

void HandOvers::TakeNow(Session& session, std::vector<Action>& out) {
  std::vector<IpAddress> conditions = StillIn(session);
  out.push_back(EventLogged{EventLogged::Kind::kTaken, session.other, session.generation, conditions.size()});
  out.push_back(SetConditions{true, std::move(conditions)});
  session.phase = Phase::kDone;
}

void HandOvers::KnowsNothing(const IpAddress& unit, Generation generation, TimePoint now, std::vector<Action>& out) {
  for (Session& session : sessions_) {
    const bool waits = !session.giving && session.phase == Phase::kBegun && session.giver == unit;
    if (!waits || !IsAtLeast(generation, session.generation)) continue;
    TakeNow(session, out);
    session.deadline = now;
    Release(session);
  }
  BeginNext(now, out);
}

void HandOvers::Elapse(TimePoint now, std::vector<Action>& out) {
  for (size_t s = 0; s < sessions_.size(); ++s) {
    Session& session = sessions_[s];
    if (session.giving && session.phase == Phase::kBegun) {
      session.confirmed |= session.mode == HandOver::kTimer && now >= session.deadline;
      StopIfDue(session, now, out);
    }
    if (session.giving || session.phase != Phase::kBegun) continue;
    if (now >= session.begin_at) {
      TakeNow(session, out);
      session.deadline = now;
      Release(session);
    } else if (now >= session.deadline && StillIn(session).empty()) {
      session.phase = Phase::kDone;  // all have left it: no report is needed
      session.deadline = now;
      Release(session);
    } else if (now >= session.deadline) {
      Ask(session, now, out);
    }
  }
  sessions_.erase(std::remove_if(sessions_.begin(), sessions_.end(),
                                 [now](const Session& s) { return s.phase == Phase::kDone && now >= s.deadline; }),
                  sessions_.end());
  BeginNext(now, out);
}

TimePoint HandOvers::NextDeadline() const {
  TimePoint next = TimePoint::max();
  for (const Session& session : sessions_) {
    if (session.phase == Phase::kWaiting || session.phase == Phase::kStopping) continue;
    next = std::min({next, session.deadline, session.phase == Phase::kBegun ? session.begin_at : TimePoint::max()});
  }
  return next;
}

}  // namespace baton::controlplane::load_sharing
