// How the workers carry out what machines decide: conditions that pass or not, hand-overs, and what was measured. Keeps
// what a full ring did not take, lends what workers fill, and puts together what all of them report. Workers carry out
// so many hand-overs at a time; more begin when others have ended, in the order in which they were asked for. Until
// then a giver forwards and a taker has not confirmed, so that nothing is lost by it. For all groups of a box; control
// thread only. The workers have stopped before it dies.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <variant>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "common/condition.h"
#include "common/hand_over_work.h"
#include "common/time_point.h"
#include "common/update.h"
#include "common/worker_link.h"

namespace baton::controlplane::load_sharing {

// One hand-over of one group: the allocation that it follows from, and the other router.
struct HandOverId {
  ConditionGroup group = 0;
  uint32_t generation = 0;
  IpAddress other;
  friend auto operator<=>(const HandOverId&, const HandOverId&) = default;
};

struct HandOverTimes {
  Duration cover{}, skew{}, limit{};
  DigestKey key = {};
  size_t notes = 4096, flows = 4096;  // of packets or TCP flows that are forwarded meanwhile, by worker; a power of two
};

using ForwardedRecords = std::variant<std::vector<FlowMark>, std::vector<ForwardedPacket>>;  // as a Report has them
struct WhatWasForwarded {
  TimePoint stopped_at{};
  ForwardedRecords records = {};
  bool complete = true;  // false: it was more than there was room for
};

// What was forwarded of a condition, by all workers, since it became one.
struct Measured {
  IpAddress condition;
  uint64_t bytes = 0, packets = 0;
};

class WorkerSideCallbacks {
 public:
  virtual ~WorkerSideCallbacks() = default;
  virtual void OnGiven(const HandOverId& id, const WhatWasForwarded& forwarded) = 0;
  virtual void OnTakingBegun(const HandOverId& id) = 0;  // at all workers, or it is not wanted any more
  virtual void OnSeen(ConditionGroup group, const IpAddress& address) = 0;
  virtual void OnMeasured(ConditionGroup group, const std::vector<Measured>& measured) = 0;
};

class WorkerSide {
 public:
  static constexpr size_t kAtATime = 64;  // hand-overs; as dataplane::HandOvers has it

  // `workers` and `callbacks` outlive this.
  WorkerSide(std::vector<WorkerLink*> workers, WorkerSideCallbacks& callbacks);

  void Share(ConditionGroup group, bool shares, Verdict verdict);
  void Change(ConditionGroup group, ConditionWish wish, const std::vector<IpAddress>& conditions);
  void BeginGiving(const HandOverId& id, HandOverKind kind, const std::vector<IpAddress>& conditions,
                   const HandOverTimes& times);
  void EndGiving(const HandOverId& id);
  void BeginTaking(const HandOverId& id, HandOverKind kind, const std::vector<IpAddress>& conditions,
                   const HandOverTimes& times);
  // `stopped_at`: when the old router stopped, by our clock.
  void EndTaking(const HandOverId& id, const ForwardedRecords& records, TimePoint stopped_at);
  // Asks the workers what they forwarded; OnMeasured answers for every group. Without effect while one is under way.
  void Measure();

  // Tries again what found a ring full. True when something went out.
  bool Poll();
  // True: the event was for load sharing.
  bool OnEvent(size_t worker, const baton::Event& event);

  size_t waiting() const;  // updates that found a ring full
  size_t lent() const { return lent_; }
  uint64_t conditions_refused() const { return conditions_refused_; }  // a worker's table was full
  uint64_t put_off() const { return put_off_; }  // hand-overs that found kAtATime others under way
  size_t to_begin() const { return to_begin_.size(); }  // of these, those that still wait

 private:
  struct Lending {
    HandOverKind kind = HandOverKind::kExact;
    HandOverTimes times = {};
    std::vector<IpAddress> conditions = {};
    absl::flat_hash_set<IpAddress> left = {};  // conditions that no later change took out
    size_t back = 0;                           // of the parts
    bool ended = false;
  };
  struct Given : Lending {
    std::vector<std::unique_ptr<Giving>> parts = {};  // by worker; none: it has not begun
    bool wanted = true;
  };
  struct Taken : Lending {
    std::vector<std::unique_ptr<Taking>> parts = {};
    size_t begun = 0;
    TimePoint stopped_at{};
    ForwardedRecords records = {};
  };
  struct ToBegin {
    HandOverId id;
    bool giving = false;
  };

  void BeginOrPutOff(const HandOverId& id, bool giving);
  void BeginNext();
  void Forget(const ToBegin& gone);
  void Lend(Given& given, const HandOverId& id);
  void Lend(Taken& taken, const HandOverId& id);
  void PostEnd(Taken& taken);
  static void Leave(Lending& lending, const std::vector<IpAddress>& conditions);
  void Post(size_t worker, const Update& update);
  void PostToAll(const Update& update);
  bool Flush(size_t worker);
  // `follows`: a hand-over of them does, and waits for those that have been told to end.
  void TakeOut(ConditionGroup group, const std::vector<IpAddress>& conditions, bool follows);
  void OnFlows(size_t worker, FlowBatch& batch);
  void EndMeasuring();

  std::vector<WorkerLink*> workers_;
  WorkerSideCallbacks& callbacks_;
  std::vector<std::deque<Update>> outboxes_;
  std::map<const ConditionBatch*, std::unique_ptr<ConditionBatch>> batches_;
  std::map<HandOverId, Given> givings_;
  std::map<HandOverId, Taken> takings_;
  size_t under_way_ = 0;  // of both, at the workers
  std::deque<ToBegin> to_begin_;
  uint64_t put_off_ = 0;
  std::vector<std::unique_ptr<FlowBatch>> listings_;  // by worker; while measuring
  size_t listings_done_ = 0;
  struct Passed {
    uint64_t bytes = 0, packets = 0;
  };
  std::map<ConditionGroup, absl::flat_hash_map<IpAddress, Passed>> measured_;
  size_t lent_ = 0;
  uint64_t conditions_refused_ = 0;
};

}  // namespace baton::controlplane::load_sharing
