#include "generator/unanswered/malformed.h"

#include <algorithm>
#include <cstring>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr uint16_t kLength = 160;      // of the frames with UDP: room for all that is put in
constexpr uint16_t kTcpRoom = 124;
constexpr uint16_t kSpoiled = 0x5555;  // turns a right checksum into none that is equal, 0 and 0xffff included
constexpr int kManyExtensions = 9;     // batond and others stop at 8

Ipv4Header& Ipv4Of(uint8_t* frame) { return *reinterpret_cast<Ipv4Header*>(frame + kIp); }
Ipv6Header& Ipv6Of(uint8_t* frame) { return *reinterpret_cast<Ipv6Header*>(frame + kIp); }
UdpHeader& UdpAt(uint8_t* at) { return *reinterpret_cast<UdpHeader*>(at); }

// Over as many bytes as the header says that it has, 20 at least.
void FinishIpv4(uint8_t* frame) {
  Ipv4Header& ip = Ipv4Of(frame);
  ip.checksum.set_raw(0);
  const auto length = static_cast<size_t>(std::max(ip.header_length(), 20));
  ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, length)));
}

// The sum that a checksum is made of, with its own field zero. `pseudo`: there is a pseudo header.
uint16_t ChecksumOf(uint8_t* frame, uint16_t l4, uint16_t length, uint8_t protocol, bool ipv4, bool pseudo) {
  uint64_t sum = 0;
  if (pseudo) {
    sum = uint64_t{__builtin_bswap16(protocol)} + __builtin_bswap16(length);
    sum = ipv4 ? AddToChecksum(sum, &Ipv4Of(frame).src, 8) : AddToChecksum(sum, Ipv6Of(frame).src, 32);
  }
  return FinishChecksum(AddToChecksum(sum, frame + l4, length));
}

void SetLength(uint8_t* frame, bool ipv4, uint16_t of_l4) {
  if (ipv4) {
    Ipv4Of(frame).total_length = Be16(static_cast<uint16_t>(of_l4 + sizeof(Ipv4Header)));
    FinishIpv4(frame);
  } else {
    Ipv6Of(frame).payload_length = Be16(of_l4);
  }
}

// IPv6: `size` bytes of room behind the header, zeroed; what stood there moves back, what no longer fits is gone.
uint8_t* MakeRoom(uint8_t* frame, uint16_t size) {
  constexpr uint16_t kL4 = kIp + sizeof(Ipv6Header);
  std::memmove(frame + kL4 + size, frame + kL4, static_cast<size_t>(kLength - kL4 - size));
  std::memset(frame + kL4, 0, size);
  UdpAt(frame + kL4 + size).length = Be16(static_cast<uint16_t>(kLength - kL4 - size));
  return frame + kL4;
}

IpAddress Loopback(bool ipv4) {
  static const IpAddress v4 = IpAddress::Parse("127.0.0.1").value(), v6 = IpAddress::Parse("::1").value();
  return ipv4 ? v4 : v6;
}

IpAddress AllHosts(bool ipv4) {
  static const IpAddress v4 = IpAddress::Parse("224.0.0.1").value(), v6 = IpAddress::Parse("ff02::1").value();
  return ipv4 ? v4 : v6;
}

}  // namespace

MalformedWriter::MalformedWriter(const IpAddress& dst, uint16_t dst_port, const MacAddress& src)
    : dst_(dst),
      dst_port_(dst_port),
      udp_(FrameShape{.dst = dst, .dst_port = dst_port, .length = kLength, .protocol = kUdp}, src),
      tcp_(FrameShape{.dst = dst, .dst_port = dst_port, .length = kTcpRoom, .protocol = kTcp}, src) {}

