// Frames from text and text from frames. The bytes were written by hand after RFC 791, 9293, 8200 and 4443; checksums
// with a calculator.
#include "controlplane/packet/frame.h"

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

#include "common/checksum.h"
#include "common/headers.h"

namespace baton::controlplane {
namespace {

const PortInfo kWan{.name = "wan", .mac = {{2, 0, 0, 0, 0, 1}}, .addresses = {}};
const PortInfo kTagged{.name = "tag", .mac = {{2, 0, 0, 0, 0, 3}}, .vlan = 100, .addresses = {}};

std::vector<uint8_t> Frame(const char* text, const PortInfo& port = kWan) {
  const auto packet = ParsePacketText(text);
  REQUIRE(packet.ok());
  const auto frame = BuildFrame(*packet, port);
  REQUIRE(frame.ok());
  return *frame;
}

TEST_CASE("a SYN is built byte for byte") {
  const std::vector<uint8_t> expected = {
      2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0x08, 0x00,                       // to the port
      0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0x4e, 0x87,                     // DF, TTL 64, TCP
      192, 0, 2, 7, 198, 51, 100, 10,
      0x12, 0x67, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 0x02, 0xff, 0xff,    // 4711 > 80, 24 bytes, SYN
      0x99, 0x29, 0, 0, 2, 4, 0x05, 0xb4};                                  // MSS 1460
  const std::vector<uint8_t> frame = Frame("tcp 192.0.2.7:4711 > 198.51.100.10:80 on wan");
  // The sums over header and segment are zero when the checksums are right (RFC 1071).
  CHECK(FinishChecksum(AddToChecksum(0, expected.data() + 14, 20)) == 0);
  CHECK(frame == expected);
}

TEST_CASE("what is built reads as it was asked for, with right checksums") {
  struct Case { const char* asked; const char* reads; uint8_t protocol; };
  const auto c = GENERATE(values<Case>({
      {"tcp 192.0.2.7:4711 > 198.51.100.10:80 on tag",
       "tcp 192.0.2.7:4711 > 198.51.100.10:80 syn mss 1460 ttl 64 len 44", kTcp},
      {"tcp [2001:db8::7]:4711 > [2001:db8::10]:80 syn ack ttl 9 on tag",
       "tcp [2001:db8::7]:4711 > [2001:db8::10]:80 syn ack mss 1440 ttl 9 len 64", kTcp},
      {"tcp 192.0.2.7:4711 > 198.51.100.10:80 ack len 1500 on tag",
       "tcp 192.0.2.7:4711 > 198.51.100.10:80 ack ttl 64 len 1500", kTcp},
      {"udp 192.0.2.7:4711 > 198.51.100.10:53 on tag", "udp 192.0.2.7:4711 > 198.51.100.10:53 ttl 64 len 28", kUdp},
      {"udp [2001:db8::7]:1 > [2001:db8::10]:53 len 101 on tag",
       "udp [2001:db8::7]:1 > [2001:db8::10]:53 ttl 64 len 101", kUdp},
      {"icmp 192.0.2.7 > 198.51.100.10 id 77 on tag", "icmp 192.0.2.7 > 198.51.100.10 echo request id 77 ttl 64 len 28",
       kIcmp},
      {"icmp6 2001:db8::7 > 2001:db8::10 on tag", "icmp6 2001:db8::7 > 2001:db8::10 echo request id 1 ttl 64 len 48",
       kIcmpv6},
  }));
  CAPTURE(c.asked);
  const auto frame = Frame(c.asked, kTagged);
  CHECK(FrameText(frame) == c.reads);
  CHECK(LinkText(frame) == "02:00:00:00:00:00 > 02:00:00:00:00:03 vlan 100");
  const auto packet = ParsePacketText(c.asked);
  const size_t ip = 18, l4 = ip + (packet->src.is_v4() ? 20 : 40);
  uint64_t sum = AddToChecksum(0, frame.data() + l4, frame.size() - l4);
  if (c.protocol != kIcmp) {
    sum += PseudoHeaderSum(packet->src, packet->dst, c.protocol, static_cast<uint32_t>(frame.size() - l4));
  }
  CHECK(FinishChecksum(sum) == 0);
}

TEST_CASE("a length that the headers exceed is refused") {
  const auto packet = ParsePacketText("tcp 192.0.2.7:4711 > 198.51.100.10:80 len 43 on wan");
  REQUIRE(packet.ok());
  CHECK(BuildFrame(*packet, kWan).status().message() == "packet: len 43 is less than the 44 bytes of its headers");
}

TEST_CASE("other packets as text") {
  struct Case { const char* name; std::vector<uint8_t> l3; uint16_t type; const char* text; };
  const auto c = GENERATE(values<Case>({
      {"an ICMP error",
       {0x45, 0, 0, 56, 0, 0, 0, 0, 63, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 3, 4, 0, 0, 0, 0, 0x05, 0x14},
       kEtherIpv4,
       "icmp 10.0.0.1 > 10.0.0.2 fragmentation needed mtu 1300 ttl 63 len 56"},
      {"a later fragment",
       {0x45, 0, 0, 28, 0, 0, 0x20, 0xb9, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0},
       kEtherIpv4,
       "ip protocol 17 10.0.0.1 > 10.0.0.2 ttl 64 fragment 1480+ len 28"},
      {"IP in IP",
       {0x45, 0, 0, 48, 0,  0,  0, 0, 64, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x45, 0, 0, 28,
        0,    0, 0, 0,  63, 17, 0, 0, 1,  2, 3, 4, 5,  6, 7, 8, 0,  1, 0, 2, 0,    8, 0, 0},
       kEtherIpv4,
       "ip 10.0.0.1 > 10.0.0.2 ttl 64 len 48 around udp 1.2.3.4:1 > 5.6.7.8:2 ttl 63 len 28"},
      {"another protocol",
       {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 132, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2},
       kEtherIpv4,
       "ip protocol 132 10.0.0.1 > 10.0.0.2 ttl 64 len 20"},
      {"ARP", {0, 1}, kEtherArp, "arp"},
      {"LLDP", {0, 1}, 0x88cc, "ethernet type 0x88cc"},
      {"half a header", {0x45, 0, 0, 20}, kEtherIpv4, "a cut IP header"},
  }));
  CAPTURE(c.name);
  std::vector<uint8_t> frame(12, 0);
  frame.push_back(static_cast<uint8_t>(c.type >> 8));
  frame.push_back(static_cast<uint8_t>(c.type));
  frame.insert(frame.end(), c.l3.begin(), c.l3.end());
  CHECK(FrameText(frame) == c.text);
}

TEST_CASE("any bytes have a text") {
  const std::vector<uint8_t> whole = Frame("tcp [2001:db8::7]:4711 > [2001:db8::10]:80 len 200 on tag", kTagged);
  for (size_t length = 0; length <= whole.size(); ++length) {
    std::vector<uint8_t> frame(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_FALSE(FrameText(frame).empty());
    for (size_t bit = 0; bit < length * 8; ++bit) {
      frame[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
      FrameText(frame);
      frame[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    }
  }
}

}  // namespace
}  // namespace baton::controlplane
