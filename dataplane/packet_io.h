// The ports as one worker sees them: its receive and transmit queue of each. Implemented over DPDK in dataplane/dpdk
// and over plain memory in tests and benchmarks. Called by the worker only; nothing here blocks.
#pragma once

#include "dataplane/packet.h"
#include "dataplane/waiting_packet.h"

namespace baton::dataplane {

class PacketIo {
 public:
  virtual ~PacketIo() = default;

  // Fills data, buffer, length and port of up to `max` packets, leaves the rest of each as a fresh Packet has it, and
  // returns how many. Frames longer than a buffer come with length 0 (Parse drops them as too_long).
  virtual int Receive(PortId port, Packet* packets, int max) = 0;

  // Sends the frames [data, data + length) of `count` packets in order; takes the buffers of those it sent, which are
  // the first `return value` ones. `data` may have moved by up to kMinHeadroom since Receive, `length` may have
  // changed.
  virtual int Send(PortId port, Packet* const* packets, int count) = 0;

  // Takes `count` buffers from the pool, all or none: each `data` is where a frame of any port's MTU has room, `length`
  // is 0.
  virtual bool Allocate(WaitingPacket* packets, int count) = 0;

  // Gives buffers back to their pool.
  virtual void Free(void* const* buffers, int count) = 0;
};

}  // namespace baton::dataplane
