// A filter in pcap's language, compiled by libpcap. It runs where captured packets are written to a file and not on the
// workers: what they pay for a capture does not depend on the filter, and no foreign code is in their way. Any thread.
#pragma once

#include <memory>
#include <string>

#include "common/capture_ring.h"
#include "common/status.h"

struct bpf_program;

namespace baton::controlplane {

class PacketFilter {
 public:
  // InvalidArgument, with libpcap's words. An empty text lets all pass.
  static absl::StatusOr<PacketFilter> Compile(const std::string& text);

  // Sees only the bytes that were captured.
  bool Matches(const CapturedPacket& packet, const uint8_t* bytes) const;

 private:
  std::shared_ptr<bpf_program> program_;  // nullptr: all pass
};

}  // namespace baton::controlplane
