// For `full` translation: which ports of an internal address are in use towards one endpoint of a backend (AM-50). A
// pool is a bitmap of the 65536 ports; it is taken on first use and given back when its last port is released. Owned by
// one worker; everything is allocated by Create, and every call does a bounded amount of work.
//
// A worker gives out ports of its own share only, so that a reply's port tells whose it is (steer.h): those whose
// remainder is its index, or, where cards spread the frames, those that the hash gives to it together with the address.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "common/service_table.h"
#include "common/status.h"
#include "dataplane/client_hash.h"
#include "dataplane/worker_share.h"

struct rte_hash;

namespace baton::dataplane {

class PortPools {
 public:
  enum class Result : uint8_t { kOk, kPortsExhausted, kPoolsExhausted };

  // `name` distinguishes workers. `hash`: nullptr, or what tells whose a port is. 8.3 KB of memory for each pool.
  // REQUIRES: capacity >= 1; `hash` outlives this and is of as many workers as `share` is.
  static absl::StatusOr<std::unique_ptr<PortPools>> Create(const std::string& name, uint32_t capacity,
                                                           const WorkerShare& share = {},
                                                           const ClientHash* hash = nullptr);
  ~PortPools();
  PortPools(const PortPools&) = delete;
  PortPools& operator=(const PortPools&) = delete;

  // Takes the lowest free port of this worker in first..last, both included. The same port of the same internal address
  // may be in use towards other backends at the same time. REQUIRES: first <= last.
  Result Take(const IpAddress& internal, const Endpoint& backend, uint16_t first, uint16_t last, uint16_t* port);
  // Takes this port; kPortsExhausted when it is in use. For rows that come from another box. REQUIRES: it is this
  // worker's.
  Result TakeExact(const IpAddress& internal, const Endpoint& backend, uint16_t port);
  // False when the port was not in use.
  bool Release(const IpAddress& internal, const Endpoint& backend, uint16_t port);

  uint32_t pools_in_use() const { return in_use_; }
  uint32_t capacity() const { return capacity_; }
  // Ports in use towards this backend.
  uint32_t PortsInUse(const IpAddress& internal, const Endpoint& backend) const;

 private:
  struct Pool;
  PortPools(rte_hash* index, Pool* pools, uint32_t capacity, const WorkerShare& share, const ClientHash* hash);
  Pool* Find(const IpAddress& internal, const Endpoint& backend) const;
  void GiveBackIfEmpty(const Pool& pool, const IpAddress& internal, const Endpoint& backend);
  Pool* FindOrCreate(const IpAddress& internal, const Endpoint& backend);
  // What a port is called in a pool: with remainders the quotient.
  uint32_t NumberOf(uint16_t port) const { return port / divisor_; }
  uint64_t OthersAmong(uint32_t word, uint8_t address_slot, bool ipv4) const;
  void AddTo(Pool& pool, uint32_t number, const IpAddress& internal);
  uint32_t LowestFree(const Pool& pool, uint32_t first, const IpAddress& internal) const;

  rte_hash* index_;  // (internal, backend) -> position in pools_
  Pool* pools_;
  uint32_t capacity_;
  uint32_t in_use_ = 0;
  uint32_t divisor_, remainder_;  // of this worker's ports; 1 and 0 with `hash_`
  const ClientHash* hash_;
  // With `hash_`, by family and slot: a bit for each of 64 ports in a row that is another worker's, when the address
  // and the first of them come to this slot.
  std::array<std::array<uint64_t, kSpreadSlots>, 2> others_{};
};

}  // namespace baton::dataplane
