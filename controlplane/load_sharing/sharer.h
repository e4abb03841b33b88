// The driver of one group: brings machine, codec, discovery and workers together. What is heard and seen comes in,
// frames go out through Callbacks, decisions about packets through WorkerSide. No socket, no clock; control thread
// only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <absl/types/span.h>

#include "common/route.h"
#include "controlplane/load_sharing/directions.h"
#include "controlplane/load_sharing/discovery.h"
#include "controlplane/load_sharing/flow_meter.h"
#include "controlplane/load_sharing/hmac.h"
#include "controlplane/load_sharing/inbox.h"
#include "controlplane/load_sharing/machine.h"
#include "controlplane/load_sharing/worker_side.h"
#include "controlplane/vrrp/frame.h"

namespace baton::controlplane::load_sharing {

struct SharerSettings {
  ConditionGroup group = 0;
  Config machine;
  Identity identity;
  std::vector<Key> keys = {};
  uint64_t start = 0;  // of the counters in messages: microseconds since 1970
  DiscoveryConfig discovery;
  PortId port = kNoPort;
  MacAddress port_mac;
  uint16_t vlan = 0;
  vrrp::ChecksumOver over = vrrp::ChecksumOver::kPseudoHeaderToo;
  Duration interval{};  // of advertisements; stands in responses
  HandOverTimes times;
  Duration average_over = std::chrono::seconds(10);
  // `directed` delivery: each router gets the frames of its own end systems only, and forwards whatever it gets. Empty:
  // `shared`. Otherwise the virtual router's addresses.
  std::vector<IpAddress> directed = {};
};

// For operators.
struct ListedCondition {
  IpAddress address, unit;       // who is in charge
  Here here = Here::kBlocks;
  uint64_t bits_per_second = 0;  // as far as it was measured here, or collected
  uint64_t packets = 0, bytes = 0;  // that this box forwarded of it since it was told of it
  Generation moved = 0;          // with which allocation
};
struct ListedEndSystem {
  Node node;
  std::optional<Duration> seen_ago;  // not there: it is only configured
  IpAddress unit;                    // in charge; unspecified for routers, and while nobody is known
};

class SharerCallbacks {
 public:
  virtual ~SharerCallbacks() = default;
  virtual void SendFrame(PortId port, absl::Span<const uint8_t> frame) = 0;
  // nullopt: not known yet, and asked for.
  virtual std::optional<MacAddress> MacOf(PortId port, const IpAddress& neighbor) = 0;
  virtual void OnSharingEvent(ConditionGroup group, const std::string& text) = 0;
};

class Sharer {
 public:
  static constexpr size_t kBusiest = 20;

  // `workers` and `callbacks` outlive this.
  Sharer(SharerSettings settings, WorkerSide& workers, SharerCallbacks& callbacks);

  // Machine::Adjust, and over what time flow is averaged; nothing else may differ.
  void Adjust(const SharerSettings& to, TimePoint now);
  void OnRole(Role role, uint8_t priority, TimePoint now);
  void OnAdvertSent(TimePoint now);
  void OnAdvertHeard(const IpAddress& from, TimePoint now);
  // Advertisements with the list of units: what this unit's says; and one that was heard, if it is believed. What it
  // tells comes into effect with OnAdvertHeard.
  std::vector<uint8_t> WriteUnitList(uint8_t priority, const vrrp::Ends& ends);
  std::optional<vrrp::Advert> ReadUnitList(const vrrp::Unwrapped& message);
  // A message of another type than 1; what is not believed is counted.
  void OnMessage(const vrrp::Unwrapped& message, TimePoint now);
  // Any frame that control hears at the port, for discovery.
  void OnFrame(absl::Span<const uint8_t> frame, TimePoint now);

