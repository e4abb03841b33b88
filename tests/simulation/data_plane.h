// What a router's one worker does with packets of end systems: batond's own classes, from what the control thread asks
// for (WorkerSide) to notes, held packets and matching (HandOvers), between them a worker that only looks up
// conditions. A packet is a TCP segment of one octet, its sequence number the packet's; forwarded is told as that
// number.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "controlplane/load_sharing/machine_io.h"
#include "controlplane/load_sharing/worker_side.h"
#include "dataplane/hand_over/hand_overs.h"

namespace baton::simulation {

namespace ls = controlplane::load_sharing;

using PacketId = uint32_t;

struct DataPlaneSettings {
  size_t conditions = 64;  // at most
  ls::HandOverTimes times = {};
  // `guessed`: the old router's report does not name its flow (VR-84).
  std::function<void(PacketId packet, bool guessed)> forwarded = {};
  std::function<void(const ls::Given&)> given = {};
};

class DataPlane : private WorkerLink, private ls::WorkerSideCallbacks {
 public:
  explicit DataPlane(DataPlaneSettings settings);

  void Arrive(PacketId packet, const IpAddress& condition, TimePoint now);
  // All but what is for others than workers.
  void Apply(const ls::Action& action, TimePoint now);
  // Packets of a hand-over that has been asked for do not wait yet: an earlier one of the same condition ends first.
  bool is_beginning() const { return beginning_ > 0; }
  void Poll(TimePoint now);
  bool needs_polls() const { return hand_overs_.active() || !updates_.empty(); }

  bool Passes(const IpAddress& condition) const;
  bool is_holding() const { return !held_.empty(); }
  bool holds_too_long(TimePoint now) const;
  // Of the conditions that had packets since the last call.
  std::vector<ls::Flow> TakeFlows();

 private:
  struct Held {
    TimePoint at{};
    IpAddress condition;
    std::unique_ptr<std::array<uint8_t, 64>> frame = {};
  };

  bool Post(const Update& update) override;
  bool Take(Event*) override { return false; }
  const WorkerCounters& counters() const override { return counters_; }
  bool NeighborUsed(PortId, const IpAddress&, int) const override { return false; }
  size_t ring_capacity() const override { return updates_.size(); }
  size_t updates_waiting() const override { return updates_.size(); }
  size_t events_waiting() const override { return 0; }

  void OnGiven(const ls::HandOverId& id, const ls::WhatWasForwarded& forwarded) override;
  void OnTakingBegun(const ls::HandOverId&) override { --beginning_; }
  void OnSeen(ConditionGroup, const IpAddress&) override {}
  void OnMeasured(ConditionGroup, const std::vector<ls::Measured>&) override {}

  void Do(const Update& update, TimePoint now);
  void Change(ConditionBatch& batch);

  DataPlaneSettings settings_;
  WorkerCounters counters_{0};
  dataplane::ConditionTable table_;
  dataplane::HandOvers hand_overs_;
  ls::WorkerSide side_;
  std::deque<Update> updates_ = {};
  std::map<PacketId, Held> held_ = {};
  bool default_pass_ = false;
  size_t beginning_ = 0;  // takings
  std::map<IpAddress, uint64_t> measured_ = {};  // packets, at the last call
  absl::flat_hash_set<IpAddress> guessed_ = {};  // of their last hand-over
};

}  // namespace baton::simulation
