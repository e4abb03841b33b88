#include "generator/esp/esp.h"

#include <cstring>

#include "common/headers.h"
#include "generator/stamp.h"

namespace baton::generator {
namespace {

struct CheckValue {
  uint64_t low;
  uint32_t high;
};

// Of `length` bytes, a multiple of 4. Each step is a permutation of the 64 bits, so no single harmed word goes unseen.
CheckValue CheckValueOf(const uint8_t* bytes, size_t length) {
  uint64_t mixed = length;
  for (size_t at = 0; at < length; at += 4) {
    uint32_t word;
    std::memcpy(&word, bytes + at, 4);
    mixed = (mixed ^ word) * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 32;
  }
  return {mixed, static_cast<uint32_t>((mixed * 0xd6e8feb86659fd93) >> 32)};
}

}  // namespace

void WriteEsp(uint8_t* esp, uint16_t length, uint32_t spi, uint32_t sequence) {
  const Be32 head[2] = {Be32(spi), Be32(sequence)};
  std::memcpy(esp, head, kEspHeader);
  const size_t covered = static_cast<size_t>(length) - kEspCheckValue;
  const CheckValue value = CheckValueOf(esp, covered);
  std::memcpy(esp + covered, &value.low, 8);
  std::memcpy(esp + covered + 8, &value.high, 4);
}

uint32_t SpiOf(const uint8_t* esp) {
  Be32 spi;
  std::memcpy(&spi, esp, 4);
  return spi.get();
}

bool IsRightEsp(const uint8_t* esp, uint16_t length) {
  if (length < kEspHeader + kStampSize + kEspTrailer + kEspCheckValue || length % 4 != 0) return false;
  const size_t covered = static_cast<size_t>(length) - kEspCheckValue;
  const CheckValue value = CheckValueOf(esp, covered);
  return std::memcmp(esp + covered, &value.low, 8) == 0 && std::memcmp(esp + covered + 8, &value.high, 4) == 0;
}

}  // namespace baton::generator
