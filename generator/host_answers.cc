#include "generator/host_answers.h"

#include <algorithm>
#include <cstring>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr uint8_t kTtl = 64;

void FinishIpv4(Ipv4Header& ip) {
  ip.checksum.set_raw(0);
  ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, static_cast<size_t>(ip.header_length()))));
}

}  // namespace

void AnswerEcho(uint8_t* frame, const Arrival& arrival, const MacAddress& own) {
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(frame);
  std::memcpy(ethernet.dst, ethernet.src, 6);
  std::memcpy(ethernet.src, own.bytes.data(), 6);
  auto& icmp = *reinterpret_cast<IcmpHeader*>(frame + arrival.l4);
  const uint8_t before[2] = {icmp.type, icmp.code};
  if (arrival.ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame + kIp);
    std::swap(ip.src, ip.dst);
    ip.ttl = kTtl;
    FinishIpv4(ip);
    icmp.type = kIcmpEchoReply;
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(frame + kIp);
    std::swap_ranges(ip.src, ip.src + 16, ip.dst);
    ip.hop_limit = kTtl;
    icmp.type = kIcmpv6EchoReply;
  }
  const uint8_t after[2] = {icmp.type, icmp.code};
  // RFC 1624; the addresses of the pseudo header have only changed places.
  const uint64_t sum = static_cast<uint16_t>(~icmp.checksum.raw()) +
                       static_cast<uint64_t>(static_cast<uint16_t>(~FoldChecksum(AddToChecksum(0, before, 2))));
  icmp.checksum.set_raw(FinishChecksum(AddToChecksum(sum, after, 2)));
}

InformationRequest InformationRequest::Read(const uint8_t* frame, const Arrival& arrival, uint32_t next, uint32_t end) {
  InformationRequest request;
  std::memcpy(request.mac, reinterpret_cast<const EthernetHeader*>(frame)->src, 6);
  std::memcpy(request.from, &reinterpret_cast<const Ipv4Header*>(frame + kIp)->src, 4);
  std::memcpy(request.id_and_sequence, frame + arrival.l4 + 4, 4);
  request.next_host = next;
  request.end_host = end;
  return request;
}

void InformationRequest::WriteReply(uint8_t* at, const IpAddress& host, const MacAddress& own) const {
  std::memset(at, 0, kInformationFrame);
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(at);
  auto& ip = *reinterpret_cast<Ipv4Header*>(at + kIp);
  uint8_t* icmp = at + kIp + sizeof(Ipv4Header);
  const uint8_t nobody[4] = {};
  const bool to_all = std::memcmp(from, nobody, 4) == 0;  // "this host on this network": it knows nothing of itself
  std::memcpy(ethernet.dst, mac, 6);
  std::memcpy(ethernet.src, own.bytes.data(), 6);
  ethernet.type = Be16(kEtherIpv4);
  ip.version_ihl = 0x45;
  ip.total_length = Be16(sizeof(Ipv4Header) + sizeof(IcmpHeader));
  ip.ttl = kTtl;
  ip.protocol = kIcmp;
  std::memcpy(&ip.src, host.v4_bytes(), 4);
  if (to_all) {
    ip.dst = Be32(0xffffffff);
  } else {
    std::memcpy(&ip.dst, from, 4);
  }
  FinishIpv4(ip);
  icmp[0] = kIcmpInformationReply;
  std::memcpy(icmp + 4, id_and_sequence, 4);
  reinterpret_cast<IcmpHeader*>(icmp)->checksum.set_raw(FinishChecksum(AddToChecksum(0, icmp, sizeof(IcmpHeader))));
}

}  // namespace baton::generator
