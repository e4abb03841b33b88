// Load sharing of one unit in one group: of a router, active or backup, or of the substitution server. It is told what
// is heard and measured and that time passes, and says what to send and what to do with packets (rules: README.md).
// Deterministic, no I/O; one thread. Who is active is not decided here (VR-17).
//
// machine.cc the dispatch and the roles; recording.cc allocations that come in; making.cc those that are made and who
// is at fault; repeating.cc who misses them; reviewing.cc the measured flow; asking.cc what an operator wants.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "common/status.h"
#include "controlplane/load_sharing/hand_overs.h"
#include "controlplane/load_sharing/machine_io.h"
#include "controlplane/load_sharing/membership.h"
#include "controlplane/load_sharing/tables.h"

namespace baton::controlplane::load_sharing {

class Machine {
 public:
  explicit Machine(const Config& config);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Times may not go back. What is to be done is appended to `out`, in order.
  void On(const Event& event, TimePoint now, std::vector<Action>& out);
  // From now on: the limits, thresholds and times that a review goes by, and start delays. What is under way goes on.
  void Adjust(const Config& to, TimePoint now);
  // When to say DeadlinePassed; max(): not before something else happens.
  TimePoint NextDeadline() const;

  // Whether ReviewAsked would do something, and the unit that would collect. FailedPrecondition: it does not run.
  // Unavailable: not now.
  absl::StatusOr<IpAddress> ReviewBy() const;
  // What MoveAsked would move now. NotFound: unknown unit or end system. FailedPrecondition: the unit is at fault, has
  // them already, or somebody else allocates. Unavailable: not now.
  absl::StatusOr<std::vector<IpAddress>> ToMove(const std::vector<IpAddress>& end_systems, const IpAddress& to,
                                                TimePoint now) const;

  // For views, metrics and tests.
  Role role() const { return role_; }
  Generation generation() const { return generation_; }
  const Tables& tables() const { return tables_; }
  HandOver hand_over() const { return mode_; }
  bool makes_allocations() const { return IsMaker(); }
  UnitIndex OwnerOf(const IpAddress& condition) const;  // by table C, or else the active router
  Here HereOf(const IpAddress& condition) const;
  const char* UnderWay() const;  // what is, in a word; null: nothing
  Membership::Life LifeOf(const IpAddress& unit) const { return membership_.LifeOf(unit); }

 private:
  using Out = std::vector<Action>;
  struct Incoming {  // an allocation that is not complete
    Generation generation = 0, base = 0;
    IpAddress from;
    HandOver mode = HandOver::kTimer;
    std::vector<std::optional<std::vector<Charge>>> fragments;
    size_t missing = 0;
    TimePoint ask_at{};
    int asked = 0;
  };
  struct Outgoing {  // an allocation as it is sent
    Generation generation = 0, base = 0;
    HandOver mode = HandOver::kTimer;
    std::vector<Charge> charges;
  };
  struct Pending {  // one that not everybody has confirmed
    std::shared_ptr<const Outgoing> what;
    std::vector<bool> waits_for;  // by unit
    std::vector<int> tries;
    TimePoint retry_at{};
  };
  struct Collection {  // of measured flow
    uint32_t review = 0;
    std::vector<bool> waits_for;
    std::vector<std::vector<bool>> have;  // fragments, by unit
    TimePoint deadline{};
    int tries = 1;
  };
  struct SentAgain {
    Generation generation = 0;
    int times = 0;
  };
  struct Paced {  // fragments to send, a few per turn
    IpAddress to;
    std::shared_ptr<const Outgoing> what;
    uint32_t next = 0, end = 0;
  };

