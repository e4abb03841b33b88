// The texts that single values of a profile have: text -> value, or InvalidArgument whose message begins with the quoted
// text. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/addr.h"
#include "common/status.h"
#include "generator/profile/profile.h"

namespace baton::generator {

struct Target {
  IpAddress address;
  uint16_t port = 0;
};

// "198.51.100.10:53", "[2001:db8::1]:53"
absl::StatusOr<Target> ParseTarget(absl::string_view text);
// "198.51.100.10", "2001:db8::1": of echo requests, which have no port.
absl::StatusOr<Target> ParseEchoTarget(absl::string_view text);
// Packets per second: "250", "100k", "2.5M"; "max" is 0.
absl::StatusOr<double> ParseRate(absl::string_view text);
// "10", "1.5%"
absl::StatusOr<Limit> ParseLimit(absl::string_view text);
// "0.1%", 0 % to 100 %; as a share, 0..1.
absl::StatusOr<double> ParseShare(absl::string_view text);
// "/index.html": the target of an HTTP request (RFC 9112, 3.2.1), at most 1000 characters, none of them a space.
absl::StatusOr<std::string> ParsePath(absl::string_view text);
// Of Zipf's law: "0.9", 0.1 to 3.
absl::StatusOr<double> ParseExponent(absl::string_view text);
// Of a replay: "0.5", 0.001 to 1000.
absl::StatusOr<double> ParseSpeed(absl::string_view text);
// "10.1.0.2" or "10.1.0.2-10.1.0.200"; at most kMostHosts.
absl::StatusOr<std::vector<IpAddress>> ParseHosts(absl::string_view text);
inline constexpr uint64_t kMostHosts = 16384;

}  // namespace baton::generator
