#include "tests/simulation/data_plane.h"

#include <utility>

#include "common/headers.h"

namespace baton::simulation {
namespace {

using namespace std::chrono_literals;
using dataplane::ConditionState;
using dataplane::ConditionTable;

constexpr uint16_t kIp = 14, kTcpAt = 34, kEnd = 55;
constexpr uint32_t kWaitingPackets = 4096;
constexpr Duration kLate = 3ms;  // a packet waits no longer than the limit, and until the next poll
constexpr ConditionGroup kGroup = 0;
static_assert(ls::WorkerSide::kAtATime == dataplane::HandOvers::kAtATime);

PacketId IdAt(const uint8_t* frame) { return reinterpret_cast<const TcpHeader*>(frame + kTcpAt)->seq.get(); }

void Write(PacketId id, const IpAddress& condition, uint8_t* frame) {
  auto* ip = reinterpret_cast<Ipv4Header*>(frame + kIp);
  ip->version_ihl = 0x45;
  ip->total_length.set(kEnd - kIp);
  ip->ttl = 64;
  ip->protocol = kTcp;
  ip->src.set(condition.v4());
  ip->dst.set(0xc0000201);
  auto* tcp = reinterpret_cast<TcpHeader*>(frame + kTcpAt);
  tcp->src_port.set(1024);
  tcp->dst_port.set(80);
  tcp->seq.set(id);
  tcp->data_offset = 0x50;
}

ls::HandOverId IdOf(ls::Generation generation, const IpAddress& other) { return {kGroup, generation, other}; }

HandOverKind KindOf(ls::HandOver mode) {
  return mode == ls::HandOver::kExact ? HandOverKind::kExact : HandOverKind::kSequence;
}

}  // namespace

DataPlane::DataPlane(DataPlaneSettings settings)
    : settings_(std::move(settings)),
      table_(static_cast<uint32_t>(settings_.conditions), {}),
      hand_overs_(kWaitingPackets, table_),
      side_({this}, *this) {}

bool DataPlane::Post(const Update& update) {
  updates_.push_back(update);
  return true;
}

void DataPlane::Arrive(PacketId id, const IpAddress& address, TimePoint now) {
  Poll(now);
  const ConditionTable::Entry entry = table_.Find(address, kGroup);
  if (entry == ConditionTable::kNone) {
    if (default_pass_) settings_.forwarded(id, false);
    return;
  }
  if (ConditionTable::StateOf(entry) == ConditionState::kBlock) return;
  if (ConditionTable::StateOf(entry) == ConditionState::kPass) {
    ++table_.record(ConditionTable::PlaceOf(entry)).packets;
    return settings_.forwarded(id, false);
  }
  Held held{.at = now, .condition = address, .frame = std::make_unique<std::array<uint8_t, 64>>()};
  Write(id, address, held.frame->data());
  dataplane::Packet packet;
  packet.data = held.frame->data();
  packet.length = kEnd;
  packet.l3 = kIp;
  packet.l4 = kTcpAt;
  packet.protocol = kTcp;
  packet.flags = dataplane::kKeyed;
  packet.ipv4 = true;
  hand_overs_.SetSince(now);
  hand_overs_.Judge(entry, packet, now);
  if (packet.fate == dataplane::Fate::kKept) held_.emplace(id, std::move(held));
  if (packet.alive()) settings_.forwarded(id, guessed_.contains(address));
}

void DataPlane::Change(ConditionBatch& batch) {
  for (int i = 0; i < batch.count; ++i) {
    const auto& [address, wish] = batch.changes[static_cast<size_t>(i)];
    table_.Set(address, kGroup, wish == ConditionWish::kPass ? ConditionState::kPass : ConditionState::kBlock);
    measured_.try_emplace(address, 0);
  }
  (void)side_.OnEvent(0, ConditionsChanged{&batch});
}

void DataPlane::Do(const Update& update, TimePoint now) {
  if (const auto* u = std::get_if<ShareLoad>(&update)) default_pass_ = u->verdict == Verdict::kPass;
  if (const auto* u = std::get_if<ChangeConditions>(&update)) Change(*u->batch);
  if (const auto* u = std::get_if<BeginGiving>(&update)) hand_overs_.Begin(*u->giving, now);
  if (const auto* u = std::get_if<EndGiving>(&update)) hand_overs_.End(*u->giving, now);
  if (const auto* u = std::get_if<BeginTaking>(&update)) hand_overs_.Begin(*u->taking, now);
  if (const auto* u = std::get_if<EndTaking>(&update)) hand_overs_.End(*u->taking);
  if (const auto* u = std::get_if<AbandonTaking>(&update)) hand_overs_.Abandon(*u->taking);
}

// As Worker::PollOnce, but for the ports.
void DataPlane::Poll(TimePoint now) {
  if (!needs_polls()) return;
  while (!updates_.empty() && !hand_overs_.marking()) {
    const Update update = updates_.front();
    updates_.pop_front();
    Do(update, now);
  }
  dataplane::WaitingPacket packet;
  DropReason drop = DropReason::kNone;
  while (hand_overs_.TakeReleased(now, &packet, &drop)) {
    const PacketId id = IdAt(packet.data);
    const auto held = held_.extract(id);
    if (drop == DropReason::kNone) settings_.forwarded(id, guessed_.contains(held.mapped().condition));
  }
  hand_overs_.Advance(now, now);  // each packet is judged when it comes
  Event event;
  while (hand_overs_.TakeFinished(&event)) (void)side_.OnEvent(0, event);
}

void DataPlane::Apply(const ls::Action& action, TimePoint now) {
  if (const auto* a = std::get_if<ls::SetDefault>(&action)) {
    side_.Share(kGroup, true, a->pass ? Verdict::kPass : Verdict::kBlock);
  } else if (const auto* a = std::get_if<ls::SetConditions>(&action)) {
    side_.Change(kGroup, a->pass ? ConditionWish::kPass : ConditionWish::kBlock, a->conditions);
  } else if (const auto* a = std::get_if<ls::BeginGiving>(&action)) {
    side_.BeginGiving(IdOf(a->generation, a->to), KindOf(a->mode), a->conditions, settings_.times);
  } else if (const auto* a = std::get_if<ls::EndGiving>(&action)) {
    side_.EndGiving(IdOf(a->generation, a->to));
  } else if (const auto* a = std::get_if<ls::EndTaking>(&action)) {
    if (const auto* marks = std::get_if<std::vector<FlowMark>>(&a->records)) {
      for (const FlowMark& mark : *marks) {
        if (mark.status == FlowMark::Status::kNotFound) guessed_.insert(mark.condition);
        else guessed_.erase(mark.condition);
      }
    }
    side_.EndTaking(IdOf(a->generation, a->from), a->records, now - a->stopped_ago);
  } else if (const auto* a = std::get_if<ls::BeginTaking>(&action)) {
    const size_t before = beginning_++;
    side_.BeginTaking(IdOf(a->generation, a->from), KindOf(a->mode), a->conditions, settings_.times);
    for (const IpAddress& condition : a->conditions) measured_.try_emplace(condition, 0);
    for (int polls = 0; polls < 64 && beginning_ > before; ++polls) Poll(now);
  }
  Poll(now);
}

void DataPlane::OnGiven(const ls::HandOverId& id, const ls::WhatWasForwarded& forwarded) {
  settings_.given({.generation = id.generation, .to = id.other, .records = forwarded.records,
                   .stopped_at = forwarded.stopped_at});
}

bool DataPlane::Passes(const IpAddress& address) const {
  const ConditionTable::Entry entry = table_.Find(address, kGroup);
  if (entry == ConditionTable::kNone) return default_pass_;
  const ConditionState state = ConditionTable::StateOf(entry);
  return state == ConditionState::kPass || state == ConditionState::kGiving || state == ConditionState::kSettled;
}

bool DataPlane::holds_too_long(TimePoint now) const {
  return !held_.empty() && now - held_.begin()->second.at > settings_.times.limit + kLate;
}

std::vector<ls::Flow> DataPlane::TakeFlows() {
  std::vector<ls::Flow> flows;
  for (auto& [address, before] : measured_) {
    const ConditionTable::Entry entry = table_.Find(address, kGroup);
    if (entry == ConditionTable::kNone) continue;
    const uint64_t packets = table_.record(ConditionTable::PlaceOf(entry)).packets;
    if (packets > before) flows.push_back({address, (packets - before) * 8000});
    before = packets;
  }
  return flows;
}

}  // namespace baton::simulation
