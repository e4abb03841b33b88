#include "tests/bench/flows.h"

#include <algorithm>

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"

namespace baton::bench {
namespace {

IpAddress Ipv6(uint32_t net, uint32_t host) {
  const uint8_t bytes[16] = {0x20,
                             0x01,
                             0x0d,
                             0xb8,
                             static_cast<uint8_t>(net >> 8),
                             static_cast<uint8_t>(net),
                             0,
                             0,
                             0,
                             0,
                             0,
                             0,
                             static_cast<uint8_t>(host >> 24),
                             static_cast<uint8_t>(host >> 16),
                             static_cast<uint8_t>(host >> 8),
                             static_cast<uint8_t>(host)};
  return IpAddress::FromV6Bytes(bytes);
}

}  // namespace

IpAddress ClientOf(uint32_t flow, bool ipv4) { return ipv4 ? IpAddress::V4(0x64400000 + flow / 8) : Ipv6(1, flow / 8); }
uint16_t ClientPortOf(uint32_t flow) { return static_cast<uint16_t>(10000 + flow % 8 * 977 + flow / 8 % 50000 / 2); }
IpAddress ExternalOf(bool ipv4) { return ipv4 ? IpAddress::V4(0xc6336414) : Ipv6(2, 20); }
IpAddress BackendOf(int backend, bool ipv4) {
  const auto host = static_cast<uint32_t>(11 + backend);
  return ipv4 ? IpAddress::V4(0x0a000000 + host) : Ipv6(3, host);
}
IpAddress InternalOf(int number, bool ipv4) {
  const auto host = static_cast<uint32_t>(100 + number);
  return ipv4 ? IpAddress::V4(0x0a000000 + host) : Ipv6(3, host);
}
MacAddress BoxMac() { return {{0x02, 0, 0, 0, 0, 1}}; }

namespace {

int IpHeader(const Case& c) { return c.ipv4 ? 20 : 40; }

// The frame of one flow with right checksums.
std::vector<uint8_t> MakeFrame(const Case& c, uint32_t flow, bool first) {
  const IpAddress src = ClientOf(flow, c.ipv4), dst = ExternalOf(c.ipv4);
  const int headers = 14 + IpHeader(c) + (c.protocol == kTcp ? 20 : 8);
  const auto l4_length = static_cast<uint16_t>(std::max(headers, 60) - 14 - IpHeader(c));
  ByteWriter out;
  out.Mac(BoxMac()).Mac({{0x02, 0, 0, 0, 0, 2}}).U16(c.ipv4 ? kEtherIpv4 : kEtherIpv6);
  if (c.ipv4) {
    out.U8(0x45).U8(0).U16(static_cast<uint16_t>(20 + l4_length)).U16(0).U16(kIpv4DontFragment);
    out.U8(64).U8(c.protocol).U16(0).Ip(src).Ip(dst);
    out.PatchU16(24, __builtin_bswap16(FinishChecksum(AddToChecksum(0, out.bytes().data() + 14, 20))));
  } else {
    out.U32(0x60000000).U16(l4_length).U8(c.protocol).U8(64).Ip(src).Ip(dst);
  }
  const size_t l4 = out.size();
  out.U16(ClientPortOf(flow)).U16(kServicePort);
  if (c.protocol == kTcp) {
    out.U32(1).U32(first ? 0 : 1).U8(0x50).U8(first ? kTcpSyn : kTcpAck).U16(65535).U16(0).U16(0);
  } else {
    out.U16(l4_length).U16(0);
  }
  out.Zeros(l4 + l4_length - out.size());
  const uint64_t pseudo = PseudoHeaderSum(src, dst, c.protocol, l4_length);
  uint16_t sum = FinishChecksum(AddToChecksum(pseudo, out.bytes().data() + l4, l4_length));
  if (c.protocol == kUdp && sum == 0) sum = 0xffff;  // RFC 768
  out.PatchU16(l4 + (c.protocol == kTcp ? 16 : 6), __builtin_bswap16(sum));
  return out.bytes();
}

}  // namespace

Stream StreamOf(const Case& c, bool first) {
  Stream stream;
  const std::vector<uint8_t> frame = MakeFrame(c, 0, first);
  std::copy(frame.begin(), frame.end(), stream.frame);
  const auto l4 = static_cast<uint16_t>(14 + IpHeader(c));
  stream.length = static_cast<uint16_t>(frame.size());
  stream.client_at = c.ipv4 ? 26 : 34;
  stream.client_port_at = l4;
  stream.l4_checksum_at = static_cast<uint16_t>(l4 + (c.protocol == kTcp ? 16 : 6));
  // IPv6 has no header checksum: the place is written twice, at last with what belongs there.
  stream.ip_checksum_at = c.ipv4 ? uint16_t{24} : stream.l4_checksum_at;
  return stream;
}

void AddFlow(const Case& c, uint32_t flow, Stream& stream) {
  const std::vector<uint8_t> frame = MakeFrame(c, flow, (stream.frame[14 + IpHeader(c) + 13] & kTcpSyn) != 0);
  FlowBytes bytes;
  std::memcpy(&bytes.client, &frame[stream.client_at], 4);
  std::memcpy(&bytes.client_port, &frame[stream.client_port_at], 2);
  std::memcpy(&bytes.ip_checksum, &frame[stream.ip_checksum_at], 2);
  std::memcpy(&bytes.l4_checksum, &frame[stream.l4_checksum_at], 2);
  stream.flows.push_back(bytes);
}

}  // namespace baton::bench
