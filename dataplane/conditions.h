// The stage that shares load: of the packets to a virtual router's MAC address, each router of the group passes those
// of the end systems that it is in charge of, and drops the others (VR-35, VR-37, VR-38, VR-39). A packet to a port's
// own MAC address is not subject to conditions (in `directed` delivery it is counted by them), nor is what the box
// itself takes: ARP, neighbour discovery and VRRP have left by then, and what is to an address of the virtual router is
// answered by the active router only. One worker's.
#pragma once

#include <array>
#include <cstdint>

#include "common/counters.h"
#include "common/update.h"
#include "dataplane/condition_table.h"
#include "dataplane/hand_over/hand_overs.h"
#include "dataplane/packet.h"
#include "dataplane/tables.h"
#include "dataplane/token_bucket.h"

namespace baton::dataplane {

class Conditions {
 public:
  // `hand_over_packets`: that wait, over all hand-overs.
  Conditions(uint32_t capacity, uint32_t hand_over_packets, const HashSeed& seed, WorkerCounters& counters);

  // False: no virtual router shares load, and Judge has nothing to do.
  bool in_use() const { return in_use_; }
  // False: there is nothing to do in a poll, and nothing waits here. One flag, so that a box that shares no load reads
  // no more than that.
  bool awake() const { return awake_; }
  void RestIfIdle() { awake_ = in_use_ || hand_overs_.active() || hand_overs_.waiting() > 0; }

  // Decides about the packets to virtual routers. Reads key and the frame's MAC address. Writes fate, and the counters
  // of the conditions: a packet counts as routed here, also if it is dropped later for another reason.
  void Judge(const Tables& tables, Burst& burst, TimePoint now);
  // What Judge would make of the packet; counts nothing.
  void Peek(const Tables& tables, Packet& packet, TimePoint now) const;

  void Share(const ShareLoad& update);
  void Change(ConditionBatch& batch);
  // From bucket `from` on; a bounded number of them.
  void List(uint32_t from, FlowBatch& batch) const;

  // End systems seen since the last call that meet no condition. False: no more.
  bool TakeSeen(EndSystemSeen* seen);

  HandOvers& hand_overs() {
    awake_ = true;
    return hand_overs_;
  }
  bool marking() const { return hand_overs_.marking(); }
  uint32_t waiting() const { return awake_ ? hand_overs_.waiting() : 0; }

 private:
  static constexpr uint32_t kSeenPerSecond = 1000;
  static constexpr size_t kRemembered = 1024;

  struct Group {
    bool shares = false;
    Verdict verdict = Verdict::kPass;
  };
  void Unusual(const Tables& tables, ConditionGroup group, ConditionTable::Entry entry, Packet& packet, TimePoint now);
  bool Passes(ConditionGroup group, ConditionTable::Entry entry) const;
  bool ForTheBox(const Tables& tables, ConditionGroup group, const Packet& packet) const;
  void NoteSeen(ConditionGroup group, const Packet& packet, TimePoint now);

  bool in_use_ = false, awake_ = false;
  ConditionTable table_;
  HandOvers hand_overs_;
  WorkerCounters& counters_;
  std::array<Group, 256> groups_{};  // by ConditionGroup
  TokenBucket seen_rate_{kSeenPerSecond};
  // Whom control was told of, and when: by hash, each place the last one only.
  struct Told {
    uint32_t source = 0;  // hash
    Millis at = 0;
  };
  std::array<Told, kRemembered> told_{};
  std::array<EndSystemSeen, kBurst> seen_;
  uint32_t seen_count_ = 0;
};

}  // namespace baton::dataplane
