// Packets from memory for the benchmarks. A frame is made from a template that stays in the cache and the few bytes
// that tell flows apart, read one after the other from a list, and lands in a ring of buffers; what is sent is
// forgotten. Making the frame is part of every figure and of the reference, which only swaps MAC addresses.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <sys/mman.h>

#include "dataplane/packet_io.h"

namespace baton::bench {

// What differs between the frames of a stream.
struct FlowBytes {
  uint32_t client;        // last four bytes of the source address
  uint16_t client_port;
  uint16_t ip_checksum;
  uint16_t l4_checksum;
  uint16_t zero = 0;
};

// The frames of a stream: all of one length, the places of FlowBytes in them.
struct alignas(128) Stream {  // another worker reads the next one
  static constexpr int kRoom = 80;
  uint8_t frame[kRoom] = {};
  uint16_t length = 0;
  uint16_t client_at = 0, client_port_at = 0, ip_checksum_at = 0, l4_checksum_at = 0;
  std::vector<FlowBytes> flows;
  size_t next = 0;  // the flow whose frame comes next
};

class MemoryIo final : public dataplane::PacketIo {
 public:
  static constexpr int kBuffers = 512;    // as many as a small receive ring has
  static constexpr int kBufferBytes = 2176;
  static constexpr size_t kHugePage = 2 << 20;

  // The figures of one worker were all taken with few frames that lie as they come. Many frames lie as a card's do:
  // they begin with a cache line, in huge pages, if there are any.
  explicit MemoryIo(int buffers = kBuffers)
      : memory_(new uint8_t[static_cast<size_t>(buffers) * kBufferBytes + (buffers == kBuffers ? 64 : 2 * kHugePage)]),
        buffers_(buffers) {
    if (buffers == kBuffers) return;
    base_ = kHugePage - reinterpret_cast<uintptr_t>(memory_.get()) % kHugePage;
    // Nothing of it is touched yet.
    madvise(&memory_[base_], static_cast<size_t>(buffers) * kBufferBytes + kHugePage, MADV_HUGEPAGE);
  }

  // The frames come in on `port`, over and over. nullptr: nothing comes in.
  void SetStream(Stream* stream, PortId port) {
    stream_ = stream;
    port_ = port;
  }

  int Receive(PortId port, dataplane::Packet* packets, int max) override {
    if (stream_ == nullptr || port != port_) return 0;
    for (int i = 0; i < max; ++i) {
      uint8_t* data = &memory_[base_ + static_cast<size_t>(next_buffer_) * kBufferBytes + 128];
      if (++next_buffer_ == buffers_) next_buffer_ = 0;
      if (buffers_ != kBuffers) FetchBack(next_buffer_ + kAhead);
      Fill(data, stream_->flows[stream_->next]);
      if (++stream_->next == stream_->flows.size()) stream_->next = 0;
      packets[i].Start(data, data, stream_->length, port);
    }
    return max;
  }
  int Send(PortId, dataplane::Packet* const* packets, int count) override {
    for (int i = 0; i < count; ++i) sent_bytes += packets[i]->length;
    sent += static_cast<uint64_t>(count);
    return count;
  }
  bool Allocate(dataplane::WaitingPacket*, int) override { return false; }  // nothing is too big here
  void Free(void* const*, int count) override { freed += static_cast<uint64_t>(count); }

  uint64_t sent = 0, sent_bytes = 0, freed = 0;

 private:
  // A buffer that another worker has written comes back before its turn: a card writes without the CPU's waiting for
  // it.
  static constexpr int kAhead = 24;
  void FetchBack(int buffer) const {
    if (buffer >= buffers_) buffer -= buffers_;
    const uint8_t* data = &memory_[base_ + static_cast<size_t>(buffer) * kBufferBytes + 128];
    asm volatile("prefetchw %0" : : "m"(*data));
  }

  void Fill(uint8_t* data, const FlowBytes& flow) const {
    const Stream& s = *stream_;
    std::memcpy(data, s.frame, Stream::kRoom);
    std::memcpy(data + s.client_at, &flow.client, 4);
    std::memcpy(data + s.client_port_at, &flow.client_port, 2);
    std::memcpy(data + s.ip_checksum_at, &flow.ip_checksum, 2);
    std::memcpy(data + s.l4_checksum_at, &flow.l4_checksum, 2);
  }

  std::unique_ptr<uint8_t[]> memory_;
  int buffers_;
  size_t base_ = 0;
  Stream* stream_ = nullptr;
  PortId port_ = 0;
  int next_buffer_ = 0;
};

}  // namespace baton::bench
