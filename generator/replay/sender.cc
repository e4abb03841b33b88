#include "generator/replay/sender.h"

#include <algorithm>
#include <cstring>

#include "common/headers.h"

namespace baton::generator {
namespace {

void SetMacs(const ReplayMacs& macs, uint16_t ether_type, uint8_t* frame) {
  const MacAddress* next_hop = ether_type == kEtherIpv4 ? macs.ipv4 : ether_type == kEtherIpv6 ? macs.ipv6 : nullptr;
  if (next_hop != nullptr) std::memcpy(frame, next_hop->bytes.data(), 6);
  std::memcpy(frame + 6, macs.own.bytes.data(), 6);
}

}  // namespace

int64_t ReplaySender::TimeOf(uint64_t number) const {
  const uint64_t round = number / profile_.recording->frames.size();
  const double recorded = static_cast<double>(round) * static_cast<double>(period_ns_) +
                          static_cast<double>(FrameAt(number).offset_ns);
  return static_cast<int64_t>(recorded / profile_.speed);
}

int ReplaySender::Due(int64_t now_ns) {
  const auto most = static_cast<int>(std::min<uint64_t>(kBurst, last_ - counts_.sent));
  if (most == 0) return 0;
  if (profile_.by_rate) return pace_.Due(now_ns, most);
  if (began_ns_ == 0) began_ns_ = now_ns;
  const int64_t played_ns = now_ns - began_ns_;
  int due = 0;
  while (due < most && TimeOf(counts_.sent + static_cast<uint64_t>(due)) <= played_ns) ++due;
  if (due > 0) counts_.most_behind_ns = std::max(counts_.most_behind_ns, played_ns - TimeOf(counts_.sent));
  return due;
}

int ReplaySender::Send(Link& link, const ReplayMacs& macs, int64_t now_ns) {
  const int due = Due(now_ns);
  Frame frames[kBurst];
  if (due == 0 || !link.Allocate(frames, due)) return 0;
  for (int i = 0; i < due; ++i) {
    const RecordedFrame& recorded = FrameAt(counts_.sent + static_cast<uint64_t>(i));
    std::memcpy(frames[i].data, profile_.recording->bytes.data() + recorded.at, recorded.length);
    frames[i].length = recorded.length;
    if (!profile_.keep_macs) SetMacs(macs, recorded.ether_type, frames[i].data);
  }
  const int sent = link.Send(frames, due);
  if (sent < due) link.Free(frames + sent, due - sent);
  for (int i = 0; i < sent; ++i) counts_.sent_bytes += FrameAt(counts_.sent + static_cast<uint64_t>(i)).length;
  counts_.sent += static_cast<uint64_t>(sent);
  if (profile_.by_rate) pace_.Sent(sent);
  return sent;
}

}  // namespace baton::generator
