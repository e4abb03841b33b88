#include "controlplane/neighbor/neighbors.h"

#include <algorithm>

namespace baton::controlplane::neighbor {

Neighbors::Neighbors(Config config, Callbacks& callbacks) : config_(std::move(config)), callbacks_(callbacks) {}

bool Neighbors::Announces(PortId port, const IpAddress& address) const {
  return address == LinkLocalFrom(config_.ports[port].mac) || callbacks_.IsAnnounced(port, address);
}

Station Neighbors::StationOf(PortId port, const IpAddress& address) const {
  const MacAddress& own = config_.ports[port].mac;
  return callbacks_.VirtualStation(port, address, {}).value_or(Station{own, own});
}

void Neighbors::OnFrame(PortId port, absl::Span<const uint8_t> bytes, TimePoint now) {
  if (port >= config_.ports.size()) return;
  const PortInfo& info = config_.ports[port];
  const absl::StatusOr<Frame> frame = Decode(bytes);
  if (!frame.ok()) {
    if (absl::IsUnimplemented(frame.status())) {
      ++counters_.ignored;
    } else {
      ++counters_.malformed[static_cast<size_t>(KindOf(bytes))];
    }
    return;
  }
  if (frame->vlan() != info.vlan) {
    ++counters_.wrong_vlan;
    return;
  }
  const Asker asker = AskerOf(info, *frame);
  const Judgement judgement = Judge(info, *frame, [&](const IpAddress& a) {
    std::optional<Station> station = callbacks_.VirtualStation(port, a, asker);
    if (!station && Announces(port, a)) station = Station{info.mac, info.mac};
    return station;
  });
  if (judgement.conflict) ++counters_.conflicts;
  // Learn before answering: the worker then knows the way when the neighbour's first packet comes.
  if (judgement.lesson.has_value()) {
    Drive({port, judgement.lesson->neighbor}, judgement.lesson->event, config_.limit - config_.limit / 4, now);
  }
  if (judgement.answer.has_value()) {
    ++counters_.answered;
    callbacks_.SendFrame(port, Encode(*judgement.answer));
  }
  if (!judgement.conflict && !judgement.lesson.has_value() && !judgement.answer.has_value()) ++counters_.ignored;
}

void Neighbors::OnNeed(const NeedNeighbor& need, TimePoint now) {
  if (need.port >= config_.ports.size() || need.address.is_unspecified() || need.address.is_multicast()) return;
  if (Announces(need.port, need.address)) return;  // asking for it would announce it
  Drive({need.port, need.address}, Needed{}, config_.limit, now);
}

void Neighbors::Drive(const Key& key, const Event& event, size_t room, TimePoint now) {
  const auto at = states_.find(key);
  const State before = at == states_.end() ? State{} : at->second;
  const Step step = React(config_.timers, before, event, now);
  if (before.phase == Phase::kNone && step.next.phase != Phase::kNone && states_.size() >= room) {
    ++counters_.table_full;
    return;
  }
  Store(key, before, step.next);
  for (const Action& action : step.actions) Perform(key, action);
}

void Neighbors::Store(const Key& key, const State& before, const State& after) {
  if (before.phase != Phase::kNone) deadlines_.erase({neighbor::NextDeadline(before), key});
  if (after.phase == Phase::kNone) {
    states_.erase(key);
    return;
  }
  states_[key] = after;
  deadlines_.insert({neighbor::NextDeadline(after), key});
}

void Neighbors::Perform(const Key& key, const Action& action) {
  const auto& [port, address] = key;
  if (const auto* solicit = std::get_if<Solicit>(&action)) {
    ++counters_.solicited;
    callbacks_.SendFrame(port, Encode(SolicitationFor(config_.ports[port], address, solicit->to)));
    return;
  }
  const Tell& tell = std::get<Tell>(action);
  if (tell.state == SetNeighbor::State::kFailed) ++counters_.failed;
  callbacks_.Tell({.address = address, .mac = tell.mac, .port = port, .state = tell.state});
}

void Neighbors::Tick(TimePoint now) {
  RepeatAnnouncements(now);
  for (int done = 0; done < kDeadlinesPerTick; ++done) {
    if (deadlines_.empty() || deadlines_.begin()->first > now) return;
    const Key key = deadlines_.begin()->second;
    Drive(key, DeadlinePassed{callbacks_.IsUsed(key.first, key.second)}, config_.limit, now);
  }
}

void Neighbors::Announce(const IpAddress& address, PortId port, TimePoint now, bool repeats) {
  if (port >= config_.ports.size()) return;
  const Key key{port, address};
  if (const auto at = states_.find(key); at != states_.end()) {  // the box that had the address until now
    Store(key, at->second, State{});
    Perform(key, Tell{SetNeighbor::State::kForget, {}});
  }
  SendAnnouncement(key);
  if (repeats && config_.announcements > 1) {
    repeats_[key] = {config_.announcements - 1, now + config_.announce_interval};
  }
}

void Neighbors::SendAnnouncement(const Key& key) {
  ++counters_.announced;
  callbacks_.SendFrame(key.first,
                       Encode(AnnouncementOf(config_.ports[key.first], key.second, StationOf(key.first, key.second))));
}

void Neighbors::RepeatAnnouncements(TimePoint now) {
  for (auto at = repeats_.begin(); at != repeats_.end();) {
    auto& [key, repeat] = *at;
    if (repeat.at > now) {
      ++at;
      continue;
    }
    const bool ours = Announces(key.first, key.second);
    if (ours) SendAnnouncement(key);
    if (!ours || --repeat.left == 0) {
      at = repeats_.erase(at);
      continue;
    }
    repeat.at = now + config_.announce_interval;
    ++at;
  }
}

std::optional<MacAddress> Neighbors::MacOf(PortId port, const IpAddress& address) const {
  const auto at = states_.find({port, address});
  return at == states_.end() || at->second.mac.is_zero() ? std::nullopt : std::optional(at->second.mac);
}

bool Neighbors::Failed(PortId port, const IpAddress& address) const {
  const auto at = states_.find({port, address});
  return at != states_.end() && at->second.phase == Phase::kFailed;
}

TimePoint Neighbors::NextDeadline() const {
  TimePoint next = deadlines_.empty() ? TimePoint::max() : deadlines_.begin()->first;
  for (const auto& [key, repeat] : repeats_) next = std::min(next, repeat.at);
  return next;
}

std::vector<ListedNeighbor> Neighbors::List(TimePoint now) const {
  std::vector<ListedNeighbor> list;
  list.reserve(states_.size());
  for (const auto& [key, state] : states_) {
    list.push_back({key.first, key.second, state.mac, PhaseName(state.phase), now - state.confirmed});
  }
  std::sort(list.begin(), list.end(), [](const ListedNeighbor& a, const ListedNeighbor& b) {
    return std::pair(a.port, a.address) < std::pair(b.port, b.address);
  });
  return list;
}

}  // namespace baton::controlplane::neighbor
