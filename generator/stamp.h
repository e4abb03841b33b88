// What every payload begins with: 18 bytes, as much as a 64-byte IPv4/UDP frame holds. A packet's flow is known by its
// stamp alone, never by addresses, which a balancer translates. Pure, any thread.
//
//   0       4        8           14       16      18
//   | flow  | number | time, ns  | sender | check |     integers as they lie in memory: both ends are on one machine
//
// `time` is when the request left, in a response too (its time is echoed), in 48 bits: 78 hours. `sender`: bit 15 is
// set in responses, the rest is the server's number. `check` depends on all others and on the run: what an earlier run
// left in the network is foreign.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace baton::generator {

inline constexpr size_t kStampSize = 18;
inline constexpr uint64_t kStampTimeMask = (uint64_t{1} << 48) - 1;
inline constexpr uint16_t kResponseBit = 0x8000;
inline constexpr uint16_t kServerMask = 0x7fff;

struct Stamp {
  uint32_t flow = 0;
  uint32_t number = 0;   // of this flow and direction, from 0
  uint64_t time_ns = 0;  // 48 bits
  uint16_t sender = 0;   // kResponseBit, server

  bool is_response() const { return (sender & kResponseBit) != 0; }
  uint16_t server() const { return sender & kServerMask; }
};

// A stamp as two words: its first 16 bytes.
struct StampWords {
  uint64_t low, high;
};

inline StampWords Pack(const Stamp& stamp) {
  return {uint64_t{stamp.number} << 32 | stamp.flow,
          uint64_t{stamp.sender} << 48 | (stamp.time_ns & kStampTimeMask)};
}

// Every bit of the words and of the key moves about half of the check's bits; no claim against an adversary.
inline uint16_t CheckOf(const StampWords& words, uint64_t key) {
  uint64_t mixed = (words.low ^ key) * 0x9e3779b97f4a7c15;
  mixed ^= mixed >> 32;
  mixed = (mixed ^ words.high) * 0xd6e8feb86659fd93;
  mixed ^= mixed >> 32;
  return static_cast<uint16_t>((mixed * 0xd6e8feb86659fd93) >> 48);
}

// The sum of the stamp's bytes for a checksum of RFC 1071 (common/checksum.h). REQUIRES: it stands at an even offset.
inline uint64_t SumOf(const StampWords& words, uint16_t check) {
  return (words.low & 0xffffffff) + (words.low >> 32) + (words.high & 0xffffffff) + (words.high >> 32) + check;
}

// Writes the 18 bytes and returns their sum.
inline uint64_t WriteStamp(uint8_t* at, const Stamp& stamp, uint64_t key) {
  const StampWords words = Pack(stamp);
  const uint16_t check = CheckOf(words, key);
  std::memcpy(at, &words, 16);
  std::memcpy(at + 16, &check, 2);
  return SumOf(words, check);
}

// False: these 18 bytes are no stamp of this run.
inline bool ReadStamp(const uint8_t* at, uint64_t key, Stamp* stamp) {
  StampWords words;
  uint16_t check;
  std::memcpy(&words, at, 16);
  std::memcpy(&check, at + 16, 2);
  stamp->flow = static_cast<uint32_t>(words.low);
  stamp->number = static_cast<uint32_t>(words.low >> 32);
  stamp->time_ns = words.high & kStampTimeMask;
  stamp->sender = static_cast<uint16_t>(words.high >> 48);
  return check == CheckOf(words, key);
}

}  // namespace baton::generator
