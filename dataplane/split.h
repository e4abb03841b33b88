// Fragments for the way out (RFC 791, 3.2): an IPv4 packet without "don't fragment" that is larger than the MTU is cut,
// as it came in, into fragments that go through the pipeline like any other, behind one another and within one burst,
// while the burst that the packet came in is dispatched. So order is kept, and nothing else knows of it: addresses,
// tunnels and checksums are written into each piece as into a fragment that came in.
// Called by the worker that owns the packet.
#pragma once

#include "dataplane/packet.h"
#include "dataplane/packet_io.h"
#include "dataplane/waiting_packet.h"

namespace baton::dataplane {

// What is too big for its way out.
struct Oversize {
  WaitingPacket packet;  // not changed since it came in
  uint8_t l3 = 0;        // offset of its IPv4 header
  uint8_t flags = 0;     // PacketFlag
  uint16_t mtu = 0;      // of the way out, without the tunnel's headers
};

inline constexpr int kMaxPieces = kBurst;

// How many pieces `from` makes; 0: more than kMaxPieces, or an MTU without room for eight bytes behind the header.
int PiecesOf(const Oversize& from);

// Writes `count` pieces, the first into the packet itself and the others into `pieces[1..]`, which have buffers but no
// length yet. REQUIRES: count == PiecesOf(from) > 1.
void Split(const Oversize& from, WaitingPacket* pieces, int count);

}  // namespace baton::dataplane
