#include "generator/frame_template.h"

#include <algorithm>
#include <utility>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/esp/esp.h"
#include "generator/frame_layout.h"
#include "generator/mobile/headers.h"

namespace baton::generator {
namespace {

constexpr uint8_t kTtl = 64;

EthernetHeader& EthernetOf(uint8_t* frame) { return *reinterpret_cast<EthernetHeader*>(frame); }
Ipv4Header& Ipv4Of(uint8_t* frame) { return *reinterpret_cast<Ipv4Header*>(frame + kIp); }
Ipv6Header& Ipv6Of(uint8_t* frame) { return *reinterpret_cast<Ipv6Header*>(frame + kIp); }

// RFC 768: a sum of zero is sent as all ones.
uint16_t UdpChecksum(uint64_t sum) {
  const uint16_t checksum = FinishChecksum(sum);
  return checksum == 0 ? uint16_t{0xffff} : checksum;
}

}  // namespace

uint16_t ShortestFrame(Family family, uint8_t protocol) {
  if (protocol == kEsp) {
    return static_cast<uint16_t>(L4Of(family == Family::kIpv4) + kEspHeader + kStampSize + kEspTrailer +
                                 kEspCheckValue);
  }
  const auto needed = static_cast<uint16_t>(L4Of(family == Family::kIpv4) + sizeof(UdpHeader) + kStampSize);
  return std::max(needed, kShortestOnWire);
}

FrameTemplate::FrameTemplate(const FrameShape& shape, const MacAddress& src)
    : ipv4_(shape.dst.is_v4()),
      icmp_(shape.protocol == kIcmp),
      esp_(shape.protocol == kEsp),
      length_(shape.length),
      l4_(static_cast<uint16_t>(L4Of(ipv4_) + (shape.mobile ? kMobileHeader : 0))),
      bytes_((shape.length + 63u) / 64 * 64) {
  uint8_t* frame = bytes_.data();
  EthernetHeader& ethernet = EthernetOf(frame);
  std::copy(src.bytes.begin(), src.bytes.end(), ethernet.src);
  ethernet.type = Be16(ipv4_ ? kEtherIpv4 : kEtherIpv6);
  const auto l4_length = static_cast<uint16_t>(length_ - l4_);
  if (ipv4_) {
    Ipv4Header& ip = Ipv4Of(frame);
    ip.version_ihl = 0x45;
    ip.total_length = Be16(static_cast<uint16_t>(length_ - kIp));
    ip.fragment = Be16(kIpv4DontFragment);
    ip.ttl = kTtl;
    ip.protocol = shape.protocol;
    std::memcpy(&ip.dst, shape.dst.v4_bytes(), 4);
    ip_sum_ = AddToChecksum(0, &ip, sizeof ip);
    udp_sum_ = ip.dst.raw();
  } else {
    Ipv6Header& ip = Ipv6Of(frame);
    ip.version_class_flow = Be32(0x60000000);
    ip.payload_length = Be16(static_cast<uint16_t>(length_ - L4Of(false)));
    ip.next_header = icmp_ ? kIcmpv6 : shape.mobile ? kDestinationOptions : shape.protocol;
    if (shape.mobile) WriteHomeOption(frame + L4Of(false), kUdp);
    ip.hop_limit = kTtl;
    std::memcpy(ip.dst, shape.dst.v6_bytes(), 16);
    udp_sum_ = AddToChecksum(0, ip.dst, 16);
  }
  if (esp_) return;
  if (icmp_) {
    frame[l4_] = ipv4_ ? kIcmpEchoRequest : kIcmpv6EchoRequest;
    // RFC 4443, 2.3: over IPv6 there is a pseudo header.
    udp_sum_ = ipv4_ ? 0 : udp_sum_ + __builtin_bswap16(l4_length) + __builtin_bswap16(kIcmpv6);
    udp_sum_ = AddToChecksum(udp_sum_, frame + l4_, 2);
    return;
  }
  auto& udp = *reinterpret_cast<UdpHeader*>(frame + l4_);
  udp.dst_port = Be16(shape.dst_port);
  udp.length = Be16(l4_length);
  udp_sum_ += uint64_t{udp.dst_port.raw()} + udp.length.raw() + udp.length.raw() + __builtin_bswap16(kUdp);
}

void FrameTemplate::SetNextHop(const MacAddress& mac) {
  std::copy(mac.bytes.begin(), mac.bytes.end(), EthernetOf(bytes_.data()).dst);
}

void FrameTemplate::Write(uint8_t* at, const IpAddress& src, uint16_t src_port, const Stamp& stamp,
                          uint64_t key) const {
  for (size_t i = 0; i < bytes_.size(); i += 64) std::memcpy(at + i, bytes_.data() + i, 64);
  uint64_t src_sum;
  if (ipv4_) {
    Ipv4Header& ip = Ipv4Of(at);
    std::memcpy(&ip.src, src.v4_bytes(), 4);
    src_sum = ip.src.raw();
    ip.checksum.set_raw(FinishChecksum(ip_sum_ + src_sum));
  } else {
    Ipv6Header& ip = Ipv6Of(at);
    std::memcpy(ip.src, src.v6_bytes(), 16);
    src_sum = AddToChecksum(0, ip.src, 16);
  }
  static_assert(sizeof(IcmpHeader) == sizeof(UdpHeader) && kEspHeader == sizeof(UdpHeader));
  const uint64_t stamp_sum = WriteStamp(at + l4_ + sizeof(UdpHeader), stamp, key);
  if (esp_) return;
  if (icmp_) {
    auto& icmp = *reinterpret_cast<IcmpHeader*>(at + l4_);
    icmp.id = Be16(src_port);
    icmp.sequence = Be16(static_cast<uint16_t>(stamp.number));
    const uint64_t sum = udp_sum_ + (ipv4_ ? 0 : src_sum) + icmp.id.raw() + icmp.sequence.raw() + stamp_sum;
    icmp.checksum.set_raw(FinishChecksum(sum));
    return;
  }
  auto& udp = *reinterpret_cast<UdpHeader*>(at + l4_);
  udp.src_port = Be16(src_port);
  udp.checksum.set_raw(UdpChecksum(udp_sum_ + src_sum + udp.src_port.raw() + stamp_sum));
}

void FrameTemplate::WriteHeaders(uint8_t* at, const IpAddress& src, uint16_t src_port) const {
  for (size_t i = 0; i < bytes_.size(); i += 64) std::memcpy(at + i, bytes_.data() + i, 64);
  if (ipv4_) {
    std::memcpy(&Ipv4Of(at).src, src.v4_bytes(), 4);
  } else {
    std::memcpy(Ipv6Of(at).src, src.v6_bytes(), 16);
  }
  reinterpret_cast<UdpHeader*>(at + l4_)->src_port = Be16(src_port);
}

namespace {

// The IP header of the response: swapped addresses, a new life, the length. Returns the sum of the addresses, for a
// mobile terminal that of its home.
uint64_t TurnIpv4(uint8_t* frame, uint16_t length) {
  Ipv4Header& ip = Ipv4Of(frame);
  std::swap(ip.src, ip.dst);
  ip.ttl = kTtl;
  ip.total_length = Be16(static_cast<uint16_t>(length - kIp));
  ip.checksum.set_raw(0);
  ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, static_cast<size_t>(ip.header_length()))));
  return uint64_t{ip.src.raw()} + ip.dst.raw();
}

