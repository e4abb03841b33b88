// How the control plane reaches the workers without knowing DPDK: one link per worker, and the pool of packet buffers.
// Implemented over rte_ring and rte_mbuf in dataplane/dpdk; every call here is made by the control thread only.
#pragma once

#include <cstdint>

#include "common/counters.h"
#include "common/update.h"

namespace baton {

class WorkerLink {
 public:
  virtual ~WorkerLink() = default;
  // False when the ring is full: keep the update and try again.
  virtual bool Post(const Update& update) = 0;
  // False when there is no event.
  virtual bool Take(Event* event) = 0;
  virtual const WorkerCounters& counters() const = 0;
  // Whether packets used this neighbour in the last `seconds`; control stops refreshing those that nobody uses.
  virtual bool NeighborUsed(PortId port, const IpAddress& address, int seconds) const = 0;
  virtual size_t ring_capacity() const = 0;
  virtual size_t updates_waiting() const = 0;
  virtual size_t events_waiting() const = 0;
};

class BufferPool {
 public:
  virtual ~BufferPool() = default;
  struct Buffer {
    void* handle = nullptr;  // nullptr: the pool is empty
    uint8_t* data = nullptr;
    uint16_t capacity = 0;
  };
  virtual Buffer Allocate() = 0;
  virtual void Free(void* handle) = 0;
  virtual size_t capacity() const = 0;
  virtual size_t in_use() const = 0;
};

}  // namespace baton
