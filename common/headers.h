// Wire headers, as they lie in a packet: big-endian integers, no padding, alignment 1. REQUIRES for every cast to one
// of these: the length was checked before (dataplane/parse.cc does it once). Numbers: IANA protocol and type
// registries.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace baton {

static_assert(std::endian::native == std::endian::little, "Be16/Be32 swap bytes");

// Integers in network order; alignment 1.
class Be16 {
 public:
  Be16() = default;
  constexpr explicit Be16(uint16_t host) : raw_{static_cast<uint8_t>(host >> 8), static_cast<uint8_t>(host)} {}
  uint16_t get() const { return __builtin_bswap16(raw()); }
  void set(uint16_t host) { set_raw(__builtin_bswap16(host)); }
  uint16_t raw() const {  // as it lies in memory: for checksums and keys
    uint16_t v;
    std::memcpy(&v, raw_, 2);
    return v;
  }
  void set_raw(uint16_t v) { std::memcpy(raw_, &v, 2); }

 private:
  uint8_t raw_[2];
};

class Be32 {
 public:
  Be32() = default;
  constexpr explicit Be32(uint32_t host)
      : raw_{static_cast<uint8_t>(host >> 24), static_cast<uint8_t>(host >> 16), static_cast<uint8_t>(host >> 8),
             static_cast<uint8_t>(host)} {}
  uint32_t get() const { return __builtin_bswap32(raw()); }
  void set(uint32_t host) { set_raw(__builtin_bswap32(host)); }
  uint32_t raw() const {
    uint32_t v;
    std::memcpy(&v, raw_, 4);
    return v;
  }
  void set_raw(uint32_t v) { std::memcpy(raw_, &v, 4); }

 private:
  uint8_t raw_[4];
};

inline constexpr uint16_t kEtherIpv4 = 0x0800;
inline constexpr uint16_t kEtherArp = 0x0806;
inline constexpr uint16_t kEtherVlan = 0x8100;  // IEEE 802.1Q
inline constexpr uint16_t kEtherIpv6 = 0x86dd;

struct EthernetHeader {
  uint8_t dst[6];
  uint8_t src[6];
  Be16 type;
};
static_assert(sizeof(EthernetHeader) == 14);

struct VlanTag {  // behind type 0x8100
  Be16 control;   // 3 bits priority, 1 bit DEI, 12 bits VLAN id
  Be16 type;
  uint16_t id() const { return control.get() & 0x0fff; }
};
static_assert(sizeof(VlanTag) == 4);

inline constexpr uint8_t kIcmp = 1;
inline constexpr uint8_t kIpInIp = 4;     // RFC 2003; RFC 2473, 3 with an IPv6 header around
inline constexpr uint8_t kTcp = 6;
inline constexpr uint8_t kUdp = 17;
inline constexpr uint8_t kIpv6InIp = 41;  // RFC 4213, 3.5; RFC 2473, 3
inline constexpr uint8_t kIcmpv6 = 58;

// IPv6 extension headers (RFC 8200, 4).
inline constexpr uint8_t kHopByHop = 0;
inline constexpr uint8_t kRouting = 43;
inline constexpr uint8_t kFragment = 44;
inline constexpr uint8_t kEsp = 50;
inline constexpr uint8_t kVrrp = 112;
inline constexpr uint8_t kAuthentication = 51;
inline constexpr uint8_t kNoNextHeader = 59;
inline constexpr uint8_t kDestinationOptions = 60;
inline constexpr uint8_t kMobility = 135;

struct Ipv4Header {  // RFC 791, 3.1
  uint8_t version_ihl;
  uint8_t tos;
  Be16 total_length;
  Be16 identification;
  Be16 fragment;  // 3 bits flags, 13 bits offset in units of 8 bytes
  uint8_t ttl;
  uint8_t protocol;
  Be16 checksum;
  Be32 src;
  Be32 dst;
  int header_length() const { return (version_ihl & 0x0f) * 4; }
};
static_assert(sizeof(Ipv4Header) == 20);
inline constexpr uint16_t kIpv4DontFragment = 0x4000;
inline constexpr uint16_t kIpv4MoreFragments = 0x2000;
inline constexpr uint16_t kIpv4FragmentOffset = 0x1fff;

