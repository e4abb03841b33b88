// The ports of a scenario's box: frames come out of and go into plain memory. Each frame is an allocation of its own,
// so that the address sanitizer sees a byte read beyond its room; each buffer is counted, so that one that is lost or
// freed twice shows. Test code only; one thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/kernel_queue.h"
#include "dataplane/packet_io.h"
#include "dataplane/steering_rings.h"
#include "tests/scenarios/frame_checksum.h"

namespace baton::scenarios {

struct SentFrame {
  PortId port = 0;
  Bytes bytes;
};

// As PacketIo, what the first of several workers sees: queue 0 of each port.
class MemoryPorts : public dataplane::PacketIo {
 public:
  // The next Receive on `port` and this queue finds it. A frame longer than the buffers comes with length 0, as
  // packet_io.h says.
  void Arrive(PortId port, const Bytes& frame, uint16_t queue = 0);
  // What was sent since the last call, in order.
  std::vector<SentFrame> TakeSent() { return std::exchange(sent_, {}); }
  // From now on the port sends this many more frames; -1: any number.
  void LimitTransmit(PortId port, int frames) { room_[port] = frames; }

  static constexpr size_t kBufferSize = 2048;  // from the frame's start on

  size_t buffers_in_use() const { return buffers_.size(); }
  // Buffers freed or sent that were not ours, or not any more. Empty when all was well.
  const std::vector<std::string>& mistakes() const { return mistakes_; }
  // From now on this many more buffers can be had; -1: any number.
  void LimitBuffers(int count) { spare_ = count; }
  void AddMistake(const std::string& mistake) { mistakes_.push_back(mistake); }
  // Control hands a buffer back (FrameForControl).
  void Release(void* buffer, const char* by);

  int Receive(PortId port, dataplane::Packet* packets, int max) override { return ReceiveFrom(port, 0, packets, max); }
  int ReceiveFrom(PortId port, uint16_t queue, dataplane::Packet* packets, int max);
  int Send(PortId port, dataplane::Packet* const* packets, int count) override;
  bool Allocate(dataplane::WaitingPacket* packets, int count) override;
  void Free(void* const* buffers, int count) override;

 private:
  friend class MemoryKernel;
  struct Buffer {
    std::vector<uint8_t> memory;
    uint8_t* data = nullptr;
    uint16_t length = 0;
  };
  Buffer* NewBuffer(size_t room);
  Buffer* Store(const Bytes& frame);

  std::map<void*, std::unique_ptr<Buffer>> buffers_;
  std::map<std::pair<PortId, uint16_t>, std::deque<Buffer*>> arrived_;
  std::map<PortId, int> room_;
  int spare_ = -1;
  std::vector<SentFrame> sent_;
  std::vector<std::string> mistakes_;
};

// The kernel's interfaces: frames that the worker gives it, and frames that it sends. Its buffers are those of `ports`.
class MemoryKernel : public dataplane::KernelQueue {
 public:
  explicit MemoryKernel(MemoryPorts& ports) : ports_(ports) {}

  // The next Take finds it.
  void Send(PortId port, const Bytes& frame);
  // What was given since the last call, in order.
  std::vector<SentFrame> TakeGiven() { return std::exchange(given_, {}); }
  // From now on it takes this many more frames; -1: any number.
  void Limit(int frames) { room_ = frames; }

  bool Give(const dataplane::Packet& packet) override;
  int Take(dataplane::Packet* packets, int max) override;

 private:
  MemoryPorts& ports_;
  std::deque<std::pair<PortId, MemoryPorts::Buffer*>> sent_;
  std::vector<SentFrame> given_;
  int room_ = -1;
};

// What one of several workers sees: its queue of each port that has so many.
class MemoryQueues : public dataplane::PacketIo {
 public:
  // `queues`: of each port.
  MemoryQueues(MemoryPorts& ports, uint16_t queue, std::vector<uint16_t> queues)
      : ports_(ports), queue_(queue), queues_(std::move(queues)) {}

  int Receive(PortId port, dataplane::Packet* packets, int max) override;
  int Send(PortId port, dataplane::Packet* const* packets, int count) override;
  bool Allocate(dataplane::WaitingPacket* packets, int count) override { return ports_.Allocate(packets, count); }
  void Free(void* const* buffers, int count) override { ports_.Free(buffers, count); }

 private:
  MemoryPorts& ports_;
  uint16_t queue_;
  std::vector<uint16_t> queues_;
};

// The rings between workers, without their limit unless a test sets one.
class MemorySteering {
 public:
  explicit MemorySteering(size_t workers);
  dataplane::SteeringRings& of(size_t worker) { return ends_[worker]; }
  // From now on the rings take this many more packets, all together; -1: any number.
  void Limit(int packets) { room_ = packets; }
  size_t packets() const;

 private:
  struct End : dataplane::SteeringRings {
    End(MemorySteering* all, size_t worker) : rings(all), index(worker) {}
    int Give(uint16_t worker, const dataplane::SteeredPacket* packets, int count) override;
    int Take(dataplane::SteeredPacket* packets, int max) override;
    MemorySteering* rings;
    size_t index;
  };

  std::vector<End> ends_;
  std::map<std::pair<size_t, size_t>, std::deque<dataplane::SteeredPacket>> rings_;  // by giver and taker
  int room_ = -1;
};

}  // namespace baton::scenarios
