#include "dataplane/hand_over/hand_overs.h"

#include <algorithm>
#include <cstring>

#include "common/headers.h"

namespace baton::dataplane {
namespace {

constexpr int kConditionsPerPoll = 256;

IpAddress SourceOf(const HeldPacket& held) {
  const uint8_t* ip = held.packet.data + held.l3;
  return held.ipv4 ? IpAddress::FromV4Bytes(ip + 12) : IpAddress::FromV6Bytes(ip + 8);
}

// Offset of the TCP header of a whole packet, or 0: pieces are treated like UDP (VR-Q19).
uint16_t TcpHeaderOf(const Packet& p) {
  const bool whole = (p.flags & (kKeyed | kFragmented)) == kKeyed;
  return whole && p.protocol == kTcp ? p.l4 : uint16_t{0};
}

TcpPacket TcpAt(const uint8_t* data, uint8_t l3, bool ipv4, uint16_t tcp, uint16_t length) {
  if (tcp == 0) return {};
  const uint8_t* ip = data + l3;
  const auto& header = *reinterpret_cast<const TcpHeader*>(data + tcp);
  TcpPacket packet;
  packet.flow = ipv4 ? TcpFlow{IpAddress::FromV4Bytes(ip + 12), IpAddress::FromV4Bytes(ip + 16)}
                     : TcpFlow{IpAddress::FromV6Bytes(ip + 8), IpAddress::FromV6Bytes(ip + 24)};
  packet.flow.src_port = header.src_port.get();
  packet.flow.dst_port = header.dst_port.get();
  packet.sequence = header.seq.get();
  packet.octets = static_cast<uint32_t>(length - tcp - header.header_length()) +
                  ((header.flags & kTcpSyn) != 0) + ((header.flags & kTcpFin) != 0);
  return packet;
}

uint64_t DigestOf(const DigestKey& key, const Packet& p) {
  return PacketDigest(key, p.data + p.l3, static_cast<size_t>(p.length - p.l3));
}

// Without its digest.
TcpPacket TcpOf(const Packet& p) { return TcpAt(p.data, p.l3, p.ipv4, TcpHeaderOf(p), p.length); }

TcpPacket TcpOf(const HeldPacket& h) {
  TcpPacket tcp = TcpAt(h.packet.data, h.l3, h.ipv4, h.tcp, h.packet.length);
  tcp.digest = h.digest;
  return tcp;
}

// nullptr: it is no TCP, or there is no room near its place; both are noted.
GivenFlow* FindOrAddFlow(Giving& giving, const TcpFlow& flow) {
  if (flow.src_port == 0) {
    giving.others = true;
    return nullptr;
  }
  constexpr size_t kLookedAt = 16;
  const size_t mask = giving.flows.size() - 1;
  uint64_t words[4];
  std::memcpy(words, flow.src.v6_bytes(), 16);
  std::memcpy(words + 2, flow.dst.v6_bytes(), 16);
  const uint64_t ports = uint64_t{flow.src_port} << 16 | flow.dst_port;
  const uint64_t hash = MixWords(MixWords(words[0] ^ giving.key.k0, words[1] ^ words[3]) ^ ports,
                                 words[2] ^ giving.key.k1 ^ HashSeed{}.a);
  for (size_t i = 0; i < kLookedAt && !giving.flows.empty(); ++i) {
    GivenFlow& place = giving.flows[(hash + i) & mask];
    if (place.flow == flow) return &place;
    if (place.flow.src_port != 0) continue;
    place.flow = flow;
    return &place;
  }
  ++giving.unnoted;
  return nullptr;
}

uint64_t IpBytes(const HeldPacket& held) { return static_cast<uint64_t>(held.packet.length - held.l3); }

}  // namespace

HandOvers::HandOvers(uint32_t packets, ConditionTable& table)
    : table_(table), work_of_(size_t{table.capacity()} + 1), history_(packets, kAtATime) {}

HandOvers::Work* HandOvers::NewWork(TimePoint now) {
  for (Work& work : works_) {
    if (work.phase != Phase::kFree) continue;
    work = {};
    work.phase = Phase::kMarking;
    work.begun = now;
    ++under_way_;
    ++marking_;
    return &work;
  }
  return nullptr;
}

HandOvers::Work* HandOvers::WorkOf(const Giving& giving) {
  const auto at = std::find_if(works_.begin(), works_.end(), [&](const Work& w) { return w.giving == &giving; });
  return at == works_.end() ? nullptr : &*at;
}

HandOvers::Work* HandOvers::WorkOf(const Taking& taking) {
  const auto at = std::find_if(works_.begin(), works_.end(), [&](const Work& w) { return w.taking == &taking; });
  return at == works_.end() ? nullptr : &*at;
}

void HandOvers::Begin(Giving& giving, TimePoint now) {
  giving.noted = giving.refused = 0;
  giving.others = false;
  if (Work* work = NewWork(now)) {
    work->giving = &giving;
    return;
  }
  giving.refused = static_cast<uint32_t>(giving.conditions.size());
  giving.stopped_at = now;
  finished_[finished_count_++] = GivingEnded{&giving};
}

void HandOvers::End(Giving& giving, TimePoint now) {
  Work* work = WorkOf(giving);
  if (work == nullptr) return;  // was refused, and is back
  work->end = true;
  work->end_asked = now;
}

void HandOvers::Begin(Taking& taking, TimePoint now) {
  taking.refused = 0;
  taking.released = taking.forwarded_before = 0;
  if (Work* work = NewWork(now)) {
    work->taking = &taking;
    return;
  }
  taking.refused = static_cast<uint32_t>(taking.conditions.size());
  finished_[finished_count_++] = TakingEnded{&taking};
}

void HandOvers::End(Taking& taking) {
  if (Work* work = WorkOf(taking)) work->end = true;
}

void HandOvers::Abandon(Taking& taking) {
  Work* work = WorkOf(taking);
  if (work == nullptr || work->end) return;
  if (work->phase == Phase::kMarking) --marking_;
  work->phase = Phase::kDropping;
  work->next = 0;
}

void HandOvers::Finish(Work& work, const Event& event) {
  work.phase = Phase::kFree;
  work.giving = nullptr;
  work.taking = nullptr;
  --under_way_;
  finished_[finished_count_++] = event;
}

bool HandOvers::TakeFinished(Event* event) {
  if (finished_count_ == 0) return false;
  *event = finished_[0];
  std::copy(finished_.begin() + 1, finished_.begin() + static_cast<std::ptrdiff_t>(finished_count_), finished_.begin());
  --finished_count_;
  return true;
}

bool HandOvers::In(const Work& work, ConditionTable::Entry entry) const {
  if (entry == ConditionTable::kNone || ConditionTable::StateOf(entry) < ConditionState::kGiving) return false;
  return work_of_[ConditionTable::PlaceOf(entry)] == IndexOf(work);
}

// Packets that wait would be lost, late copies of what was forwarded before would go out twice, and a stop be told that
// has been sooner. `sequence`: what is blocked and only looked at is free.
bool HandOvers::IsEnding(ConditionTable::Entry entry) const {
  if (entry == ConditionTable::kNone || ConditionTable::StateOf(entry) < ConditionState::kGiving) return false;
  if (ConditionTable::StateOf(entry) == ConditionState::kGiven) return false;
  return works_[work_of_[ConditionTable::PlaceOf(entry)]].end;
}

bool HandOvers::Enter(Work& work, ConditionState state, int* budget) {
  const auto& conditions = work.giving != nullptr ? work.giving->conditions : work.taking->conditions;
  const ConditionGroup group = work.giving != nullptr ? work.giving->group : work.taking->group;
  uint32_t& refused = work.giving != nullptr ? work.giving->refused : work.taking->refused;
  for (; work.next < conditions.size() && *budget > 0; ++work.next, --*budget) {
    if (IsEnding(table_.Find(conditions[work.next], group))) return false;
    if (!table_.Set(conditions[work.next], group, state)) {
      ++refused;
      continue;
    }
    const ConditionTable::Entry entry = table_.Find(conditions[work.next], group);
    work_of_[ConditionTable::PlaceOf(entry)] = static_cast<uint8_t>(IndexOf(work));
  }
  return work.next == conditions.size();
}

bool HandOvers::Change(Work& work, ConditionState from, ConditionState to, int* budget) {
  const auto& conditions = work.giving != nullptr ? work.giving->conditions : work.taking->conditions;
  const ConditionGroup group = work.giving != nullptr ? work.giving->group : work.taking->group;
  for (; work.next < conditions.size() && *budget > 0; ++work.next, --*budget) {
    const ConditionTable::Entry entry = table_.Find(conditions[work.next], group);
    if (!In(work, entry) || ConditionTable::StateOf(entry) != from) continue;
    table_.Set(conditions[work.next], group, to);
  }
  return work.next == conditions.size();
}

void HandOvers::Advance(TimePoint now, TimePoint drained) {
  int budget = kConditionsPerPoll;
  for (size_t i = 0; i < works_.size() && budget > 0; ++i) {
    Work& work = works_[(cursor_ + i) % works_.size()];
    if (work.giving != nullptr) AdvanceGiving(work, now, &budget);
    if (work.taking != nullptr) AdvanceTaking(work, now, drained, &budget);
  }
  cursor_ = (cursor_ + 1) % works_.size();
}

void HandOvers::AdvanceGiving(Work& work, TimePoint now, int* budget) {
  Giving& giving = *work.giving;
  if (work.phase == Phase::kMarking) {
    if (!Enter(work, ConditionState::kGiving, budget)) return;
    --marking_;
    work.phase = Phase::kRunning;
    work.begun = now;
  }
  if (work.phase == Phase::kRunning) {
    if (!work.end || now < work.begun + giving.cover || now < work.end_asked + giving.linger) return;
    work.phase = Phase::kStopping;
    work.next = 0;
  }
  const bool exact = giving.kind == HandOverKind::kExact;
  if (work.phase == Phase::kStopping) {
    const ConditionState stopped = exact ? ConditionState::kBlock : ConditionState::kGiven;
    if (!Change(work, ConditionState::kGiving, stopped, budget)) return;
    giving.stopped_at = now;
    if (exact) return Finish(work, GivingEnded{&giving});
    work.phase = Phase::kLooking;
  }
  if (work.phase == Phase::kLooking) {
    if (now < giving.stopped_at + (giving.others || giving.unnoted > 0 ? giving.window : giving.linger)) return;
    work.phase = Phase::kLeaving;
    work.next = 0;
  }
  if (Change(work, ConditionState::kGiven, ConditionState::kBlock, budget)) Finish(work, GivingEnded{&giving});
}

void HandOvers::AdvanceTaking(Work& work, TimePoint now, TimePoint drained, int* budget) {
  Taking& taking = *work.taking;
  const bool empty = history_.packets(IndexOf(work)) == 0;
  if (work.phase == Phase::kMarking) {
    if (!Enter(work, ConditionState::kTaking, budget)) return;
    --marking_;
    work.phase = Phase::kRunning;
    finished_[finished_count_++] = TakingBegun{&taking};
  }
  if (work.phase == Phase::kRunning) {
    if (!work.end) return;
    BeginReleasing(work);
  }
  if (work.phase == Phase::kReleasing) {
    // What arrives meanwhile waits behind what is there; with nothing before it, it need not.
    if (!empty || !Change(work, ConditionState::kTaking, ConditionState::kSettled, budget)) return;
    work.phase = Phase::kSettled;
    work.next = 0;
  }
  if (work.phase == Phase::kSettled) {
    // What came in time may be looked at late; of a queue that never empties this is not known.
    if (drained < taking.stopped_at + taking.skew && now < taking.stopped_at + taking.skew + taking.cover) return;
    work.phase = Phase::kLeaving;
  }
  if (work.phase == Phase::kLeaving && Change(work, ConditionState::kSettled, ConditionState::kPass, budget)) {
    Finish(work, TakingEnded{&taking});
  } else if (work.phase == Phase::kDropping && Change(work, ConditionState::kTaking, ConditionState::kBlock, budget) &&
             empty) {
    Finish(work, TakingEnded{&taking});
  }
}

void HandOvers::Judge(ConditionTable::Entry entry, Packet& p, TimePoint now) {
  const uint32_t place = ConditionTable::PlaceOf(entry);
  Work& work = works_[work_of_[place]];
  switch (ConditionTable::StateOf(entry)) {
    case ConditionState::kGiving: NoteForwarded(*work.giving, p, now); break;
    case ConditionState::kTaking: return HoldBack(work_of_[place], p, now);
    case ConditionState::kSettled:
      if (WasForwarded(work, p, now)) {
        ++work.taking->forwarded_before;
        return p.Drop(DropReason::kHandOverForwarded);
      }
      break;
    case ConditionState::kGiven: NoteLeft(*work.giving, p, now); [[fallthrough]];
    case ConditionState::kBlock:
    case ConditionState::kPass: return p.Drop(DropReason::kNotInCharge);  // the latter two: cannot be
  }
  ConditionTable::Record& record = table_.record(place);
  ++record.packets;
  record.bytes += static_cast<uint64_t>(p.length - p.l3);
}

void HandOvers::NoteForwarded(Giving& giving, const Packet& p, TimePoint now) const {
  if (giving.kind == HandOverKind::kExact) return giving.Note(DigestOf(giving.key, p), now);
  const TcpPacket tcp = TcpOf(p);
  GivenFlow* flow = FindOrAddFlow(giving, tcp.flow);
  if (flow == nullptr) return;
  const uint32_t last = tcp.sequence + tcp.octets - 1;
  if (!flow->forwarded || static_cast<int32_t>(last - flow->last) > 0) flow->last = last;
  flow->forwarded = true;
  flow->last_digest = DigestOf(giving.key, p);
}

// VR-75: of each flow the first; what is no TCP is not told of (VR-77).
void HandOvers::NoteLeft(Giving& giving, const Packet& p, TimePoint now) const {
  const TcpPacket tcp = TcpOf(p);
  GivenFlow* flow = FindOrAddFlow(giving, tcp.flow);
  if (flow == nullptr || flow->left) return;
  flow->left = true;
  flow->first = tcp.sequence;
  flow->first_digest = DigestOf(giving.key, p);
  flow->left_at = now;
}

bool HandOvers::WasForwarded(Work& work, const Packet& p, TimePoint now) {
  if (work.taking->kind == HandOverKind::kExact) {
    return work.match.WasForwarded(DigestOf(work.taking->key, p), since_, now);
  }
  TcpPacket tcp = TcpOf(p);
  if (tcp.flow.src_port == 0) return false;
  tcp.digest = DigestOf(work.taking->key, p);
  return !work.sequence.ForwardsLate(tcp);
}

// `sequence`: looks through all that waits, which is bounded by the configuration: 4096 packets take some 200 us.
void HandOvers::BeginReleasing(Work& work) {
  Taking& taking = *work.taking;
  work.phase = Phase::kReleasing;
  work.next = 0;
  work.match = ExactMatch(absl::MakeSpan(taking.report), taking.stopped_at, taking.skew, taking.cover);
  if (taking.kind == HandOverKind::kExact) return;
  work.sequence = SequenceMatch(absl::MakeSpan(taking.flows), absl::MakeSpan(taking.marked));
  history_.ForEach(IndexOf(work), [&](const HeldPacket& held) {
    const TcpPacket tcp = TcpOf(held);
    work.sequence.Count(SourceOf(held), held.tcp == 0 ? nullptr : &tcp);
  });
  work.sequence.EndCount();
}

void HandOvers::HoldBack(size_t work, Packet& p, TimePoint now) {
  if (history_.full()) {
    if (history_.Oldest(work) == nullptr || pushed_out_count_ == pushed_out_.size()) {
      return p.Drop(DropReason::kHandOverFull);
    }
    pushed_out_[pushed_out_count_++] = history_.Take(work).packet;
  }
  const Taking& taking = *works_[work].taking;
  const uint16_t tcp = TcpHeaderOf(p);
  const uint64_t digest = taking.kind == HandOverKind::kExact || tcp != 0 ? DigestOf(taking.key, p) : 0;
  history_.Add(work, {{p.buffer, p.data, p.length, p.port}, digest, since_, now, p.l3, p.ipv4, tcp});
  p.fate = Fate::kKept;
}

bool HandOvers::LooksForwarded(ConditionTable::Entry entry, const Packet& p, TimePoint now) const {
  if (ConditionTable::StateOf(entry) != ConditionState::kSettled) return false;
  const Work& work = works_[work_of_[ConditionTable::PlaceOf(entry)]];
  if (work.taking->kind == HandOverKind::kExact) return work.match.MayMatch(DigestOf(work.taking->key, p), now);
  TcpPacket tcp = TcpOf(p);
  if (tcp.flow.src_port == 0) return false;
  tcp.digest = DigestOf(work.taking->key, p);
  return !work.sequence.MayForwardLate(tcp);
}

// Whether the old router has forwarded a packet that waited, or is taken to have.
bool HandOvers::Known(Work& work, const HeldPacket& held) {
  if (work.taking->kind == HandOverKind::kExact) return work.match.WasForwarded(held.digest, held.since, held.arrival);
  const IpAddress source = SourceOf(held);
  // An old router that was started anew knows nothing: what came so long before its report may have been forwarded.
  if (!work.sequence.Names(source)) return work.match.CameBefore(held.since, held.arrival);
  const TcpPacket tcp = TcpOf(held);
  return !work.sequence.Forwards(source, held.tcp == 0 ? nullptr : &tcp);
}

// What becomes of the oldest packet of a work that releases.
DropReason HandOvers::Settle(Work& work, const HeldPacket& held) {
  const ConditionTable::Entry entry = table_.Find(SourceOf(held), work.taking->group);
  if (!In(work, entry)) return DropReason::kHandOverExpired;  // it has left the hand-over
  if (Known(work, held)) {
    ++work.taking->forwarded_before;
    return DropReason::kHandOverForwarded;
  }
  ConditionTable::Record& record = table_.record(ConditionTable::PlaceOf(entry));
  ++record.packets;
  record.bytes += IpBytes(held);
  ++work.taking->released;
  return DropReason::kNone;
}

bool HandOvers::TakeReleased(TimePoint now, WaitingPacket* packet, DropReason* drop) {
  if (pushed_out_count_ > 0) {
    *packet = pushed_out_[--pushed_out_count_];
    *drop = DropReason::kHandOverFull;
    return true;
  }
  if (history_.packets() == 0) return false;
  for (Work& work : works_) {
    const HeldPacket* oldest = history_.Oldest(IndexOf(work));
    if (oldest == nullptr) continue;
    const bool releases = work.phase == Phase::kReleasing;
    const bool dropped = work.phase == Phase::kDropping || (!releases && now >= oldest->arrival + work.taking->limit);
    if (!releases && !dropped) continue;
    const HeldPacket held = history_.Take(IndexOf(work));
    *drop = dropped ? DropReason::kHandOverExpired : Settle(work, held);
    *packet = held.packet;
    return true;
  }
  return false;
}

bool HandOvers::TakeAny(WaitingPacket* packet) {
  if (pushed_out_count_ > 0) {
    *packet = pushed_out_[--pushed_out_count_];
    return true;
  }
  for (size_t i = 0; i < kAtATime; ++i) {
    if (history_.Oldest(i) == nullptr) continue;
    *packet = history_.Take(i).packet;
    return true;
  }
  return false;
}

}  // namespace baton::dataplane
