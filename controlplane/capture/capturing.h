// Starts and ends captures: makes a ring for each worker, lends it, and takes it back when the reader is gone. One
// capture at a time. A ring belongs to its worker while it is lent. Control thread only.
#pragma once

#include <memory>
#include <vector>

#include "common/worker_link.h"
#include "common/status.h"
#include "controlplane/capture/session.h"

namespace baton::controlplane {

class Capturing {
 public:
  static constexpr size_t kBytesPerWorker = 16 << 20;  // of packets in one ring
  static constexpr uint16_t kLeastSnapLength = 16, kMostSnapLength = 9216;

  explicit Capturing(std::vector<WorkerLink*> workers) : workers_(workers.size()) {
    for (size_t i = 0; i < workers.size(); ++i) workers_[i].link = workers[i];
  }

  // InvalidArgument: snap length. FailedPrecondition: a capture is under way.
  absl::StatusOr<std::shared_ptr<CaptureSession>> Start(const CaptureSettings& settings);
  // A worker handed its ring back.
  void OnEnded(size_t worker);
  // Posts what found a ring full, and ends what nobody reads any more.
  void Tick();

  bool active() const { return session_ != nullptr; }

 private:
  enum class Step : uint8_t { kIdle, kStarting, kLent, kEnding };  // of one worker
  struct Worker {
    WorkerLink* link = nullptr;
    Step step = Step::kIdle;
  };

  std::vector<Worker> workers_;
  std::shared_ptr<CaptureSession> session_;
};

}  // namespace baton::controlplane
