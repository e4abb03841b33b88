// First stage: checks every length once and finds out what a packet is and which port it belongs to. Later stages trust
// what it wrote.
#pragma once

#include <array>

#include "dataplane/packet.h"

namespace baton::dataplane {

// The VLAN of each port, indexed by PortId. A frame belongs to the port that it came in at, or to the VLAN of that
// port's device whose tag it carries.
struct PortVlans {
  std::array<uint16_t, kMaxPorts> id{};  // 0: untagged
  std::array<PortId, kMaxPorts> trunk{};
  PortId ports = 0;
};

// Reads the bytes from the Ethernet header on. Writes l3, l4, protocol, tcp_flags, icmp_type, flags, ipv4, fragment and
// key, or a drop reason; and the burst's flags. After it, of a packet that is alive:
//   - ARP: l3 is the offset of a whole ArpPacket, l4 and protocol are 0, `kArp` is set;
//   - IP: the IP header and all extension headers lie in [l3, length), and `length` ends with the IP packet (Ethernet padding
//     is cut off); when l4 is not 0, the TCP, UDP, ICMP header there is whole and plausible;
//   - source and destination are addresses that may cross a router (RFC 1812, 5.3.7; RFC 4291, 2.5), or, for IPv6,
//     link-local ones.
// `port` is then the VLAN's where a device carries several.
void Parse(Burst& burst, const PortVlans& vlans);

// The port that a frame belongs to, before it is parsed: that of its VLAN, or its device's when none has its tag.
PortId PortOf(const Packet& packet, const PortVlans& vlans);

}  // namespace baton::dataplane
