// The determination table (VR-35): for each condition whether a packet from that address is passed, and what passed.
// Open addressing over buckets of one cache line; all memory is taken at construction. One worker's.
//
//     bucket   | key 0 | .. | key 6 | spilled | entry 0 | .. | entry 6 |       |      64 bytes
//     entry    place of the record (21 bits), state (3), group (8); 0: free
//
// A key is an IPv4 address, or 32 bits of the hash of an IPv6 address, whose record tells whether it is the one. A
// bucket that is full passes the next ones on to the bucket behind it, and counts them in `spilled`: a look-up that
// finds nothing goes on there only while that is not zero. At half load that is one in twenty.
#pragma once

#include <cstdint>

#include "common/addr.h"
#include "common/condition.h"
#include "dataplane/flow_key.h"
#include "dataplane/huge_array.h"

namespace baton::dataplane {

// Before a hand-over and after it a condition is blocked or passes; the others are of hand_over/.
enum class ConditionState : uint8_t {
  kBlock,
  kPass,
  kGiving,  // passes and is noted
  kGiven,   // blocked; what comes is looked at once more (`sequence`)
  kTaking,  // waits for the report
  kSettled,  // passes but for what the report still names
};

class ConditionTable {
 public:
  static constexpr uint32_t kMaxCapacity = (1U << 21) - 1;
  // capacity 0: there are no conditions. REQUIRES: capacity <= kMaxCapacity.
  ConditionTable(uint32_t capacity, const HashSeed& seed);

  // A look-up in two steps, so that the cache misses of a burst overlap: Prefetch all, then Find each.
  struct Probe {
    uint32_t key, bucket;
  };
  Probe ProbeOf(const FlowKey& key, bool ipv4, ConditionGroup group) const {
    return ipv4 ? ProbeOfV4(key.v4.src, group) : ProbeOfV6(key.v6.src, group);
  }
  Probe ProbeOf(const IpAddress& address, ConditionGroup group) const;
  void Prefetch(const Probe& probe) const { __builtin_prefetch(&buckets_[probe.bucket]); }

  using Entry = uint32_t;  // as above; stale once a condition was added or removed
  static constexpr Entry kNone = 0;
  static ConditionState StateOf(Entry entry) { return static_cast<ConditionState>(entry >> 8 & 7); }
  static uint32_t PlaceOf(Entry entry) { return entry >> 11; }
  // `v6`: the 16 bytes of the address; nullptr: it is IPv4.
  Entry Find(const Probe& probe, ConditionGroup group, const uint8_t* v6) const;
  Entry Find(const IpAddress& address, ConditionGroup group) const;

  // False: no room for another. Keeps the counters of one that is there.
  bool Set(const IpAddress& address, ConditionGroup group, ConditionState state);
  void Forget(const IpAddress& address, ConditionGroup group);
  struct alignas(32) Record {
    IpAddress address;  // unspecified: free; `packets` is the next free place
    uint64_t packets = 0, bytes = 0;
  };
  Record& record(uint32_t place) { return records_[place]; }
  const Record& record(uint32_t place) const { return records_[place]; }
  static ConditionGroup GroupOf(Entry entry) { return static_cast<ConditionGroup>(entry); }

  // For walks: the entries of one bucket.
  static constexpr int kWays = 7;
  uint32_t buckets() const { return static_cast<uint32_t>(buckets_.size()); }
  // REQUIRES: bucket < buckets(), way < kWays.
  Entry at(uint32_t bucket, int way) const { return buckets_[bucket].entries[way]; }

  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }

 private:
  struct alignas(64) Bucket {
    uint32_t keys[kWays];
    uint32_t spilled;
    Entry entries[kWays];
    uint32_t unused;
  };
  static_assert(sizeof(Bucket) == 64);

  Probe ProbeOfV4(uint32_t address, ConditionGroup group) const {
    // Twice: addresses in a row, times a secret that happens to be an ill one, leave most buckets empty.
    const uint64_t hash = MixWords(MixWords((uint64_t{group} << 32 | address) ^ seed_.a, seed_.b), HashSeed{}.a);
    return {address, static_cast<uint32_t>(hash >> 32 ^ hash) & mask_};
  }
  Probe ProbeOfV6(const uint8_t* address, ConditionGroup group) const {
    uint64_t words[2];
    std::memcpy(words, address, 16);
    const uint64_t hash = MixWords(MixWords(words[0] ^ seed_.a, words[1] ^ seed_.b) ^ group, seed_.b);
    return {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32) & mask_};
  }
  struct Spot {
    uint32_t bucket = 0;
    int way = -1;  // none
  };
  Spot SpotOf(const Probe& probe, ConditionGroup group, const uint8_t* v6) const;
  static const uint8_t* V6(const IpAddress& address) { return address.is_v4() ? nullptr : address.v6_bytes(); }

  HashSeed seed_;
  uint32_t capacity_;
  uint32_t mask_ = 0;
  uint32_t size_ = 0;
  uint32_t free_ = 0;  // 0: none
  HugeArray<Bucket> buckets_;
  HugeArray<Record> records_;
};

}  // namespace baton::dataplane