  // machine.cc
  void BecomeActive(TimePoint now, Out& out);
  void BecomeBackup(TimePoint now, Out& out);
  void StopAll(Out& out);
  std::vector<IpAddress> LeaveAll();
  void HearAdvert(const AdvertHeard& event, TimePoint now, Out& out);
  void HeardByServer(UnitIndex unit, TimePoint now);
  void NoteTold(const UnitAdvert& told);
  void HearMessage(const MessageHeard& event, TimePoint now, Out& out);
  void HearResponse(const IpAddress& from, const Response& response, TimePoint now, Out& out);
  void HearConfirmation(const IpAddress& from, const Confirmation& confirmation, TimePoint now, Out& out);
  void Elapse(TimePoint now, Out& out);
  void EndLearning(TimePoint now, Out& out);
  void SendPaced(TimePoint now, Out& out);
  void Queue(const IpAddress& to, std::shared_ptr<const Outgoing> what, uint32_t from, uint32_t end, TimePoint now,
             Out& out);
  bool IsMaker() const;  // discovers, allocates and decides
  bool HasServer() const;
  IpAddress Maker() const;  // who does it, as far as is known
  bool IsMe(UnitIndex unit) const { return unit == own_; }
  void ForgetWork();
  void Log(EventLogged::Kind kind, const IpAddress& unit, uint64_t number, Out& out) const;

  // asking.cc
  absl::Status IsRunning() const;
  absl::StatusOr<std::vector<IpAddress>> TheseToMove(std::vector<IpAddress> end_systems, UnitIndex to) const;
  absl::StatusOr<std::vector<IpAddress>> AllToMove(UnitIndex to) const;
  void MoveNow(const MoveAsked& event, TimePoint now, Out& out);

  // recording.cc
  void HearAllocation(const IpAddress& from, const Allocation& allocation, TimePoint now, Out& out);
  bool Believes(const IpAddress& from) const;
  void Confirm(const IpAddress& to, Confirmation::Status status, Generation generation, Out& out) const;
  void AskForMissing(TimePoint now, Out& out);
  void AskForAll(const IpAddress& maker, Generation generation, Out& out) const;
  void Record(const std::vector<Charge>& charges, Generation generation, bool whole, HandOver mode,
              const IpAddress& maker, TimePoint now, Out& out);
  std::vector<IpAddress> Unnamed(const std::vector<Charge>& charges, bool whole) const;
  struct Changes;
  void RecordOne(const Charge& charge, Generation generation, bool whole, Changes& changes);

  // making.cc
  bool MovedOfLate(const ConditionRow& row) const;
  void TakeOver(UnitIndex gone, std::vector<Charge>& charges) const;
  void HandleFault(UnitIndex unit, TimePoint now, Out& out);
  void TellOfFault(Duration wait, TimePoint now, Out& out);
  void ElapseFaults(TimePoint now, Out& out);
  void NoteProgress(UnitIndex unit, const Response& response, TimePoint now, Out& out);
  void Make(std::vector<Charge> charges, bool whole, TimePoint now, Out& out);
  bool MovesMeasured(const std::vector<Charge>& charges) const;
  void MakeWhole(TimePoint now, Out& out);
  void Allocate(TimePoint now, Out& out);
  void AllocateIfWanted(TimePoint now, Out& out);
  void LearnEndSystems(const EndSystemsKnown& event, TimePoint now, Out& out);
  void StartDiscovery(TimePoint now, Out& out);
  std::vector<bool> Eligible() const;
  bool MustConfirm(UnitIndex unit) const;
  bool CanAllocate() const;
  bool HasBegunWith(const ConditionRow& row) const;
  bool MayBeGiven(const IpAddress& condition, const ConditionRow& row) const;
  void Cover(UnitIndex unit, TimePoint now, Out& out);
  void Uncover(UnitIndex unit, Out& out);
  void TellTakers(UnitIndex gone, Out& out) const;
  void AnnounceTakeOver(TimePoint now, Out& out);
  Generation NextGeneration() const;
  void AddUnconfirmed(std::vector<Charge>& charges) const;
  void AddUnnamed(std::vector<Charge>& charges);
  void HandleRestart(UnitIndex unit, TimePoint now, Out& out);

