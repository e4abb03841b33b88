#include "tests/simulation/data_plane.h"

#include <algorithm>
#include <utility>

namespace baton::simulation {

void DataPlane::Forward(PacketId packet, Condition& condition, TimePoint now) {
  condition.last = std::max(condition.last, packet);
  ++condition.packets;
  if (condition.state == State::kGiving) {
    for (Given& given : giving_) {
      if (given.key == condition.hand_over) given.noted.push_back({packet, now});
    }
  }
  forwarded_(packet);
}

void DataPlane::Arrive(PacketId packet, const IpAddress& address, TimePoint now) {
  Expire(now);
  const auto found = conditions_.find(address);
  if (found == conditions_.end()) {
    if (default_pass_) forwarded_(packet);
    return;
  }
  Condition& condition = found->second;
  if (condition.state == State::kTaking) {
    waiting_.push_back({packet, address, now});
  } else if (condition.state != State::kBlock) {
    if (packet <= condition.not_before || condition.excluded.contains(packet)) return;
    Forward(packet, condition, now);
  }
}

// What waits longer than the limit is dropped, whatever the machine does.
void DataPlane::Expire(TimePoint now) {
  while (!waiting_.empty() && now - waiting_.front().at > hold_limit_) {
    waiting_.pop_front();
    ++dropped_waiting_;
  }
}

bool DataPlane::holds_too_long(TimePoint now) const {
  return !waiting_.empty() && now - waiting_.front().at > hold_limit_;
}

void DataPlane::Drop(const Key& key, const IpAddress& address) {
  (void)key;
  for (auto it = waiting_.begin(); it != waiting_.end();) it = it->condition == address ? waiting_.erase(it) : it + 1;
}

bool DataPlane::Apply(const ls::Action& action, TimePoint now, ls::Given* given) {
  Expire(now);
  if (const auto* set_default = std::get_if<ls::SetDefault>(&action)) {
    default_pass_ = set_default->pass;
  } else if (const auto* set = std::get_if<ls::SetConditions>(&action)) {
    for (const IpAddress& address : set->conditions) {
      Condition& condition = conditions_[address];
      if (condition.state == State::kTaking) Drop(condition.hand_over, address);
      const State to = set->pass ? State::kPass : State::kBlock;
      if (condition.state != to) condition.not_before = 0, condition.excluded.clear();
      condition.state = to;
    }
  } else if (const auto* give = std::get_if<ls::BeginGiving>(&action)) {
    const Key key{give->generation, give->to};
    for (const IpAddress& address : give->conditions) {
      Condition& condition = conditions_[address];
      condition.state = State::kGiving;
      condition.hand_over = key;
    }
    giving_.push_back({key, give->mode, give->conditions});
  } else if (const auto* take = std::get_if<ls::BeginTaking>(&action)) {
    for (const IpAddress& address : take->conditions) {
      Condition& condition = conditions_[address];
      condition.state = State::kTaking;
      condition.hand_over = {take->generation, take->from};
    }
  } else if (const auto* end = std::get_if<ls::EndGiving>(&action)) {
    const Key key{end->generation, end->to};
    given->generation = end->generation;
    given->to = end->to;
    given->stopped_at = now;
    for (auto it = giving_.begin(); it != giving_.end(); ++it) {
      if (it->key != key) continue;
      std::vector<FlowMark> marks;
      std::vector<ForwardedPacket> packets;
      for (const IpAddress& address : it->conditions) {
        Condition& condition = conditions_[address];
        if (condition.state != State::kGiving || condition.hand_over != key) continue;
        condition.state = State::kBlock;
        marks.push_back({.condition = address, .status = FlowMark::Status::kLast, .src = address, .dst = address,
                         .sequence = condition.last});
      }
      for (const Noted& noted : it->noted) {
        const auto before = std::chrono::duration_cast<std::chrono::microseconds>(now - noted.at);
        if (before > 4 * cover_) continue;
        packets.push_back({noted.packet, static_cast<uint32_t>(before.count())});
      }
      if (it->mode == ls::HandOver::kExact) given->records = std::move(packets);
      else given->records = std::move(marks);
      giving_.erase(it);
      break;
    }
    return true;
  } else if (const auto* taken = std::get_if<ls::EndTaking>(&action)) {
    const Key key{taken->generation, taken->from};
    const TimePoint covered_from = now - taken->stopped_ago - cover_ / 2;
    std::set<PacketId> excluded;
    absl::flat_hash_map<IpAddress, PacketId> last;
    if (const auto* packets = std::get_if<std::vector<ForwardedPacket>>(&taken->records)) {
      for (const ForwardedPacket& packet : *packets) excluded.insert(static_cast<PacketId>(packet.digest));
    } else {
      for (const FlowMark& mark : std::get<std::vector<FlowMark>>(taken->records)) last[mark.condition] = mark.sequence;
    }
    const bool exact = std::holds_alternative<std::vector<ForwardedPacket>>(taken->records);
    for (auto& entry : conditions_) {
      Condition& condition = entry.second;
      if (condition.state != State::kTaking || condition.hand_over != key) continue;
      condition.state = State::kPass;
      condition.excluded = excluded;
      const auto mark = last.find(entry.first);
      condition.not_before = mark == last.end() ? 0 : mark->second;
    }
    std::deque<Waiting> rest;
    std::swap(rest, waiting_);
    for (const Waiting& waiting : rest) {
      Condition& condition = conditions_[waiting.condition];
      if (condition.state == State::kTaking) {
        waiting_.push_back(waiting);
      } else if (!(exact && waiting.at < covered_from) && waiting.packet > condition.not_before &&
                 !condition.excluded.contains(waiting.packet)) {
        Forward(waiting.packet, condition, now);
      }
    }
  }
  return false;
}

bool DataPlane::Passes(const IpAddress& address) const {
  const auto found = conditions_.find(address);
  if (found == conditions_.end()) return default_pass_;
  return found->second.state == State::kPass || found->second.state == State::kGiving;
}

std::vector<ls::Flow> DataPlane::TakeFlows() {
  std::vector<ls::Flow> flows;
  for (auto& entry : conditions_) {
    if (entry.second.packets > 0) flows.push_back({entry.first, entry.second.packets * 8000});
    entry.second.packets = 0;
  }
  std::sort(flows.begin(), flows.end(), [](const ls::Flow& a, const ls::Flow& b) { return a.condition < b.condition; });
  return flows;
}

}  // namespace baton::simulation