uint64_t TurnIpv6(uint8_t* frame, uint16_t length, bool mobile) {
  Ipv6Header& ip = Ipv6Of(frame);
  ip.hop_limit = kTtl;
  ip.payload_length = Be16(static_cast<uint16_t>(length - L4Of(false)));
  if (mobile) {
    TurnToTerminal(frame);
    return AddToChecksum(AddToChecksum(0, ip.src, 16), frame + kHomeAt, 16);
  }
  uint8_t src[16];
  std::memcpy(src, ip.src, 16);
  std::memcpy(ip.src, ip.dst, 16);
  std::memcpy(ip.dst, src, 16);
  return AddToChecksum(AddToChecksum(0, ip.src, 16), ip.dst, 16);
}

}  // namespace

void TurnAround(uint8_t* frame, const Arrival& arrival, uint16_t length, const MacAddress& own,
                const MacAddress* next_hop, const Stamp& stamp, uint64_t key) {
  EthernetHeader& ethernet = EthernetOf(frame);
  if (next_hop == nullptr) {
    std::memcpy(ethernet.dst, ethernet.src, 6);
  } else {
    std::memcpy(ethernet.dst, next_hop->bytes.data(), 6);
  }
  std::memcpy(ethernet.src, own.bytes.data(), 6);
  const uint16_t l4 = arrival.l4;
  const auto l4_length = static_cast<uint16_t>(length - l4);
  uint64_t sum = arrival.ipv4 ? TurnIpv4(frame, length) : TurnIpv6(frame, length, arrival.mobile);
  const size_t before = arrival.length - l4, stamp_end = sizeof(UdpHeader) + kStampSize;
  if (l4_length > before) std::memset(frame + l4 + before, 0, l4_length - before);
  if (arrival.esp) {
    WriteStamp(frame + l4 + kEspHeader, stamp, key);
    std::memset(frame + l4 + kEspHeader + kStampSize, 0, l4_length - kEspHeader - kStampSize);  // the check value, too
    return;
  }
  if (arrival.icmp) {
    auto& icmp = *reinterpret_cast<IcmpHeader*>(frame + l4);
    icmp.type = arrival.ipv4 ? kIcmpEchoReply : kIcmpv6EchoReply;
    icmp.checksum.set_raw(0);
    WriteStamp(frame + l4 + sizeof(IcmpHeader), stamp, key);
    sum = arrival.ipv4 ? 0 : sum + __builtin_bswap16(l4_length) + __builtin_bswap16(kIcmpv6);
    icmp.checksum.set_raw(FinishChecksum(AddToChecksum(sum, frame + l4, l4_length)));
    return;
  }
  auto& udp = *reinterpret_cast<UdpHeader*>(frame + l4);
  std::swap(udp.src_port, udp.dst_port);
  udp.length = Be16(l4_length);
  udp.checksum.set_raw(0);
  sum += WriteStamp(frame + l4 + sizeof(UdpHeader), stamp, key);
  sum +=
      uint64_t{udp.src_port.raw()} + udp.dst_port.raw() + udp.length.raw() + udp.length.raw() + __builtin_bswap16(kUdp);
  udp.checksum.set_raw(UdpChecksum(AddToChecksum(sum, frame + l4 + stamp_end, l4_length - stamp_end)));
}

}  // namespace baton::generator
