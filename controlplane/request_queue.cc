#include "controlplane/request_queue.h"

namespace baton::controlplane {

int RequestQueue::Run(int most) {
  int taken = 0;
  for (; taken < most; ++taken) {
    Posted posted;
    {
      const std::lock_guard lock(mutex_);
      if (posted_.empty()) break;
      posted = std::move(posted_.front());
      posted_.pop_front();
    }
    posted.run();
  }
  return taken;
}

void RequestQueue::WaitForWork(Duration at_most) {
  std::unique_lock lock(mutex_);
  work_.wait_for(lock, at_most, [this] { return !posted_.empty() || closed_; });
}

void RequestQueue::Close() {
  std::deque<Posted> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(posted_);
  }
  for (const Posted& posted : left) posted.refuse(absl::UnavailableError("the control thread is stopping"));
  work_.notify_all();
}

uint64_t RequestQueue::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

absl::Status RequestQueue::Post(Posted posted) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return absl::UnavailableError("the control thread has stopped");
    if (posted_.size() >= kCapacity) {
      ++refused_;
      return absl::ResourceExhaustedError(absl::StrCat(kCapacity, " requests wait for the control thread already"));
    }
    posted_.push_back(std::move(posted));
  }
  work_.notify_one();
  return absl::OkStatus();
}

}  // namespace baton::controlplane
