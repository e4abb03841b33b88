#include "dataplane/conditions.h"

#include <algorithm>
#include <cstring>

namespace baton::dataplane {
namespace {

constexpr uint32_t kBucketsPerListing = 128;
constexpr Millis kToldAgainAfter = 60'000;

const uint8_t* SourceV6(const Packet& p) { return p.ipv4 ? nullptr : p.key.v6.src; }

// Frames are for the port's own MAC address or that of a virtual router; others are gone by now.
ConditionGroup GroupOf(const Tables& tables, const Packet& p) {
  const ConditionGroup group = tables.addresses->VirtualRouterOf(p.port, p.data);
  return group != kNoVirtualRouter ? group : tables.addresses->DirectedRouterOf(p.port, p.ipv4);
}

// Of the IP packet: frames may be padded.
uint64_t IpBytes(const Packet& p) { return static_cast<uint64_t>(p.length - p.l3); }

}  // namespace

Conditions::Conditions(uint32_t capacity, uint32_t hand_over_packets, const HashSeed& seed, WorkerCounters& counters)
    : table_(capacity, seed), hand_overs_(hand_over_packets, table_), counters_(counters) {}

void Conditions::Judge(const Tables& tables, Burst& burst, TimePoint now) {
  if (burst.origin != Origin::kPort) return;
  struct Asked {
    ConditionTable::Probe probe;
    uint8_t packet;
    ConditionGroup group;
  };
  Asked asked[kBurst];
  ConditionTable::Entry entries[kBurst];
  hand_overs_.SetSince(burst.since);
  int count = 0;
  uint64_t last = ~uint64_t{0};  // most frames are to where the one before was to
  ConditionGroup group = kNoVirtualRouter;
  for (int i = 0; i < burst.count; ++i) {
    const Packet& p = burst.packets[i];
    if (!p.alive()) continue;
    uint64_t to;  // six bytes of MAC address, the family and the port
    std::memcpy(&to, p.data, sizeof to);
    to = to << 16 | uint64_t{p.ipv4} << 8 | p.port;
    if (to != last) {
      last = to;
      group = GroupOf(tables, p);
    }
    if (!groups_[group].shares) continue;
    const ConditionTable::Probe probe = table_.ProbeOf(p.key, p.ipv4, group);
    table_.Prefetch(probe);
    asked[count++] = {probe, static_cast<uint8_t>(i), group};
  }
  for (int k = 0; k < count; ++k) {
    const Asked& a = asked[k];
    entries[k] = table_.Find(a.probe, a.group, SourceV6(burst.packets[a.packet]));
    __builtin_prefetch(&table_.record(ConditionTable::PlaceOf(entries[k])), 1);
  }
  for (int k = 0; k < count; ++k) {
    Packet& p = burst.packets[asked[k].packet];
    if (entries[k] == ConditionTable::kNone || ConditionTable::StateOf(entries[k]) != ConditionState::kPass) {
      Unusual(tables, asked[k].group, entries[k], p, now);
      continue;
    }
    ConditionTable::Record& record = table_.record(ConditionTable::PlaceOf(entries[k]));
    ++record.packets;
    record.bytes += IpBytes(p);
  }
}

void Conditions::Unusual(const Tables& tables, ConditionGroup group, ConditionTable::Entry entry, Packet& p,
                         TimePoint now) {
  if (ForTheBox(tables, group, p)) return;
  if (ConditionTable::StateOf(entry) >= ConditionState::kGiving) return hand_overs_.Judge(entry, p, now);
  const bool blocked = entry != ConditionTable::kNone || groups_[group].verdict == Verdict::kBlock;
  if (blocked) return p.Drop(DropReason::kNotInCharge);
  NoteSeen(group, p, now);
}

void Conditions::Peek(const Tables& tables, Packet& p, TimePoint now) const {
  if (!in_use_ || !p.alive()) return;
  const ConditionGroup group = GroupOf(tables, p);
  if (!groups_[group].shares || ForTheBox(tables, group, p)) return;
  const ConditionTable::Entry entry = table_.Find(p.key.src(p.ipv4), group);
  if (ConditionTable::StateOf(entry) == ConditionState::kTaking) {
    p.fate = Fate::kKept;
    return;
  }
  if (!Passes(group, entry)) return p.Drop(DropReason::kNotInCharge);
  if (hand_overs_.LooksForwarded(entry, p, now)) p.Drop(DropReason::kHandOverForwarded);
}

bool Conditions::Passes(ConditionGroup group, ConditionTable::Entry entry) const {
  if (entry == ConditionTable::kNone) return groups_[group].verdict == Verdict::kPass;
  const ConditionState state = ConditionTable::StateOf(entry);
  return state == ConditionState::kPass || state == ConditionState::kGiving || state == ConditionState::kSettled;
}

// The active router is who passes what meets no condition: it answers for the group, whoever asks.
bool Conditions::ForTheBox(const Tables& tables, ConditionGroup group, const Packet& p) const {
  if (groups_[group].verdict != Verdict::kPass) return false;
  const Slot slot = tables.addresses->Find(p.key.dst(p.ipv4));
  return slot != kNoSlot && tables.addresses->at(slot).kind == AddressKind::kOwn &&
         tables.addresses->at(slot).mode == AddressMode::kNormal;
}

void Conditions::NoteSeen(ConditionGroup group, const Packet& p, TimePoint now) {
  const ConditionTable::Probe probe = table_.ProbeOf(p.key, p.ipv4, group);
  const uint32_t source = probe.key ^ probe.bucket << 16 ^ group;
  Told& told = told_[(source ^ source >> 16) % kRemembered];
  const Millis at = ToMillis(now) | 1;  // 0: never
  if (told.source == source && told.at != 0 && !Reached(told.at + kToldAgainAfter, at)) return;
  if (seen_count_ == seen_.size() || !seen_rate_.Take(now)) return;
  told = {source, at};
  seen_[seen_count_++] = {p.key.src(p.ipv4), group};
}

bool Conditions::TakeSeen(EndSystemSeen* seen) {
  if (seen_count_ == 0) return false;
  *seen = seen_[--seen_count_];
  return true;
}

void Conditions::Share(const ShareLoad& update) {
  if (update.group == kNoVirtualRouter) return;
  groups_[update.group] = {update.shares && table_.capacity() > 0, update.verdict};
  in_use_ = std::any_of(groups_.begin(), groups_.end(), [](const Group& g) { return g.shares; });
  awake_ = true;
}

void Conditions::Change(ConditionBatch& batch) {
  batch.refused = 0;
  for (int i = 0; i < batch.count; ++i) {
    const auto& [address, wish] = batch.changes[static_cast<size_t>(i)];
    if (wish == ConditionWish::kForget) {
      table_.Forget(address, batch.group);
      continue;
    }
    const ConditionState state = wish == ConditionWish::kPass ? ConditionState::kPass : ConditionState::kBlock;
    batch.refused += !table_.Set(address, batch.group, state);
  }
  counters_.conditions.Set(table_.size());
}

void Conditions::List(uint32_t from, FlowBatch& batch) const {
  batch.count = 0;
  uint32_t at = from;
  const uint32_t end = std::min(table_.buckets(), from + kBucketsPerListing);
  for (; at < end && batch.count + ConditionTable::kWays <= FlowBatch::kCapacity; ++at) {
    for (int way = 0; way < ConditionTable::kWays; ++way) {
      const ConditionTable::Entry entry = table_.at(at, way);
      if (entry == ConditionTable::kNone) continue;
      const ConditionTable::Record& record = table_.record(ConditionTable::PlaceOf(entry));
      const bool passes = Passes(ConditionTable::GroupOf(entry), entry);
      batch.flows[static_cast<size_t>(batch.count++)] = {record.address, ConditionTable::GroupOf(entry),
                                                         passes ? Verdict::kPass : Verdict::kBlock, record.packets,
                                                         record.bytes};
    }
  }
  batch.next = at;
  batch.done = at >= table_.buckets();
}

}  // namespace baton::dataplane
