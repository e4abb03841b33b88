#include "controlplane/capture/capturing.h"

#include <algorithm>
#include <bit>

#include "common/update.h"

namespace baton::controlplane {

absl::StatusOr<std::shared_ptr<CaptureSession>> Capturing::Start(const CaptureSettings& settings) {
  if (session_ != nullptr) {
    return absl::FailedPreconditionError("capture: another capture is under way; one at a time is possible");
  }
  if (settings.snap_length < kLeastSnapLength || settings.snap_length > kMostSnapLength) {
    return absl::InvalidArgumentError(absl::StrCat("snap_length: ", settings.snap_length, " is outside ",
                                                   kLeastSnapLength, "..", kMostSnapLength));
  }
  const auto session = std::make_shared<CaptureSession>();
  session_ = session;
  session->settings = settings;
  const size_t place = sizeof(CapturedPacket) + settings.snap_length;
  const uint32_t places = std::bit_floor(static_cast<uint32_t>(kBytesPerWorker / place));
  for (Worker& worker : workers_) {
    session->rings.push_back(std::make_unique<CaptureRing>(settings, places));
    worker.step = Step::kStarting;
  }
  Tick();
  return session;
}

void Capturing::OnEnded(size_t worker) {
  workers_[worker].step = Step::kIdle;
  Tick();
}

void Capturing::Tick() {
  if (session_ == nullptr) return;
  const bool ended = session_.use_count() == 1;  // it stays so: nobody gets it from here again
  for (size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    if (worker.step == Step::kStarting) {
      if (ended) {
        worker.step = Step::kIdle;  // it was never lent
      } else if (worker.link->Post(StartCapture{session_->rings[i].get()})) {
        worker.step = Step::kLent;
      }
    }
    if (worker.step == Step::kLent && ended && worker.link->Post(EndCapture{})) worker.step = Step::kEnding;
  }
  const bool idle =
      std::all_of(workers_.begin(), workers_.end(), [](const Worker& w) { return w.step == Step::kIdle; });
  if (ended && idle) session_ = nullptr;
}

}  // namespace baton::controlplane
