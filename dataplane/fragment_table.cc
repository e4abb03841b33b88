#include "dataplane/fragment_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace baton::dataplane {

FragmentTable::FragmentTable(const Limits& limits, const HashSeed& seed)
    : limits_(limits),
      seed_(seed),
      datagrams_(limits.datagrams),
      places_(limits.waiting),
      buckets_(std::bit_ceil(std::max(2 * limits.datagrams, 2u)), kNone),
      bucket_mask_(static_cast<uint32_t>(buckets_.size()) - 1) {
  for (uint32_t i = limits.datagrams; i-- > 0;) {
    datagrams_[i].in_bucket = free_datagram_;
    free_datagram_ = i;
  }
  for (uint32_t i = limits.waiting; i-- > 0;) {
    places_[i].next = free_place_;
    free_place_ = i;
  }
}

uint32_t FragmentTable::BucketOf(const FragmentKey& key) const {
  uint64_t words[5];
  std::memcpy(words, &key, sizeof words);
  uint64_t h = MixWords(words[0] ^ seed_.a, words[1] ^ seed_.b);
  h = MixWords(words[2] ^ seed_.b, words[3] ^ h);
  h = MixWords(words[4] ^ seed_.a, h ^ seed_.b);
  return static_cast<uint32_t>(h ^ h >> 32) & bucket_mask_;
}

uint32_t FragmentTable::Find(const FragmentKey& key) const {
  uint32_t at = buckets_[BucketOf(key)];
  while (at != kNone && std::memcmp(&datagrams_[at].key, &key, sizeof key) != 0) at = datagrams_[at].in_bucket;
  return at;
}

// A new datagram in this place, of which nothing has come.
void FragmentTable::Begin(Datagram& d, Millis now) {
  d.has_first = d.spoilt = d.complete = false;
  d.count = 0;
  d.end = d.covered = d.furthest = 0;
  d.since = now;
  d.queue = {};
}

uint32_t FragmentTable::FindOrCreate(const FragmentKey& key, bool is_first, Millis now) {
  const uint32_t found = Find(key);
  if (found != kNone && !(datagrams_[found].complete && is_first)) return found;
  // The oldest one of which all has come makes room.
  if (found != kNone) {
    Free(found);
  } else if (free_datagram_ == kNone && complete_.first != kNone) {
    Free(complete_.first);
  }
  if (free_datagram_ == kNone) return kNone;
  const uint32_t at = free_datagram_;
  Datagram& d = datagrams_[at];
  free_datagram_ = d.in_bucket;
  Begin(d, now);
  d.key = key;
  uint32_t& bucket = buckets_[BucketOf(key)];
  d.in_bucket = bucket;
  bucket = at;
  Append(open_, at);
  ++live_;
  return at;
}

DropReason FragmentTable::Note(uint32_t datagram, const FragmentRange& range, Millis now) {
  Datagram& d = datagrams_[datagram];
  if (d.spoilt) return DropReason::kFragmentOverlap;
  // Two ends, or something behind the end.
  bool overlap = d.end != 0 && (range.last ? range.end != d.end : range.end > d.end);
  overlap |= range.last && range.end < d.furthest;
  for (int i = 0; i < d.count && !overlap; ++i) {
    const Span& s = d.spans[i];
    if (s.begin == range.begin && s.end == range.end) return DropReason::kFragmentDuplicate;
    overlap = range.begin < s.end && s.begin < range.end;
  }
  if (overlap) {
    d.spoilt = true;
    Move(d.queue, overlapped_);
    return DropReason::kFragmentOverlap;
  }
  if (d.count == kFragments) return DropReason::kFragmentTableFull;
  d.spans[d.count++] = {range.begin, range.end};
  d.covered = static_cast<uint16_t>(d.covered + (range.end - range.begin));
  d.furthest = std::max(d.furthest, range.end);
  if (range.last) d.end = range.end;
  if (d.end != 0 && d.covered == d.end) {
    d.complete = true;
    d.since = now;  // so that the list is in the order of time
    Unlink(open_, datagram);
    Append(complete_, datagram);
  }
  return DropReason::kNone;
}

void FragmentTable::SetFirst(uint32_t datagram, const FirstFragment& first) {
  Datagram& d = datagrams_[datagram];
  d.first = first;
  d.has_first = true;
  Move(d.queue, released_);
}

bool FragmentTable::Wait(uint32_t datagram, const WaitingPacket& packet) {
  if (free_place_ == kNone) return false;
  const uint32_t at = free_place_;
  free_place_ = places_[at].next;
  places_[at] = {packet, kNone};
  Queue& queue = datagrams_[datagram].queue;
  (queue.first == kNone ? queue.first : places_[queue.last].next) = at;
  queue.last = at;
  ++waiting_;
  return true;
}

void FragmentTable::ExpireSome(Millis now, uint32_t quota) {
  for (Queue* list : {&open_, &complete_}) {
    for (uint32_t i = 0; i < quota && list->first != kNone; ++i) {
      if (!Reached(datagrams_[list->first].since + limits_.time_limit, now)) break;
      Free(list->first);
    }
  }
}

void FragmentTable::ExpireAll() {
  while (open_.first != kNone) Free(open_.first);
  while (complete_.first != kNone) Free(complete_.first);
}

bool FragmentTable::TakeDropped(WaitingPacket* packet, DropReason* reason) {
  *reason = DropReason::kFragmentOverlap;
  if (Pop(overlapped_, packet)) return true;
  *reason = DropReason::kFragmentExpired;
  return Pop(expired_, packet);
}

void FragmentTable::Free(uint32_t datagram) {
  Datagram& d = datagrams_[datagram];
  Move(d.queue, expired_);
  Unlink(d.complete ? complete_ : open_, datagram);
  uint32_t* link = &buckets_[BucketOf(d.key)];
  while (*link != datagram) link = &datagrams_[*link].in_bucket;
  *link = d.in_bucket;
  d.in_bucket = free_datagram_;
  free_datagram_ = datagram;
  --live_;
}

void FragmentTable::Append(Queue& list, uint32_t datagram) {
  Datagram& d = datagrams_[datagram];
  d.older = list.last;
  d.newer = kNone;
  (list.first == kNone ? list.first : datagrams_[list.last].newer) = datagram;
  list.last = datagram;
}

void FragmentTable::Unlink(Queue& list, uint32_t datagram) {
  const Datagram& d = datagrams_[datagram];
  (d.older == kNone ? list.first : datagrams_[d.older].newer) = d.newer;
  (d.newer == kNone ? list.last : datagrams_[d.newer].older) = d.older;
}

bool FragmentTable::Pop(Queue& queue, WaitingPacket* packet) {
  if (queue.first == kNone) return false;
  const uint32_t at = queue.first;
  *packet = places_[at].packet;
  queue.first = places_[at].next;
  places_[at].next = free_place_;
  free_place_ = at;
  --waiting_;
  return true;
}

void FragmentTable::Move(Queue& from, Queue& to) {
  if (from.first == kNone) return;
  (to.first == kNone ? to.first : places_[to.last].next) = from.first;
  to.last = from.last;
  from = {};
}

}  // namespace baton::dataplane
