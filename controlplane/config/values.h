// The texts that single values of the configuration have: text -> value, or InvalidArgument whose message begins with
// the quoted text ("\"10h\" is not ..."). Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include "controlplane/config/config.h"

namespace baton::controlplane {

// First and last address, both included, of one family.
struct AddressRange {
  IpAddress first, last;
  // How many addresses; never more than `limit`.
  uint64_t Count(uint64_t limit) const;
};

struct PortRange {
  uint16_t first = 0, last = 0;
};

// Up to 63 letters, digits and . _ - beginning with a letter or digit: names stand in commands, metrics and paths.
absl::StatusOr<std::string> ParseName(absl::string_view text);
absl::StatusOr<std::string> ParseInterfaceName(absl::string_view text);  // of the kernel
// "10ms", "2s", "5m", "1h": a whole number and its unit.
absl::StatusOr<Duration> ParseDuration(absl::string_view text);
// An address that one host can have: not unspecified, multicast, broadcast, loopback or link-local.
absl::StatusOr<IpAddress> ParseHostAddress(absl::string_view text);
// An address of a host, or one that is link-local over IPv6.
absl::StatusOr<IpAddress> ParseRouterAddress(absl::string_view text);
// The same, with the length of its network.
absl::StatusOr<InterfaceAddress> ParseHostNetwork(absl::string_view text);
// "10.0.0.10" or "10.0.0.10-10.0.0.20".
absl::StatusOr<AddressRange> ParseAddressRange(absl::string_view text);
// "1024-65535".
absl::StatusOr<PortRange> ParsePortRange(absl::string_view text);
// A MAC address that one host can have: neither a group address nor zero.
absl::StatusOr<MacAddress> ParseHostMac(absl::string_view text);
// A PCI address ("0000:3b:00.0", "3b:00.0") or KIND:ARGUMENT.
absl::StatusOr<DeviceConfig> ParseDevice(absl::string_view text);
// "127.0.0.1:9111", "[::1]:9111"; the text itself is the value. Empty: nothing listens.
absl::StatusOr<std::string> ParseListenText(absl::string_view text);
// Where a UNIX socket can be: an absolute path of at most 107 bytes (unix(7), sun_path).
absl::StatusOr<std::string> ParseSocketPath(absl::string_view text);

// Decimal digits only; nullopt-like false when `text` is anything else or above `max`.
bool ParseDigits(absl::string_view text, uint64_t max, uint64_t* value);

// The address after `a`; wraps to the lowest at the end of all addresses.
IpAddress Next(const IpAddress& a);

}  // namespace baton::controlplane
