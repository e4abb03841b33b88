#include "generator/tcp/segment.h"

#include <algorithm>
#include <utility>

#include "common/checksum.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr uint8_t kTtl = 64;
constexpr uint16_t kWindow = 65535;
constexpr uint8_t kEnd = 0, kNop = 1, kMss = 2, kTimestamps = 8;  // RFC 9293, 3.2; RFC 7323, 3.2

uint32_t ReadU32(const uint8_t* at) {
  Be32 value;
  std::memcpy(&value, at, 4);
  return value.get();
}

void WriteU32(uint8_t* at, uint32_t value) {
  const Be32 be(value);
  std::memcpy(at, &be, 4);
}

void ReadOptions(const uint8_t* at, const uint8_t* end, bool echoed, Segment& segment) {
  while (at < end && *at != kEnd) {
    if (*at == kNop) {
      ++at;
      continue;
    }
    if (end - at < 2 || at[1] < 2 || at[1] > end - at) return;
    if (*at == kMss && at[1] == 4) segment.mss = static_cast<uint16_t>(at[2] << 8 | at[3]);
    if (*at == kTimestamps && at[1] == 10) {
      segment.flow = ReadU32(at + (echoed ? 6 : 2));
      segment.time = ReadU32(at + (echoed ? 2 : 6));
      segment.has_flow = true;
    }
    at += at[1];
  }
}

}  // namespace

std::optional<Segment> ReadSegment(const uint8_t* frame, uint16_t l4, uint16_t length, bool echoed) {
  if (length < l4 + sizeof(TcpHeader)) return std::nullopt;
  const auto& tcp = *reinterpret_cast<const TcpHeader*>(frame + l4);
  const int header = tcp.header_length();
  if (header < static_cast<int>(sizeof(TcpHeader)) || l4 + header > length) return std::nullopt;
  Segment segment{.seq = tcp.seq.get(), .ack = tcp.ack.get()};
  segment.flags = tcp.flags;
  segment.payload_at = static_cast<uint16_t>(l4 + header);
  segment.length = static_cast<uint16_t>(length - segment.payload_at);
  ReadOptions(frame + l4 + sizeof(TcpHeader), frame + segment.payload_at, echoed, segment);
  return segment;
}

uint16_t WriteSegment(uint8_t* frame, bool ipv4, uint16_t l4, const Segment& segment, const Stamp* stamp, uint64_t key,
                      absl::string_view text) {
  auto& tcp = *reinterpret_cast<TcpHeader*>(frame + l4);
  tcp.seq = Be32(segment.seq);
  tcp.ack = Be32(segment.ack);
  tcp.flags = segment.flags;
  tcp.window = Be16(kWindow);
  tcp.checksum.set_raw(0);
  tcp.urgent = Be16(0);
  uint8_t* option = frame + l4 + sizeof(TcpHeader);
  if (segment.mss != 0) {
    option[0] = kMss;
    option[1] = 4;
    option[2] = static_cast<uint8_t>(segment.mss >> 8);
    option[3] = static_cast<uint8_t>(segment.mss);
    option += 4;
  }
  option[0] = option[1] = kNop;
  option[2] = kTimestamps;
  option[3] = 10;
  WriteU32(option + 4, segment.flow);
  WriteU32(option + 8, segment.time);
  uint8_t* payload = option + kTcpOptions;
  const auto header = static_cast<uint16_t>(payload - (frame + l4));
  tcp.data_offset = static_cast<uint8_t>(header / 4 << 4);
  size_t written = 0;  // bytes of the payload that are not zero
  if (segment.length > 0 && !text.empty()) {
    written = segment.length;
    std::memcpy(payload, text.data(), written);
  } else if (segment.length > 0) {
    std::memset(payload, 0, segment.length);
    if (stamp != nullptr) {
      WriteStamp(payload, *stamp, key);
      written = std::min<size_t>(segment.length, kStampSize);
    }
  }
  const auto l4_length = static_cast<uint16_t>(header + segment.length);
  uint64_t sum = uint64_t{__builtin_bswap16(kTcp)} + __builtin_bswap16(l4_length);
  if (ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame + kIp);
    ip.total_length = Be16(static_cast<uint16_t>(l4 - kIp + l4_length));
    ip.checksum.set_raw(0);
    ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, static_cast<size_t>(ip.header_length()))));
    sum = AddToChecksum(sum, &ip.src, 8);
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(frame + kIp);
    ip.payload_length = Be16(l4_length);
    sum = AddToChecksum(sum, ip.src, 32);
  }
  tcp.checksum.set_raw(FinishChecksum(AddToChecksum(sum, &tcp, header + written)));  // zeros add nothing
  const auto length = static_cast<uint16_t>(l4 + l4_length);
  if (length < kShortestOnWire) std::memset(frame + length, 0, kShortestOnWire - length);
  return std::max(length, kShortestOnWire);
}

void MirrorFrame(uint8_t* frame, bool ipv4, uint16_t l4, const uint8_t* own_mac, const uint8_t* next_hop) {
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(frame);
  std::memcpy(ethernet.dst, next_hop != nullptr ? next_hop : ethernet.src, 6);
  std::memcpy(ethernet.src, own_mac, 6);
  if (ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame + kIp);
    std::swap(ip.src, ip.dst);
    ip.ttl = kTtl;
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(frame + kIp);
    std::swap_ranges(ip.src, ip.src + 16, ip.dst);
    ip.hop_limit = kTtl;
  }
  auto& tcp = *reinterpret_cast<TcpHeader*>(frame + l4);
  std::swap(tcp.src_port, tcp.dst_port);
}

}  // namespace baton::generator
