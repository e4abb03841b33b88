// Frames for the packets that operators ask about, and frames as text for people. Pure, any thread; FrameText takes any
// bytes whatever.
#pragma once

#include <string>
#include <vector>

#include <absl/types/span.h>

#include "common/route.h"
#include "controlplane/packet/text.h"

namespace baton::controlplane {

// The packet as it would arrive at the port: to the port's MAC address, with its tag, checksums right, a SYN with the
// usual MSS option. InvalidArgument: `len` is too short for the headers.
absl::StatusOr<std::vector<uint8_t>> BuildFrame(const PacketText& packet, const PortInfo& port);

// "tcp 192.0.2.7:4711 > 10.0.0.11:80 syn ttl 63 mss 1460 len 44". Headers of tunnels are followed inwards.
std::string FrameText(absl::Span<const uint8_t> frame);
// The Ethernet header: "02:00:00:00:00:02 > 02:00:00:00:00:11 vlan 100".
std::string LinkText(absl::Span<const uint8_t> frame);

}  // namespace baton::controlplane
