// One capture while it lasts: the rings of all workers, which the control thread made and lends, read by the one API
// thread that writes the file. It ends when nobody but the control thread holds it any more: then that takes the rings
// back and frees them with the session.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "common/capture_ring.h"

namespace baton::controlplane {

struct CaptureSession {
  CaptureSettings settings;
  std::vector<std::unique_ptr<CaptureRing>> rings;  // by worker
};

class CaptureReader {
 public:
  explicit CaptureReader(std::shared_ptr<CaptureSession> session) : session_(std::move(session)) {}

  // The packet that was copied first of all that are there; false: none is there. `take` sees it and its bytes.
  bool Next(const std::function<void(const CapturedPacket&, const uint8_t* bytes)>& take) {
    CaptureRing* first = nullptr;
    for (const auto& ring : session_->rings) {
      if (ring->Front() != nullptr && (first == nullptr || ring->Front()->at < first->Front()->at)) first = ring.get();
    }
    if (first == nullptr) return false;
    take(*first->Front(), first->FrontBytes());
    first->Pop();
    return true;
  }
  // Every worker copies what it receives from now on.
  bool begun() const {
    return std::all_of(session_->rings.begin(), session_->rings.end(), [](const auto& ring) { return ring->begun(); });
  }
  uint64_t missed() const {
    uint64_t sum = 0;
    for (const auto& ring : session_->rings) sum += ring->missed();
    return sum;
  }
  const CaptureSettings& settings() const { return session_->settings; }

 private:
  std::shared_ptr<CaptureSession> session_;
};

}  // namespace baton::controlplane
