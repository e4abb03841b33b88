// How a request of any thread gets to the control thread and its answer back. The asker waits, with a time limit; the
// control thread takes requests between two turns and never waits for an asker. A request that nobody has begun when
// its asker gives up is never carried out.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "common/status.h"
#include "common/time_point.h"

namespace baton::controlplane {

// One request as both sides see it. Result: absl::Status or absl::StatusOr<...>.
template <typename Result>
class Question {
 public:
  // Control thread. The first answer counts.
  void Answer(Result result) {
    const std::lock_guard lock(mutex_);
    if (!result_) result_ = std::move(result);
    answered_.notify_one();
  }
  // Control thread: false when the asker has given up already.
  bool Begin() {
    const std::lock_guard lock(mutex_);
    begun_ = true;
    return !abandoned_;
  }
  bool abandoned() const {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  }

  // The asker's thread.
  Result Wait(Duration time_limit) {
    std::unique_lock lock(mutex_);
    if (answered_.wait_for(lock, time_limit, [this] { return result_.has_value(); })) return *std::move(result_);
    abandoned_ = true;
    return absl::UnavailableError(absl::StrCat(
        "the control thread did not answer within ",
        std::chrono::duration_cast<std::chrono::milliseconds>(time_limit).count(), " ms",
        begun_ ? "; it had begun, and the request may still take effect" : "; the request was not carried out"));
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Result> result_;
  bool begun_ = false, abandoned_ = false;
};

class RequestQueue {
 public:
  static constexpr size_t kCapacity = 256;

  explicit RequestQueue(Duration time_limit) : time_limit_(time_limit) {}

  // Any thread but the control thread: has `work` run there and waits for the answer it gives, at once or in a later
  // turn.
  template <typename Result, typename Work>
  Result Ask(Work work) {
    auto question = std::make_shared<Question<Result>>();
    RETURN_IF_ERROR(Post({.run = [question, work] { if (question->Begin()) work(question); },
                          .refuse = [question](const absl::Status& why) { question->Answer(why); }}));
    return question->Wait(time_limit_);
  }

  // Control thread: carries out at most `most` requests; how many it took.
  int Run(int most);
  // Control thread: returns when there is a request, or after `at_most`.
  void WaitForWork(Duration at_most);
  // Refuses what waits and all that comes: the control thread is about to end.
  void Close();

  uint64_t refused() const;  // because the queue was full

 private:
  struct Posted {
    std::function<void()> run;
    std::function<void(const absl::Status&)> refuse;
  };

  absl::Status Post(Posted posted);

  const Duration time_limit_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Posted> posted_;
  bool closed_ = false;
  uint64_t refused_ = 0;
};

}  // namespace baton::controlplane
