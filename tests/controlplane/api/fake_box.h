// A box for the API's tests: a view with two ports, two workers and two services, and a Requests that remembers what it
// was asked. Numbers are chosen so that every sum in a test can be done by hand.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "controlplane/requests.h"

namespace baton::controlplane {

inline IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

class FakeBox : public Requests {
 public:
  static constexpr size_t kBackendSlots = 8;

  FakeBox();

  absl::Status SetMode(const IpAddress& address, AddressMode mode) override;
  absl::Status ChangeBackend(const BackendChange& change) override;
  absl::StatusOr<int> ResignRouter(const RouterFilter& filter) override;
  absl::StatusOr<std::vector<ReviewingUnit>> ReviewRouter(const RouterFilter& filter) override;
  absl::StatusOr<MovedConditions> MoveConditions(const ConditionMove& asked) override;
  absl::StatusOr<std::vector<SharedCondition>> ListConditions(const SharingFilter& asked) override;
  absl::StatusOr<std::vector<SharedEndSystem>> ListEndSystems(const SharingFilter& asked) override;
  absl::StatusOr<std::vector<ListedRow>> ListAccess(const AccessFilter& filter) override;
  absl::StatusOr<ExplainedPacket> Explain(const FrameToExplain& frame) override;
  absl::StatusOr<std::shared_ptr<CaptureSession>> StartCapture(const CaptureSettings& settings) override;
  absl::StatusOr<ReloadReport> Reload(bool dry_run) override;
  std::vector<LoggedEvent> EventsAfter(uint64_t number) const override { return events.After(number); }
  std::shared_ptr<const View> GetView() const override { return view; }

  std::unique_ptr<WorkerCounters> counters[2] = {std::make_unique<WorkerCounters>(kBackendSlots),
                                                 std::make_unique<WorkerCounters>(kBackendSlots)};
  std::shared_ptr<View> view = std::make_shared<View>();
  size_t rows_in_table = 2;

  // What was asked last.
  std::optional<std::pair<IpAddress, AddressMode>> mode_set;
  std::optional<BackendChange> change;
  std::optional<RouterFilter> resigned, reviewed;
  std::optional<ConditionMove> move;
  std::optional<SharingFilter> sharing;
  std::optional<AccessFilter> filter;
  std::optional<FrameToExplain> frame;
  ExplainedPacket explained;  // what a worker tells of any packet
  std::vector<CapturedPacket> captured;   // what is there when a capture begins, with bytes that are zero
  std::optional<CaptureSettings> capture_settings;
  std::weak_ptr<CaptureSession> capture;  // the last one
  EventLog events{2};   // keeps two
  ReloadReport report;  // what a reload comes to
  absl::Status refuse_with;  // when not OK: what the control thread answers

 private:
  void MakePorts();
  void MakeWorkers();
  void MakeServices();
  void MakeVirtualRouters();
};

}  // namespace baton::controlplane
