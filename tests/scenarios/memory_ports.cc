#include "tests/scenarios/memory_ports.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

namespace baton::scenarios {

MemoryPorts::Buffer* MemoryPorts::NewBuffer(size_t room) {
  auto made = std::make_unique<Buffer>();
  Buffer* buffer = made.get();
  buffer->memory.assign(dataplane::kMinHeadroom + room, 0xa5);  // not zero: a length trusted too far shows
  buffer->data = buffer->memory.data() + dataplane::kMinHeadroom;
  buffers_.emplace(buffer, std::move(made));
  return buffer;
}

MemoryPorts::Buffer* MemoryPorts::Store(const Bytes& frame) {
  Buffer* buffer = NewBuffer(std::max<size_t>(frame.size(), dataplane::kMinRoom));
  std::copy(frame.begin(), frame.end(), buffer->data);
  buffer->length = frame.size() > kBufferSize ? uint16_t{0} : static_cast<uint16_t>(frame.size());
  return buffer;
}

void MemoryPorts::Arrive(PortId port, const Bytes& frame, uint16_t queue) {
  arrived_[{port, queue}].push_back(Store(frame));
}

bool MemoryPorts::Allocate(dataplane::WaitingPacket* packets, int count) {
  if (spare_ >= 0 && spare_ < count) return false;
  if (spare_ >= 0) spare_ -= count;
  for (int i = 0; i < count; ++i) {
    Buffer* buffer = NewBuffer(kBufferSize);
    packets[i] = {.buffer = buffer, .data = buffer->data};
  }
  return true;
}

int MemoryPorts::ReceiveFrom(PortId port, uint16_t queue, dataplane::Packet* packets, int max) {
  std::deque<Buffer*>& frames = arrived_[{port, queue}];
  int count = 0;
  for (; count < max && !frames.empty(); ++count, frames.pop_front()) {
    Buffer* buffer = frames.front();
    packets[count].Start(buffer->data, buffer, buffer->length, port);
  }
  return count;
}

int MemoryPorts::Send(PortId port, dataplane::Packet* const* packets, int count) {
  const auto limit = room_.find(port);
  int sent = 0;
  for (; sent < count; ++sent) {
    if (limit != room_.end() && limit->second == 0) break;
    if (limit != room_.end() && limit->second > 0) --limit->second;
    const dataplane::Packet& packet = *packets[sent];
    const auto at = buffers_.find(packet.buffer);
    if (at == buffers_.end()) {
      mistakes_.push_back("sent a buffer that is not in use");
      continue;
    }
    const std::vector<uint8_t>& memory = at->second->memory;
    if (packet.data < memory.data() || packet.data + packet.length > memory.data() + memory.size()) {
      mistakes_.push_back("sent bytes outside of the buffer");
    } else {
      sent_.push_back({port, Bytes(packet.data, packet.data + packet.length)});
    }
    buffers_.erase(at);
  }
  return sent;
}

void MemoryPorts::Free(void* const* buffers, int count) {
  for (int i = 0; i < count; ++i) Release(buffers[i], "Free");
}

void MemoryPorts::Release(void* buffer, const char* by) {
  if (buffers_.erase(buffer) == 0) mistakes_.push_back(absl::StrCat(by, ": a buffer that is not in use"));
}

void MemoryKernel::Send(PortId port, const Bytes& frame) { sent_.push_back({port, ports_.Store(frame)}); }

bool MemoryKernel::Give(const dataplane::Packet& packet) {
  if (room_ == 0) return false;
  if (room_ > 0) --room_;
  given_.push_back({packet.port, Bytes(packet.data, packet.data + packet.length)});
  ports_.Release(packet.buffer, "the kernel");
  return true;
}

int MemoryKernel::Take(dataplane::Packet* packets, int max) {
  int count = 0;
  for (; count < max && !sent_.empty(); ++count, sent_.pop_front()) {
    const auto& [port, buffer] = sent_.front();
    packets[count].Start(buffer->data, buffer, buffer->length, port);
  }
  return count;
}

int MemoryQueues::Receive(PortId port, dataplane::Packet* packets, int max) {
  return queue_ < queues_[port] ? ports_.ReceiveFrom(port, queue_, packets, max) : 0;
}

int MemoryQueues::Send(PortId port, dataplane::Packet* const* packets, int count) {
  if (queue_ >= queues_[port]) ports_.AddMistake("sent through a queue that the port does not have");
  return ports_.Send(port, packets, count);
}

MemorySteering::MemorySteering(size_t workers) {
  for (size_t i = 0; i < workers; ++i) ends_.emplace_back(this, i);
}

size_t MemorySteering::packets() const {
  size_t sum = 0;
  for (const auto& [ends, ring] : rings_) sum += ring.size();
  return sum;
}

int MemorySteering::End::Give(uint16_t worker, const dataplane::SteeredPacket* packets, int count) {
  int given = 0;
  for (; given < count && rings->room_ != 0; ++given) {
    if (rings->room_ > 0) --rings->room_;
    rings->rings_[{index, worker}].push_back(packets[given]);
  }
  return given;
}

int MemorySteering::End::Take(dataplane::SteeredPacket* packets, int max) {
  int taken = 0;
  for (auto& [ends, ring] : rings->rings_) {
    if (ends.second != index) continue;
    for (; taken < max && !ring.empty(); ring.pop_front()) packets[taken++] = ring.front();
  }
  return taken;
}

}  // namespace baton::scenarios
