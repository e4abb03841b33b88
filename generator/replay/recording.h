// Frames of a pcap or pcapng file, read whole into memory before anything is sent: what cannot be replayed is refused
// then. Immutable once read, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"

namespace baton::generator {

struct RecordedFrame {
  size_t at = 0;          // in Recording::bytes
  uint16_t length = 0;
  uint16_t ether_type = 0;
  int64_t offset_ns = 0;  // from the first one; never less than of the one before
};

struct Recording {
  static constexpr size_t kMostBytes = size_t{256} << 20;
  static constexpr size_t kMostFrames = 4'000'000;

  std::vector<uint8_t> bytes;
  std::vector<RecordedFrame> frames;  // one at least
  // Of a round, when it is played again: the last frame's time and the mean distance of two.
  int64_t period_ns() const;
};

// InvalidArgument, without the file's name: it cannot be read, is cut off, holds no frames, no Ethernet, frames of which
// only a part was captured or which are longer than `longest`, or too much.
absl::StatusOr<Recording> ReadRecording(const std::string& path, size_t longest);

}  // namespace baton::generator