  // repeating.cc
  uint32_t FragmentsOf(const Outgoing& what) const;
  void Keep(std::shared_ptr<const Outgoing> made);
  std::shared_ptr<const Outgoing> Kept(Generation generation) const;  // null: it is not
  std::shared_ptr<const Outgoing> FirstMissedBy(UnitIndex unit) const;
  std::shared_ptr<const Outgoing> Whole();
  // To a unit that misses the last allocations, the first of those, as it was made; otherwise all of it.
  void SendMissed(UnitIndex unit, TimePoint now, Out& out);
  void Retry(TimePoint now, Out& out);
  void Confirmed(UnitIndex unit, const Confirmation& confirmation, TimePoint now, Out& out);
  void TellGivers(UnitIndex unit, Out& out) const;
  void TellGiver(UnitIndex unit, Out& out);
  void LacksBase(UnitIndex unit, Generation refused, TimePoint now, Out& out);
  void AskWhoLags(TimePoint now, Out& out);

  // reviewing.cc
  void Measured(const FlowsMeasured& event, TimePoint now, Out& out);
  void WantReview(bool by_operator, TimePoint now, Out& out);
  void HearReviewRequest(TimePoint now, Out& out);
  void StartCollection(TimePoint now, Out& out);
  void AnswerFlowRequest(const IpAddress& from, const FlowRequest& request, Out& out) const;
  void HearFlows(UnitIndex unit, const FlowResponse& response, TimePoint now, Out& out);
  void ElapseReview(TimePoint now, Out& out);
  void Decide(TimePoint now, Out& out);
  std::vector<IpAddress> SortedConditions() const;
  std::vector<Share> SharesOf(const std::vector<IpAddress>& conditions) const;

  Config config_;
  Tables tables_;
  HandOvers hand_overs_;
  Membership membership_;
  UnitIndex own_;
  Role role_ = Role::kStopped;
  UnitIndex active_ = kNobody;
  bool server_alive_ = false;
  Generation generation_ = 0, newest_seen_ = 0;
  Generation last_given_;  // by this unit, in whatever role: no number is given twice
  HandOver mode_;
  IpAddress maker_ = {};  // of the last allocation
  Generation whole_by_server_ = 0;  // the last that was recorded whole, and that the server sent
  Duration overflow_unit_{};

  std::optional<Incoming> incoming_;
  std::optional<Pending> pending_;
  std::optional<Collection> collection_;
  std::shared_ptr<const Outgoing> made_;   // the last one by this unit, or by the server that told it
  std::deque<std::shared_ptr<const Outgoing>> made_before_;  // each the base of the next, the last that of `made_`
  int asked_active_ = 0;
  std::shared_ptr<const Outgoing> whole_;  // of whole_->generation
  std::vector<int> behind_;                // responses in a row that show an older allocation, by unit
  std::vector<TimePoint> behind_since_;
  std::vector<Charge> taken_over_;         // of its predecessor, and the others have not been told yet
  std::vector<bool> covers_;               // forwards for it what is that unit's, by unit
  std::vector<bool> may_give_;             // to this one, which has begun since it was at fault, by unit
  std::vector<Generation> recorded_;       // the last that a unit is known to have, by unit
  std::vector<Generation> whole_sent_;     // the last that it was sent whole, by unit
  std::vector<SentAgain> sent_again_;      // the last that it was sent as it was made
  std::vector<TimePoint> whole_sent_at_;
  std::deque<Paced> paced_;
  TimePoint next_turn_{};
  uint32_t reviews_ = 0;
  bool discovering_ = false;  // an allocation follows
  bool wants_allocation_ = false;
  bool overflowed_ = false;    // the allocation is wanted because of that
  std::vector<IpAddress> measured_;  // conditions in charge that have a rate
  bool first_heard_ = false;  // server: an advertisement
  TimePoint discovery_ends_ = TimePoint::max();
  TimePoint settled_at_ = TimePoint::min();  // of the last allocation
  TimePoint hold_off_until_ = TimePoint::min();
  TimePoint next_review_ = TimePoint::max();
  TimePoint measured_at_ = TimePoint::min();  // not looked at before: what is measured is of before the last move
  TimePoint asked_for_ = TimePoint::max();    // a review, by another unit, that has to wait for that
  TimePoint learn_until_ = TimePoint::max();
  TimePoint tell_of_fault_ = TimePoint::max();  // the server again
  Duration fault_wait_{};                       // for how long that was put off
};

}  // namespace baton::controlplane::load_sharing
