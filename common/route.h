// A route as control knows it, and a port as both planes know it. Plain values. The look-up structure that workers use
// is dataplane/route_table.h; it is built from a list of these.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/addr.h"

namespace baton {

using PortId = uint8_t;  // index of the port in the configuration, not DPDK's
inline constexpr PortId kNoPort = 0xff;
inline constexpr int kMaxPorts = 32;

struct Route {
  Prefix to;
  IpAddress via;  // the gateway; unspecified ("::") when the destination itself is on the port's network
  PortId port = kNoPort;
  Prefix from = {};  // only for packets with a source in it, of the family of `to`; of no length: for all

  bool connected() const { return via == IpAddress{}; }
  friend bool operator==(const Route&, const Route&) = default;
};

using RouteList = std::vector<Route>;

// By which end of the frames that come in a port's device spreads them over the workers (dataplane/client_hash.h).
enum class SpreadBy : uint8_t { kNothing, kSource, kDestination };

// What does not change about a port while the process runs.
struct PortInfo {
  std::string name;
  MacAddress mac;
  uint16_t mtu = 1500;  // of the IP packet
  uint16_t vlan = 0;    // 802.1Q id of its frames; 0: untagged
  std::vector<InterfaceAddress> addresses;  // the first of a family is the source of our own packets
  uint16_t mss = 0;     // most a translated connection through it may announce, IPv4; 0: what fits the MTU
  std::string kernel = {};  // the kernel's interface beside it; empty: none
  PortId trunk = kNoPort;  // the port whose device it shares, as one VLAN of it; kNoPort: it has a device of its own
  SpreadBy spread = SpreadBy::kNothing;
  std::string spread_text = {};  // the same in words, or why not; empty: there is one worker
};

}  // namespace baton
