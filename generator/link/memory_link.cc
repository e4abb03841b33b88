#include "generator/link/memory_link.h"

#include <algorithm>

namespace baton::generator {

MemoryWire::MemoryWire() : memory_(new uint8_t[kBuffers * kStride]()) {
  free_.reserve(kBuffers);
  for (int i = 0; i < kBuffers; ++i) free_.push_back(&memory_[static_cast<size_t>(i) * kStride]);
  for (int i = 0; i < 2; ++i) {
    ends_[i].wire = this;
    ends_[i].to = &ways_[i];
    ends_[i].from = &ways_[1 - i];
  }
}

int MemoryWire::End::Receive(Frame* frames, int max) {
  const int count = std::min(max, static_cast<int>(from->in - from->out));
  for (int i = 0; i < count; ++i) frames[i] = from->frames[from->out++ % kDepth];
  return count;
}

int MemoryWire::End::Send(const Frame* frames, int count) {
  const int taken = std::min(count, kDepth - static_cast<int>(to->in - to->out));
  for (int i = 0; i < taken; ++i) to->frames[to->in++ % kDepth] = frames[i];
  return taken;
}

bool MemoryWire::End::Allocate(Frame* frames, int count) {
  if (wire->free_.size() < static_cast<size_t>(count)) return false;
  for (int i = 0; i < count; ++i) {
    frames[i] = {.data = wire->free_.back(), .buffer = wire->free_.back(), .length = 0};
    wire->free_.pop_back();
  }
  return true;
}

void MemoryWire::End::Free(const Frame* frames, int count) {
  for (int i = 0; i < count; ++i) wire->free_.push_back(static_cast<uint8_t*>(frames[i].buffer));
}

}  // namespace baton::generator
