// A port as one core of the generator sees it: frames in and out in bursts. Over DPDK (dpdk_link), over plain memory
// (memory_link), and one that harms what passes (impaired_link). Used by one core only; nothing here blocks.
#pragma once

#include <cstdint>

namespace baton::generator {

inline constexpr int kBurst = 64;

struct Frame {
  uint8_t* data = nullptr;  // the first byte of the Ethernet header; kFrameRoom bytes from there on may be written
  void* buffer = nullptr;   // the link's
  uint16_t length = 0;
};

inline constexpr uint16_t kFrameRoom = 2048;

class Link {
 public:
  virtual ~Link() = default;

  // Up to `max` frames, each in one piece. REQUIRES: max <= kBurst.
  virtual int Receive(Frame* frames, int max) = 0;
  // Sends frames in order and takes their buffers: of the first `return value` ones. REQUIRES: count <= kBurst.
  virtual int Send(const Frame* frames, int count) = 0;
  // Buffers to write frames into: all or none. REQUIRES: count <= kBurst.
  virtual bool Allocate(Frame* frames, int count) = 0;
  virtual void Free(const Frame* frames, int count) = 0;
  // Says what time it is, once a poll: a link that delays frames sends those that are due.
  virtual void Advance(int64_t /*now_ns*/) {}
};

}  // namespace baton::generator
