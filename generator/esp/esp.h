// ESP (RFC 4303, 2) as boxes on the way see it: SPI, sequence number, a ciphertext that begins with the stamp, and an
// integrity check value of 12 bytes. Nobody's secret: the "ciphertext" is not encrypted, the check value is a hash that
// finds harm and no forger. Pure, any thread.
//
//   | SPI 32 | sequence number 32 | stamp 18, zeros ... | check value 96 |     in all a multiple of 4 bytes (2.4)
#pragma once

#include <cstdint>

namespace baton::generator {

inline constexpr uint16_t kEspHeader = 8, kEspCheckValue = 12;
// What the plaintext would have behind the stamp: pad length and next header (2.4, 2.5, 2.6).
inline constexpr uint16_t kEspTrailer = 2;

// Writes SPI, sequence number and check value. REQUIRES: `length` bytes, with the stamp in them, as drawn above.
void WriteEsp(uint8_t* esp, uint16_t length, uint32_t spi, uint32_t sequence);
uint32_t SpiOf(const uint8_t* esp);
// Whether length and check value are right. Any bytes whatever.
bool IsRightEsp(const uint8_t* esp, uint16_t length);

}  // namespace baton::generator
