// The control thread's state and its turn: reports of workers, requests of API threads, neighbours, publication, the
// published view. Poll and Start are called by one thread; the methods of Requests by any other. No clock, no
// sockets: time comes in (control_thread.h has the loop). Every turn is bounded, and nothing in it waits.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/worker_link.h"
#include "controlplane/access_listing.h"
#include "controlplane/capture/capturing.h"
#include "controlplane/config/parse.h"
#include "controlplane/events.h"
#include "controlplane/explaining.h"
#include "controlplane/load_sharing/sharer.h"
#include "controlplane/neighbor/neighbors.h"
#include "controlplane/publisher.h"
#include "controlplane/reload.h"
#include "controlplane/request_queue.h"
#include "controlplane/requests.h"
#include "controlplane/tables.h"
#include "controlplane/vrrp/routers.h"

namespace baton::controlplane {

// The look-up structure belongs to the data plane; the program brings both together.
using RouteTableBuilder = std::function<absl::StatusOr<std::shared_ptr<const RouteTable>>(const RouteList&)>;

struct ControlSetup {
  Config config;
  std::vector<PortInfo> ports;        // by PortId, with the MAC addresses of the devices
  std::vector<WorkerLink*> workers;   // outlive Control
  BufferPool* buffers = nullptr;      // outlives Control
  RouteTableBuilder build_routes;
  // Adds what only the program knows to a view about to be published: link state and device counts, lcores. May be
  // empty.
  std::function<void(View&)> complete_view;
  // Reads the configuration again, on the thread of who asks for a reload. Empty: there is no file to read.
  std::function<ParseResult()> read_config{};
  // Gets each frame that control hears and that asks nothing: the kernel has neighbours of its own. May be empty.
  std::function<void(PortId, absl::Span<const uint8_t>)> copy_to_kernel{};
  // Hears of each reload, on the control thread. May be empty.
  std::function<void(const ReloadReport&)> on_reload{};
  // Whether the port's device has a link; empty: it always has. Asked on the control thread.
  std::function<bool(PortId)> link_up{};
  // Hears of changes that operators should see in the log, on the control thread. May be empty.
  std::function<void(const std::string&)> on_event{};
  uint64_t start_us = 0;  // microseconds since 1970, when the program started
  Duration request_time_limit = std::chrono::seconds(2);
};

class Control : public Requests,
                private neighbor::Callbacks,
                private vrrp::Callbacks,
                private load_sharing::WorkerSideCallbacks,
                private load_sharing::SharerCallbacks {
 public:
  explicit Control(ControlSetup setup);
  // REQUIRES: the workers have stopped. Gives back the buffers that wait in the rings to control.
  ~Control() override;

  // Publishes the first generation and the first view. Before the first Poll.
  absl::Status Start(TimePoint now);
  // One turn. False: nothing was to do, and the caller may pause.
  bool Poll(TimePoint now);
  // Returns when a request is posted, or after `at_most`.
  void WaitForRequests(Duration at_most) { requests_.WaitForWork(at_most); }
  // Refuses all requests from now on. After the last Poll.
  void Close();
  // Leaves the virtual routers to others. After the last Poll, while workers still send.
  void Resign(TimePoint now) { routers_.Stop(now); }

  absl::Status SetMode(const IpAddress& address, AddressMode mode) override;
  absl::Status ChangeBackend(const BackendChange& change) override;
  absl::StatusOr<int> ResignRouter(const RouterFilter& filter) override;
  absl::StatusOr<std::vector<ReviewingUnit>> ReviewRouter(const RouterFilter& filter) override;
  absl::StatusOr<MovedConditions> MoveConditions(const ConditionMove& move) override;
  absl::StatusOr<std::vector<SharedCondition>> ListConditions(const SharingFilter& filter) override;
  absl::StatusOr<std::vector<SharedEndSystem>> ListEndSystems(const SharingFilter& filter) override;
  absl::StatusOr<std::vector<ListedRow>> ListAccess(const AccessFilter& filter) override;
  absl::StatusOr<ExplainedPacket> Explain(const FrameToExplain& frame) override;
  absl::StatusOr<std::shared_ptr<CaptureSession>> StartCapture(const CaptureSettings& settings) override;
  absl::StatusOr<ReloadReport> Reload(bool dry_run) override;
  std::vector<LoggedEvent> EventsAfter(uint64_t number) const override { return events_.After(number); }
  std::shared_ptr<const View> GetView() const override;

 private:
  using StatusQuestion = std::shared_ptr<Question<absl::Status>>;

  // What is done once every worker has committed a generation.
  struct AfterCommit {
    uint64_t generation = 0;
    StatusQuestion answer;            // may be null
    std::vector<Slot> becoming_ours;  // addresses to announce
  };

  // neighbor::Callbacks
  void SendFrame(PortId port, absl::Span<const uint8_t> frame) override;
  void Tell(const SetNeighbor& update) override;
  bool IsUsed(PortId port, const IpAddress& address) const override;
  bool IsAnnounced(PortId port, const IpAddress& address) const override;
  std::optional<neighbor::Station> VirtualStation(PortId port, const IpAddress& address,
                                                  const neighbor::Asker& asker) const override;

  // vrrp::Callbacks, and what follows from them; control_vrrp.cc
  void OnRole(size_t router, bool active) override;
  void OnEvent(size_t router, const std::string& text) override;
  std::vector<vrrp::Settings> RouterSettings() const;
  bool PublishRoles();

  // Load sharing: what is heard by VRRP, and by workers; control_sharing.cc
  absl::Status CheckUnits() const;
  void StartSharing();
  void AdjustSharing();
  void OnState(size_t router, vrrp::Role role) override;
  void OnAdvertSent(size_t router) override;
  void OnAdvertHeard(size_t router, const IpAddress& from) override;
  bool OnMessage(size_t router, const vrrp::Unwrapped& message) override;
  bool IsUnitList(size_t router, const vrrp::Unwrapped& message) override;
  std::optional<vrrp::Advert> ReadUnitList(size_t router, const vrrp::Unwrapped& message) override;
  std::vector<uint8_t> WriteUnitList(size_t router, uint8_t priority, const vrrp::Ends& ends) override;
  void OnGiven(const load_sharing::HandOverId& id, const load_sharing::WhatWasForwarded& forwarded) override;
  void OnTakingBegun(const load_sharing::HandOverId& id) override;
  void OnSeen(ConditionGroup group, const IpAddress& address) override;
  void OnMeasured(ConditionGroup group, const std::vector<load_sharing::Measured>& measured) override;
  std::optional<MacAddress> MacOf(PortId port, const IpAddress& unit) override;
  void OnSharingEvent(ConditionGroup group, const std::string& text) override;
  load_sharing::Sharer* SharerOf(size_t router) const;
  std::optional<neighbor::Station> DirectedStation(size_t router, bool active, const neighbor::Asker& asker) const;
  void TickSharing(TimePoint now);
  void HearForSharing(PortId port, absl::Span<const uint8_t> frame, TimePoint now);
  void TrackRouters(TimePoint now);
  bool LinkUp(PortId port) const;
  bool IsUp(const TrackConfig& track) const;
  std::vector<VirtualRouterView> ViewRouters() const;
  std::optional<SharingView> ViewSharing(size_t router) const;

  // For operators: `batonctl events` and the log.
  void Note(absl::string_view kind, const std::string& text);
  int TakeEvents(size_t worker, TimePoint now);
  void OnEvent(size_t worker, const Event& event, TimePoint now);
  void Hear(PortId port, absl::Span<const uint8_t> frame, TimePoint now);
  bool RunAfterCommits(TimePoint now);
  void Announce(const std::vector<Slot>& slots, TimePoint now);
  uint64_t committed() const;  // by every worker

  // Carry out a request; on the control thread.
  absl::Status DoSetMode(const IpAddress& address, AddressMode mode, const StatusQuestion& question);
  absl::Status DoChangeBackend(const BackendChange& change, const StatusQuestion& question);
  std::string NameOf(size_t router) const;
  absl::StatusOr<std::vector<size_t>> RoutersMeant(const RouterFilter& filter) const;
  absl::StatusOr<int> DoResignRouter(const RouterFilter& filter);
  absl::StatusOr<std::vector<ReviewingUnit>> DoReviewRouter(const RouterFilter& filter);
  absl::StatusOr<MovedConditions> DoMoveConditions(const ConditionMove& move);
  template <typename Row, typename List>
  absl::StatusOr<std::vector<OfRouter<Row>>> ListSharing(const SharingFilter& filter, List list) const;
  absl::Status DoListAccess(const AccessFilter& filter,
                            const std::shared_ptr<Question<AccessListing::Answer>>& question);
  absl::Status DoExplain(const FrameToExplain& frame, const std::shared_ptr<Question<Explaining::Answer>>& question);
  absl::Status HasRoomAfterCommit() const;

  // control_reload.cc
  struct NextState;
  absl::Status DoReload(const ParseResult& parsed, const StatusQuestion& question, ReloadReport& report);
  absl::StatusOr<NextState> BuildNext(const Config& config) const;
  void TakeUp(const Config& config, NextState next, const StatusQuestion& question, ReloadReport& report);
  void CountReload(const ReloadReport& report);
  // Lets go of the leaving addresses whose rows have ended.
  void ReleaseLeaving();
  absl::Status EndLeaving(Slot slot, AddressMode mode, const StatusQuestion& question);
  const ServiceConfig* FindService(const std::string& name) const;

  absl::StatusOr<std::shared_ptr<const ServiceTable>> RebuildServices();
  absl::StatusOr<std::shared_ptr<const AddressTable>> RebuildAddresses();
  std::shared_ptr<const AddressTable> FreezeAddresses();  // addresses_, and finds them by address

  void PublishView(TimePoint now);
  std::vector<ServiceView> ViewServices() const;
  std::vector<WorkerView> ViewWorkers() const;
  ControlView ViewControl() const;

  const ControlSetup setup_;
  Config config_;  // in force; setup_.config is the one of the start
  std::shared_ptr<const Config> shown_config_;  // config_ as views show it; null: is to be copied
  SlotRegistry slots_;
  LiveSettings live_;
  std::vector<Service> services_;        // as last published
  std::vector<KnownAddress> addresses_;  // as last published; by slot
  absl::flat_hash_map<IpAddress, Slot> address_slots_;
  Publisher publisher_;
  neighbor::Neighbors neighbors_;
  vrrp::Routers routers_;        // by position in the configuration
  bool roles_changed_ = false;   // and tables have not followed yet
  TimePoint next_track_{};
  load_sharing::WorkerSide worker_side_;
  // By position of the virtual router; null: shares no load.
  std::vector<std::unique_ptr<load_sharing::Sharer>> sharers_;
  TimePoint next_measure_{};
  TimePoint turn_{};             // when this Poll began
  AccessListing listing_;
  Explaining explaining_;
  Capturing capturing_;
  std::vector<LeavingAddress> leaving_;
  uint64_t leaving_since_ = 0;             // generation that the last of them left with
  ReloadView reloads_;
  std::mutex reload_mutex_;                // one reload at a time, from reading the file to its answer; not control's
  std::deque<AfterCommit> after_commits_;  // by generation
  TimePoint started_{}, next_view_{};
  EventLog events_;     // any thread
  ControlView counts_;  // the counters of it that are this class's own

  RequestQueue requests_;  // any thread
  mutable std::mutex view_mutex_;
  std::shared_ptr<const View> view_;  // control writes, any thread reads; under view_mutex_
};

}  // namespace baton::controlplane
