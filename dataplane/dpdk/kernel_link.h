// The kernel's interfaces beside the ports, and the thread that carries frames between them and the workers. Each
// worker has two rings of its own, single producer and single consumer; no worker makes a system call or wakes anybody:
// the thread looks by itself, every millisecond at least. Made and destroyed by the main thread while no worker runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/dpdk/buffer_pool.h"
#include "dataplane/dpdk/tap.h"
#include "dataplane/kernel_queue.h"

struct rte_ring;

namespace baton::dataplane {

class KernelLink {
 public:
  // Makes an interface for each port that names one, and starts the thread. REQUIRES: `buffers` outlives this.
  static absl::StatusOr<std::unique_ptr<KernelLink>> Create(const std::vector<PortInfo>& ports, size_t workers,
                                                            DpdkBufferPool& buffers);
  // Ends the thread, removes the interfaces and frees what is in the rings. REQUIRES: the workers have ended.
  ~KernelLink();
  KernelLink(const KernelLink&) = delete;
  KernelLink& operator=(const KernelLink&) = delete;

  // REQUIRES: worker < workers.
  KernelQueue& queue(size_t worker);

  // A frame that came in through `port`, for its interface if it has one. Any thread.
  void Write(PortId port, const uint8_t* frame, size_t length);

  // Frames that the kernel refused: the interface is down. Any thread. REQUIRES: port < kMaxPorts.
  uint64_t refused(PortId port) const { return refused_[port].load(std::memory_order_relaxed); }

 private:
  class Rings;
  explicit KernelLink(DpdkBufferPool& buffers);
  absl::Status Open(const std::vector<PortInfo>& ports, size_t workers);
  void Run();
  int ToInterfaces();
  int FromInterfaces();
  int ReadFrom(PortId port);
  void Wait(int64_t nanoseconds) const;

  DpdkBufferPool& buffers_;
  std::vector<std::unique_ptr<Tap>> taps_;   // by PortId; empty where a port has none
  std::vector<std::unique_ptr<Rings>> rings_;  // by worker
  bool blocked_ = false;  // no room or no buffer: what waits in the interfaces stays there
  std::atomic<uint64_t> refused_[kMaxPorts] = {};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace baton::dataplane
