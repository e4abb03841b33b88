// What `forward: tunnel` puts in front of a packet: an outer IPv4 or IPv6 header (RFC 2003, RFC 2473), and with VXLAN a
// UDP, a VXLAN and an inner Ethernet header (RFC 7348). Prepared once for each backend, by backend slot, when an access
// is opened; used by the worker that owns the table, and by nobody else. Rows keep no copy: when a configuration
// changes a tunnel, the backend's next new access takes all of its rows along.
#pragma once

#include <cstdint>
#include <vector>

#include "common/service_table.h"
#include "dataplane/packet.h"

namespace baton::dataplane {

struct alignas(16) OuterHeader {
  static constexpr int kRoom = 72;
  uint8_t bytes[kRoom];  // ends at the end, so that a copy of fixed length does; lengths, TOS and checksum are still zero
  uint32_t sum;          // of an IPv4 header as it stands here, for its checksum
  uint8_t length;        // of the last `length` bytes; 0: not prepared
  bool ipv4;
  bool vxlan;
};
static_assert(OuterHeader::kRoom <= kMinHeadroom);

OuterHeader MakeOuterHeader(const Tunnel& tunnel, const Backend& backend);

// Puts the header in front of the packet's IP header, before which nothing is kept. `entropy`, as on the wire, tells
// flows apart on the way: UDP source port (RFC 7348, 5) and flow label (RFC 6438).
void Encapsulate(const OuterHeader& outer, uint16_t entropy, Packet& packet);

// By backend slot.
using OuterHeaders = std::vector<OuterHeader>;

}  // namespace baton::dataplane
