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

  // `others`: the bits of its word that are not to be given out.
  void Add(uint32_t port, uint64_t others) {
    const uint32_t word = port / 64, group = word / 64;
    used[word] |= uint64_t{1} << (port % 64);
    ++count;
    if ((used[word] | others) != ~uint64_t{0}) return;
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

  // The next word behind this one that is not full; kNoWord: none.
  uint32_t NextWord(uint32_t word) const {
    const uint32_t group = word / 64;
    if (const uint64_t words = ~full[group] & After(word % 64); words != 0) return group * 64 + std::countr_zero(words);
    const uint32_t groups = static_cast<uint32_t>(~top & 0xffff & After(group));
    if (groups == 0) return kNoWord;
    const uint32_t next = std::countr_zero(groups);
    return next * 64 + std::countr_zero(~full[next]);
  }
  static constexpr uint32_t kNoWord = 1024;
};

absl::StatusOr<std::unique_ptr<PortPools>> PortPools::Create(const std::string& name, uint32_t capacity,
                                                             const WorkerShare& share, const ClientHash* hash) {
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
  return std::unique_ptr<PortPools>(new PortPools(index, pools, capacity, share, hash));
}

PortPools::PortPools(rte_hash* index, Pool* pools, uint32_t capacity, const WorkerShare& share, const ClientHash* hash)
    : index_(index),
      pools_(pools),
      capacity_(capacity),
      divisor_(hash == nullptr ? share.workers : 1),
      remainder_(hash == nullptr ? share.index : 0),
      hash_(hash) {
  if (hash_ == nullptr) return;
  for (const bool ipv4 : {false, true}) {
    for (uint32_t slot = 0; slot < kSpreadSlots; ++slot) {
      for (uint16_t port = 0; port < 64; ++port) {
        const uint8_t at = static_cast<uint8_t>(slot) ^ hash_->PortSlot(__builtin_bswap16(port), ipv4);
        if (hash_->OwnerOfSlot(at) != share.index) others_[ipv4 ? 1 : 0][slot] |= uint64_t{1} << port;
      }
    }
  }
}

// The hash of a sum is the sum of the hashes: the slot of a word's first port, then what the lowest six bits add to it.
uint64_t PortPools::OthersAmong(uint32_t word, uint8_t address_slot, bool ipv4) const {
  if (hash_ == nullptr) return 0;
  const uint16_t first = static_cast<uint16_t>(word * 64);
  return others_[ipv4 ? 1 : 0][address_slot ^ hash_->PortSlot(__builtin_bswap16(first), ipv4)];
}

// The number of this worker's lowest free port from `first` on; 65536: all are in use. Nearly every word has some of
// each worker's, so seldom more than two words are looked at.
uint32_t PortPools::LowestFree(const Pool& pool, uint32_t first, const IpAddress& internal) const {
  const bool ipv4 = internal.is_v4();
  const uint8_t slot = hash_ == nullptr ? uint8_t{0} : hash_->AddressSlot(internal);
  uint64_t mine = From(first % 64);
  for (uint32_t word = first / 64; word != Pool::kNoWord; word = pool.NextWord(word)) {
    if (const uint64_t free = ~pool.used[word] & ~OthersAmong(word, slot, ipv4) & mine; free != 0) {
      return word * 64 + std::countr_zero(free);
    }
    mine = ~uint64_t{0};
  }
  return 65536;
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

void PortPools::AddTo(Pool& pool, uint32_t number, const IpAddress& internal) {
  const uint8_t slot = hash_ == nullptr ? uint8_t{0} : hash_->AddressSlot(internal);
  pool.Add(number, OthersAmong(number / 64, slot, internal.is_v4()));
}

PortPools::Result PortPools::Take(const IpAddress& internal, const Endpoint& backend, uint16_t first, uint16_t last,
                                  uint16_t* port) {
  Pool* pool = FindOrCreate(internal, backend);
  if (pool == nullptr) return Result::kPoolsExhausted;
  const uint32_t lowest = (uint32_t{first} + divisor_ - 1 - remainder_) / divisor_;
  const uint32_t number = LowestFree(*pool, lowest, internal);
  const uint32_t free = number * divisor_ + remainder_;
  if (free > last) {
    GiveBackIfEmpty(*pool, internal, backend);  // the range may hold no port of this worker
    return Result::kPortsExhausted;
  }
  AddTo(*pool, number, internal);
  *port = static_cast<uint16_t>(free);
  return Result::kOk;
}

PortPools::Result PortPools::TakeExact(const IpAddress& internal, const Endpoint& backend, uint16_t port) {
  Pool* pool = FindOrCreate(internal, backend);
  if (pool == nullptr) return Result::kPoolsExhausted;
  if (pool->Has(NumberOf(port))) return Result::kPortsExhausted;
  AddTo(*pool, NumberOf(port), internal);
  return Result::kOk;
}

bool PortPools::Release(const IpAddress& internal, const Endpoint& backend, uint16_t port) {
  Pool* pool = Find(internal, backend);
  if (pool == nullptr || !pool->Has(NumberOf(port))) return false;
  pool->Remove(NumberOf(port));
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
