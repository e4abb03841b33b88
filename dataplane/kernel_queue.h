// A worker's way to the kernel's interfaces (docs/configuration.md, `ports[].kernel`) and back: apart from the rings of
// the control thread, so that neither can fill the other. Implemented over rings in dataplane/dpdk and over plain
// memory in tests. Called by the worker only; nothing here blocks or makes a system call.
#pragma once

#include "dataplane/packet.h"

namespace baton::dataplane {

class KernelQueue {
 public:
  virtual ~KernelQueue() = default;

  // The frame [data, data + length), which came in through packet.port, for the kernel's interface of that port. Takes
  // the buffer; false when the queue is full, and the buffer stays with the worker.
  virtual bool Give(const Packet& packet) = 0;

  // Up to `max` frames that the kernel sent, each for the port that packet.port names, as they go on the wire: with
  // the port's tag. Fills the packets as PacketIo::Receive does.
  virtual int Take(Packet* packets, int max) = 0;
};

}  // namespace baton::dataplane
