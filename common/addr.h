// Addresses of both families in one type, prefixes, and MAC addresses. Plain values, trivially copyable, usable on any
// thread. An IPv4 address is kept as the IPv4-mapped IPv6 address ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that equality,
// order and hashing need no case for the family.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

namespace baton {

enum class Family : uint8_t { kIpv4 = 4, kIpv6 = 6 };

class IpAddress {
 public:
  constexpr IpAddress() = default;  // "::", the unspecified address

  // `value` in host byte order: 10.0.0.1 is 0x0a000001.
  static constexpr IpAddress V4(uint32_t value) {
    IpAddress a;
    a.bytes_[10] = a.bytes_[11] = 0xff;
    for (int i = 0; i < 4; ++i) a.bytes_[12 + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
    return a;
  }
  // Bytes in network order, as on the wire.
  static IpAddress FromV4Bytes(const uint8_t* bytes) {
    IpAddress a;
    a.bytes_[10] = a.bytes_[11] = 0xff;
    std::memcpy(&a.bytes_[12], bytes, 4);
    return a;
  }
  static IpAddress FromV6Bytes(const uint8_t* bytes) {
    IpAddress a;
    std::memcpy(a.bytes_.data(), bytes, 16);
    return a;
  }
  // Dotted quad or RFC 4291 text. InvalidArgument otherwise; "::ffff:1.2.3.4" is refused, as nobody should mean it.
  static absl::StatusOr<IpAddress> Parse(absl::string_view text);

  constexpr bool is_v4() const {
    for (int i = 0; i < 10; ++i) {
      if (bytes_[i] != 0) return false;
    }
    return bytes_[10] == 0xff && bytes_[11] == 0xff;
  }
  constexpr Family family() const { return is_v4() ? Family::kIpv4 : Family::kIpv6; }
  // REQUIRES: is_v4(). Host byte order.
  constexpr uint32_t v4() const {
    return static_cast<uint32_t>(bytes_[12]) << 24 | static_cast<uint32_t>(bytes_[13]) << 16 |
           static_cast<uint32_t>(bytes_[14]) << 8 | bytes_[15];
  }
  const uint8_t* v4_bytes() const { return &bytes_[12]; }
  const uint8_t* v6_bytes() const { return bytes_.data(); }
  constexpr int bits() const { return is_v4() ? 32 : 128; }

  bool is_unspecified() const;  // 0.0.0.0 or ::
  bool is_multicast() const;
  bool is_loopback() const;
  bool is_link_local() const;  // 169.254/16, fe80::/10

  std::string ToString() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine_contiguous(std::move(h), a.bytes_.data(), a.bytes_.size());
  }

 private:
  std::array<uint8_t, 16> bytes_{};
};
static_assert(sizeof(IpAddress) == 16);

// A prefix with its host bits cleared: 10.0.0.0/24. `length` counts bits of the address's own family.
struct Prefix {
  IpAddress address;
  uint8_t length = 0;

  // Clears the host bits of `address`. REQUIRES: length <= address.bits().
  static Prefix Of(const IpAddress& address, int length);
  // "10.0.0.0/24"; host bits that are set are an error.
  static absl::StatusOr<Prefix> Parse(absl::string_view text);
  bool Contains(const IpAddress& a) const;
  std::string ToString() const;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

// An interface's own address with the length of its network: "10.0.0.2/24".
struct InterfaceAddress {
  IpAddress address;
  uint8_t length = 0;

  static absl::StatusOr<InterfaceAddress> Parse(absl::string_view text);
  Prefix prefix() const { return Prefix::Of(address, length); }
  std::string ToString() const;
  friend auto operator<=>(const InterfaceAddress&, const InterfaceAddress&) = default;
};

struct MacAddress {
  std::array<uint8_t, 6> bytes{};

  static MacAddress From(const uint8_t* wire) {
    MacAddress m;
    std::memcpy(m.bytes.data(), wire, 6);
    return m;
  }
  static constexpr MacAddress Broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
  static absl::StatusOr<MacAddress> Parse(absl::string_view text);  // "02:00:00:00:00:01"
  bool is_group() const { return (bytes[0] & 1) != 0; }              // multicast or broadcast
  bool is_zero() const { return *this == MacAddress{}; }
  std::string ToString() const;
  friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

// RFC 4291, 2.7.1: where a neighbour solicitation for `a` goes. REQUIRES: !a.is_v4().
IpAddress SolicitedNodeMulticast(const IpAddress& a);
// RFC 2464, 7. REQUIRES: group is an IPv6 multicast address.
MacAddress Ipv6MulticastMac(const IpAddress& group);
// fe80::/64 with the modified EUI-64 of the MAC address (RFC 4291, appendix A).
IpAddress LinkLocalFrom(const MacAddress& mac);

}  // namespace baton
