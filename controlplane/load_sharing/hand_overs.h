// The hand-overs that one unit takes part in: what it gives away and what it takes, until the other side is done (VR-64
// to VR-85). A condition that is in one and gets into another waits: hand-overs of it run one after the other, so that
// nobody forwards what somebody before may still be forwarding. That holds for one that comes back, too: it is given
// away and reported before it is taken again. One thread, no I/O.
#pragma once

#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include "controlplane/load_sharing/machine_io.h"

namespace baton::controlplane::load_sharing {

class HandOvers {
 public:
  explicit HandOvers(const Config& config) : config_(config) {}

  // After all that an allocation changes was given and taken: who confirmed it before this unit knew it is heard now.
  void Recorded(Generation generation, HandOver mode, TimePoint now, std::vector<Action>& out);
  // From now on `conditions` are somebody else's, or this unit's. `delay`: of `timer`. `confirm_to_giver`: the giver
  // gets the confirmation straight away; otherwise it comes by way of the server (VR-113).
  void Give(Generation generation, const IpAddress& to, HandOver mode, std::vector<IpAddress> conditions, TimePoint now,
            std::vector<Action>& out);
  void Take(Generation generation, const IpAddress& from, HandOver mode, std::vector<IpAddress> conditions,
            Duration delay, bool confirm_to_giver, TimePoint now, std::vector<Action>& out);
  // What `from` was giving to `unit`, which is gone, passes here after report_wait: `from` is told twice to stop. {}:
  // who gives it is not known, and all are told.
  void Cover(Generation generation, const IpAddress& from, const IpAddress& unit, std::vector<IpAddress> conditions,
             TimePoint now, std::vector<Action>& out);
  bool IsCovered(const IpAddress& condition) const;  // and does not pass yet
  // The conditions leave the hand-over that they are in; the caller says whether they pass. True: this unit gives it
  // away and has not stopped. It leaves those, too, in which it waits for that one.
  bool Leave(const IpAddress& condition);
  bool IsUnderWay(const IpAddress& condition) const { return in_flight_.contains(condition); }
  Here HereOf(const IpAddress& condition) const;  // REQUIRES: a hand-over of it is under way
  bool IsPassing(const IpAddress& condition) const;  // as for Leave
  bool IsTakingFrom(const IpAddress& condition, const IpAddress& unit) const;
  bool EndsGiven(const IpAddress& condition) const;  // the last hand-over of it that is not over gives it away
  std::vector<IpAddress> LeaveAll();  // those that still pass here

  // `unit` has recorded the allocation; it may come before this unit has it, and more than once. `asks`: it says so
  // itself, and may wait for a report.
  void Confirmed(const IpAddress& unit, Generation generation, bool asks, TimePoint now, std::vector<Action>& out);
  // Every unit has confirmed that allocation, and those before it.
  void AllConfirmed(Generation generation, TimePoint now, std::vector<Action>& out);
  // What this unit gives to that one, and its workers may still forward.
  std::vector<IpAddress> GivenTo(const IpAddress& unit) const;
  // What this unit takes from that one, by that allocation or one before, passes: nobody will report.
  void KnowsNothing(const IpAddress& unit, Generation generation, TimePoint now, std::vector<Action>& out);
  void Stopped(Given given, TimePoint now, std::vector<Action>& out);
  // What this unit takes from `before` by the allocation is reported by `giver`, who is active in its place.
  void GiverIs(const IpAddress& giver, const IpAddress& before, Generation generation, TimePoint now,
               std::vector<Action>& out);
  void Reported(const IpAddress& from, const Report& report, TimePoint now, std::vector<Action>& out);
  void Elapse(TimePoint now, std::vector<Action>& out);
  TimePoint NextDeadline() const;
  size_t pending() const { return in_flight_.size(); }  // conditions that are changing hands here

 private:
  using Id = uint64_t;
  enum class Phase : uint8_t { kWaiting, kBegun, kStopping, kDone };
  struct Session {
    Id id = 0;
    bool giving = false;
    Generation generation = 0;
    IpAddress other;
    HandOver mode = HandOver::kTimer;
    std::vector<IpAddress> conditions = {};
    std::vector<Id> waits_for = {};
    Phase phase = Phase::kWaiting;
    // Giving.
    bool confirmed = false;
    Generation confirmed_as = 0;                  // the report names it
    TimePoint may_stop = TimePoint::min();        // `exact`: covered by then
    TimePoint stopped_at = {};
    std::variant<std::vector<FlowMark>, std::vector<ForwardedPacket>> records = {};
    std::vector<ForwardedPacket> earlier = {};    // of those before this unit, as of `earlier_at`
    TimePoint earlier_at = {};
    // Taking.
    IpAddress giver = {};                         // who reports: `other`, or who is active in its place
    bool confirm = true;
    IpAddress confirms_for = {};                  // not this unit, but one that it covers for
    Duration delay{};                             // `timer`: from when it has begun
    TimePoint begin_at = TimePoint::max();
    std::vector<bool> have = {};                  // fragments of the report
    // Both: asks again; done: forget it.
    TimePoint deadline = TimePoint::max();
  };

  Id Add(Session session, TimePoint now, std::vector<Action>& out);
  void Begin(Session& session, TimePoint now, std::vector<Action>& out);
  void Ask(Session& session, TimePoint now, std::vector<Action>& out);
  void StopIfDue(Session& session, TimePoint now, std::vector<Action>& out);
  void SendReport(const Session& session, TimePoint now, std::vector<Action>& out);
  void TakeNow(Session& session, std::vector<Action>& out);
  std::vector<IpAddress> StillIn(const Session& session) const;
  const Session* FindSession(Id id) const;
  const Session* FirstOf(const IpAddress& condition) const;  // the one that is under way; null: none
  const Session* LastOf(const IpAddress& condition) const;   // the one that the others are before
  // The conditions of `session` are free for the next hand-over of theirs.
  void Release(Session& session);
  void BeginNext(TimePoint now, std::vector<Action>& out);

  const Config& config_;
  std::vector<Session> sessions_ = {};  // oldest first
  Id next_id_ = 1;
  Generation recorded_ = 0;
  HandOver mode_ = HandOver::kTimer;  // of that
  absl::flat_hash_map<IpAddress, absl::InlinedVector<Id, 2>> in_flight_ = {};  // the sessions of a condition, in turn
  struct Heard {
    Generation newest = 0;
    bool asks = false;
  };
  absl::flat_hash_map<IpAddress, Heard> confirmed_ = {};  // by unit
};

}  // namespace baton::controlplane::load_sharing
