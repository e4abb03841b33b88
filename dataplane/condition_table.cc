#include "dataplane/condition_table.h"

#include <emmintrin.h>

#include <bit>

namespace baton::dataplane {
namespace {

constexpr ConditionTable::Entry EntryOf(uint32_t place, ConditionState state, ConditionGroup group) {
  return place << 11 | static_cast<uint32_t>(state) << 8 | group;
}

// A bit for each of the seven keys of a bucket that is `key`.
inline uint32_t Matches(const uint32_t* keys, uint32_t key) {
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(key));
  const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(keys)), wanted);
  const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(keys + 4)), wanted);
  const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(low, high), low)));
  return mask & 0x7f;
}

}  // namespace

ConditionTable::ConditionTable(uint32_t capacity, const HashSeed& seed)
    : seed_(seed),
      capacity_(capacity),
      mask_(capacity == 0 ? 0 : std::bit_ceil(capacity / 4 + 1) - 1),
      buckets_(capacity == 0 ? 0 : size_t{mask_} + 1),
      records_(capacity == 0 ? 0 : size_t{capacity} + 1) {
  for (uint32_t place = capacity; place > 0; --place) {
    records_[place].packets = free_;
    free_ = place;
  }
}

ConditionTable::Probe ConditionTable::ProbeOf(const IpAddress& address, ConditionGroup group) const {
  if (!address.is_v4()) return ProbeOfV6(address.v6_bytes(), group);
  uint32_t wire;
  std::memcpy(&wire, address.v4_bytes(), 4);
  return ProbeOfV4(wire, group);
}

inline ConditionTable::Spot ConditionTable::SpotOf(const Probe& probe, ConditionGroup group, const uint8_t* v6) const {
  for (uint32_t at = probe.bucket;; at = (at + 1) & mask_) {
    const Bucket& bucket = buckets_[at];
    for (uint32_t left = Matches(bucket.keys, probe.key); left != 0; left &= left - 1) {
      const int way = std::countr_zero(left);
      const Entry entry = bucket.entries[way];
      if (entry == kNone || GroupOf(entry) != group) continue;
      if (v6 != nullptr && std::memcmp(records_[PlaceOf(entry)].address.v6_bytes(), v6, 16) != 0) continue;
      return {at, way};
    }
    if (bucket.spilled == 0) return {};
  }
}

ConditionTable::Entry ConditionTable::Find(const Probe& probe, ConditionGroup group, const uint8_t* v6) const {
  const Spot spot = SpotOf(probe, group, v6);
  return spot.way < 0 ? kNone : buckets_[spot.bucket].entries[spot.way];
}

ConditionTable::Entry ConditionTable::Find(const IpAddress& address, ConditionGroup group) const {
  if (size_ == 0) return kNone;
  return Find(ProbeOf(address, group), group, V6(address));
}

bool ConditionTable::Set(const IpAddress& address, ConditionGroup group, ConditionState state) {
  if (capacity_ == 0) return false;
  const Probe probe = ProbeOf(address, group);
  const Spot known = SpotOf(probe, group, V6(address));
  if (known.way >= 0) {
    Entry& entry = buckets_[known.bucket].entries[known.way];
    entry = EntryOf(PlaceOf(entry), state, group);
    return true;
  }
  if (free_ == 0) return false;
  const uint32_t place = free_;
  free_ = static_cast<uint32_t>(records_[place].packets);
  records_[place] = {address, 0, 0};
  ++size_;
  for (uint32_t at = probe.bucket;; at = (at + 1) & mask_) {  // ends: there are more ways than places
    Bucket& bucket = buckets_[at];
    for (int way = 0; way < kWays; ++way) {
      if (bucket.entries[way] != kNone) continue;
      bucket.keys[way] = probe.key;
      bucket.entries[way] = EntryOf(place, state, group);
      return true;
    }
    ++bucket.spilled;
  }
}

void ConditionTable::Forget(const IpAddress& address, ConditionGroup group) {
  if (size_ == 0) return;
  const Probe probe = ProbeOf(address, group);
  const Spot spot = SpotOf(probe, group, V6(address));
  if (spot.way < 0) return;
  for (uint32_t at = probe.bucket; at != spot.bucket; at = (at + 1) & mask_) --buckets_[at].spilled;
  Entry& entry = buckets_[spot.bucket].entries[spot.way];
  const uint32_t place = PlaceOf(entry);
  entry = kNone;
  records_[place] = {IpAddress{}, free_, 0};
  free_ = place;
  --size_;
}

}  // namespace baton::dataplane
