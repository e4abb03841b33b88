#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "controlplane/request_queue.h"

namespace baton::controlplane {
namespace {

using StatusQuestion = std::shared_ptr<Question<absl::Status>>;

TEST_CASE("a request runs on the thread that takes it, and its answer goes back to the asker") {
  RequestQueue queue(std::chrono::minutes(1));
  std::thread::id ran_on;
  absl::StatusOr<int> answer;
  std::thread asker([&] {
    answer = queue.Ask<absl::StatusOr<int>>([&](const std::shared_ptr<Question<absl::StatusOr<int>>>& question) {
      ran_on = std::this_thread::get_id();
      question->Answer(42);
    });
  });
  queue.WaitForWork(std::chrono::minutes(1));
  CHECK(queue.Run(10) == 1);
  asker.join();
  CHECK(answer.value() == 42);
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("a request whose asker has given up is not carried out") {
  RequestQueue queue(Duration::zero());
  bool ran = false;
  const absl::Status answer = queue.Ask<absl::Status>([&](const StatusQuestion&) { ran = true; });
  CHECK(answer.code() == absl::StatusCode::kUnavailable);
  CHECK(queue.Run(10) == 1);
  CHECK_FALSE(ran);
}

TEST_CASE("a turn takes no more requests than it is told") {
  RequestQueue queue(Duration::zero());
  for (int i = 0; i < 5; ++i) queue.Ask<absl::Status>([](const StatusQuestion&) {}).IgnoreError();
  CHECK(queue.Run(3) == 3);
  CHECK(queue.Run(3) == 2);
}

TEST_CASE("more requests than may wait are refused and counted") {
  RequestQueue queue(Duration::zero());
  for (size_t i = 0; i < RequestQueue::kCapacity; ++i) {
    queue.Ask<absl::Status>([](const StatusQuestion&) {}).IgnoreError();
  }
  const absl::Status refused = queue.Ask<absl::Status>([](const StatusQuestion&) {});
  CHECK(refused.code() == absl::StatusCode::kResourceExhausted);
  CHECK(queue.refused() == 1);
}

TEST_CASE("closing refuses those who wait and those who come") {
  RequestQueue queue(std::chrono::minutes(1));
  absl::Status waiting;
  std::thread asker([&] { waiting = queue.Ask<absl::Status>([](const StatusQuestion&) {}); });
  queue.WaitForWork(std::chrono::minutes(1));
  queue.Close();
  asker.join();
  CHECK(waiting.code() == absl::StatusCode::kUnavailable);
  CHECK(queue.Ask<absl::Status>([](const StatusQuestion&) {}).code() == absl::StatusCode::kUnavailable);
}

TEST_CASE("the first answer counts") {
  Question<absl::Status> question;
  question.Answer(absl::NotFoundError("first"));
  question.Answer(absl::OkStatus());
  CHECK(question.Wait(Duration::zero()).code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace baton::controlplane
