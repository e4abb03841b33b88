// A worker's dealings with the kernel's interfaces: what it hands over, and what it sends for them.
#include "dataplane/worker.h"

namespace baton::dataplane {

// At most a burst for each poll, and it goes out as it is: routing, neighbours and checksums were the kernel's work.
int Worker::SendFromKernel(TimePoint now) {
  if (kernel_ == nullptr) return 0;
  burst_.count = kernel_->Take(burst_.packets, kBurst);
  if (burst_.count == 0) return 0;
  for (Packet& p : burst_) {
    p.fate = Fate::kForward;
    p.out_port = p.port;
    counters_.ports[p.port].from_kernel.Add();
  }
  counters_.from_kernel.Add(static_cast<uint64_t>(burst_.count));
  Dispatch(burst_, now);
  return burst_.count;
}

// The limit keeps a flood to one of the box's own addresses from taking the time of the data path.
void Worker::GiveToKernel(const Packet& p, TimePoint now) {
  if (!kernel_rate_.Take(now)) return Discard(p.buffer, DropReason::kKernelRate);
  if (kernel_ == nullptr || !kernel_->Give(p)) return Discard(p.buffer, DropReason::kKernelRingFull);
  counters_.ports[p.port].to_kernel.Add();
  counters_.to_kernel.Add();
}

}  // namespace baton::dataplane
