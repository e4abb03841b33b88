// A packet as an operator writes it for `batonctl explain`:
//
//     PROTO SRC > DST [syn] [ack] [fin] [rst] [ttl N] [id N] [len N] on PORT
//
// PROTO is tcp, udp, icmp or icmp6 (an echo request); SRC and DST are ADDRESS:PORT for tcp and udp, an IPv6 address in
// brackets, and plain addresses otherwise. A TCP packet without flags is a SYN. `len` counts the IP packet. Pure, any
// thread.
#pragma once

#include <cstdint>
#include <string>

#include "common/addr.h"
#include "common/status.h"

namespace baton::controlplane {

struct PacketText {
  uint8_t protocol = 0;
  IpAddress src, dst;
  uint16_t src_port = 0, dst_port = 0;  // tcp, udp
  uint8_t tcp_flags = 0;
  uint8_t ttl = 64;
  uint16_t id = 1;                      // of an echo request
  uint16_t length = 0;                  // of the IP packet; 0: no payload
  std::string port;                     // where it comes in

  friend bool operator==(const PacketText&, const PacketText&) = default;
};

inline constexpr uint16_t kMostPacketBytes = 9216;

// InvalidArgument, with the column (from 1) and the word that is not understood.
absl::StatusOr<PacketText> ParsePacketText(absl::string_view text);

}  // namespace baton::controlplane
