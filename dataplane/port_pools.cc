#include "dataplane/port_pools.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>
#include <rte_memory.h>

namespace baton::dataplane {
namespace {

constexpr uint32_t kLeastEntries = 8;  // rte_hash makes no smaller table

struct alignas(16) Key {
  uint8_t internal[16];
  uint8_t backend[16];
  uint16_t backend_port;
  uint8_t protocol;
  uint8_t zero[13];
};
static_assert(sizeof(Key) == 48);  // a size that rte_hash compares without a call

Key KeyOf(const IpAddress& internal, const Endpoint& backend) {
  Key key = {};
  std::memcpy(key.internal, internal.v6_bytes(), sizeof(key.internal));
  std::memcpy(key.backend, backend.address.v6_bytes(), sizeof(key.backend));
  key.backend_port = backend.port;
  key.protocol = backend.protocol;
  return key;
}

uint32_t HashKey(const void* key, uint32_t /*length*/, uint32_t seed) {
  uint64_t words[5];
  std::memcpy(words, key, sizeof(words));
  for (const uint64_t word : words) seed = rte_hash_crc_8byte(word, seed);
  return seed;
}

// In a word: the bits from `bit` on, and those after it.
constexpr uint64_t From(uint32_t bit) { return ~uint64_t{0} << bit; }
constexpr uint64_t After(uint32_t bit) { return From(bit) << 1; }  // two shifts: one of 64 is undefined

}  // namespace

// Three levels, so that the lowest free port is found in three steps:
//   used   1024 words   one bit per port: in use
//   full     16 words   one bit per word of `used`: all ones
//   top       1 word    one bit per word of `full`: all ones
struct alignas(64) PortPools::Pool {
  uint64_t used[1024];
  uint64_t full[16];
  uint32_t top;
  uint32_t count;

  bool Has(uint32_t port) const { return (used[port / 64] >> (port % 64) & 1) != 0; }

  void Add(uint32_t port) {
    const uint32_t word = port / 64, group = word / 64;
    used[word] |= uint64_t{1} << (port % 64);
    ++count;
    if (used[word] != ~uint64_t{0}) return;
    full[group] |= uint64_t{1} << (word % 64);
    if (full[group] == ~uint64_t{0}) top |= 1u << group;
  }

  void Remove(uint32_t port) {
    const uint32_t word = port / 64, group = word / 64;
    used[word] &= ~(uint64_t{1} << (port % 64));
    full[group] &= ~(uint64_t{1} << (word % 64));
    top &= ~(1u << group);
    --count;
  }

  // 65536 when every port from `first` on is in use.
  uint32_t LowestFree(uint32_t first) const {
    uint32_t word = first / 64;
    if (const uint64_t here = ~used[word] & From(first % 64); here != 0) return word * 64 + std::countr_zero(here);
    uint32_t group = word / 64;
    if (const uint64_t words = ~full[group] & After(word % 64); words != 0) {
      word = group * 64 + std::countr_zero(words);
    } else {
      const uint32_t groups = static_cast<uint32_t>(~top & 0xffff & After(group));
      if (groups == 0) return 65536;
      group = std::countr_zero(groups);
      word = group * 64 + std::countr_zero(~full[group]);
    }
    return word * 64 + std::countr_zero(~used[word]);
  }
};

absl::StatusOr<std::unique_ptr<PortPools>> PortPools::Create(const std::string& name, uint32_t capacity,
                                                             const WorkerShare& share) {
  if (capacity < 1) return absl::InvalidArgumentError("port_pools: 0 is less than 1");
  const std::string hash_name = absl::StrCat("port_pools_", name);
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
        absl::StrCat("port_pools: no table \"", hash_name, "\" of ", capacity, ": ", rte_strerror(rte_errno)));
  }
  const size_t bytes = sizeof(Pool) * parameters.entries;
  auto* pools = static_cast<Pool*>(rte_malloc(nullptr, bytes, alignof(Pool)));
  if (pools == nullptr) {
    rte_hash_free(index);
    return absl::ResourceExhaustedError(
        absl::StrCat("port_pools: no memory for ", capacity, " pools (", bytes, " bytes)"));
  }
  std::memset(static_cast<void*>(pools), 0, bytes);  // also touches every page now and not on the packet path
  return std::unique_ptr<PortPools>(new PortPools(index, pools, capacity, share));
}

PortPools::~PortPools() {
  rte_free(pools_);
  rte_hash_free(index_);
}

PortPools::Pool* PortPools::Find(const IpAddress& internal, const Endpoint& backend) const {
  const Key key = KeyOf(internal, backend);
  const int32_t position = rte_hash_lookup(index_, &key);
  return position < 0 ? nullptr : &pools_[position];
}

PortPools::Pool* PortPools::FindOrCreate(const IpAddress& internal, const Endpoint& backend) {
  const Key key = KeyOf(internal, backend);
  const uint32_t hash = rte_hash_hash(index_, &key);
  const int32_t found = rte_hash_lookup_with_hash(index_, &key, hash);
  if (found >= 0) return &pools_[found];
  if (in_use_ == capacity_) return nullptr;
  const int32_t position = rte_hash_add_key_with_hash(index_, &key, hash);
  if (position < 0) return nullptr;
  ++in_use_;
  return &pools_[position];  // all zero: it was made so, or its last port was released
}

PortPools::Result PortPools::Take(const IpAddress& internal, const Endpoint& backend, uint16_t first, uint16_t last,
                                  uint16_t* port) {
  Pool* pool = FindOrCreate(internal, backend);
  if (pool == nullptr) return Result::kPoolsExhausted;
  // A worker's ports are those that its index is the remainder of; the pool numbers them by the quotient.
  const uint32_t lowest = (uint32_t{first} + share_.workers - 1 - share_.index) / share_.workers;
  const uint32_t free = pool->LowestFree(lowest) * share_.workers + share_.index;
  if (free > last) {
    GiveBackIfEmpty(*pool, internal, backend);  // the range may hold no port of this worker
    return Result::kPortsExhausted;
  }
  pool->Add(free / share_.workers);
  *port = static_cast<uint16_t>(free);
  return Result::kOk;
}

PortPools::Result PortPools::TakeExact(const IpAddress& internal, const Endpoint& backend, uint16_t port) {
  Pool* pool = FindOrCreate(internal, backend);
  if (pool == nullptr) return Result::kPoolsExhausted;
  if (pool->Has(port / share_.workers)) return Result::kPortsExhausted;
  pool->Add(port / share_.workers);
  return Result::kOk;
}

bool PortPools::Release(const IpAddress& internal, const Endpoint& backend, uint16_t port) {
  Pool* pool = Find(internal, backend);
  if (pool == nullptr || !pool->Has(port / share_.workers)) return false;
  pool->Remove(port / share_.workers);
  GiveBackIfEmpty(*pool, internal, backend);
  return true;
}

void PortPools::GiveBackIfEmpty(const Pool& pool, const IpAddress& internal, const Endpoint& backend) {
  if (pool.count != 0) return;
  const Key key = KeyOf(internal, backend);
  rte_hash_del_key(index_, &key);
  --in_use_;
}

uint32_t PortPools::PortsInUse(const IpAddress& internal, const Endpoint& backend) const {
  const Pool* pool = Find(internal, backend);
  return pool == nullptr ? 0 : pool->count;
}

}  // namespace baton::dataplane
