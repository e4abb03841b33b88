// Lists rows of the workers' access tables on request, in bounded pieces: a batch is lent to one worker, comes back
// filled, is filtered, and goes out again until the table or the limit is reached; then comes the next worker's turn,
// then the next request's. A batch belongs to its worker's ring while it is lent, also when the request has been
// given up meanwhile. Control thread only; time comes in.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "common/access_row.h"
#include "common/time_point.h"
#include "common/worker_link.h"
#include "controlplane/request_queue.h"
#include "controlplane/requests.h"

namespace baton::controlplane {

class AccessListing {
 public:
  using Answer = absl::StatusOr<std::vector<ListedRow>>;
  static constexpr uint32_t kMostRows = 1'000'000;
  static constexpr size_t kMostWaiting = 64;

  // `time_limit`: of one request, from its turn on; shorter than what its asker waits, so that the reason gets there.
  AccessListing(std::vector<WorkerLink*> workers, Duration time_limit);

  // `service`: the slot of filter.service; kNoSlot: any. ResourceExhausted: too many wait.
  absl::Status Start(const AccessFilter& filter, Slot service, std::shared_ptr<Question<Answer>> question);
  // A worker handed its batch back.
  void OnRowsListed(size_t worker, TimePoint now);
  // Posts what found a ring full, and gives up what takes too long.
  void Tick(TimePoint now);
  // Answers all that waits: the control thread is about to end.
  void Close();

  bool busy() const { return !waiting_.empty(); }

 private:
  struct Request {
    AccessFilter filter;
    Slot service = kNoSlot;
    std::shared_ptr<Question<Answer>> question;
    TimePoint deadline{};
    bool begun = false;
    size_t worker = 0;    // whose table is being walked
    uint32_t from = 0;
    bool asked = false;   // the batch of this request's present piece is out
    std::vector<ListedRow> found;
  };
  struct Worker {
    WorkerLink* link = nullptr;
    std::unique_ptr<RowBatch> batch;
    bool lent = false;
  };

  static bool Matches(const Request& request, const AccessRow& row);
  void Collect(Request& request, const RowBatch& batch);
  void Finish(Answer answer);

  std::vector<Worker> workers_;
  Duration time_limit_;
  std::deque<Request> waiting_;  // the first is being served
};

}  // namespace baton::controlplane
