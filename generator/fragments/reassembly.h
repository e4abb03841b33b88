// Puts arriving fragments together: a bounded table, in which a datagram is known by its ends, identification and
// protocol. What overlaps is refused whole (RFC 5722), what does not become whole within a second is incomplete; each is
// counted. One core; allocates nothing after construction.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "generator/arrival.h"

namespace baton::generator {

struct FragmentCounts {
  uint64_t arrived = 0;      // fragments
  uint64_t datagrams = 0;    // that became whole
  uint64_t incomplete = 0;   // datagrams that did not
  uint64_t overlapping = 0;  // datagrams that were refused because parts differ in extent
  uint64_t duplicated = 0;   // fragments that were there already
  uint64_t no_room = 0;      // datagrams that gave way to newer ones
  uint64_t impossible = 0;   // fragments that end within a unit, or behind the longest datagram that is expected
  uint64_t no_buffers = 0;   // requests that were not taken, because there were no buffers for an answer in pieces
};

class Reassembly {
 public:
  // `longest`: of the frames of datagrams. The table takes kSlots times as much memory.
  explicit Reassembly(uint16_t longest);

  struct Whole {
    uint8_t* frame;  // Ethernet header and datagram; may be written up to `longest`, until the next call of Take
    uint16_t length;
  };
  // REQUIRES: Classify found it a fragment.
  std::optional<Whole> Take(const uint8_t* frame, const Arrival& arrival, int64_t now_ns);

  // Those that are still incomplete count as such.
  FragmentCounts counts() const;
  FragmentCounts& counters() { return counts_; }

 private:
  static constexpr size_t kSets = 64, kWays = 4, kSlots = kSets * kWays;
  static constexpr int64_t kPatienceNs = 1'000'000'000;
  enum class State : uint8_t { kFree, kFilling, kDone, kRefused };
  struct Key {
    std::array<uint8_t, 32> ends{};  // IPv4: the first eight bytes
    uint32_t id = 0;
    uint8_t protocol = 0;
    bool ipv4 = false;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Piece {
    Key key;
    uint16_t at, length;  // in the frame
    uint32_t offset;      // in the datagram
    bool more;
  };
  struct Slot {
    State state = State::kFree;
    Key key;
    int64_t began_ns = 0;
    uint32_t total = 0;     // bytes behind the IP header; 0: not known yet
    uint32_t received = 0;  // of them
    uint32_t highest = 0;   // where the last of them ends
    uint8_t* frame = nullptr;
    uint64_t* there = nullptr;  // a bit for each unit of 8 bytes
  };

  static Piece ReadPiece(const uint8_t* frame, const Arrival& arrival);
  Slot& Find(const Key& key, int64_t now_ns);
  bool Place(Slot& slot, const Piece& piece, const uint8_t* frame);
  static Whole Finish(Slot& slot);

  const uint32_t longest_;
  const size_t words_;  // of `there`
  std::vector<uint8_t> bytes_;
  std::vector<uint64_t> bits_;
  std::vector<Slot> slots_;
  FragmentCounts counts_;
};

}  // namespace baton::generator
