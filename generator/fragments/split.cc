#include "generator/fragments/split.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr uint16_t kFragmentHeader = 8;

// Bytes of a datagram that a piece carries, in whole units of 8.
uint16_t StepOf(bool ipv4, uint16_t mtu) {
  const size_t headers = ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header) + kFragmentHeader;
  return static_cast<uint16_t>((mtu - headers) / 8 * 8);
}

// The headers of the piece of `length` bytes from `offset` on; returns where those bytes go.
uint16_t WriteHeaders(const uint8_t* datagram, bool ipv4, uint16_t offset, uint16_t length, bool more, uint32_t id,
                      uint8_t* frame) {
  const uint16_t l4 = L4Of(ipv4);
  std::memcpy(frame, datagram, l4);
  if (ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame + kIp);
    ip.total_length = Be16(static_cast<uint16_t>(sizeof(Ipv4Header) + length));
    ip.identification = Be16(static_cast<uint16_t>(id));
    ip.fragment = Be16(static_cast<uint16_t>(offset / 8 | (more ? kIpv4MoreFragments : 0)));
    ip.checksum.set_raw(0);
    ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, sizeof ip)));
    return l4;
  }
  auto& ip = *reinterpret_cast<Ipv6Header*>(frame + kIp);
  ip.payload_length = Be16(static_cast<uint16_t>(kFragmentHeader + length));
  uint8_t* header = frame + l4;
  header[0] = ip.next_header;
  header[1] = 0;
  const Be16 place(static_cast<uint16_t>(offset | (more ? 1 : 0)));
  std::memcpy(header + 2, &place, 2);
  const Be32 identification(id);
  std::memcpy(header + 4, &identification, 4);
  ip.next_header = kFragment;
  return static_cast<uint16_t>(l4 + kFragmentHeader);
}

}  // namespace

int PiecesOf(bool ipv4, uint16_t length, uint16_t mtu) {
  if (length - kIp <= mtu) return 1;
  const int payload = length - L4Of(ipv4), step = StepOf(ipv4, mtu);
  return (payload + step - 1) / step;
}

void Split(const uint8_t* datagram, bool ipv4, uint16_t length, uint16_t mtu, uint32_t id, FragmentOrder order,
           Random& random, Frame* frames, int pieces) {
  if (pieces == 1) {
    std::memcpy(frames[0].data, datagram, length);
    frames[0].length = length;
    return;
  }
  const uint16_t l4 = L4Of(ipv4), step = StepOf(ipv4, mtu);
  const auto payload = static_cast<uint16_t>(length - l4);
  for (int i = 0; i < pieces; ++i) {
    const auto offset = static_cast<uint16_t>(i * step);
    const uint16_t part = std::min(step, static_cast<uint16_t>(payload - offset));
    Frame& frame = frames[i];
    const uint16_t at = WriteHeaders(datagram, ipv4, offset, part, i + 1 < pieces, id, frame.data);
    std::memcpy(frame.data + at, datagram + l4 + offset, part);
    frame.length = static_cast<uint16_t>(at + part);
    if (frame.length < kShortestOnWire) {
      std::memset(frame.data + frame.length, 0, static_cast<size_t>(kShortestOnWire - frame.length));
      frame.length = kShortestOnWire;
    }
  }
  if (order == FragmentOrder::kReversed) std::reverse(frames, frames + pieces);
  if (order != FragmentOrder::kShuffled) return;
  for (int i = pieces - 1; i > 0; --i) std::swap(frames[i], frames[random.Below(static_cast<uint32_t>(i) + 1)]);
}

}  // namespace baton::generator
