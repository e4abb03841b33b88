// The neighbours that one worker knows, by port and address: MAC address, state, and the packets that wait for it.
// Owned by the worker; only Used() may be called by another thread. Everything is allocated by Create: a full table and
// a full queue are refused. A neighbour that was reachable keeps its index while generation() stands, so rows may too.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/addr.h"
#include "common/route.h"
#include "common/status.h"
#include "common/time_point.h"
#include "dataplane/waiting_packet.h"

struct rte_hash;

namespace baton::dataplane {

inline constexpr uint16_t kNoNeighbor = 0xffff;
inline constexpr int kNeighborQueue = 16;  // packets that may wait for one neighbour

enum class NeighborState : uint8_t { kIncomplete, kReachable, kFailed };

class NeighborTable {
 public:
  struct Entry {
    MacAddress mac;  // valid when kReachable
    NeighborState state = NeighborState::kIncomplete;
    PortId port = kNoPort;
    IpAddress address;

   private:
    friend class NeighborTable;
    static constexpr uint32_t kNone = 0xffffffff;
    uint32_t stamp = 0;  // where in stamps_ its time of use is
    uint32_t first = kNone, last = kNone;  // of the packets that wait, in queue_
    uint16_t waiting = 0;
    bool asked = false;
    bool was_reachable = false;
    Millis asked_at = 0;
  };

  // `name` distinguishes workers. `queue_limit`: packets waiting for all neighbours together.
  // REQUIRES: 1 <= capacity < kNoNeighbor.
  static absl::StatusOr<std::unique_ptr<NeighborTable>> Create(const std::string& name, uint32_t capacity,
                                                               uint32_t queue_limit);
  ~NeighborTable();
  NeighborTable(const NeighborTable&) = delete;
  NeighborTable& operator=(const NeighborTable&) = delete;

  uint16_t Find(PortId port, const IpAddress& address) const;  // kNoNeighbor: unknown
  uint16_t FindOrCreate(PortId port, const IpAddress& address);  // kNoNeighbor: the table is full
  // REQUIRES, here and below: `index` came from Find, FindOrCreate, Set or Fail and was not forgotten.
  const Entry& at(uint16_t index) const { return entries_[index]; }

  // False: this neighbour's queue or the whole of them is full.
  bool Enqueue(uint16_t index, const WaitingPacket& packet);
  // The packet that waits longest; false: none waits.
  bool Dequeue(uint16_t index, WaitingPacket* packet);

  // The answer arrived, or none did. They return the index, or kNoNeighbor when the table is full; the caller then
  // dequeues what waited, and sends it or answers it with an error.
  uint16_t Set(PortId port, const IpAddress& address, const MacAddress& mac);
  uint16_t Fail(PortId port, const IpAddress& address);
  // Frees the index. REQUIRES: nothing waits (the caller dequeued it all).
  void Forget(uint16_t index);

  // True at most once a second for each entry: then it is time to send NeedNeighbor.
  bool ShouldAsk(uint16_t index, Millis now);

  // The worker's clock, for the times of use below. Once per poll is enough.
  void SetClock(uint32_t seconds) {
    if (clock_.load(std::memory_order_relaxed) != seconds) clock_.store(seconds, std::memory_order_relaxed);
  }
  // A packet goes to this neighbour.
  void Touch(uint16_t index) {
    std::atomic<uint32_t>& stamp = stamps_[entries_[index].stamp];
    const uint32_t now = clock_.load(std::memory_order_relaxed) + 1;  // 0: never
    if (stamp.load(std::memory_order_relaxed) != now) stamp.store(now, std::memory_order_relaxed);
  }
  // When packets last went there, in the worker's own terms: to put it back after a packet that was none.
  uint32_t touched(uint16_t index) const { return stamps_[entries_[index].stamp].load(std::memory_order_relaxed); }
  void SetTouched(uint16_t index, uint32_t when) {
    stamps_[entries_[index].stamp].store(when, std::memory_order_relaxed);
  }
  // Any thread: whether packets went there in the last `seconds`. Two neighbours may share a stamp; then the one that
  // is not used seems to be, which only means that it is refreshed for longer.
  bool Used(PortId port, const IpAddress& address, int seconds) const;

  // Changes whenever an index is freed whose neighbour was ever reachable: who kept such indices must look them up
  // again. Others do not count, or whoever asks for addresses that nobody has could make every row look up its next
  // hop.
  uint32_t generation() const { return generation_; }
  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }
  uint32_t waiting() const { return waiting_; }  // packets, over all neighbours

 private:
  struct Node {
    WaitingPacket packet;
    uint32_t next;
  };

  NeighborTable(rte_hash* index, uint32_t capacity, uint32_t queue_limit);
  uint32_t StampOf(PortId port, const IpAddress& address) const;

  rte_hash* index_;
  uint32_t capacity_;
  uint32_t size_ = 0;
  uint32_t generation_ = 0;
  std::vector<Entry> entries_;
  std::vector<Node> queue_;
  uint32_t free_node_ = Entry::kNone;
  uint32_t waiting_ = 0;
  // worker writes, control reads. Relaxed: a reader needs some recent value, nothing is published through them.
  uint32_t stamp_mask_;
  std::unique_ptr<std::atomic<uint32_t>[]> stamps_;
  std::atomic<uint32_t> clock_{0};
};

}  // namespace baton::dataplane
