#include "dataplane/neighbor_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_memory.h>

namespace baton::dataplane {
namespace {

constexpr Millis kAskInterval = 1000;
constexpr uint32_t kLeastEntries = 8;  // rte_hash makes no smaller table

// 32 bytes, because rte_hash compares keys of 32 bytes without a call.
struct alignas(16) Key {
  uint8_t address[16];
  uint8_t port;
  uint8_t zero[15];
};
static_assert(sizeof(Key) == 32);

Key KeyOf(PortId port, const IpAddress& address) {
  Key key = {};
  std::memcpy(key.address, address.v6_bytes(), sizeof(key.address));
  key.port = port;
  return key;
}

uint32_t HashKey(const void* key, uint32_t /*length*/, uint32_t seed) {
  uint64_t words[2];
  std::memcpy(words, key, sizeof(words));
  const uint8_t port = static_cast<const uint8_t*>(key)[offsetof(Key, port)];
  return rte_hash_crc_8byte(words[1], rte_hash_crc_8byte(words[0], rte_hash_crc_1byte(port, seed)));
}

}  // namespace

NeighborTable::NeighborTable(rte_hash* index, uint32_t capacity, uint32_t queue_limit)
    : index_(index), capacity_(capacity), entries_(std::max(capacity, kLeastEntries)),
      queue_(queue_limit), stamp_mask_(std::bit_ceil(8 * capacity) - 1),
      stamps_(std::make_unique<std::atomic<uint32_t>[]>(stamp_mask_ + 1)) {
  for (uint32_t i = queue_limit; i-- > 0;) {
    queue_[i].next = free_node_;
    free_node_ = i;
  }
}

NeighborTable::~NeighborTable() { rte_hash_free(index_); }

absl::StatusOr<std::unique_ptr<NeighborTable>> NeighborTable::Create(const std::string& name, uint32_t capacity,
                                                                     uint32_t queue_limit) {
  if (capacity < 1 || capacity >= kNoNeighbor) {
    return absl::InvalidArgumentError(absl::StrCat("neighbors: ", capacity, " is outside 1..", kNoNeighbor - 1));
  }
  const std::string hash_name = absl::StrCat("neighbors_", name);
  rte_hash_parameters parameters = {};
  parameters.name = hash_name.c_str();
  parameters.entries = std::max(capacity, kLeastEntries);
  parameters.key_len = sizeof(Key);
  parameters.hash_func = HashKey;
  parameters.socket_id = SOCKET_ID_ANY;
  parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE;  // every one of `entries` fits, however the keys collide
  rte_hash* index = rte_hash_create(&parameters);
  if (index == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("neighbors: no table \"", hash_name, "\" of ", capacity, ": ", rte_strerror(rte_errno)));
  }
  return std::unique_ptr<NeighborTable>(new NeighborTable(index, capacity, queue_limit));
}

uint16_t NeighborTable::Find(PortId port, const IpAddress& address) const {
  const Key key = KeyOf(port, address);
  const int32_t position = rte_hash_lookup(index_, &key);
  return position < 0 ? kNoNeighbor : static_cast<uint16_t>(position);
}

uint16_t NeighborTable::FindOrCreate(PortId port, const IpAddress& address) {
  const Key key = KeyOf(port, address);
  const uint32_t hash = rte_hash_hash(index_, &key);
  const int32_t found = rte_hash_lookup_with_hash(index_, &key, hash);
  if (found >= 0) return static_cast<uint16_t>(found);
  if (size_ == capacity_) return kNoNeighbor;
  const int32_t position = rte_hash_add_key_with_hash(index_, &key, hash);
  if (position < 0) return kNoNeighbor;
  ++size_;
  Entry& entry = entries_[position];
  entry = Entry{};
  entry.port = port;
  entry.address = address;
  entry.stamp = StampOf(port, address);
  return static_cast<uint16_t>(position);
}

bool NeighborTable::Enqueue(uint16_t index, const WaitingPacket& packet) {
  Entry& entry = entries_[index];
  if (entry.waiting == kNeighborQueue || free_node_ == Entry::kNone) return false;
  const uint32_t node = free_node_;
  free_node_ = queue_[node].next;
  queue_[node] = {packet, Entry::kNone};
  if (entry.waiting == 0) {
    entry.first = node;
  } else {
    queue_[entry.last].next = node;
  }
  entry.last = node;
  ++entry.waiting;
  ++waiting_;
  return true;
}

bool NeighborTable::Dequeue(uint16_t index, WaitingPacket* packet) {
  Entry& entry = entries_[index];
  if (entry.waiting == 0) return false;
  const uint32_t node = entry.first;
  *packet = queue_[node].packet;
  entry.first = queue_[node].next;
  queue_[node].next = free_node_;
  free_node_ = node;
  --entry.waiting;
  --waiting_;
  return true;
}

uint16_t NeighborTable::Set(PortId port, const IpAddress& address, const MacAddress& mac) {
  const uint16_t index = FindOrCreate(port, address);
  if (index == kNoNeighbor) return index;
  entries_[index].mac = mac;
  entries_[index].state = NeighborState::kReachable;
  entries_[index].was_reachable = true;
  return index;
}

uint16_t NeighborTable::Fail(PortId port, const IpAddress& address) {
  const uint16_t index = FindOrCreate(port, address);
  if (index == kNoNeighbor) return index;
  entries_[index].mac = MacAddress{};
  entries_[index].state = NeighborState::kFailed;
  return index;
}

void NeighborTable::Forget(uint16_t index) {
  const Entry& entry = entries_[index];
  assert(entry.waiting == 0);
  const Key key = KeyOf(entry.port, entry.address);
  if (rte_hash_del_key(index_, &key) < 0) return;
  --size_;
  if (entry.was_reachable) ++generation_;
}

bool NeighborTable::ShouldAsk(uint16_t index, Millis now) {
  Entry& entry = entries_[index];
  if (entry.asked && !Reached(entry.asked_at + kAskInterval, now)) return false;
  entry.asked = true;
  entry.asked_at = now;
  return true;
}

uint32_t NeighborTable::StampOf(PortId port, const IpAddress& address) const {
  const Key key = KeyOf(port, address);
  return HashKey(&key, sizeof(key), 0) & stamp_mask_;
}

bool NeighborTable::Used(PortId port, const IpAddress& address, int seconds) const {
  const uint32_t used = stamps_[StampOf(port, address)].load(std::memory_order_relaxed);
  if (used == 0) return false;
  const uint32_t now = clock_.load(std::memory_order_relaxed) + 1;
  // The stamp may be younger than the clock that we saw: then the difference is negative, and it was used just now.
  return static_cast<int32_t>(now - used) <= seconds;
}

}  // namespace baton::dataplane
