#include "generator/unanswered/sender.h"

#include <algorithm>

#include "common/headers.h"

namespace baton::generator {
namespace {

constexpr uint16_t kSynRoom = 124;
constexpr uint16_t kFirstDrawnPort = 1024;

}  // namespace

UnansweredSender::UnansweredSender(const UnansweredProfile& profile, uint32_t place, const Hosts& hosts, uint16_t mss,
                                   const MacAddress& mac, uint64_t seed, uint64_t key)
    : profile_(profile),
      place_(place),
      hosts_(hosts),
      mss_(mss),
      key_(key),
      syn_(FrameShape{.dst = profile.to, .dst_port = profile.to_port, .length = kSynRoom, .protocol = kTcp}, mac),
      malformed_(profile.to, profile.to_port, mac),
      pace_(profile.rate),
      random_(seed) {}

int UnansweredSender::Send(Link& link, const MacAddress& next_hop, int64_t now_ns) {
  const int due = pace_.Due(now_ns, kBurst);
  Frame frames[kBurst];
  if (due == 0 || !link.Allocate(frames, due)) return 0;
  for (int i = 0; i < due; ++i) Write(frames[i], next_number_ + static_cast<uint32_t>(i), next_hop);
  uint16_t lengths[kBurst];  // the link may have the frames back before it returns
  for (int i = 0; i < due; ++i) lengths[i] = frames[i].length;
  const int sent = link.Send(frames, due);
  if (sent < due) link.Free(frames + sent, due - sent);
  for (int i = 0; i < sent; ++i) {
    counts_.sent_bytes += lengths[i];
    if (!profile_.kinds.empty()) {
      ++counts_.sent_of[static_cast<size_t>(KindAt(next_number_ + static_cast<uint32_t>(i)))];
    }
  }
  counts_.sent += static_cast<uint64_t>(sent);
  next_number_ += static_cast<uint32_t>(sent);
  pace_.Sent(sent);
  return sent;
}

void UnansweredSender::Write(Frame& frame, uint32_t number, const MacAddress& next_hop) {
  const IpAddress src = DrawSource();
  const uint16_t src_port = DrawPort();
  if (profile_.kind == UnansweredKind::kMalformed) {
    const Malformed kind = KindAt(number);
    const Stamp mark = MarkOf(place_, number, static_cast<uint8_t>(kind));
    frame.length = malformed_.Write(kind, next_hop, src, src_port, mark, key_, frame.data);
    return;
  }
  syn_.WriteHeaders(frame.data, src, src_port);
  frame.length = WriteSegment(frame.data, syn_.ipv4(), syn_.l4(), MarkedSyn(place_, number, mss_, key_), nullptr, key_);
  std::memcpy(frame.data, next_hop.bytes.data(), 6);
}

IpAddress UnansweredSender::DrawSource() {
  if (!profile_.sources) {
    const std::vector<IpAddress>& own = hosts_.of(profile_.to.family());
    return own[random_.Below(static_cast<uint32_t>(own.size()))];
  }
  const Prefix& prefix = *profile_.sources;
  const bool ipv4 = prefix.address.is_v4();
  const size_t size = ipv4 ? 4 : 16;
  uint8_t bytes[16];
  std::memcpy(bytes, ipv4 ? prefix.address.v4_bytes() : prefix.address.v6_bytes(), size);
  uint64_t drawn[2] = {random_.Next(), random_.Next()};
  const auto* random = reinterpret_cast<const uint8_t*>(drawn);
  for (size_t i = 0; i < size; ++i) {
    const int fixed = std::clamp(static_cast<int>(prefix.length) - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<uint8_t>(bytes[i] | (random[i] & (0xff >> fixed)));
  }
  return ipv4 ? IpAddress::FromV4Bytes(bytes) : IpAddress::FromV6Bytes(bytes);
}

uint16_t UnansweredSender::DrawPort() {
  if (!profile_.sources) return static_cast<uint16_t>(1 + random_.Below(kMostReservedPort));
  return static_cast<uint16_t>(kFirstDrawnPort + random_.Below(65536 - kFirstDrawnPort));
}

void UnansweredSender::NoteArrival(const Stamp& mark) {
  const Arrived arrived = arrivals_.Note(mark.number);
  if (arrived != Arrived::kInOrder && arrived != Arrived::kReordered) {
    ++counts_.duplicated;
    return;
  }
  ++counts_.arrived;
  if (mark.sender < kMostMalformed) ++counts_.arrived_of[mark.sender];
}

bool UnansweredSender::NoteReturned(const Returned& returned) {
  if (returned.from != profile_.to) return false;
  const bool ours = profile_.sources
                        ? profile_.sources->Contains(returned.to)
                        : returned.to_port <= kMostReservedPort && hosts_.Find(returned.to).in_all != Hosts::kNone;
  if (ours) ++counts_.returned[static_cast<size_t>(returned.kind)];
  return ours;
}

}  // namespace baton::generator
