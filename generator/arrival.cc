#include "generator/arrival.h"

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/esp/esp.h"
#include "generator/frame_layout.h"
#include "generator/mobile/headers.h"

namespace baton::generator {
namespace {

// Sums of whole headers include their checksum: right ones give all ones.
bool IsRight(uint64_t sum) { return FoldChecksum(sum) == 0xffff; }

// REQUIRES: `l4_length` bytes from arrival.l4 on are there. `pseudo`: the sum of the addresses.
void ReadUdp(const uint8_t* frame, uint16_t l4_length, uint64_t pseudo, uint64_t key, Arrival& arrival) {
  arrival.kind = ArrivalKind::kCorrupted;
  if (l4_length < sizeof(UdpHeader)) return;
  const uint8_t* l4 = frame + arrival.l4;
  const auto& udp = *reinterpret_cast<const UdpHeader*>(l4);
  const bool has_stamp = l4_length >= sizeof(UdpHeader) + kStampSize;
  if (has_stamp) arrival.stamp_good = ReadStamp(l4 + sizeof(UdpHeader), key, &arrival.stamp);
  // We never leave the checksum out (RFC 768 allows it over IPv4), and nobody on the way may take it away.
  if (udp.length.get() != l4_length || udp.checksum.raw() == 0) return;
  pseudo += uint64_t{udp.length.raw()} + __builtin_bswap16(kUdp);
  if (!IsRight(AddToChecksum(pseudo, l4, l4_length))) return;
  arrival.udp = true;
  arrival.kind = arrival.stamp_good ? ArrivalKind::kStamped : ArrivalKind::kForeign;
}

ArrivalKind IcmpKind(bool ipv4, uint8_t type) {
  if (ipv4) {
    if (type == kIcmpEchoRequest) return ArrivalKind::kEchoRequest;
    if (type == kIcmpInformationRequest) return ArrivalKind::kInformationRequest;
    if (type == kIcmpRedirect) return ArrivalKind::kRedirect;
    const bool error = type == kIcmpUnreachable || type == kIcmpTimeExceeded || type == kIcmpParameterProblem;
    return error ? ArrivalKind::kIcmpError : ArrivalKind::kForeign;
  }
  if (type == kIcmpv6NeighborSolicitation || type == kIcmpv6NeighborAdvertisement) return ArrivalKind::kNeighbor;
  if (type == kIcmpv6EchoRequest) return ArrivalKind::kEchoRequest;
  if (type == kIcmpv6Redirect) return ArrivalKind::kRedirect;
  const bool error = type >= kIcmpv6Unreachable && type <= kIcmpv6ParameterProblem;
  return error ? ArrivalKind::kIcmpError : ArrivalKind::kForeign;
}

bool IsEcho(bool ipv4, uint8_t type) {
  return ipv4 ? type == kIcmpEchoRequest || type == kIcmpEchoReply
              : type == kIcmpv6EchoRequest || type == kIcmpv6EchoReply;
}

// RFC 792 and RFC 4443, 4: an echo has eight bytes of header, as UDP has. `pseudo`: 0 for IPv4.
void ReadIcmp(const uint8_t* frame, uint16_t l4_length, uint64_t pseudo, uint64_t key, Arrival& arrival) {
  const uint8_t* l4 = frame + arrival.l4;
  arrival.kind = ArrivalKind::kCorrupted;
  const bool has_stamp = l4_length >= sizeof(IcmpHeader) + kStampSize;
  if (has_stamp) arrival.stamp_good = ReadStamp(l4 + sizeof(IcmpHeader), key, &arrival.stamp);
  if (l4_length < sizeof(IcmpHeader) || !IsRight(AddToChecksum(pseudo, l4, l4_length))) return;
  arrival.icmp = IsEcho(arrival.ipv4, l4[0]);
  arrival.kind = arrival.icmp && arrival.stamp_good ? ArrivalKind::kStamped : IcmpKind(arrival.ipv4, l4[0]);
}

// A packet of somebody else's ESP is corrupted, as far as anybody can tell.
void ReadEsp(const uint8_t* frame, uint16_t l4_length, uint64_t key, Arrival& arrival) {
  const uint8_t* l4 = frame + arrival.l4;
  arrival.esp = true;
  if (l4_length >= kEspHeader + kStampSize) arrival.stamp_good = ReadStamp(l4 + kEspHeader, key, &arrival.stamp);
  if (!IsRightEsp(l4, l4_length)) {
    arrival.kind = ArrivalKind::kCorrupted;
  } else {
    arrival.kind = arrival.stamp_good ? ArrivalKind::kStamped : ArrivalKind::kForeign;
  }
}

void ReadTcp(const uint8_t* frame, uint16_t l4_length, uint64_t pseudo, Arrival& arrival) {
  pseudo += uint64_t{__builtin_bswap16(l4_length)} + __builtin_bswap16(kTcp);
  const bool right = l4_length >= sizeof(TcpHeader) && IsRight(AddToChecksum(pseudo, frame + arrival.l4, l4_length));
  arrival.kind = right ? ArrivalKind::kTcp : ArrivalKind::kCorrupted;
}

void ReadIpv4(const uint8_t* frame, uint16_t length, uint64_t key, Arrival& arrival) {
  if (length < kIp + sizeof(Ipv4Header)) return;
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame + kIp);
  const int header = ip.header_length();
  const uint16_t total = ip.total_length.get();
  arrival.kind = ArrivalKind::kCorrupted;
  if (ip.version_ihl >> 4 != 4 || header < 20 || kIp + header > length) return;
  if (!IsRight(AddToChecksum(0, &ip, static_cast<size_t>(header)))) return;
  if (total < header || kIp + total > length) return;
  arrival.kind = ArrivalKind::kForeign;
  arrival.ipv4 = true;
  arrival.l4 = static_cast<uint16_t>(kIp + header);
  arrival.length = static_cast<uint16_t>(kIp + total);
  const auto l4_length = static_cast<uint16_t>(total - header);
  if ((ip.fragment.get() & (kIpv4MoreFragments | kIpv4FragmentOffset)) != 0) {
    arrival.kind = ArrivalKind::kFragment;
  } else if (ip.protocol == kUdp) {
    ReadUdp(frame, l4_length, uint64_t{ip.src.raw()} + ip.dst.raw(), key, arrival);
  } else if (ip.protocol == kTcp) {
    ReadTcp(frame, l4_length, uint64_t{ip.src.raw()} + ip.dst.raw(), arrival);
  } else if (ip.protocol == kIcmp) {
    ReadIcmp(frame, l4_length, 0, key, arrival);
  } else if (ip.protocol == kEsp) {
    ReadEsp(frame, l4_length, key, arrival);
  }
}

// Home addresses take the place of the header's in the checksum.
void ReadMobile(const uint8_t* frame, uint64_t key, Arrival& arrival) {
  const auto& ip = *reinterpret_cast<const Ipv6Header*>(frame + kIp);
  const MobileHeaders headers = ReadMobileHeaders(frame, arrival.length, ip.next_header);
  if (!headers.right || headers.next != kUdp) return;  // nothing of ours
  arrival.l4 = headers.l4;
  const uint8_t* src = headers.source_home != 0 ? frame + headers.source_home : ip.src;
  const uint8_t* dst = headers.receiver_home != 0 ? frame + headers.receiver_home : ip.dst;
  const uint64_t addresses = AddToChecksum(AddToChecksum(0, src, 16), dst, 16);
  ReadUdp(frame, static_cast<uint16_t>(arrival.length - headers.l4), addresses, key, arrival);
  const uint16_t home = arrival.stamp.is_response() ? headers.receiver_home : headers.source_home;
  const uint16_t other = arrival.stamp.is_response() ? headers.source_home : headers.receiver_home;
  arrival.mobile = home == kHomeAt && other == 0 && headers.l4 == kHomeAt + 16;
  if (arrival.kind == ArrivalKind::kStamped && !arrival.mobile) arrival.kind = ArrivalKind::kForeign;
  arrival.udp = false;  // nobody answers a stranger's header
}

void ReadIpv6(const uint8_t* frame, uint16_t length, uint64_t key, Arrival& arrival) {
  if (length < kIp + sizeof(Ipv6Header)) return;
  const auto& ip = *reinterpret_cast<const Ipv6Header*>(frame + kIp);
  const uint16_t payload = ip.payload_length.get();
  constexpr uint16_t kL4 = kIp + sizeof(Ipv6Header);
  arrival.kind = ArrivalKind::kCorrupted;
  if ((frame[kIp] >> 4) != 6 || kL4 + payload > length) return;
  arrival.kind = ArrivalKind::kForeign;
  arrival.l4 = kL4;
  arrival.length = static_cast<uint16_t>(kL4 + payload);
  if (ip.next_header == kUdp) {
    ReadUdp(frame, payload, AddToChecksum(AddToChecksum(0, ip.src, 16), ip.dst, 16), key, arrival);
  } else if (ip.next_header == kTcp) {
    ReadTcp(frame, payload, AddToChecksum(0, ip.src, 32), arrival);
  } else if (ip.next_header == kIcmpv6) {
    const uint64_t pseudo = uint64_t{__builtin_bswap16(payload)} + __builtin_bswap16(kIcmpv6);
    ReadIcmp(frame, payload, AddToChecksum(pseudo, ip.src, 32), key, arrival);
  } else if (ip.next_header == kEsp) {
    ReadEsp(frame, payload, key, arrival);
  } else if (ip.next_header == kFragment) {
    arrival.kind = ArrivalKind::kFragment;
  } else if (ip.next_header == kDestinationOptions || ip.next_header == kRouting) {
    ReadMobile(frame, key, arrival);
  }
}

}  // namespace

Arrival Classify(const uint8_t* frame, uint16_t length, uint64_t key) {
  Arrival arrival;
  if (length < kIp) return arrival;
  switch (reinterpret_cast<const EthernetHeader*>(frame)->type.get()) {
    case kEtherIpv4: ReadIpv4(frame, length, key, arrival); break;
    case kEtherIpv6: ReadIpv6(frame, length, key, arrival); break;
    case kEtherArp: arrival.kind = ArrivalKind::kNeighbor; break;
    default: break;
  }
  return arrival;
}

}  // namespace baton::generator
