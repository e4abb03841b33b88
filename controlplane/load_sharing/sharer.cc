#include "controlplane/load_sharing/sharer.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/neighbor/responder.h"

namespace baton::controlplane::load_sharing {
namespace {

constexpr Duration kForgetHold = std::chrono::minutes(1);
constexpr Duration kTellSeenAfter = std::chrono::milliseconds(100);
constexpr size_t kDirectionsPerTick = 64;

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;  // clang 14 does not deduce it by itself

HandOverKind KindOf(HandOver mode) { return mode == HandOver::kExact ? HandOverKind::kExact : HandOverKind::kSequence; }

}  // namespace

Sharer::Sharer(SharerSettings settings, WorkerSide& workers, SharerCallbacks& callbacks)
    : settings_(std::move(settings)),
      workers_(workers),
      callbacks_(callbacks),
      machine_(settings_.machine),
      seals_(settings_.keys, settings_.start),
      inbox_(settings_.identity, seals_),
      discovery_(settings_.discovery),
      meter_(settings_.average_over) {}

void Sharer::Adjust(const SharerSettings& to, TimePoint now) {
  machine_.Adjust(to.machine, now);
  meter_.SetPeriod(to.average_over);
}

void Sharer::OnRole(Role role, uint8_t priority, TimePoint now) {
  role_ = role;
  priority_ = priority;
  stranger_ = false;
  if (role == Role::kStopped) SetVerdict(false);
  directions_.Begin();
  Tell(RoleChanged{role}, now);
}

void Sharer::OnAdvertSent(TimePoint now) { Tell(AdvertSent{}, now); }
// A router that knows nothing of load sharing forwards everything: then this one must not.
void Sharer::OnAdvertHeard(const IpAddress& from, TimePoint now) {
  const std::vector<IpAddress>& units = settings_.machine.routers;
  const bool stranger = std::find(units.begin(), units.end(), from) == units.end();
  if (stranger != stranger_) {
    stranger_ = stranger;
    callbacks_.OnSharingEvent(
        settings_.group, absl::StrCat(from.ToString(), stranger ? " is active and shares no load: it forwards alone"
                                                                : " is active, the load is shared again"));
    // The server only waits: to it nothing is lost.
    if (role_ != Role::kServer) Tell(RoleChanged{stranger ? Role::kStopped : Role::kBackup}, now);
  }
  if (!stranger) Tell(AdvertHeard{from, std::exchange(told_, std::nullopt)}, now);
}

void Sharer::OnMessage(const vrrp::Unwrapped& message, TimePoint now) {
  Inbox::Heard heard = inbox_.Hear(message.message, message.envelope.ends, message.envelope.ttl);
  if (heard.refusal == Refusal::kNothing) Tell(MessageHeard{heard.from, std::move(heard.message)}, now);
}

void Sharer::OnFrame(absl::Span<const uint8_t> frame, TimePoint now) {
  if (discovery_.Hear(frame, now)) tell_seen_ = std::min(tell_seen_, now);
}

void Sharer::OnSeen(const IpAddress& address, TimePoint now) {
  if (discovery_.Saw(address, now) && tell_seen_ == TimePoint::max()) tell_seen_ = now + kTellSeenAfter;
}

void Sharer::TellEndSystems(TimePoint now) {
  tell_seen_ = TimePoint::max();
  const bool complete = discovering_ && !discovery_.running();
  if (complete) discovering_ = false;
  Tell(EndSystemsKnown{discovery_.Conditions(now), complete}, now);
}

void Sharer::OnGiven(const HandOverId& id, const WhatWasForwarded& forwarded, TimePoint now) {
  if (!forwarded.complete) ++incomplete_reports_;
  Tell(Given{id.generation, id.other, forwarded.records, forwarded.stopped_at}, now);
}

void Sharer::OnTakingBegun(const HandOverId& id, TimePoint) {
  begins_.erase(id);
  if (!begins_.empty()) return;
  for (const Send& send : std::exchange(confirmations_, {})) SendMessage(send);
}

void Sharer::OnMeasured(const std::vector<Measured>& measured, uint64_t overflows, TimePoint now) {
  measured_ = measured;
  meter_.Begin(now, overflows);
  for (const Measured& m : measured) {
    const ConditionRow* row = machine_.tables().Find(m.condition);
    meter_.Add(m.condition, m.bytes, row == nullptr ? 0 : row->moved);
  }
  FlowsMeasured flows = meter_.End();
  if (directed()) {  // what came here although it is another router's is not to count for that one
    flows.flows.erase(std::remove_if(flows.flows.begin(), flows.flows.end(),
                                     [&](const Flow& flow) { return InCharge(flow.condition) != own(); }),
                      flows.flows.end());
  }
  busiest_.resize(std::min(kBusiest, flows.flows.size()));
  std::partial_sort_copy(flows.flows.begin(), flows.flows.end(), busiest_.begin(), busiest_.end(),
                         [](const Flow& a, const Flow& b) { return a.bits_per_second > b.bits_per_second; });
  Tell(flows, now);
}

absl::StatusOr<IpAddress> Sharer::Review(TimePoint now) {
  auto by = machine_.ReviewBy();
  if (by.ok()) Tell(ReviewAsked{}, now);
  return by;
}

absl::StatusOr<size_t> Sharer::Move(const std::vector<IpAddress>& end_systems, const IpAddress& to, TimePoint now) {
  ASSIGN_OR_RETURN(const std::vector<IpAddress> moved, machine_.ToMove(end_systems, to, now));
  callbacks_.OnSharingEvent(settings_.group,
                            absl::StrCat("the operator moves ", moved.size(), " end systems to ", to.ToString()));
  Tell(MoveAsked{end_systems, to}, now);
  return moved.size();
}

void Sharer::Tick(TimePoint now) {
  if (discovery_.NextDeadline() <= now) {
    for (const std::vector<uint8_t>& frame : discovery_.Tick(now)) callbacks_.SendFrame(settings_.port, frame);
  }
  if ((discovering_ && !discovery_.running()) || tell_seen_ <= now) TellEndSystems(now);
  if (machine_.NextDeadline() <= now) Tell(DeadlinePassed{}, now);
  if (directed() && machine_.role() == Role::kActive) Direct(now);
}

// A frame for another router reaches that one alone, and it forwards it whatever anybody thinks of it: nothing has to
// wait, and nothing can be lost or doubled.
void Sharer::Direct(TimePoint now) {
  const Tables& tables = machine_.tables();
  directions_.Follow(tables, tables.IndexOf(own()), machine_.generation());
  if (directions_.NextDeadline() > now) return;
  for (const IpAddress& end_system : directions_.Take(now, kDirectionsPerTick)) {
    if (!DirectOne(end_system)) ++unsent_;
  }
}

bool Sharer::DirectOne(const IpAddress& end_system) {
  const IpAddress unit = InCharge(end_system);
  const Identity& identity = settings_.identity;
  const std::optional<MacAddress> to = callbacks_.MacOf(settings_.port, end_system);
  const std::optional<MacAddress> mac = unit == own() || unit.is_unspecified()
                                            ? std::optional(vrrp::VirtualMac(own().family(), identity.vrid))
                                            : callbacks_.MacOf(settings_.port, unit);
  if (!to || !mac) return false;
  PortInfo port;
  port.mac = settings_.port_mac;
  port.vlan = settings_.vlan;
  for (const IpAddress& address : settings_.directed) {
    const neighbor::Frame frame = neighbor::DirectionFor(port, address, {*mac, settings_.port_mac}, end_system, *to);
    callbacks_.SendFrame(settings_.port, neighbor::Encode(frame));
  }
  return true;
}

IpAddress Sharer::InCharge(const IpAddress& end_system) const {
  const Tables& tables = machine_.tables();
  const ConditionRow* row = tables.Find(end_system);
  if (row == nullptr || row->unit == kNobody || tables.unit(row->unit).state != UnitState::kWorking) return {};
  return tables.unit(row->unit).address;
}

void Sharer::SetVerdict(bool pass) {
  workers_.Share(settings_.group, true, pass || directed() ? Verdict::kPass : Verdict::kBlock);
}

TimePoint Sharer::NextDeadline() const {
  if (discovering_ && !discovery_.running()) return TimePoint::min();
  const bool directs = directed() && machine_.role() == Role::kActive;
  return std::min({discovery_.NextDeadline(), tell_seen_, machine_.NextDeadline(),
                   directs ? directions_.NextDeadline() : TimePoint::max()});
}

void Sharer::Tell(const Event& event, TimePoint now) {
  std::vector<Action> actions;
  machine_.On(event, now, actions);
  for (const Action& action : actions) Perform(action, now);
}

// What confirms that packets wait is sent when they do, at every worker, and once. All else goes on meanwhile: what
// waits for its turn to begin may wait for others that have to end first.
void Sharer::SendInTurn(const Send& send) {
  const auto* confirmation = std::get_if<Confirmation>(&send.message);
  const bool waits = confirmation != nullptr && confirmation->status == Confirmation::Status::kRecorded;
  if (begins_.empty() || !waits) return SendMessage(send);
  const bool again = std::any_of(confirmations_.begin(), confirmations_.end(), [&](const Send& earlier) {
    return earlier.to == send.to && earlier.message == send.message;
  });
  if (!again) confirmations_.push_back(send);
}

void Sharer::NotePutOff(uint64_t before, const IpAddress& other) {
  if (workers_.put_off() == before) return;
  ++put_off_;
  callbacks_.OnSharingEvent(settings_.group, absl::StrCat("a hand-over with ", other.ToString(), " begins later: ",
                                                          WorkerSide::kAtATime, " others are under way"));
}

void Sharer::Perform(const Action& action, TimePoint now) {
  const ConditionGroup group = settings_.group;
  std::visit(
      Overloaded{
          [&](const Send& a) { SendInTurn(a); },
          [&](const SetDefault& a) { SetVerdict(a.pass); },
          [&](const SetConditions& a) {
            workers_.Change(group, a.pass || directed() ? ConditionWish::kPass : ConditionWish::kBlock, a.conditions);
          },
          [&](const BeginGiving& a) {
            if (a.mode == HandOver::kTimer) return workers_.Change(group, ConditionWish::kPass, a.conditions);
            const uint64_t before = workers_.put_off();
            workers_.BeginGiving(IdOf(a.generation, a.to), KindOf(a.mode), a.conditions, settings_.times);
            NotePutOff(before, a.to);
          },
          [&](const EndGiving& a) { workers_.EndGiving(IdOf(a.generation, a.to)); },
          [&](const BeginTaking& a) {
            // VR-73: `timer` discards what arrives before its delay is over.
            if (a.mode == HandOver::kTimer) {
              return workers_.Change(group, directed() ? ConditionWish::kPass : ConditionWish::kBlock, a.conditions);
            }
            const HandOverId id = IdOf(a.generation, a.from);
            begins_.insert(id);
            NoteHold(id, now);
            const uint64_t before = workers_.put_off();
            workers_.BeginTaking(id, KindOf(a.mode), a.conditions, settings_.times);
            NotePutOff(before, a.from);
          },
          [&](const EndTaking& a) {
            ++handed_over_;
            if (const auto held = holding_since_.extract(IdOf(a.generation, a.from))) {
              longest_hold_ = std::max(longest_hold_, now - held.mapped());
            }
            workers_.EndTaking(IdOf(a.generation, a.from), a.records, now - a.stopped_ago);
          },
          [&](const Discover&) {
            discovering_ = true;
            discovery_.Start(now);
          },
          [&](const EventLogged& a) { Log(a); },
      },
      action);
}

// One whose giver was found to be at fault has no end of its own: it is forgotten after a while.
void Sharer::NoteHold(const HandOverId& id, TimePoint now) {
  for (auto at = holding_since_.begin(); at != holding_since_.end();) {
    if (now - at->second > kForgetHold) holding_since_.erase(at++);
    else ++at;
  }
  holding_since_[id] = now;
}

void Sharer::SendMessage(const Send& send) {
  const Identity& identity = settings_.identity;
  const bool to_all = send.to == IpAddress{};
  const Family family = identity.own.family();
  const IpAddress dst = to_all ? vrrp::MulticastAddress(family) : send.to;
  const std::optional<MacAddress> mac =
      to_all ? std::optional(vrrp::MulticastMac(dst)) : callbacks_.MacOf(settings_.port, dst);
  if (!mac) {
    ++unsent_;  // it is repeated when nothing comes back
    return;
  }
  const vrrp::Ends ends{identity.own, dst};
  const Header header{.version = identity.version, .vrid = identity.vrid, .priority = priority_,
                      .interval = settings_.interval, .auth_type = identity.auth_type, .password = identity.password};
  const std::vector<uint8_t> message =
      seals_.Seal(EncodeMessage(header, send.message, ends, settings_.over), ends, settings_.over);
  ++sent_;
  callbacks_.SendFrame(
      settings_.port,
      vrrp::Wrap({.dst = *mac, .src = settings_.port_mac, .vlan = settings_.vlan, .ends = ends}, message));
}

void Sharer::Log(const EventLogged& event) {
  using Kind = EventLogged::Kind;
  if (event.kind == Kind::kReviewDecided) ++(event.number != 0 ? reviews_changed_ : reviews_kept_);
  const std::string unit = event.unit.ToString();
  const auto text = [&]() -> std::string {
    switch (event.kind) {
      case Kind::kTookOver: return absl::StrCat("took over ", event.number, " end systems of ", unit);
      case Kind::kUnitAlive: return absl::StrCat("router ", unit, " is alive");
      case Kind::kUnitFault: return absl::StrCat("router ", unit, " is at fault");
      case Kind::kServerAlive: return absl::StrCat("server ", unit, " is alive");
      case Kind::kServerFault: return absl::StrCat("server ", unit, " is at fault");
      case Kind::kReviewStarted: return "review of the load started";
      case Kind::kReviewDecided:
        return event.number != 0 ? "review: the load is shared anew" : "review: the load stays as it is";
      case Kind::kAllocated:
        return absl::StrCat("allocation ", event.generation, ": ", event.number, " end systems change");
      case Kind::kConfirmed: return absl::StrCat("allocation ", event.generation, " is confirmed by all");
      case Kind::kTaken: return absl::StrCat("took ", event.number, " end systems in charge from ", unit);
      case Kind::kGiven: return absl::StrCat("gave ", event.number, " end systems to ", unit);
    }
    return "?";
  };
  callbacks_.OnSharingEvent(settings_.group, text());
}

}  // namespace baton::controlplane::load_sharing
