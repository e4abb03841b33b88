// Reading and writing network-order bytes for codecs. The reader never goes past the end: it yields zeros there and
// remembers, so a decoder checks once, at its end (`exact()` or `ok()`). Any thread; neither owns the bytes it reads.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/types/span.h>

#include "common/addr.h"

namespace baton {

class ByteReader {
 public:
  explicit ByteReader(absl::Span<const uint8_t> bytes) : bytes_(bytes) {}

  uint8_t U8() { return Take(1) ? bytes_[at_ - 1] : 0; }
  uint16_t U16() { return static_cast<uint16_t>(Big(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Big(4)); }
  uint64_t U64() { return Big(8); }
  IpAddress Ipv4() { return IpAddress::V4(U32()); }
  IpAddress Ipv6() { return Take(16) ? IpAddress::FromV6Bytes(&bytes_[at_ - 16]) : IpAddress{}; }
  MacAddress Mac() { return Take(6) ? MacAddress::From(&bytes_[at_ - 6]) : MacAddress{}; }
  void Skip(size_t count) { Take(count); }
  absl::Span<const uint8_t> Bytes(size_t count) {
    return Take(count) ? bytes_.subspan(at_ - count, count) : absl::Span<const uint8_t>{};
  }

  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  bool ok() const { return !short_; }                    // nothing was read past the end
  bool exact() const { return ok() && left() == 0; }     // and nothing is left over

 private:
  bool Take(size_t count) {
    if (count > left()) {
      short_ = true;
      at_ = bytes_.size();
      return false;
    }
    at_ += count;
    return true;
  }
  uint64_t Big(size_t count) {
    if (!Take(count)) return 0;
    uint64_t value = 0;
    for (size_t i = at_ - count; i < at_; ++i) value = value << 8 | bytes_[i];
    return value;
  }

  absl::Span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool short_ = false;
};

class ByteWriter {
 public:
  ByteWriter& U8(uint8_t v) { return Big(v, 1); }
  ByteWriter& U16(uint16_t v) { return Big(v, 2); }
  ByteWriter& U32(uint32_t v) { return Big(v, 4); }
  ByteWriter& U64(uint64_t v) { return Big(v, 8); }
  // 4 bytes for IPv4, 16 for IPv6.
  ByteWriter& Ip(const IpAddress& a) { return a.is_v4() ? Raw(a.v4_bytes(), 4) : Raw(a.v6_bytes(), 16); }
  ByteWriter& Mac(const MacAddress& m) { return Raw(m.bytes.data(), 6); }
  ByteWriter& Bytes(absl::Span<const uint8_t> b) { return Raw(b.data(), b.size()); }
  ByteWriter& Zeros(size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  // Overwrites two bytes written before: lengths and checksums known only at the end. REQUIRES: at + 2 <= size().
  void PatchU16(size_t at, uint16_t v) {
    bytes_[at] = static_cast<uint8_t>(v >> 8);
    bytes_[at + 1] = static_cast<uint8_t>(v);
  }

  size_t size() const { return bytes_.size(); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  ByteWriter& Raw(const uint8_t* from, size_t count) {
    bytes_.insert(bytes_.end(), from, from + count);
    return *this;
  }
  ByteWriter& Big(uint64_t v, int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) bytes_.push_back(static_cast<uint8_t>(v >> shift));
    return *this;
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace baton
