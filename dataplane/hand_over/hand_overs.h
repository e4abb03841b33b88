// The hand-overs that a worker takes part in: it marks their conditions in the table, notes what is forwarded or holds
// what arrives, and lets go what the old router in charge has not forwarded. A condition that is set anew meanwhile
// leaves its hand-over, and what waits for it is dropped; one whose hand-over has been told to end goes through that
// before it enters the next, which for its part begins later. Bounded work per call; one worker's.
//
// A packet is forwarded in the poll in which it came: there is no buffer of packets between two polls that an old
// router could look through for what it has not forwarded. So `exact` notes what went, and `sequence` waits for what
// comes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/drop_reason.h"
#include "common/hand_over_work.h"
#include "common/update.h"
#include "dataplane/condition_table.h"
#include "dataplane/hand_over/exact_match.h"
#include "dataplane/hand_over/sequence_match.h"
#include "dataplane/hand_over/shadow_history.h"
#include "dataplane/packet.h"

namespace baton::dataplane {

class HandOvers {
 public:
  static constexpr size_t kAtATime = 64;

  // `packets`: that wait, over all hand-overs. REQUIRES: `table` outlives this.
  HandOvers(uint32_t packets, ConditionTable& table);

  // One that finds kAtATime others under way comes back at once, with all of its conditions refused.
  void Begin(Giving& giving, TimePoint now);
  void End(Giving& giving, TimePoint now);
  void Begin(Taking& taking, TimePoint now);
  void End(Taking& taking);
  // The report will not come: what waits is dropped, and the conditions still in it are blocked. After End: nothing.
  void Abandon(Taking& taking);

  bool active() const { return under_way_ > 0 || finished_count_ > 0; }
  // Conditions are still entering one: whoever would set any of them has to wait, or it would be undone.
  bool marking() const { return marking_ > 0; }

  // Packets that are judged from now on have come at this time or later.
  void SetSince(TimePoint since) { since_ = since; }
  // What becomes of a packet whose condition is in a hand-over: it passes, is dropped or waits (kKept).
  void Judge(ConditionTable::Entry entry, Packet& packet, TimePoint now);

  // What Judge would find of a packet whose condition has been taken over; changes nothing.
  bool LooksForwarded(ConditionTable::Entry entry, const Packet& packet, TimePoint now) const;

  // Once a poll, after TakeReleased. What came before `drained` has been judged.
  void Advance(TimePoint now, TimePoint drained);
  // The next packet that waits no longer, and why it is dropped; kNone: it goes on.
  bool TakeReleased(TimePoint now, WaitingPacket* packet, DropReason* drop);
  // GivingEnded, TakingBegun or TakingEnded.
  bool TakeFinished(Event* event);

  // Any that waits; for the end of the program.
  bool TakeAny(WaitingPacket* packet);
  uint32_t waiting() const { return history_.packets() + pushed_out_count_; }

 private:
  enum class Phase : uint8_t {
    kFree,
    kMarking,    // its conditions enter it, some each poll
    kRunning,
    kStopping,   // giving: they are blocked, some each poll
    kLooking,    // giving, `sequence`: they are blocked; which is the first packet of each flow?
    kReleasing,  // taking: what waits goes on; then the conditions pass
    kSettled,    // taking: late copies are looked for
    kLeaving,    // the conditions are like any other from now on
    kDropping,   // taking: abandoned
  };
  struct Work {
    Phase phase = Phase::kFree;
    Giving* giving = nullptr;  // one of the two
    Taking* taking = nullptr;
    size_t next = 0;           // of its conditions, in the phases that go through them
    bool end = false;          // End was called
    TimePoint begun{}, end_asked{};
    ExactMatch match;
    SequenceMatch sequence;
  };

  Work* NewWork(TimePoint now);
  Work* WorkOf(const Giving& giving);
  Work* WorkOf(const Taking& taking);
  size_t IndexOf(const Work& work) const { return static_cast<size_t>(&work - works_.data()); }

  void AdvanceGiving(Work& work, TimePoint now, int* budget);
  void AdvanceTaking(Work& work, TimePoint now, TimePoint drained, int* budget);
  // Whether the condition will leave the work that it is in by itself, and has to.
  bool IsEnding(ConditionTable::Entry entry) const;
  // Some conditions of the work enter it with `state`; true when all have.
  bool Enter(Work& work, ConditionState state, int* budget);
  // Some of those that are still in it change from one state to another; true when all have.
  bool Change(Work& work, ConditionState from, ConditionState to, int* budget);
  bool In(const Work& work, ConditionTable::Entry entry) const;
  void Finish(Work& work, const Event& event);

  void BeginReleasing(Work& work);
  void NoteForwarded(Giving& giving, const Packet& packet, TimePoint now) const;
  void NoteLeft(Giving& giving, const Packet& packet, TimePoint now) const;
  bool WasForwarded(Work& work, const Packet& packet, TimePoint now);
  void HoldBack(size_t work, Packet& packet, TimePoint now);
  bool Known(Work& work, const HeldPacket& held);
  DropReason Settle(Work& work, const HeldPacket& held);

  ConditionTable& table_;
  std::vector<uint8_t> work_of_;  // by place of the record: which of works_ it is in, if its state says so
  std::array<Work, kAtATime> works_;
  size_t under_way_ = 0, marking_ = 0;
  size_t cursor_ = 0;
  TimePoint since_{};
  ShadowHistory history_;
  // Oldest ones that gave way to newer ones, of the bursts of one poll.
  std::array<WaitingPacket, kBurst * kMaxPorts> pushed_out_;
  uint32_t pushed_out_count_ = 0;
  std::array<Event, 3 * kAtATime> finished_;  // a work begins, ends and may be refused
  size_t finished_count_ = 0;
};

}  // namespace baton::dataplane
