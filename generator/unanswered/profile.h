// A class of traffic that expects no answer: a SYN flood or malformed packets beside the good flows. Sent by number,
// never judged as lost. Immutable once read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/addr.h"
#include "generator/unanswered/malformed.h"

namespace baton::generator {

enum class UnansweredKind : uint8_t { kSynFlood, kMalformed };

// Ports of the hosts' own addresses that no flow has as its source (kFirstSourcePort).
inline constexpr uint16_t kMostReservedPort = 1023;

struct UnansweredProfile {
  std::string name;
  UnansweredKind kind = UnansweredKind::kSynFlood;
  size_t port = 0;  // of its senders, in Profile::ports
  IpAddress to;
  uint16_t to_port = 0;
  double rate = 0;                // packets per second; 0: as many as the port takes
  std::optional<Prefix> sources;  // any address of it, any port; otherwise the port's hosts, ports 1..1023
  std::vector<Malformed> kinds;   // kMalformed: each in turn
};

}  // namespace baton::generator
