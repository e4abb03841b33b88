// The substitution server (spec section 4.11, docs/vrrp-load-sharing.md): finds the end systems, allocates them and
// reviews the load in place of the active routers, and forwards nothing. A load-sharing driver for each virtual router,
// and a neighbour table for the routers' MAC addresses. No socket, no clock: frames and time come in. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/types/span.h>

#include "common/route.h"
#include "controlplane/controller/config.h"
#include "controlplane/load_sharing/sharer.h"
#include "controlplane/neighbor/neighbors.h"
#include "controlplane/vrrp/routers.h"

namespace baton::controlplane {

class ControllerCallbacks {
 public:
  virtual ~ControllerCallbacks() = default;
  virtual void SendFrame(absl::Span<const uint8_t> frame) = 0;  // may be lost
  virtual void OnEvent(const std::string& text) = 0;            // for operators
};

class Controller : neighbor::Callbacks, load_sharing::SharerCallbacks, load_sharing::WorkerSideCallbacks {
 public:
  // `port`: the interface. `start_us`: microseconds since 1970. `callbacks` outlives this.
  Controller(const ControllerConfig& config, const PortInfo& port, uint64_t start_us, ControllerCallbacks& callbacks);
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Asks for the routers' MAC addresses and begins to listen.
  void Start(TimePoint now);
  // Any frame that came in at the interface.
  void OnFrame(absl::Span<const uint8_t> frame, TimePoint now);
  void Tick(TimePoint now);
  TimePoint NextDeadline() const;

  // What it knows and has counted, in lines.
  std::vector<std::string> State() const;
  const load_sharing::Sharer& sharer(size_t router) const { return *groups_[router].sharer; }

 private:
  struct Group {
    vrrp::Settings vrrp;
    std::vector<IpAddress> routers;
    std::unique_ptr<load_sharing::Sharer> sharer;
    std::array<uint64_t, vrrp::kRefusals> adverts = {};  // by Refusal
  };

  Group* Find(Family family, uint8_t vrid);
  void HearAdvert(Group& group, const vrrp::Unwrapped& message, std::optional<vrrp::Advert> advert, TimePoint now);
  std::string NameOf(const Group& group) const;

  // neighbor::Callbacks
  void SendFrame(PortId port, absl::Span<const uint8_t> frame) override;
  void Tell(const SetNeighbor&) override {}
  bool IsUsed(PortId, const IpAddress&) const override { return true; }
  bool IsAnnounced(PortId port, const IpAddress& address) const override;
  std::optional<neighbor::Station> VirtualStation(PortId, const IpAddress&, const neighbor::Asker&) const override {
    return std::nullopt;
  }

  // load_sharing::SharerCallbacks; SendFrame is both's
  std::optional<MacAddress> MacOf(PortId port, const IpAddress& unit) override;
  void OnSharingEvent(ConditionGroup group, const std::string& text) override;

  // load_sharing::WorkerSideCallbacks: there are no workers
  void OnGiven(const load_sharing::HandOverId&, const load_sharing::WhatWasForwarded&) override {}
  void OnTakingBegun(const load_sharing::HandOverId&) override {}
  void OnSeen(ConditionGroup, const IpAddress&) override {}
  void OnMeasured(ConditionGroup, const std::vector<load_sharing::Measured>&) override {}

  ControllerCallbacks& callbacks_;
  const PortInfo port_;
  neighbor::Neighbors neighbors_;
  load_sharing::WorkerSide workers_;
  std::vector<Group> groups_;
  TimePoint turn_{};  // of what came in last
  uint64_t malformed_ = 0, strays_ = 0;
};

}  // namespace baton::controlplane
