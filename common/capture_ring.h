// How copies of packets get from one worker to whoever writes a capture file: a bounded ring with one producer, the
// worker, and one consumer, an API thread. All memory is taken when it is made, by the control thread, which owns it
// and lends it to the worker with StartCapture until CaptureEnded. What finds it full is counted and not copied: a
// worker never waits.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "common/drop_reason.h"
#include "common/route.h"
#include "common/time_point.h"

namespace baton {

struct CaptureSettings {
  uint32_t ports = 0xffffffff;   // a bit for each PortId
  bool drops_only = false;
  uint16_t snap_length = 256;    // bytes copied of a packet
};

struct CapturedPacket {
  // What became of a packet that was received.
  enum class End : uint8_t { kForwarded, kDropped, kAnswered, kEcho, kControl, kKernel, kHeld, kWaiting, kKept, kPieces };

  TimePoint at{};
  const void* buffer = nullptr;  // worker's own until it is published: which packet this is
  uint16_t length = 0;           // of the frame
  uint16_t captured = 0;         // bytes copied
  PortId port = kNoPort;         // where it was received or is sent
  PortId out_port = kNoPort;     // of a received one that is sent on at once
  bool sent = false;             // not received
  bool again = false;            // worker's own: was received earlier and waited; copied in case it is dropped
  bool void_copy = false;        // worker's own: was to be sent and was not, or is another worker's
  End end = End::kForwarded;     // not of a sent one
  DropReason drop = DropReason::kNone;  // kDropped, and kAnswered: the sender gets an error
};

class CaptureRing {
 public:
  // REQUIRES: places is a power of two.
  CaptureRing(const CaptureSettings& settings, uint32_t places)
      : settings_(settings), mask_(places - 1), packets_(places), bytes_(size_t{places} * settings.snap_length) {}
  CaptureRing(const CaptureRing&) = delete;
  CaptureRing& operator=(const CaptureRing&) = delete;

  const CaptureSettings& settings() const { return settings_; }
  uint32_t places() const { return mask_ + 1; }

  // Consumer. The oldest packet that was published, nullptr when there is none; it stays until Pop.
  const CapturedPacket* Front() const {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);  // only the consumer writes it
    // Acquire: what was written into the place before Publish is seen.
    return tail == head_.load(std::memory_order_acquire) ? nullptr : &packets_[tail & mask_];
  }
  const uint8_t* FrontBytes() const { return BytesAt(tail_.load(std::memory_order_relaxed)); }
  // Release: the producer may write into the place only after it was read.
  void Pop() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  uint64_t missed() const { return missed_.load(std::memory_order_relaxed); }
  // The worker copies what it receives from now on.
  bool begun() const { return begun_.load(std::memory_order_relaxed); }

  // Producer, from here on. Places are written at positions `published()` to `published() + Room() - 1` first and
  // published together afterwards. Acquire: see Pop.
  void Begin() { begun_.store(true, std::memory_order_relaxed); }
  uint32_t published() const { return head_.load(std::memory_order_relaxed); }
  uint32_t Room(uint32_t written_to) const { return places() - (written_to - tail_.load(std::memory_order_acquire)); }
  CapturedPacket& At(uint32_t position) { return packets_[position & mask_]; }
  uint8_t* BytesAt(uint32_t position) { return bytes_.data() + size_t{position & mask_} * settings_.snap_length; }
  const uint8_t* BytesAt(uint32_t position) const {
    return bytes_.data() + size_t{position & mask_} * settings_.snap_length;
  }
  void Publish(uint32_t end) { head_.store(end, std::memory_order_release); }
  void Miss(uint64_t count) { missed_.store(missed_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed); }

 private:
  const CaptureSettings settings_;
  const uint32_t mask_;
  std::vector<CapturedPacket> packets_;
  std::vector<uint8_t> bytes_;
  // Lines of their own: each is written by one side and read by the other.
  alignas(64) std::atomic<uint32_t> head_{0};    // worker writes
  std::atomic<uint64_t> missed_{0};              // worker writes; relaxed: a count
  std::atomic<bool> begun_{false};               // worker writes, once; relaxed: nothing is read by it
  alignas(64) std::atomic<uint32_t> tail_{0};    // consumer writes
};

}  // namespace baton
