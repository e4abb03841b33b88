// A queue of a DPDK port as a Link. Frames in several buffers are put together; no offloads.
#pragma once

#include "dataplane/dpdk/port.h"
#include "generator/link/link.h"

namespace baton::generator {

class DpdkLink final : public Link {
 public:
  // REQUIRES: both outlive this; `port` receives into `buffers`, whose data room is kFrameRoom at least.
  DpdkLink(const dataplane::Port& port, uint16_t queue, const dataplane::DpdkBufferPool& buffers)
      : port_(port.dpdk_id()), queue_(queue), buffers_(buffers) {}

  int Receive(Frame* frames, int max) override;
  int Send(const Frame* frames, int count) override;
  bool Allocate(Frame* frames, int count) override;
  void Free(const Frame* frames, int count) override;

 private:
  uint16_t port_, queue_;
  const dataplane::DpdkBufferPool& buffers_;
};

}  // namespace baton::generator