  // Of WorkerSideCallbacks, for this group.
  void OnGiven(const HandOverId& id, const WhatWasForwarded& forwarded, TimePoint now);
  void OnTakingBegun(const HandOverId& id, TimePoint now);
  void OnSeen(const IpAddress& address, TimePoint now);
  // `overflows`: of the whole box, since its start.
  void OnMeasured(const std::vector<Measured>& measured, uint64_t overflows, TimePoint now);

  // By the operator; refused as Machine's are. Returns who collects.
  absl::StatusOr<IpAddress> Review(TimePoint now);
  // Returns how many are moved; no end systems: all.
  absl::StatusOr<size_t> Move(const std::vector<IpAddress>& end_systems, const IpAddress& to, TimePoint now);
  void Tick(TimePoint now);
  TimePoint NextDeadline() const;  // when to Tick

  // The router in charge of an end system that is alive; unspecified: none is known, or it is this one that is active.
  IpAddress InCharge(const IpAddress& end_system) const;
  bool directed() const { return !settings_.directed.empty(); }
  // In address order, the first of them.
  std::vector<ListedCondition> Conditions(size_t limit) const;
  std::vector<ListedEndSystem> EndSystems(size_t limit, TimePoint now) const;

  const Machine& machine() const { return machine_; }
  const IpAddress& own() const { return settings_.identity.own; }
  const Inbox& inbox() const { return inbox_; }
  const Discovery& discovery() const { return discovery_; }
  uint64_t unsent() const { return unsent_; }
  uint64_t sent() const { return sent_; }
  uint64_t handed_over() const { return handed_over_; }
  uint64_t incomplete_reports() const { return incomplete_reports_; }
  uint64_t put_off() const { return put_off_; }  // hand-overs that began later, as many others were under way
  uint64_t reviews_kept() const { return reviews_kept_; }
  uint64_t reviews_changed() const { return reviews_changed_; }
  Duration longest_hold() const { return longest_hold_; }  // of a hand-over: until its packets were released
  const std::vector<Flow>& busiest() const { return busiest_; }  // in this unit's charge, largest first

 private:
  void Tell(const Event& event, TimePoint now);
  void Perform(const Action& action, TimePoint now);
  void SendInTurn(const Send& send);
  void NotePutOff(uint64_t before, const IpAddress& other);
  void SendMessage(const Send& send);
  void CompareLists(const IpAddress& from, const UnitAdvert& advert);
  void Log(const EventLogged& event);
  void NoteHold(const HandOverId& id, TimePoint now);
  void TellEndSystems(TimePoint now);
  void Direct(TimePoint now);
  bool DirectOne(const IpAddress& end_system);
  void SetVerdict(bool pass);
  HandOverId IdOf(Generation generation, const IpAddress& other) const { return {settings_.group, generation, other}; }

  const SharerSettings settings_;
  WorkerSide& workers_;
  SharerCallbacks& callbacks_;
  Machine machine_;
  Seals seals_;
  Inbox inbox_;
  Discovery discovery_;
  bool discovering_ = false;   // the machine waits for the result
  TimePoint tell_seen_ = TimePoint::max();  // that there are new ones; by then
  std::set<HandOverId> begins_;      // not every worker queues packets of these yet
  std::vector<Send> confirmations_;  // that say that they do
  FlowMeter meter_;
  Directions directions_;
  Role role_ = Role::kStopped;
  std::vector<Measured> measured_;  // by the last reading
  uint8_t priority_ = 0;
  std::optional<UnitAdvert> told_;  // by the advertisement that was read last
  bool lists_differ_ = false;
  bool stranger_ = false;  // the active router is none of the group's
  uint64_t sent_ = 0, unsent_ = 0, handed_over_ = 0, incomplete_reports_ = 0, put_off_ = 0;
  uint64_t reviews_kept_ = 0, reviews_changed_ = 0;
  Duration longest_hold_{};
  std::map<HandOverId, TimePoint> holding_since_;
  std::vector<Flow> busiest_;
};

}  // namespace baton::controlplane::load_sharing