struct Ipv6Header {  // RFC 8200, 3
  Be32 version_class_flow;
  Be16 payload_length;
  uint8_t next_header;
  uint8_t hop_limit;
  uint8_t src[16];
  uint8_t dst[16];
};
static_assert(sizeof(Ipv6Header) == 40);

struct TcpHeader {  // RFC 9293, 3.1
  Be16 src_port;
  Be16 dst_port;
  Be32 seq;
  Be32 ack;
  uint8_t data_offset;  // upper 4 bits, in units of 4 bytes
  uint8_t flags;
  Be16 window;
  Be16 checksum;
  Be16 urgent;
  int header_length() const { return (data_offset >> 4) * 4; }
};
static_assert(sizeof(TcpHeader) == 20);
inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpPsh = 0x08;
inline constexpr uint8_t kTcpAck = 0x10;

// Kinds of TCP options of one byte (RFC 9293, 3.1).
inline constexpr uint8_t kTcpEndOfOptions = 0;
inline constexpr uint8_t kTcpNoOperation = 1;

struct UdpHeader {  // RFC 768
  Be16 src_port;
  Be16 dst_port;
  Be16 length;
  Be16 checksum;  // zero: none (IPv4 only)
};
static_assert(sizeof(UdpHeader) == 8);

struct VxlanHeader {  // RFC 7348, 5
  Be32 flags;         // kVxlanVniValid
  Be32 vni_reserved;  // the network's identifier in the upper 24 bits
};
static_assert(sizeof(VxlanHeader) == 8);
inline constexpr uint32_t kVxlanVniValid = 0x08000000;

struct IcmpHeader {  // RFC 792, RFC 4443: both families
  uint8_t type;
  uint8_t code;
  Be16 checksum;
  Be16 id;        // echo; otherwise the upper half of the type's own 32 bits
  Be16 sequence;  // echo; lower half (an MTU in RFC 1191, 4)
};
static_assert(sizeof(IcmpHeader) == 8);

inline constexpr uint8_t kIcmpEchoReply = 0;
inline constexpr uint8_t kIcmpUnreachable = 3;  // codes: 0 net, 1 host, 3 port, 4 fragmentation needed, 13 prohibited
inline constexpr uint8_t kIcmpRedirect = 5;
inline constexpr uint8_t kIcmpEchoRequest = 8;
inline constexpr uint8_t kIcmpTimeExceeded = 11;
inline constexpr uint8_t kIcmpParameterProblem = 12;
inline constexpr uint8_t kIcmpInformationRequest = 15;
inline constexpr uint8_t kIcmpInformationReply = 16;
inline constexpr uint8_t kIcmpv6Unreachable = 1;  // codes: 0 no route, 1 prohibited, 3 address, 4 port
inline constexpr uint8_t kIcmpv6PacketTooBig = 2;
inline constexpr uint8_t kIcmpv6TimeExceeded = 3;
inline constexpr uint8_t kIcmpv6ParameterProblem = 4;
inline constexpr uint8_t kIcmpv6EchoRequest = 128;
inline constexpr uint8_t kIcmpv6EchoReply = 129;
inline constexpr uint8_t kIcmpv6RouterSolicitation = 133;
inline constexpr uint8_t kIcmpv6NeighborSolicitation = 135;
inline constexpr uint8_t kIcmpv6NeighborAdvertisement = 136;
inline constexpr uint8_t kIcmpv6Redirect = 137;

struct ArpPacket {  // RFC 826, for Ethernet and IPv4
  Be16 hardware;    // 1
  Be16 protocol;    // 0x0800
  uint8_t hardware_length;  // 6
  uint8_t protocol_length;  // 4
  Be16 operation;           // 1 request, 2 reply
  uint8_t sender_mac[6];
  uint8_t sender_ip[4];
  uint8_t target_mac[6];
  uint8_t target_ip[4];
};
static_assert(sizeof(ArpPacket) == 28);

}  // namespace baton
