#include "dataplane/mss.h"

#include <algorithm>

#include "common/checksum.h"
#include "common/headers.h"
#include "dataplane/access_table.h"
#include "dataplane/ftp_segment.h"

namespace baton::dataplane {
namespace {

constexpr uint8_t kMaximumSegmentSize = 2;  // RFC 9293, 3.1
constexpr int kLongerHeader = sizeof(Ipv6Header) - sizeof(Ipv4Header);

// The value of the MSS option, or nullptr. REQUIRES: the header lies whole in the packet (Parse).
uint8_t* FindMss(TcpHeader& tcp) {
  auto* at = reinterpret_cast<uint8_t*>(&tcp) + sizeof(TcpHeader);
  const uint8_t* end = reinterpret_cast<uint8_t*>(&tcp) + tcp.header_length();
  while (at < end && *at != kTcpEndOfOptions) {
    if (*at == kTcpNoOperation) {
      ++at;
      continue;
    }
    if (end - at < 2 || at[1] < 2 || at[1] > end - at) return nullptr;
    if (*at == kMaximumSegmentSize) return at[1] == 4 ? at + 2 : nullptr;
    at += at[1];
  }
  return nullptr;
}

void Clamp(uint16_t limit, Packet& p) {
  auto& tcp = *reinterpret_cast<TcpHeader*>(p.data + p.l4);
  uint8_t* mss = FindMss(tcp);
  if (mss == nullptr || (mss[0] << 8 | mss[1]) <= limit) return;
  const auto header = static_cast<size_t>(tcp.header_length());  // the option may lie at an odd offset: sum the header
  const uint64_t before = AddToChecksum(0, &tcp, header);
  mss[0] = static_cast<uint8_t>(limit >> 8);
  mss[1] = static_cast<uint8_t>(limit);
  const uint64_t after = AddToChecksum(0, &tcp, header);
  tcp.checksum.set_raw(ApplyDifference(tcp.checksum.raw(), ChecksumDifference(before, after)));
}

}  // namespace

void ClampMss(const uint16_t* limits, Burst& burst) {
  if ((burst.flags & kSyn) == 0) return;
  for (Packet& p : burst) {
    if (!p.alive() || (p.flags & kSyn) == 0 || p.side == nullptr) continue;
    int limit = std::min(limits[p.port], limits[p.out_port]) - (p.ipv4 ? 0 : kLongerHeader);
    if (p.side->ftp()) limit = std::min(limit - kFtpGrowth, kFtpMss);  // what is put into its lines finds room
    Clamp(static_cast<uint16_t>(limit), p);
  }
}

}  // namespace baton::dataplane
