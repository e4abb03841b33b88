// The bytes of an Ethernet frame -> PacketText with every field filled; a checksum that does not fit gives `csum bad`
// or `ipcsum bad`. Total on any input: what cannot be read becomes kind `ether` or `raw`. Pure; test code only.
#pragma once

#include <absl/types/span.h>

#include "tests/scenarios/packet_text.h"

namespace baton::scenarios {

PacketText ReadFrame(absl::Span<const uint8_t> frame);

}  // namespace baton::scenarios
