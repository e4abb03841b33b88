// A frame out of a capture file, pcap or pcapng, for `explain`. One thread.
#pragma once

#include <string>

#include "common/status.h"

namespace baton::batonctl {

// Frame `number` (from 1) of the file, from its Ethernet header on. InvalidArgument: no capture file, other than
// Ethernet, fewer frames, or a frame that was cut when it was captured.
absl::StatusOr<std::string> ReadFrame(const std::string& file, uint32_t number);

}  // namespace baton::batonctl
