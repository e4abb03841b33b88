#include "dataplane/tunnel.h"

#include <cstring>

#include "common/checksum.h"
#include "common/headers.h"

namespace baton::dataplane {
namespace {

constexpr uint8_t kTtl = 64;
constexpr int kVxlanHeaders = sizeof(UdpHeader) + sizeof(VxlanHeader) + sizeof(EthernetHeader);

void WriteOuterIpv4(const OuterHeader& outer, const Ipv4Header* inner, uint8_t tos, int length, uint8_t* at) {
  auto& ip = *reinterpret_cast<Ipv4Header*>(at);
  ip.tos = tos;
  ip.total_length.set(static_cast<uint16_t>(length));
  // RFC 2003, 3.1. IPv6 packets are never fragmented on their way. An identification is of use only without DF (RFC
  // 6864, 4.1), and then the sender's serves, with the offset added so that the fragments of a packet differ.
  const uint16_t fragment = inner != nullptr ? inner->fragment.get() : kIpv4DontFragment;
  const bool dont_fragment = (fragment & kIpv4DontFragment) != 0;
  ip.fragment.set(dont_fragment ? kIpv4DontFragment : uint16_t{0});
  if (!dont_fragment) {
    ip.identification.set(static_cast<uint16_t>(inner->identification.get() + (fragment & kIpv4FragmentOffset)));
  }
  const uint8_t protocol = outer.vxlan        ? uint8_t{0}
                           : inner != nullptr ? kIpInIp
                                              : kIpv6InIp;  // of VXLAN it stands there
  if (!outer.vxlan) ip.protocol = protocol;
  // What was just written is added field by field: reading it back in larger pieces would wait for the stores.
  const uint32_t odd = static_cast<uint32_t>(tos + protocol) << 8;  // second bytes of their words, in memory order
  ip.checksum.set_raw(FinishChecksum(uint64_t{outer.sum} + odd + ip.total_length.raw() + ip.identification.raw() +
                                     ip.fragment.raw()));
}

void WriteOuterIpv6(const OuterHeader& outer, bool inner_ipv4, uint8_t tos, uint16_t label, int length, uint8_t* at) {
  auto& ip = *reinterpret_cast<Ipv6Header*>(at);
  ip.version_class_flow.set(0x60000000u | static_cast<uint32_t>(tos) << 20 | label);
  ip.payload_length.set(static_cast<uint16_t>(length - static_cast<int>(sizeof ip)));
  if (!outer.vxlan) ip.next_header = inner_ipv4 ? kIpInIp : kIpv6InIp;
}

}  // namespace

OuterHeader MakeOuterHeader(const Tunnel& tunnel, const Backend& backend) {
  OuterHeader outer = {};
  outer.vxlan = tunnel.type == Tunnel::Type::kVxlan;
  outer.ipv4 = tunnel.source.is_v4();
  const int ip_length = static_cast<int>(outer.ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header));
  outer.length = static_cast<uint8_t>(ip_length + (outer.vxlan ? kVxlanHeaders : 0));
  uint8_t* at = outer.bytes + OuterHeader::kRoom - outer.length;
  if (outer.ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(at);
    ip.version_ihl = 0x45;
    ip.ttl = kTtl;
    ip.protocol = kUdp;
    std::memcpy(&ip.src, tunnel.source.v4_bytes(), 4);
    std::memcpy(&ip.dst, backend.address.v4_bytes(), 4);
    if (!outer.vxlan) ip.protocol = 0;  // the packet's family decides
    outer.sum = static_cast<uint16_t>(~FinishChecksum(AddToChecksum(0, &ip, sizeof ip)));
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(at);
    ip.next_header = kUdp;
    ip.hop_limit = kTtl;
    std::memcpy(ip.src, tunnel.source.v6_bytes(), 16);
    std::memcpy(ip.dst, backend.address.v6_bytes(), 16);
  }
  if (!outer.vxlan) return outer;
  at += ip_length;
  auto& udp = *reinterpret_cast<UdpHeader*>(at);
  udp.dst_port.set(tunnel.port);
  auto& vxlan = *reinterpret_cast<VxlanHeader*>(at + sizeof udp);
  vxlan.flags.set(kVxlanVniValid);
  vxlan.vni_reserved.set(tunnel.vni << 8);
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(at + sizeof udp + sizeof vxlan);
  std::memcpy(ethernet.dst, backend.tunnel_mac.bytes.data(), 6);
  // A sender of our own for the inner network: locally administered, the last four bytes of the source address.
  ethernet.src[0] = 0x02;
  std::memcpy(ethernet.src + 2, tunnel.source.v6_bytes() + 12, 4);
  return outer;
}

void Encapsulate(const OuterHeader& outer, uint16_t entropy, Packet& p) {
  const bool inner_ipv4 = p.ipv4;
  uint8_t* inner = p.data + p.l3;
  const int length = p.length - p.l3 + outer.length;
  std::memcpy(inner - OuterHeader::kRoom, outer.bytes, OuterHeader::kRoom);
  uint8_t* at = inner - outer.length;
  // RFC 6040, 4.1 (normal mode): differentiated services and congestion marks are the inner header's.
  const uint8_t tos = inner_ipv4 ? inner[1] : static_cast<uint8_t>(inner[0] << 4 | inner[1] >> 4);
  if (outer.ipv4) {
    WriteOuterIpv4(outer, inner_ipv4 ? reinterpret_cast<const Ipv4Header*>(inner) : nullptr, tos, length, at);
  } else {
    WriteOuterIpv6(outer, inner_ipv4, tos, entropy, length, at);
  }
  if (outer.vxlan) {
    const int ip_length = static_cast<int>(outer.length) - kVxlanHeaders;
    auto& udp = *reinterpret_cast<UdpHeader*>(at + ip_length);
    udp.src_port.set_raw(entropy);
    udp.length.set(static_cast<uint16_t>(length - ip_length));  // its checksum is zero (RFC 7348, 5; RFC 6935, 5)
    auto& ethernet = *reinterpret_cast<EthernetHeader*>(inner - sizeof(EthernetHeader));
    ethernet.type.set(inner_ipv4 ? kEtherIpv4 : kEtherIpv6);
  }
  p.data -= outer.length;  // the outer header lies at l3 now
  p.length = static_cast<uint16_t>(p.length + outer.length);
  p.ipv4 = outer.ipv4;
}

}  // namespace baton::dataplane
