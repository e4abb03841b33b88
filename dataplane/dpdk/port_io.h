// The ports of one worker over DPDK: its receive and transmit queue of each. Used by that worker only, except that
// ports are added before it starts. No offloads: frames go in and out as bytes,
// each in one buffer; what a driver spreads over several is put together.
#pragma once

#include <array>

#include "dataplane/dpdk/port.h"
#include "dataplane/packet_io.h"

namespace baton::dataplane {

class DpdkPortIo final : public PacketIo {
 public:
  // `queue` is the worker's, on every port that has so many; from the others it receives nothing, and it must not send
  // there (WorkerConfig::senders). REQUIRES: `buffers`, which the ports receive into too, outlives this.
  DpdkPortIo(uint16_t queue, const DpdkBufferPool& buffers) : queue_(queue), buffers_(buffers) {}

  // REQUIRES: id < kMaxPorts; `port` outlives this.
  void AddPort(PortId id, const Port& port) {
    dpdk_ids_[id] = port.dpdk_id();
    has_queue_[id] = queue_ < port.queues();
  }

  int Receive(PortId port, Packet* packets, int max) override;
  int Send(PortId port, Packet* const* packets, int count) override;
  bool Allocate(WaitingPacket* packets, int count) override;
  void Free(void* const* buffers, int count) override;

 private:
  uint16_t queue_;
  const DpdkBufferPool& buffers_;
  std::array<uint16_t, kMaxPorts> dpdk_ids_{};
  std::array<bool, kMaxPorts> has_queue_{};
};

}  // namespace baton::dataplane
