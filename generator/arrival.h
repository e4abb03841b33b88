// What a received frame is: one of ours with a stamp, a harmed one, a question of a neighbour, or nobody's business.
// Every length and checksum is checked here, once. Pure and total: any bytes whatever; any thread.
#pragma once

#include <cstdint>

#include "generator/stamp.h"

namespace baton::generator {

enum class ArrivalKind : uint8_t {
  kStamped,    // UDP, ICMP echo, or ESP
  kTcp,        // a segment in order; whose, tcp/segment.h reads
  kCorrupted,  // a wrong checksum, or a length that is none; of a flow when `stamp_good`
  kFragment,   // of any datagram; fragments/reassembly.h puts them together
  kForeign,    // all in order, but without a stamp of this run
  kNeighbor,   // ARP, or neighbour discovery
  kIcmpError,  // a destination unreachable and its like: somebody refuses what we send
  kEchoRequest,         // of somebody else: the host that is meant answers
  kInformationRequest,  // RFC 792, type 15
  kRedirect,            // RFC 792, type 5; RFC 4861, 4.5
};

struct Arrival {
  ArrivalKind kind = ArrivalKind::kForeign;
  bool ipv4 = false;
  bool icmp = false;    // kStamped: an echo request or reply
  bool esp = false;     // kStamped: ESP
  bool udp = false;     // kForeign: a whole datagram, in order
  bool mobile = false;  // kStamped: UDP with the header of mobile/headers.h that its direction has, and no other
  bool stamp_good = false;
  uint16_t l4 = 0;      // of IP packets: offset of the UDP, ICMP or TCP header
  uint16_t length = 0;  // of IP packets: of the frame without padding
  Stamp stamp;
};

Arrival Classify(const uint8_t* frame, uint16_t length, uint64_t key);

}  // namespace baton::generator
