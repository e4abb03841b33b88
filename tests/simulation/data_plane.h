// What a router's workers do with packets of end systems, as a model: each condition passes, is blocked, is given away
// or is taken. Packets are numbers; a packet forwarded is a number told. Small: the machines are what is tested.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "controlplane/load_sharing/machine_io.h"
#include "controlplane/vrrp/machine.h"

namespace baton::simulation {

namespace ls = controlplane::load_sharing;
namespace vr = controlplane::vrrp;

using PacketId = uint32_t;

class DataPlane {
 public:
  // What is forwarded is told to `forwarded`. `cover`: as the machine is configured.
  DataPlane(Duration cover, Duration hold_limit, std::function<void(PacketId)> forwarded)
      : cover_(cover), hold_limit_(hold_limit), forwarded_(std::move(forwarded)) {}

  void Arrive(PacketId packet, const IpAddress& condition, TimePoint now);
  // The answer to EndGiving, otherwise nothing.
  bool Apply(const ls::Action& action, TimePoint now, ls::Given* given);
  void Expire(TimePoint now);

  bool Passes(const IpAddress& condition) const;
  bool passes_by_default() const { return default_pass_; }
  bool is_holding() const { return !waiting_.empty(); }
  bool holds_too_long(TimePoint now) const;
  size_t dropped_waiting() const { return dropped_waiting_; }
  // Of the conditions that had packets since the last call.
  std::vector<ls::Flow> TakeFlows();

 private:
  enum class State : uint8_t { kBlock, kPass, kGiving, kTaking };
  using Key = std::pair<ls::Generation, IpAddress>;  // of a hand-over: which allocation, the other router
  struct Condition {
    State state = State::kBlock;
    Key hand_over{};
    PacketId last = 0;  // forwarded
    bool noted = false;
    PacketId not_before = 0;           // `sequence`, after the report: what is up to it was forwarded
    std::set<PacketId> excluded = {};  // `exact`, likewise: these were
    uint64_t packets = 0;
  };
  struct Noted {
    PacketId packet;
    TimePoint at;
  };
  struct Waiting {
    PacketId packet;
    IpAddress condition;
    TimePoint at;
  };
  void Forward(PacketId packet, Condition& condition, TimePoint now);
  void Drop(const Key& key, const IpAddress& condition);

  Duration cover_, hold_limit_;
  std::function<void(PacketId)> forwarded_;
  bool default_pass_ = false;
  absl::flat_hash_map<IpAddress, Condition> conditions_ = {};
  struct Given {
    Key key;
    ls::HandOver mode = ls::HandOver::kTimer;
    std::vector<IpAddress> conditions = {};
    std::deque<Noted> noted = {};
  };
  std::vector<Given> giving_ = {};
  std::deque<Waiting> waiting_ = {};  // oldest first
  size_t dropped_waiting_ = 0;
};

}  // namespace baton::simulation
