#include "controlplane/config/values.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "common/status.h"

namespace baton::controlplane {
namespace {

absl::Status Bad(absl::string_view text, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" ", problem));
}

absl::Status CheckHost(absl::string_view text, const IpAddress& a) {
  if (a.is_unspecified()) return Bad(text, "is the unspecified address; a host's address is needed");
  if (a.is_multicast()) return Bad(text, "is a multicast address; a host's address is needed");
  if (a.is_loopback()) return Bad(text, "is a loopback address; an address that other hosts can reach is needed");
  if (a.is_link_local()) return Bad(text, "is a link-local address, which is not supported yet");
  if (a == IpAddress::V4(0xffffffff)) return Bad(text, "is the broadcast address; a host's address is needed");
  return absl::OkStatus();
}

uint64_t Half(const IpAddress& a, int offset) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | a.v6_bytes()[offset + i];
  return value;
}

}  // namespace

bool ParseDigits(absl::string_view text, uint64_t max, uint64_t* value) {
  if (text.empty() || text.size() > 18) return false;
  if (text.size() > 1 && text[0] == '0') return false;  // YAML 1.1 would read it as octal
  *value = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    *value = *value * 10 + static_cast<uint64_t>(c - '0');
  }
  return *value <= max;
}

uint64_t AddressRange::Count(uint64_t limit) const {
  if (Half(first, 0) != Half(last, 0)) return limit;
  const uint64_t distance = Half(last, 8) - Half(first, 8);
  return distance >= limit ? limit : distance + 1;
}

IpAddress Next(const IpAddress& a) {
  uint8_t bytes[16];
  std::copy_n(a.v6_bytes(), 16, bytes);
  const int lowest = a.is_v4() ? 12 : 0;
  for (int i = 15; i >= lowest && ++bytes[i] == 0; --i) {
  }
  return IpAddress::FromV6Bytes(bytes);
}

absl::StatusOr<std::string> ParseName(absl::string_view text) {
  const auto is_fit = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  const bool begins_well = !text.empty() && absl::ascii_isalnum(static_cast<unsigned char>(text[0]));
  if (!begins_well || text.size() > 63 || !std::all_of(text.begin(), text.end(), is_fit)) {
    return Bad(text, "is not a name: 1..63 letters, digits, '.', '_' and '-', beginning with a letter or digit");
  }
  return std::string(text);
}

absl::StatusOr<Duration> ParseDuration(absl::string_view text) {
  static constexpr std::pair<absl::string_view, Duration> kUnits[] = {
      {"ms", std::chrono::milliseconds(1)},
      {"s", std::chrono::seconds(1)},
      {"m", std::chrono::minutes(1)},
      {"h", std::chrono::hours(1)},
  };
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  for (const auto& [unit, length] : kUnits) {
    uint64_t count = 0;
    if (text.substr(digits) != unit) continue;
    if (!ParseDigits(text.substr(0, digits), 1'000'000'000, &count)) break;
    if (count > static_cast<uint64_t>(Duration::max() / length)) break;
    return length * static_cast<int64_t>(count);
  }
  return Bad(text, "is not a duration such as 10ms, 2s, 5m or 1h");
}

absl::StatusOr<IpAddress> ParseHostAddress(absl::string_view text) {
  ASSIGN_OR_RETURN(const IpAddress a, IpAddress::Parse(text));
  RETURN_IF_ERROR(CheckHost(text, a));
  return a;
}

absl::StatusOr<IpAddress> ParseRouterAddress(absl::string_view text) {
  ASSIGN_OR_RETURN(const IpAddress a, IpAddress::Parse(text));
  if (a.is_v4() || !a.is_link_local()) RETURN_IF_ERROR(CheckHost(text, a));
  return a;
}

absl::StatusOr<InterfaceAddress> ParseHostNetwork(absl::string_view text) {
  ASSIGN_OR_RETURN(const InterfaceAddress a, InterfaceAddress::Parse(text));
  RETURN_IF_ERROR(CheckHost(text, a.address));
  if (a.length == 0) return Bad(text, "covers all addresses; a network of 1 bit or more is needed");
  if (a.address.is_v4() && a.length <= 30) {  // RFC 3021: /31 has neither
    const uint32_t hosts = 0xffffffffU >> a.length;
    if ((a.address.v4() & hosts) == 0) return Bad(text, "is the address of the network itself, not of a host");
    if ((a.address.v4() & hosts) == hosts) return Bad(text, "is the broadcast address of its network");
  }
  return a;
}

absl::StatusOr<AddressRange> ParseAddressRange(absl::string_view text) {
  const std::vector<absl::string_view> ends = absl::StrSplit(text, '-');
  if (ends.size() == 1) {
    ASSIGN_OR_RETURN(const IpAddress a, ParseHostAddress(text));
    return AddressRange{a, a};
  }
  const auto first = ParseHostAddress(ends[0]);
  const auto last = ParseHostAddress(ends[1]);
  if (ends.size() != 2 || !first.ok() || !last.ok() || first->family() != last->family() || *last < *first) {
    return Bad(text, "is not a range of host addresses such as 10.0.0.10-10.0.0.20");
  }
  return AddressRange{*first, *last};
}

absl::StatusOr<PortRange> ParsePortRange(absl::string_view text) {
  const std::vector<absl::string_view> ends = absl::StrSplit(text, '-');
  uint64_t first = 0;
  uint64_t last = 0;
  if (ends.size() != 2 || !ParseDigits(ends[0], 65535, &first) || !ParseDigits(ends[1], 65535, &last) || first == 0 ||
      last < first) {
    return Bad(text, "is not a range of ports within 1-65535, such as 1024-65535");
  }
  return PortRange{static_cast<uint16_t>(first), static_cast<uint16_t>(last)};
}

absl::StatusOr<MacAddress> ParseHostMac(absl::string_view text) {
  ASSIGN_OR_RETURN(const MacAddress mac, MacAddress::Parse(text));
  if (mac.is_group()) return Bad(text, "is a group address; a MAC address of one host is needed");
  if (mac.is_zero()) return Bad(text, "is zero; leave `mac` out to use the device's own");
  return mac;
}

absl::StatusOr<std::string> ParseListenText(absl::string_view text) {
  if (text.empty()) return std::string();
  const size_t colon = text.rfind(':');
  uint64_t port = 0;
  bool good = colon != absl::string_view::npos && ParseDigits(text.substr(colon + 1), 65535, &port) && port != 0;
  if (good) {
    absl::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto address = IpAddress::Parse(host);
    good = address.ok() && address->is_v4() != bracketed;
  }
  if (!good) return Bad(text, "is not ADDRESS:PORT, such as 127.0.0.1:9111 or [::1]:9111");
  return std::string(text);
}

absl::StatusOr<std::string> ParseSocketPath(absl::string_view text) {
  if (!absl::StartsWith(text, "/") || text.size() > 107 || text.find('\0') != absl::string_view::npos) {
    return Bad(text, "is not an absolute path of at most 107 bytes");
  }
  return std::string(text);
}

}  // namespace baton::controlplane
