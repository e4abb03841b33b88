// Two ports joined in memory: what one sends, the other receives. Both ends belong to one core, which need not be a DPDK
// one. Frames are handed over, not copied; a full wire takes no more, as a port's transmit ring does.
#pragma once

#include <memory>
#include <vector>

#include "generator/link/link.h"

namespace baton::generator {

class MemoryWire {
 public:
  static constexpr int kDepth = 512;  // frames on their way, for each direction; a power of two

  MemoryWire();
  Link& end(int which) { return ends_[which]; }
  int buffers_free() const { return static_cast<int>(free_.size()); }
  int buffers() const { return kBuffers; }

 private:
  // Both directions full, and what the engine and an impairment hold.
  static constexpr int kBuffers = 8 * kDepth;
  // Buffers whose beginnings are a power of two apart would share a few sets of the cache.
  static constexpr size_t kStride = kFrameRoom + 64;

  struct Way {
    Frame frames[kDepth];
    uint32_t in = 0, out = 0;
  };
  class End final : public Link {
   public:
    int Receive(Frame* frames, int max) override;
    int Send(const Frame* frames, int count) override;
    bool Allocate(Frame* frames, int count) override;
    void Free(const Frame* frames, int count) override;

    MemoryWire* wire = nullptr;
    Way* from = nullptr;
    Way* to = nullptr;
  };

  std::unique_ptr<uint8_t[]> memory_;
  std::vector<uint8_t*> free_;  // the last one freed is the first one used: it is still in the cache
  Way ways_[2];
  End ends_[2];
};

}  // namespace baton::generator
