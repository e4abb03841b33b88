#include "controlplane/vrrp/routers.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

namespace baton::controlplane::vrrp {
namespace {

// Whether `next` can take the place of `old` without a new election.
bool SameButForPreference(const Settings& old, Settings next) {
  next.machine.priority = old.machine.priority;
  next.machine.preempt = old.machine.preempt;
  next.machine.preempt_delay = old.machine.preempt_delay;
  const bool owner = old.machine.priority == kOwnerPriority;
  return old.key() == next.key() && old.port_mac == next.port_mac && old.vlan == next.vlan && old.over == next.over &&
         old.shared == next.shared && old.unit_list == next.unit_list && old.machine == next.machine && !owner;
}

}  // namespace

void Routers::Configure(const std::vector<Settings>& settings, TimePoint now) {
  std::vector<Router> next;
  std::vector<size_t> starting;
  for (const Settings& s : settings) {
    const auto at = by_key_.find(s.key());
    const bool goes_on = at != by_key_.end() && s.machine.priority != kOwnerPriority &&
                         SameButForPreference(routers_[at->second].settings, s);
    if (goes_on) {
      next.push_back(routers_[at->second]);
      next.back().settings = s;
    } else {
      starting.push_back(next.size());
      next.push_back({s, {}});
    }
  }
  // Those that are gone, or begin anew, say so first.
  for (size_t i = 0; i < routers_.size(); ++i) {
    const bool goes_on = std::any_of(next.begin(), next.end(), [&](const Router& r) {
      return r.settings.key() == routers_[i].settings.key() && r.status.state.role != Role::kInitialize;
    });
    if (!goes_on) Drive(i, Stopped{}, now);
  }
  routers_ = std::move(next);
  by_key_.clear();
  for (size_t i = 0; i < routers_.size(); ++i) by_key_.emplace(routers_[i].settings.key(), i);
  for (const size_t router : starting) SetUp(router, true, now);
}

bool Routers::OnFrame(PortId port, absl::Span<const uint8_t> frame, TimePoint now) {
  const std::optional<Unwrapped> unwrapped = Unwrap(frame);
  if (!unwrapped) return false;
  const Ends& ends = unwrapped->envelope.ends;
  const Decoded decoded = Decode(unwrapped->message, ends);
  if (decoded.malformed == Malformed::kType && PassOn(port, *unwrapped, decoded.advert.vrid)) return true;
  const auto at = by_key_.find({port, ends.src.family(), decoded.advert.vrid});
  const bool is_list = decoded.malformed == Malformed::kLength && at != by_key_.end() &&
                       callbacks_.IsUnitList(at->second, *unwrapped);
  if (decoded.malformed != Malformed::kNothing && !is_list) {
    ++strays_.malformed[static_cast<size_t>(decoded.malformed)];
    return true;
  }
  if (at == by_key_.end()) {
    ++strays_.unknown_vrid;
    return true;
  }
  if (unwrapped->envelope.vlan != routers_[at->second].settings.vlan) {
    ++strays_.wrong_vlan;
  } else if (ends.dst != MulticastAddress(ends.src.family())) {
    ++strays_.not_multicast;
  } else {
    HearAdvert(at->second, *unwrapped, is_list ? std::nullopt : std::optional(decoded.advert), now);
  }
  return true;
}

// nullopt: it has a list of units.
void Routers::HearAdvert(size_t index, const Unwrapped& message, std::optional<Advert> advert, TimePoint now) {
  Router& router = routers_[index];
  const bool is_list = !advert.has_value();
  Refusal refusal = Refusal::kFormat;
  if (is_list == router.settings.unit_list) {
    if (is_list) {
      advert = callbacks_.ReadUnitList(index, message);
      if (!advert) return;
      advert->addresses = router.settings.machine.addresses;
    }
    refusal = Check(router.settings.machine, *advert, message.envelope.ends.src, message.envelope.ttl);
  }
  ++router.status.counters.refused[static_cast<size_t>(refusal)];
  if (refusal != Refusal::kNothing) return;
  ++router.status.counters.heard;
  if (advert->priority == kResigning) ++router.status.counters.resigned;
  Drive(index, AdvertHeard{message.envelope.ends.src, advert->priority, advert->interval}, now);
  callbacks_.OnAdvertHeard(index, message.envelope.ends.src);
}

bool Routers::PassOn(PortId port, const Unwrapped& message, uint8_t vrid) {
  const auto at = by_key_.find({port, message.envelope.ends.src.family(), vrid});
  return at != by_key_.end() && message.envelope.vlan == routers_[at->second].settings.vlan &&
         routers_[at->second].status.up && callbacks_.OnMessage(at->second, message);
}

void Routers::Tick(TimePoint now) {
  for (size_t i = 0; i < routers_.size(); ++i) {
    if (routers_[i].status.state.deadline <= now) Drive(i, DeadlinePassed{}, now);
  }
}

void Routers::SetUp(size_t router, bool up, TimePoint now) {
  Status& status = routers_[router].status;
  if (status.up == up) return;
  status.up = up;
  if (up) {
    Drive(router, Started{}, now);
  } else {
    Drive(router, Stopped{}, now);
  }
}

void Routers::SetPriority(size_t router, uint8_t priority, TimePoint now) {
  const Router& of = routers_[router];
  if (of.settings.machine.priority == kOwnerPriority || of.status.state.priority == priority) return;
  if (of.status.state.role == Role::kInitialize) return;
  callbacks_.OnEvent(router, absl::StrCat("priority ", of.status.state.priority, " -> ", priority));
  Drive(router, PriorityChanged{priority}, now);
}

void Routers::Resign(size_t router, TimePoint now) {
  Drive(router, Stopped{}, now);
  if (routers_[router].status.up) Drive(router, Started{}, now);
}

void Routers::Stop(TimePoint now) {
  for (size_t i = 0; i < routers_.size(); ++i) Drive(i, Stopped{}, now);
}

TimePoint Routers::NextDeadline() const {
  TimePoint next = TimePoint::max();
  for (const Router& router : routers_) next = std::min(next, router.status.state.deadline);
  return next;
}

void Routers::Drive(size_t router, const Event& event, TimePoint now) {
  const State before = routers_[router].status.state;
  Step step = React(routers_[router].settings.machine, before, event, now);
  routers_[router].status.state = step.next;
  if (before.role != step.next.role) NoteRole(router, before, now);
  for (const Action& action : step.actions) Perform(router, action, now);
  // After the advertisement that says so: who answers it is to know whom.
  if (before.role != step.next.role) callbacks_.OnState(router, step.next.role);
}

void Routers::NoteRole(size_t router, const State& before, TimePoint now) {
  Status& status = routers_[router].status;
  status.since = now;
  if (status.state.role == Role::kActive) ++status.counters.became_active;
  if (before.role == Role::kActive && status.state.role == Role::kBackup) ++status.counters.became_backup;
  const bool other = status.state.role == Role::kBackup && status.state.active != IpAddress{};
  callbacks_.OnEvent(router, absl::StrCat(RoleName(before.role), " -> ", RoleName(status.state.role),
                                          other ? absl::StrCat(", active is ", status.state.active.ToString()) : ""));
}

void Routers::Perform(size_t router, const Action& action, TimePoint now) {
  static_cast<void>(now);
  if (const auto* send = std::get_if<SendAdvert>(&action)) {
    SendAdvertOf(router, send->priority);
    callbacks_.OnAdvertSent(router);
  } else if (std::holds_alternative<BecomeActive>(action)) {
    callbacks_.OnRole(router, true);
  } else if (std::holds_alternative<ResignActive>(action)) {
    callbacks_.OnRole(router, false);
  } else if (const auto* rival = std::get_if<RivalActive>(&action)) {
    ++routers_[router].status.counters.rivals;
    callbacks_.OnEvent(router, absl::StrCat(rival->from.ToString(), " claims to be active, too"));
  }
  // Announce: whoever is told of the role announces when it is in effect.
}

void Routers::SendAdvertOf(size_t index, uint8_t priority) {
  Router& router = routers_[index];
  const Settings& s = router.settings;
  const Advert advert{.version = s.machine.version, .vrid = s.machine.vrid, .priority = priority,
                      .interval = s.machine.interval, .addresses = s.machine.addresses,
                      .auth_type = s.machine.auth_type, .password = s.machine.password};
  const IpAddress group = MulticastAddress(s.family());
  const Ends ends{s.machine.own, group};
  // RFC 9568, 7.2: from the virtual MAC address, by which switches learn the way to it.
  const Envelope envelope{.dst = MulticastMac(group),
                          .src = s.shared ? s.port_mac : VirtualMac(s.family(), s.machine.vrid),
                          .vlan = s.vlan,
                          .ends = ends};
  ++router.status.counters.sent;
  callbacks_.SendFrame(s.port, Wrap(envelope, s.unit_list ? callbacks_.WriteUnitList(index, priority, ends)
                                                          : Encode(advert, ends, s.over)));
}

absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kInitialize: return "initialize";
    case Role::kBackup: return "backup";
    case Role::kActive: return "active";
  }
  return "?";
}

absl::string_view RefusalName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNothing: return "none";
    case Refusal::kTtl: return "ttl";
    case Refusal::kVersion: return "version";
    case Refusal::kVrid: return "vrid";
    case Refusal::kOwner: return "owner";
    case Refusal::kAuthentication: return "authentication";
    case Refusal::kInterval: return "interval";
    case Refusal::kAddresses: return "addresses";
    case Refusal::kOwnAddress: return "own_address";
    case Refusal::kFormat: return "format";
  }
  return "?";
}

absl::string_view MalformedName(Malformed malformed) {
  switch (malformed) {
    case Malformed::kNothing: return "none";
    case Malformed::kLength: return "length";
    case Malformed::kVersion: return "version";
    case Malformed::kType: return "type";
    case Malformed::kChecksum: return "checksum";
  }
  return "?";
}

}  // namespace baton::controlplane::vrrp
