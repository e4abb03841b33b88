#include "controlplane/load_sharing/worker_side.h"

#include <algorithm>
#include <utility>

namespace baton::controlplane::load_sharing {
namespace {

WhatWasForwarded Sum(const std::vector<const Giving*>& parts) {
  if (parts.front()->kind == HandOverKind::kExact) {
    ForwardedReport report = MakeReport(parts);
    return {report.stopped_at, std::move(report.packets), report.complete};
  }
  WhatWasForwarded sum{.stopped_at = {}, .records = MakeMarks(parts), .complete = true};
  for (const Giving* part : parts) {
    sum.stopped_at = std::max(sum.stopped_at, part->stopped_at);
    sum.complete = sum.complete && part->unnoted == 0;
  }
  return sum;
}

}  // namespace

WorkerSide::WorkerSide(std::vector<WorkerLink*> workers, WorkerSideCallbacks& callbacks)
    : workers_(std::move(workers)), callbacks_(callbacks), outboxes_(workers_.size()) {}

void WorkerSide::Share(ConditionGroup group, bool shares, Verdict verdict) {
  PostToAll(ShareLoad{group, shares, verdict});
}

void WorkerSide::Change(ConditionGroup group, ConditionWish wish, const std::vector<IpAddress>& conditions) {
  TakeOut(group, conditions, false);
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    for (size_t at = 0; at < conditions.size(); at += ConditionBatch::kCapacity) {
      auto batch = std::make_unique<ConditionBatch>();
      batch->group = group;
      batch->count = static_cast<int>(std::min<size_t>(ConditionBatch::kCapacity, conditions.size() - at));
      for (int i = 0; i < batch->count; ++i) {
        batch->changes[static_cast<size_t>(i)] = {conditions[at + static_cast<size_t>(i)], wish};
      }
      ConditionBatch* lent = batch.get();
      batches_.emplace(lent, std::move(batch));
      ++lent_;
      Post(worker, ChangeConditions{lent});
    }
  }
}

void WorkerSide::BeginGiving(const HandOverId& id, HandOverKind kind, const std::vector<IpAddress>& conditions,
                             const HandOverTimes& times) {
  TakeOut(id.group, conditions, true);
  if (givings_.contains(id)) return;
  Given& given = givings_[id];
  given.kind = kind;
  given.times = times;
  given.conditions = conditions;
  given.left.insert(conditions.begin(), conditions.end());
  BeginOrPutOff(id, true);
}

void WorkerSide::BeginTaking(const HandOverId& id, HandOverKind kind, const std::vector<IpAddress>& conditions,
                             const HandOverTimes& times) {
  TakeOut(id.group, conditions, true);
  if (takings_.contains(id)) return;
  Taken& taken = takings_[id];
  taken.kind = kind;
  taken.times = times;
  taken.conditions = conditions;
  taken.left.insert(conditions.begin(), conditions.end());
  BeginOrPutOff(id, false);
}

void WorkerSide::BeginOrPutOff(const HandOverId& id, bool giving) {
  to_begin_.push_back({id, giving});
  const size_t before = to_begin_.size();
  BeginNext();
  put_off_ += to_begin_.size() == before ? 1 : 0;
}

void WorkerSide::BeginNext() {
  while (!to_begin_.empty() && under_way_ < kAtATime) {
    const ToBegin next = to_begin_.front();
    to_begin_.pop_front();
    ++under_way_;
    if (next.giving) Lend(givings_.at(next.id), next.id);
    else Lend(takings_.at(next.id), next.id);
  }
}

// What has left it while it was put off is not drawn into it again.
void WorkerSide::Lend(Given& given, const HandOverId& id) {
  std::erase_if(given.conditions, [&](const IpAddress& condition) { return !given.left.contains(condition); });
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    auto part = std::make_unique<Giving>();
    part->group = id.group;
    part->kind = given.kind;
    part->conditions = given.conditions;
    part->cover = given.times.cover;
    part->linger = given.times.skew;
    part->key = given.times.key;
    if (given.kind == HandOverKind::kExact) {
      part->notes.resize(given.times.notes);
    } else {
      part->flows.resize(given.times.flows);
      part->window = given.times.cover;
    }
    ++lent_;
    Post(worker, baton::BeginGiving{part.get()});
    if (given.ended) Post(worker, baton::EndGiving{part.get()});
    given.parts.push_back(std::move(part));
  }
}

