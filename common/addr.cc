#include "common/addr.h"

#include <arpa/inet.h>

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include "common/status.h"

namespace baton {
namespace {

absl::Status Bad(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not ", what));
}

// Splits "address/length" and checks the length against the address's family.
absl::StatusOr<InterfaceAddress> ParseWithLength(absl::string_view text, absl::string_view what) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() != 2) return Bad(what, text);
  const auto address = IpAddress::Parse(parts[0]);
  int length = 0;
  if (!address.ok() || parts[1].empty() || parts[1].size() > 3 || !absl::SimpleAtoi(parts[1], &length)) {
    return Bad(what, text);
  }
  if (length < 0 || length > address->bits()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\": prefix length ", length, " is outside 0..", address->bits()));
  }
  return InterfaceAddress{*address, static_cast<uint8_t>(length)};
}

}  // namespace

absl::StatusOr<IpAddress> IpAddress::Parse(absl::string_view text) {
  const std::string terminated(text);
  uint8_t bytes[16];
  if (terminated.find('\0') == std::string::npos) {
    if (inet_pton(AF_INET, terminated.c_str(), bytes) == 1) return FromV4Bytes(bytes);
    if (inet_pton(AF_INET6, terminated.c_str(), bytes) == 1) {
      const IpAddress a = FromV6Bytes(bytes);
      if (!a.is_v4()) return a;
    }
  }
  return Bad("an IPv4 or IPv6 address", text);
}

bool IpAddress::is_unspecified() const { return *this == IpAddress{} || *this == V4(0); }

bool IpAddress::is_multicast() const { return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[12] == 127;
  IpAddress one;
  one.bytes_[15] = 1;
  return *this == one;
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return bytes_[12] == 169 && bytes_[13] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN];
  if (is_v4()) return inet_ntop(AF_INET, v4_bytes(), text, sizeof text);
  return inet_ntop(AF_INET6, v6_bytes(), text, sizeof text);
}

Prefix Prefix::Of(const IpAddress& address, int length) {
  const int skipped = address.is_v4() ? 96 : 0;
  uint8_t bytes[16];
  std::memcpy(bytes, address.v6_bytes(), 16);
  for (int bit = skipped + length; bit < 128; ++bit) bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> (bit % 8)));
  return {IpAddress::FromV6Bytes(bytes), static_cast<uint8_t>(length)};
}

absl::StatusOr<Prefix> Prefix::Parse(absl::string_view text) {
  ASSIGN_OR_RETURN(const InterfaceAddress parsed, ParseWithLength(text, "a prefix such as 10.0.0.0/24"));
  const Prefix prefix = parsed.prefix();
  if (prefix.address != parsed.address) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" has host bits set; the prefix is ", prefix.ToString()));
  }
  return prefix;
}

bool Prefix::Contains(const IpAddress& a) const {
  return a.is_v4() == address.is_v4() && Prefix::Of(a, length).address == address;
}

std::string Prefix::ToString() const { return absl::StrCat(address.ToString(), "/", length); }

absl::StatusOr<InterfaceAddress> InterfaceAddress::Parse(absl::string_view text) {
  return ParseWithLength(text, "an address with prefix length such as 10.0.0.2/24");
}

std::string InterfaceAddress::ToString() const { return absl::StrCat(address.ToString(), "/", length); }

absl::StatusOr<MacAddress> MacAddress::Parse(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  MacAddress mac;
  if (parts.size() != mac.bytes.size()) return Bad("a MAC address", text);
  for (size_t i = 0; i < parts.size(); ++i) {
    uint32_t byte = 0;
    if (parts[i].size() != 2 || !absl::SimpleHexAtoi(parts[i], &byte)) return Bad("a MAC address", text);
    mac.bytes[i] = static_cast<uint8_t>(byte);
  }
  return mac;
}

std::string MacAddress::ToString() const {
  return absl::StrFormat("%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
}

IpAddress SolicitedNodeMulticast(const IpAddress& a) {
  uint8_t bytes[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff};
  std::memcpy(bytes + 13, a.v6_bytes() + 13, 3);
  return IpAddress::FromV6Bytes(bytes);
}

MacAddress Ipv6MulticastMac(const IpAddress& group) {
  MacAddress mac{{0x33, 0x33}};
  std::memcpy(&mac.bytes[2], group.v6_bytes() + 12, 4);
  return mac;
}

IpAddress LinkLocalFrom(const MacAddress& mac) {
  const auto& m = mac.bytes;
  const uint8_t bytes[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<uint8_t>(m[0] ^ 2), m[1], m[2], 0xff, 0xfe,
                             m[3], m[4], m[5]};
  return IpAddress::FromV6Bytes(bytes);
}

}  // namespace baton