uint16_t MalformedWriter::Write(Malformed kind, const MacAddress& next_hop, const IpAddress& src, uint16_t src_port,
                                const Stamp& mark, uint64_t key, uint8_t* frame) {
  uint16_t length = kLength;
  switch (kind) {
    case Malformed::kIpVersion:
    case Malformed::kHeaderLengthShort:
    case Malformed::kHeaderLengthLong:
    case Malformed::kIpChecksum:
    case Malformed::kTotalLengthShort:
    case Malformed::kLengthBeyondFrame:
    case Malformed::kTruncatedL4:
    case Malformed::kTtlZero:
      udp_.Write(frame, src, src_port, mark, key);
      SpoilIp(kind, frame);
      break;
    case Malformed::kSourceLoopback: udp_.Write(frame, Loopback(dst_.is_v4()), src_port, mark, key); break;
    case Malformed::kSourceMulticast: udp_.Write(frame, AllHosts(dst_.is_v4()), src_port, mark, key); break;
    case Malformed::kLand: udp_.Write(frame, dst_, dst_port_, mark, key); break;  // from itself to itself
    case Malformed::kUdpLengthShort:
    case Malformed::kUdpLengthLong:
    case Malformed::kUdpChecksum:
    case Malformed::kUdpNoChecksum:
      udp_.Write(frame, src, src_port, mark, key);
      SpoilUdp(kind, frame);
      break;
    case Malformed::kFragmentTiny:
    case Malformed::kFragmentBeyond:
      udp_.Write(frame, src, src_port, mark, key);
      SpoilFragment(kind, frame);
      break;
    case Malformed::kExtensionCut:
    case Malformed::kExtensionsMany:
      udp_.Write(frame, src, src_port, mark, key);
      AddExtensions(kind, frame);
      break;
    case Malformed::kIcmpErrorUnknown:
    case Malformed::kIcmpErrorCut:
      udp_.Write(frame, src, src_port, mark, key);
      WriteIcmpError(src, src_port, kind == Malformed::kIcmpErrorCut, mark, key, frame);
      break;
    case Malformed::kTcpOffsetShort:
    case Malformed::kTcpOffsetLong:
    case Malformed::kTcpNoFlags:
    case Malformed::kTcpAllFlags:
    case Malformed::kTcpChecksum: length = WriteTcp(kind, src, src_port, mark, key, frame); break;
  }
  std::memcpy(frame, next_hop.bytes.data(), 6);
  return length;
}

void MalformedWriter::SpoilIp(Malformed kind, uint8_t* frame) const {
  const bool ipv4 = dst_.is_v4();
  Ipv4Header& ip = Ipv4Of(frame);
  const auto of_l4 = static_cast<uint16_t>(kLength - udp_.l4());
  switch (kind) {
    case Malformed::kIpVersion: frame[kIp] = static_cast<uint8_t>(0x50 | (frame[kIp] & 0x0f)); break;
    case Malformed::kHeaderLengthShort: ip.version_ihl = 0x44; break;
    case Malformed::kHeaderLengthLong:  // 60 bytes of header in a packet of 40
      ip.version_ihl = 0x4f;
      ip.total_length = Be16(40);
      break;
    case Malformed::kTotalLengthShort: ip.total_length = Be16(sizeof(Ipv4Header) - 1); break;
    case Malformed::kLengthBeyondFrame: return SetLength(frame, ipv4, static_cast<uint16_t>(of_l4 + 100));
    case Malformed::kTruncatedL4: return SetLength(frame, ipv4, sizeof(UdpHeader) / 2);
    case Malformed::kIpChecksum: return ip.checksum.set_raw(ip.checksum.raw() ^ kSpoiled);
    default: (ipv4 ? ip.ttl : Ipv6Of(frame).hop_limit) = 0; break;
  }
  if (ipv4) FinishIpv4(frame);
}

void MalformedWriter::SpoilUdp(Malformed kind, uint8_t* frame) const {
  UdpHeader& udp = UdpAt(frame + udp_.l4());
  switch (kind) {
    case Malformed::kUdpLengthShort: udp.length = Be16(sizeof(UdpHeader) - 1); break;
    case Malformed::kUdpLengthLong: udp.length = Be16(static_cast<uint16_t>(udp.length.get() + 100)); break;
    case Malformed::kUdpChecksum: udp.checksum.set_raw(udp.checksum.raw() ^ kSpoiled); break;
    default: udp.checksum.set_raw(0); break;  // RFC 8200, 8.1
  }
}

// RFC 1858, 3: a first fragment without the TCP flags. RFC 791, 3.2: one that ends behind the longest datagram.
void MalformedWriter::SpoilFragment(Malformed kind, uint8_t* frame) const {
  const bool tiny = kind == Malformed::kFragmentTiny;
  constexpr uint16_t kLastOffset = 8191;
  if (dst_.is_v4()) {
    Ipv4Header& ip = Ipv4Of(frame);
    ip.fragment = Be16(tiny ? kIpv4MoreFragments : kLastOffset);
    if (tiny) ip.protocol = kTcp;
    SetLength(frame, true, static_cast<uint16_t>(tiny ? 8 : kLength - udp_.l4()));
    return;
  }
  uint8_t* header = MakeRoom(frame, 8);  // RFC 8200, 4.5
  Ipv6Of(frame).next_header = kFragment;
  header[0] = tiny ? kTcp : kUdp;
  const uint16_t place = tiny ? 1 : kLastOffset << 3;
  header[2] = static_cast<uint8_t>(place >> 8);
  header[3] = static_cast<uint8_t>(place);
  if (tiny) SetLength(frame, false, 8 + 8);
}