void WorkerSide::Lend(Taken& taken, const HandOverId& id) {
  std::erase_if(taken.conditions, [&](const IpAddress& condition) { return !taken.left.contains(condition); });
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    auto part = std::make_unique<Taking>();
    part->group = id.group;
    part->kind = taken.kind;
    part->conditions = taken.conditions;
    part->skew = taken.times.skew;
    part->cover = taken.times.cover;
    part->limit = taken.times.limit;
    part->key = taken.times.key;
    ++lent_;
    Post(worker, baton::BeginTaking{part.get()});
    taken.parts.push_back(std::move(part));
  }
  if (taken.ended) PostEnd(taken);
}

void WorkerSide::EndGiving(const HandOverId& id) {
  const auto at = givings_.find(id);
  if (at == givings_.end() || at->second.ended) return;
  at->second.ended = true;
  for (size_t worker = 0; worker < at->second.parts.size(); ++worker) {
    Post(worker, baton::EndGiving{at->second.parts[worker].get()});
  }
}

void WorkerSide::EndTaking(const HandOverId& id, const ForwardedRecords& records, TimePoint stopped_at) {
  const auto at = takings_.find(id);
  if (at == takings_.end() || at->second.ended) return;
  at->second.ended = true;
  at->second.stopped_at = stopped_at;
  at->second.records = records;
  if (!at->second.parts.empty()) PostEnd(at->second);
}

void WorkerSide::PostEnd(Taken& taken) {
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    Taking& part = *taken.parts[worker];
    part.stopped_at = taken.stopped_at;
    if (const auto* packets = std::get_if<std::vector<ForwardedPacket>>(&taken.records)) {
      part.report = SortReport(*packets, taken.stopped_at);
    } else {
      SortMarks(std::get<std::vector<FlowMark>>(taken.records), part);
    }
    Post(worker, baton::EndTaking{&part});
  }
}

void WorkerSide::Leave(Lending& lending, const std::vector<IpAddress>& conditions) {
  for (const IpAddress& condition : conditions) lending.left.erase(condition);
}

// A condition is in one hand-over at most: what comes later takes it out of what was before. One that holds nothing any
// more is ended, so that what was lent comes back; or it does not begin.
void WorkerSide::TakeOut(ConditionGroup group, const std::vector<IpAddress>& conditions, bool follows) {
  const auto stays = [&](const HandOverId& id, const Lending& lending, bool has_begun) {
    return id.group != group || (lending.ended && (follows || has_begun));
  };
  std::vector<ToBegin> unwanted;
  for (auto& [id, taken] : takings_) {
    if (stays(id, taken, !taken.parts.empty())) continue;
    Leave(taken, conditions);
    if (!taken.left.empty() || taken.ended) continue;
    taken.ended = true;
    if (taken.parts.empty()) unwanted.push_back({id, false});
    for (size_t worker = 0; worker < taken.parts.size(); ++worker) {
      Post(worker, AbandonTaking{taken.parts[worker].get()});
    }
  }
  for (auto& [id, given] : givings_) {
    if (stays(id, given, !given.parts.empty())) continue;
    Leave(given, conditions);
    if (!given.left.empty() || given.ended) continue;
    given.wanted = false;
    if (given.parts.empty()) unwanted.push_back({id, true});
    else EndGiving(id);
  }
  for (const ToBegin& gone : unwanted) Forget(gone);
}

void WorkerSide::Forget(const ToBegin& gone) {
  std::erase_if(to_begin_, [&](const ToBegin& one) { return one.giving == gone.giving && one.id == gone.id; });
  if (gone.giving) {
    givings_.erase(gone.id);
  } else {
    takings_.erase(gone.id);
    callbacks_.OnTakingBegun(gone.id);  // whoever waits for it need not
  }
}

void WorkerSide::Measure() {
  if (!listings_.empty()) return;
  listings_done_ = 0;
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    listings_.push_back(std::make_unique<FlowBatch>());
    ++lent_;
    Post(worker, ListFlows{listings_.back().get(), 0});
  }
}

