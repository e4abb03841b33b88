// Has workers explain packets on request (common/packet_trace.h): one trace for each worker is lent to it, comes back
// filled, and the one of the worker that the packet would come to answers the request. A trace belongs to its worker's
// ring while it is lent, also when the request has been given up meanwhile. Control thread only; time comes in.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "common/packet_trace.h"
#include "common/time_point.h"
#include "common/worker_link.h"
#include "controlplane/request_queue.h"
#include "controlplane/requests.h"

namespace baton::controlplane {

class Explaining {
 public:
  using Answer = absl::StatusOr<ExplainedPacket>;
  static constexpr size_t kMostWaiting = 16;

  // `time_limit`: of one request, from its turn on; shorter than what its asker waits, so that the reason gets there.
  Explaining(std::vector<WorkerLink*> workers, Duration time_limit);

  // ResourceExhausted: too many wait. REQUIRES: at most PacketTrace::kMostBytes bytes; the port exists.
  absl::Status Start(const FrameToExplain& frame, std::shared_ptr<Question<Answer>> question);
  // A worker handed its trace back.
  void OnExplained(size_t worker, TimePoint now);
  // Posts what found a ring full, and gives up what takes too long.
  void Tick(TimePoint now);
  // Answers all that waits: the control thread is about to end.
  void Close();

  bool busy() const { return !waiting_.empty(); }

 private:
  struct Request {
    FrameToExplain frame;
    std::shared_ptr<Question<Answer>> question;
    TimePoint deadline{};
    bool begun = false;
    size_t worker = 0;   // whose turn it is
    bool asked = false;  // its trace is out
    ExplainedPacket best;
  };
  struct Worker {
    WorkerLink* link = nullptr;
    std::unique_ptr<PacketTrace> trace;
    bool lent = false;
  };

  void Finish(Answer answer);

  std::vector<Worker> workers_;
  Duration time_limit_;
  std::deque<Request> waiting_;  // the first is being served
};

}  // namespace baton::controlplane
