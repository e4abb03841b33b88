#include "controlplane/access_listing.h"

#include <algorithm>
#include <utility>

namespace baton::controlplane {

AccessListing::AccessListing(std::vector<WorkerLink*> workers, Duration time_limit)
    : workers_(workers.size()), time_limit_(time_limit) {
  for (size_t i = 0; i < workers.size(); ++i) {
    workers_[i] = {.link = workers[i], .batch = std::make_unique<RowBatch>(), .lent = false};
  }
}

absl::Status AccessListing::Start(const AccessFilter& filter, Slot service,
                                  std::shared_ptr<Question<Answer>> question) {
  if (waiting_.size() >= kMostWaiting) {
    return absl::ResourceExhaustedError(absl::StrCat(kMostWaiting, " listings of the access table wait already"));
  }
  Request request;
  request.filter = filter;
  request.service = service;
  request.question = std::move(question);
  waiting_.push_back(std::move(request));
  return absl::OkStatus();
}

void AccessListing::OnRowsListed(size_t worker, TimePoint now) {
  workers_[worker].lent = false;
  if (waiting_.empty()) return;
  Request& request = waiting_.front();
  // Otherwise the batch belonged to a request that was given up; now it is free for the one in front.
  if (request.begun && request.worker == worker && request.asked) {
    request.asked = false;
    Collect(request, *workers_[worker].batch);
  }
  Tick(now);
}

void AccessListing::Tick(TimePoint now) {
  while (!waiting_.empty()) {
    Request& request = waiting_.front();
    if (request.question->abandoned()) {
      waiting_.pop_front();
      continue;
    }
    if (!request.begun) {
      request.begun = true;
      request.deadline = now + time_limit_;
    }
    if (request.worker == workers_.size() || request.found.size() >= request.filter.limit) {
      Finish(std::move(request.found));
      continue;
    }
    if (now >= request.deadline) {
      Finish(absl::UnavailableError(absl::StrCat(
          "worker ", request.worker, ": its access table was walked up to row ", request.from, " when time was up; ",
          request.found.size(), " rows had been found")));
      continue;
    }
    Worker& worker = workers_[request.worker];
    if (worker.lent) return;
    *worker.batch = {};
    if (!worker.link->Post(ListRows{worker.batch.get(), request.from})) return;
    worker.lent = request.asked = true;
    return;
  }
}

void AccessListing::Close() {
  while (!waiting_.empty()) Finish(absl::UnavailableError("the control thread is stopping"));
}

bool AccessListing::Matches(const Request& request, const AccessRow& row) {
  const AccessFilter& filter = request.filter;
  return (!filter.client || *filter.client == row.client) && (!filter.external || *filter.external == row.external) &&
         (!filter.backend || *filter.backend == row.backend) &&
         (request.service == kNoSlot || request.service == row.service_slot);
}

void AccessListing::Collect(Request& request, const RowBatch& batch) {
  const int count = std::min(batch.count, RowBatch::kCapacity);
  for (int i = 0; i < count && request.found.size() < request.filter.limit; ++i) {
    if (!Matches(request, batch.rows[i])) continue;
    request.found.push_back({.worker = static_cast<int>(request.worker), .row = batch.rows[i]});
  }
  request.from = batch.next;
  if (batch.done) {
    ++request.worker;
    request.from = 0;
  }
}

void AccessListing::Finish(Answer answer) {
  waiting_.front().question->Answer(std::move(answer));
  waiting_.pop_front();
}

}  // namespace baton::controlplane