void WorkerSide::OnFlows(size_t worker, FlowBatch& batch) {
  for (int i = 0; i < batch.count; ++i) {
    const ConditionFlow& flow = batch.flows[static_cast<size_t>(i)];
    if (flow.packets == 0) continue;
    Passed& passed = measured_[flow.group][flow.address];
    passed.bytes += flow.bytes;
    passed.packets += flow.packets;
  }
  if (!batch.done) {
    Post(worker, ListFlows{&batch, batch.next});
    return;
  }
  --lent_;
  if (++listings_done_ == workers_.size()) EndMeasuring();
}

void WorkerSide::EndMeasuring() {
  listings_.clear();
  for (const auto& [group, flows] : std::exchange(measured_, {})) {
    std::vector<Measured> measured;
    measured.reserve(flows.size());
    for (const auto& [condition, passed] : flows) measured.push_back({condition, passed.bytes, passed.packets});
    callbacks_.OnMeasured(group, measured);
  }
}

bool WorkerSide::OnEvent(size_t worker, const baton::Event& event) {
  if (const auto* changed = std::get_if<ConditionsChanged>(&event)) {
    --lent_;
    conditions_refused_ += static_cast<uint64_t>(changed->batch->refused);
    batches_.erase(changed->batch);
  } else if (const auto* flows = std::get_if<FlowsListed>(&event)) {
    OnFlows(worker, *flows->batch);
  } else if (const auto* seen = std::get_if<EndSystemSeen>(&event)) {
    callbacks_.OnSeen(seen->group, seen->address);
  } else if (const auto* ended = std::get_if<GivingEnded>(&event)) {
    --lent_;
    conditions_refused_ += ended->giving->refused;
    const auto at = std::find_if(givings_.begin(), givings_.end(), [&](const auto& given) {
      return worker < given.second.parts.size() && given.second.parts[worker].get() == ended->giving;
    });
    if (at == givings_.end() || ++at->second.back < workers_.size()) return true;
    const auto [id, given] = std::pair(at->first, std::move(at->second));
    givings_.erase(at);
    --under_way_;
    BeginNext();
    std::vector<const Giving*> parts;
    for (const auto& part : given.parts) parts.push_back(part.get());
    if (given.wanted) callbacks_.OnGiven(id, Sum(parts));
  } else if (const auto* begun = std::get_if<TakingBegun>(&event)) {
    for (auto& [id, taken] : takings_) {
      if (taken.parts.empty() || taken.parts[worker].get() != begun->taking) continue;
      if (++taken.begun == workers_.size()) callbacks_.OnTakingBegun(id);
      break;
    }
  } else if (const auto* over = std::get_if<TakingEnded>(&event)) {
    --lent_;
    conditions_refused_ += over->taking->refused;
    const auto at = std::find_if(takings_.begin(), takings_.end(), [&](const auto& taken) {
      return worker < taken.second.parts.size() && taken.second.parts[worker].get() == over->taking;
    });
    if (at == takings_.end() || ++at->second.back < workers_.size()) return true;
    takings_.erase(at);
    --under_way_;
    BeginNext();
  } else {
    return false;
  }
  return true;
}

bool WorkerSide::Poll() {
  bool sent = false;
  for (size_t worker = 0; worker < workers_.size(); ++worker) sent |= Flush(worker);
  return sent;
}

size_t WorkerSide::waiting() const {
  size_t sum = 0;
  for (const auto& outbox : outboxes_) sum += outbox.size();
  return sum;
}

void WorkerSide::Post(size_t worker, const Update& update) {
  outboxes_[worker].push_back(update);
  Flush(worker);
}

void WorkerSide::PostToAll(const Update& update) {
  for (size_t worker = 0; worker < workers_.size(); ++worker) Post(worker, update);
}

bool WorkerSide::Flush(size_t worker) {
  std::deque<Update>& outbox = outboxes_[worker];
  const size_t before = outbox.size();
  while (!outbox.empty() && workers_[worker]->Post(outbox.front())) outbox.pop_front();
  return outbox.size() < before;
}

}  // namespace baton::controlplane::load_sharing
