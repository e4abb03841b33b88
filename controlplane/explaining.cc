#include "controlplane/explaining.h"

#include <algorithm>
#include <utility>

namespace baton::controlplane {
namespace {

void Prepare(const FrameToExplain& frame, PacketTrace& trace) {
  trace = PacketTrace();
  trace.port = frame.port;
  trace.length = static_cast<uint16_t>(frame.bytes.size());
  std::copy(frame.bytes.begin(), frame.bytes.end(), trace.bytes.begin() + PacketTrace::kHeadroom);
}

// A flow belongs to one worker. Of packets that stay where they come in, whichever worker may tell.
bool Better(const PacketTrace& a, const PacketTrace& b) { return !a.elsewhere && b.elsewhere; }

}  // namespace

Explaining::Explaining(std::vector<WorkerLink*> workers, Duration time_limit)
    : workers_(workers.size()), time_limit_(time_limit) {
  for (size_t i = 0; i < workers.size(); ++i) {
    workers_[i] = {.link = workers[i], .trace = std::make_unique<PacketTrace>(), .lent = false};
  }
}

absl::Status Explaining::Start(const FrameToExplain& frame, std::shared_ptr<Question<Answer>> question) {
  if (waiting_.size() >= kMostWaiting) {
    return absl::ResourceExhaustedError(absl::StrCat(kMostWaiting, " packets to explain wait already"));
  }
  Request request;
  request.frame = frame;
  request.question = std::move(question);
  waiting_.push_back(std::move(request));
  return absl::OkStatus();
}

void Explaining::OnExplained(size_t worker, TimePoint now) {
  workers_[worker].lent = false;
  if (waiting_.empty()) return;
  Request& request = waiting_.front();
  // Otherwise the trace belonged to a request that was given up; now it is free for the one in front.
  if (request.begun && request.worker == worker && request.asked) {
    const PacketTrace& trace = *workers_[worker].trace;
    if (worker == 0 || Better(trace, request.best.trace)) {
      request.best.worker = static_cast<int>(worker);
      request.best.trace = trace;
    }
    request.asked = false;
    ++request.worker;
  }
  Tick(now);
}

void Explaining::Tick(TimePoint now) {
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
    if (request.worker == workers_.size()) {
      const bool ready = request.best.trace.ready;
      Finish(ready ? Answer(std::move(request.best)) : absl::UnavailableError("the workers have no tables yet"));
      continue;
    }
    if (now >= request.deadline) {
      Finish(absl::UnavailableError(absl::StrCat("worker ", request.worker, ": did not explain the packet in time")));
      continue;
    }
    Worker& worker = workers_[request.worker];
    if (worker.lent) return;
    Prepare(request.frame, *worker.trace);
    if (!worker.link->Post(baton::Explain{worker.trace.get()})) return;
    worker.lent = request.asked = true;
    return;
  }
}

void Explaining::Close() {
  while (!waiting_.empty()) Finish(absl::UnavailableError("the control thread is stopping"));
}

void Explaining::Finish(Answer answer) {
  waiting_.front().question->Answer(std::move(answer));
  waiting_.pop_front();
}

}  // namespace baton::controlplane
