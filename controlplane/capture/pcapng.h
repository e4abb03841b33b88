// The pcapng format (draft-ietf-opsawg-pcapng), as far as captures need it: one section, an interface for each port,
// packets with a direction and a comment, statistics at the end. Little-endian, nanoseconds. Pure, any thread.
//
// Why not DPDK's rte_pcapng: in 22.11 rte_pcapng_copy takes no comment and writes mbufs of its own pool to a file; here
// the comment is the point, and the bytes go into a stream.
#pragma once

#include <cstdint>
#include <string>

#include <absl/strings/string_view.h>
#include <absl/types/span.h>

namespace baton::controlplane {

// 4.1: how a file begins. `application` goes into shb_userappl.
std::string SectionHeader(absl::string_view application);
// 4.2: Ethernet; interfaces are numbered in the order of their blocks, from 0.
std::string InterfaceDescription(absl::string_view name, uint32_t snap_length);

struct PcapngPacket {
  uint32_t interface = 0;
  uint64_t ns = 0;              // since 1970
  uint32_t length = 0;          // on the wire
  bool outbound = false;
  absl::Span<const uint8_t> bytes{};  // as many as were captured
  std::string comment{};        // empty: none
};
// 4.3, with epb_flags (4.3.1) and opt_comment (3.5).
std::string EnhancedPacket(const PcapngPacket& packet);
// 4.6: `missed` as isb_ifdrop.
std::string InterfaceStatistics(uint32_t interface, uint64_t ns, uint64_t missed);

}  // namespace baton::controlplane