void MalformedWriter::AddExtensions(Malformed kind, uint8_t* frame) const {
  if (kind == Malformed::kExtensionCut) {
    uint8_t* header = MakeRoom(frame, 8);
    Ipv6Of(frame).next_header = kHopByHop;
    header[0] = kUdp;
    header[1] = 255;  // 2048 bytes
    return;
  }
  uint8_t* header = MakeRoom(frame, 8 * kManyExtensions);
  Ipv6Of(frame).next_header = kDestinationOptions;
  for (int i = 0; i < kManyExtensions; ++i, header += 8) {
    header[0] = i + 1 < kManyExtensions ? kDestinationOptions : kUdp;
    header[2] = 1;  // PadN (RFC 8200, 4.2)
    header[3] = 4;
  }
  UdpHeader& udp = UdpAt(header);
  udp.checksum.set_raw(0);
  const auto l4 = static_cast<uint16_t>(header - frame);
  udp.checksum.set_raw(ChecksumOf(frame, l4, static_cast<uint16_t>(kLength - l4), kUdp, false, true));
}

// A host unreachable about a segment from `dst_` that it never sent. `cut`: of the packet only ten bytes are quoted.
void MalformedWriter::WriteIcmpError(const IpAddress& src, uint16_t src_port, bool cut, const Stamp& mark, uint64_t key,
                                     uint8_t* frame) {
  const bool ipv4 = dst_.is_v4();
  const uint16_t l4 = udp_.l4(), quoted_header = ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  std::memset(frame + l4, 0, static_cast<size_t>(kLength - l4));
  frame[l4] = ipv4 ? kIcmpUnreachable : kIcmpv6Unreachable;
  frame[l4 + 1] = ipv4 ? 1 : 3;  // RFC 792, host unreachable; RFC 4443, 3.1: address unreachable
  uint8_t* quoted = frame + l4 + sizeof(IcmpHeader);
  std::memcpy(quoted, frame + kIp, quoted_header);
  const size_t size = ipv4 ? 4 : 16, at = ipv4 ? 12 : 8;
  std::memcpy(quoted + at, ipv4 ? dst_.v4_bytes() : dst_.v6_bytes(), size);
  std::memcpy(quoted + at + size, ipv4 ? src.v4_bytes() : src.v6_bytes(), size);
  (ipv4 ? quoted[9] : quoted[6]) = kTcp;
  UdpAt(quoted + quoted_header).src_port = Be16(dst_port_);  // TCP has its ports at the same place
  UdpAt(quoted + quoted_header).dst_port = Be16(src_port);
  WriteStamp(quoted + quoted_header + 8, mark, key);
  if (ipv4) {
    Ipv4Of(frame).protocol = kIcmp;
  } else {
    Ipv6Of(frame).next_header = kIcmpv6;
  }
  const auto length = static_cast<uint16_t>(cut ? sizeof(IcmpHeader) + 10 : kLength - l4);
  SetLength(frame, ipv4, length);
  auto& icmp = *reinterpret_cast<IcmpHeader*>(frame + l4);
  icmp.checksum.set_raw(ChecksumOf(frame, l4, length, kIcmpv6, ipv4, !ipv4));
}

uint16_t MalformedWriter::WriteTcp(Malformed kind, const IpAddress& src, uint16_t src_port, const Stamp& mark,
                                   uint64_t key, uint8_t* frame) {
  tcp_.WriteHeaders(frame, src, src_port);
  Segment segment{.seq = mark.number, .flow = mark.flow, .length = kStampSize};
  segment.flags = kTcpSyn;
  const uint16_t length = WriteSegment(frame, tcp_.ipv4(), tcp_.l4(), segment, &mark, key);
  auto& tcp = *reinterpret_cast<TcpHeader*>(frame + tcp_.l4());
  switch (kind) {
    case Malformed::kTcpOffsetShort: tcp.data_offset = 4 << 4; break;
    case Malformed::kTcpOffsetLong: tcp.data_offset = 15 << 4; break;  // 60 bytes, of which there are 50
    case Malformed::kTcpNoFlags: tcp.flags = 0; break;
    case Malformed::kTcpAllFlags: tcp.flags = 0x3f; break;
    default: tcp.checksum.set_raw(tcp.checksum.raw() ^ kSpoiled); return length;
  }
  tcp.checksum.set_raw(0);
  const auto l4_length = static_cast<uint16_t>(length - tcp_.l4());
  tcp.checksum.set_raw(ChecksumOf(frame, tcp_.l4(), l4_length, kTcp, tcp_.ipv4(), true));
  return length;
}

}  // namespace baton::generator
