// The frames of one class of flows, but for what differs from packet to packet: source and stamp. Written by copying the
// template and adding what was put in to sums that were made beforehand. One core.
#pragma once

#include <cstdint>
#include <vector>

#include "common/addr.h"
#include "common/headers.h"
#include "generator/arrival.h"
#include "generator/stamp.h"

namespace baton::generator {

struct FrameShape {
  IpAddress dst;
  uint16_t dst_port = 0;   // not of kIcmp, kEsp
  uint16_t length = 0;  // of the frame, without its FCS
  uint8_t protocol = kUdp;  // kIcmp: echo requests, of either family
  bool mobile = false;      // kUdp over IPv6, with the home address option (mobile/headers.h)
};

// The shortest frame (without FCS) that holds a stamp; Ethernet pads what is shorter than 60 bytes.
uint16_t ShortestFrame(Family family, uint8_t protocol = kUdp);

class FrameTemplate {
 public:
  // REQUIRES: ShortestFrame() <= shape.length <= kFrameRoom; kEsp: what follows the IP header is a multiple of 4 bytes.
  FrameTemplate(const FrameShape& shape, const MacAddress& src);

  void SetNextHop(const MacAddress& mac);
  uint16_t length() const { return length_; }
  bool ipv4() const { return ipv4_; }
  uint16_t l4() const { return l4_; }

  // `src_port` is the identifier of an echo request; a mobile terminal's `src` is its home. Of kEsp, esp/esp.h writes the
  // rest. REQUIRES: `src` is of the family of the destination; `at` has room for the length rounded up to 64.
  void Write(uint8_t* at, const IpAddress& src, uint16_t src_port, const Stamp& stamp, uint64_t key) const;
  // The headers up to the ports, the rest is the caller's; `at` has room for the length rounded up to 64.
  void WriteHeaders(uint8_t* at, const IpAddress& src, uint16_t src_port) const;

 private:
  bool ipv4_;
  bool icmp_;
  bool esp_;
  uint16_t length_;
  uint16_t l4_;
  uint64_t ip_sum_ = 0;   // IPv4: the header without source and checksum
  uint64_t udp_sum_ = 0;  // pseudo header and header without source address, source port and checksum
  std::vector<uint8_t> bytes_;  // rounded up to 64
};

// Turns the frame of a request into that of its response, in place: everything is mirrored, the stamp is new, and the
// frame gets `length` bytes; of kEsp, esp/esp.h writes the rest. `next_hop`: null to send it to whom it came from.
// REQUIRES: Classify found it stamped; ShortestFrame() <= length <= kFrameRoom.
void TurnAround(uint8_t* frame, const Arrival& arrival, uint16_t length, const MacAddress& own,
                const MacAddress* next_hop, const Stamp& stamp, uint64_t key);

}  // namespace baton::generator
