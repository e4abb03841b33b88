// The datagrams in pieces that pass a worker: what the first fragment said for all, which parts have come, and the
// fragments that wait for their first (RFC 791, 3.2; RFC 8200, 4.5). Nothing is put together here. All memory is taken
// at construction; every step takes constant time, but for a look at up to 64 fragments of one datagram. One worker's.
//
// A datagram is known for the time limit from its first piece on. Once all of it has come, its time begins anew, for
// late duplicates and packets that wait elsewhere, but its place goes to whoever needs it.
#pragma once

#include <cstdint>
#include <vector>

#include "common/drop_reason.h"
#include "common/time_point.h"
#include "dataplane/flow_key.h"
#include "dataplane/waiting_packet.h"

namespace baton::dataplane {

// RFC 791, 3.2 and RFC 8200, 4.5: what the pieces of one datagram have in common. IPv6 has no protocol here.
struct FragmentKey {
  uint8_t src[16] = {}, dst[16] = {};
  uint32_t identification = 0;
  uint8_t protocol = 0;
  bool ipv4 = false;
  uint16_t zero = 0;
};
static_assert(sizeof(FragmentKey) == 40);

// Units of 8 bytes, as in the header; `end` is behind the last one.
struct FragmentRange {
  uint16_t begin = 0, end = 0;
  bool last = false;
};

// What only the first fragment has.
struct FirstFragment {
  uint16_t src_port = 0, dst_port = 0;  // as in FlowKey
  uint8_t protocol = 0;
  uint8_t icmp_type = 0;
  bool keyed = false;                   // names a flow
};

class FragmentTable {
 public:
  struct Limits {
    uint32_t datagrams = 0;
    uint32_t waiting = 0;    // fragments, all datagrams together
    Millis time_limit = 0;
  };
  static constexpr int kFragments = 64;  // of one datagram: 64 KiB in packets of 1280 bytes are 54

  FragmentTable(const Limits& limits, const HashSeed& seed);

  static constexpr uint32_t kNone = 0xffffffff;
  // The datagram's place, kNone when it is not known. It stays right until the next FindOrCreate or ExpireSome.
  uint32_t Find(const FragmentKey& key) const;
  // kNone when the table is full. A first fragment begins a datagram anew of which all has come: its sender uses the
  // identification again (RFC 6864, 4); others are taken for late duplicates.
  uint32_t FindOrCreate(const FragmentKey& key, bool is_first, Millis now);

  // Notes that this part has come. kNone; kFragmentDuplicate when it came before (RFC 8200, 4.5 lets us drop it alone);
  // kFragmentOverlap, and the datagram is spoilt (RFC 5722, 3): what waits is dropped, and so is all that comes; or
  // kFragmentTableFull: too many pieces.
  DropReason Note(uint32_t datagram, const FragmentRange& range, Millis now);
  // Tells what the first fragment said; those that wait for it may be taken now.
  void SetFirst(uint32_t datagram, const FirstFragment& first);
  // nullptr while it has not come.
  const FirstFragment* first(uint32_t datagram) const {
    return datagrams_[datagram].has_first ? &datagrams_[datagram].first : nullptr;
  }
  bool spoilt(uint32_t datagram) const { return datagrams_[datagram].spoilt; }
  // The packet waits for the first fragment; false when there is no room.
  bool Wait(uint32_t datagram, const WaitingPacket& packet);

  // Ends what is older than the time limit, `quota` datagrams at most. What waited there is to be dropped.
  void ExpireSome(Millis now, uint32_t quota);
  void ExpireAll();

  // A packet whose first fragment came; false when there is none.
  bool TakeReleased(WaitingPacket* packet) { return Pop(released_, packet); }
  // A packet that waited in vain, and why.
  bool TakeDropped(WaitingPacket* packet, DropReason* reason);

  uint32_t datagrams() const { return live_; }  // all that take a place
  uint32_t waiting() const { return waiting_; }

 private:
  struct Place {
    WaitingPacket packet;
    uint32_t next = kNone;
  };
  struct Queue {
    uint32_t first = kNone, last = kNone;
  };
  struct Span {
    uint16_t begin, end;
  };
  struct Datagram {
    FragmentKey key;
    FirstFragment first;
    bool has_first = false, spoilt = false, complete = false;
    uint8_t count = 0;                              // of spans
    uint16_t end = 0;                               // of the datagram; 0: not known yet
    uint16_t covered = 0, furthest = 0;
    Millis since = 0;
    uint32_t in_bucket = kNone;                     // the next one; also links the free ones
    uint32_t older = kNone, newer = kNone;          // in open_ or complete_
    Queue queue;                                    // waits for the first fragment
    Span spans[kFragments];                         // as they came
  };

  uint32_t BucketOf(const FragmentKey& key) const;
  void Begin(Datagram& datagram, Millis now);
  void Free(uint32_t datagram);
  void Append(Queue& list, uint32_t datagram);
  void Unlink(Queue& list, uint32_t datagram);
  bool Pop(Queue& queue, WaitingPacket* packet);
  void Move(Queue& from, Queue& to);

  Limits limits_;
  HashSeed seed_;
  std::vector<Datagram> datagrams_;
  std::vector<Place> places_;
  std::vector<uint32_t> buckets_;
  uint32_t bucket_mask_;
  uint32_t free_datagram_ = kNone, free_place_ = kNone;
  Queue open_, complete_;                    // datagrams, oldest first
  Queue released_, overlapped_, expired_;    // packets
  uint32_t live_ = 0, waiting_ = 0;
};

}  // namespace baton::dataplane
