// PacketText -> the bytes of an Ethernet frame, with every checksum computed, unless the text wants it wrong. Pure,
// test code only. Fields that break a packet on purpose: truncate, iplen, udplen, doff, ihl, version, csum, ipcsum.
#pragma once

#include <absl/status/statusor.h>

#include "common/addr.h"
#include "tests/scenarios/frame_checksum.h"
#include "tests/scenarios/packet_text.h"

namespace baton::scenarios {

// What a frame has when its text does not say otherwise.
struct LinkLayer {
  MacAddress src, dst;
  uint16_t vlan = 0;  // 0: no tag
};

absl::StatusOr<Bytes> BuildFrame(const PacketText& packet, const LinkLayer& link);

// The payload of `len N`: abc...zabc..., so that a byte in the wrong place shows.
Bytes PatternPayload(size_t length);

}  // namespace baton::scenarios
