// Packets as operators write them.
#include "controlplane/packet/text.h"

#include <absl/strings/match.h>
#include <catch2/catch.hpp>

#include "common/headers.h"

namespace baton::controlplane {
namespace {

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

TEST_CASE("what a packet's text says") {
  struct Case { const char* text; PacketText packet; };
  const PacketText tcp{.protocol = kTcp, .src = Ip("192.0.2.7"), .dst = Ip("198.51.100.10"), .src_port = 4711,
                       .dst_port = 80, .tcp_flags = kTcpSyn, .port = "wan"};
  PacketText answer = tcp, ends = tcp, long_one = tcp;
  answer.tcp_flags = kTcpSyn | kTcpAck;
  ends.tcp_flags = kTcpFin | kTcpRst;
  long_one.length = 1600;
  long_one.ttl = 1;
  const PacketText udp6{.protocol = kUdp, .src = Ip("2001:db8::7"), .dst = Ip("2001:db8::10"), .src_port = 0,
                        .dst_port = 65535, .port = "lan"};
  const PacketText echo{.protocol = kIcmp, .src = Ip("192.0.2.7"), .dst = Ip("198.51.100.10"), .id = 9, .port = "wan"};
  const PacketText echo6{.protocol = kIcmpv6, .src = Ip("2001:db8::7"), .dst = Ip("2001:db8::10"), .port = "wan"};
  const auto c = GENERATE_COPY(values<Case>({
      {"tcp 192.0.2.7:4711 > 198.51.100.10:80 on wan", tcp},
      {"  tcp   192.0.2.7:4711 >\t198.51.100.10:80 syn on wan ", tcp},
      {"tcp 192.0.2.7:4711 > 198.51.100.10:80 on wan syn ack", answer},
      {"tcp 192.0.2.7:4711 > 198.51.100.10:80 fin rst on wan", ends},
      {"tcp 192.0.2.7:4711 > 198.51.100.10:80 ttl 1 len 1600 on wan", long_one},
      {"udp [2001:db8::7]:0 > [2001:db8::10]:65535 on lan", udp6},
      {"icmp 192.0.2.7 > 198.51.100.10 id 9 on wan", echo},
      {"icmp6 2001:db8::7 > [2001:db8::10] on wan", echo6},
  }));
  CAPTURE(c.text);
  const auto packet = ParsePacketText(c.text);
  REQUIRE(packet.ok());
  CHECK(*packet == c.packet);
}

TEST_CASE("what is no packet is refused with the place") {
  struct Case { const char* text; const char* says; };
  const auto c = GENERATE(values<Case>({
      {"", "packet: column 1: the end is not one of tcp, udp, icmp, icmp6"},
      {"sctp 1.2.3.4:5 > 1.2.3.4:5 on wan", "packet: column 1: \"sctp\" is not one of tcp, udp, icmp, icmp6"},
      {"tcp 192.0.2.7 > 198.51.100.10:80 on wan", "packet: column 5: \"192.0.2.7\" is not ADDRESS:PORT"},
      {"tcp 192.0.2.7:x > 198.51.100.10:80 on wan", "packet: column 5: \"192.0.2.7:x\" is not a number in 0..65535"},
      {"tcp 192.0.2.7:70000 > 1.2.3.4:80 on wan", "packet: column 5: \"192.0.2.7:70000\" is not a number in 0..65535"},
      {"tcp 192.0.2.300:1 > 1.2.3.4:80 on wan", "packet: column 5: \"192.0.2.300:1\" is not an IPv4 or IPv6 address"},
      {"tcp 192.0.2.7:1 198.51.100.10:80 on wan", "packet: column 17: \"198.51.100.10:80\" stands where > is expected"},
      {"tcp 192.0.2.7:1 >", "packet: column 18: the end is not ADDRESS:PORT"},
      {"tcp 2001:db8::7:1 > [2001:db8::1]:80 on wan",
       "packet: column 5: \"2001:db8::7:1\" is not ADDRESS:PORT; an IPv6"},
      {"tcp [2001:db8::7:1 > [2001:db8::1]:80 on wan", "packet: column 5: \"[2001:db8::7:1\" has no closing bracket"},
      {"tcp [2001:db8::7]1 > [2001:db8::1]:80 on wan", "packet: column 5: \"[2001:db8::7]1\" is not ADDRESS:PORT"},
      {"tcp 192.0.2.7:1 > [2001:db8::1]:80 on wan", "is of another family than the source"},
      {"icmp 192.0.2.7:1 > 1.2.3.4 on wan", "packet: column 6: \"192.0.2.7:1\" is not an IPv4 or IPv6 address"},
      {"icmp 2001:db8::7 > 2001:db8::1 on wan", "icmp is for IPv4, icmp6 for IPv6"},
      {"icmp6 192.0.2.7 > 1.2.3.4 on wan", "icmp is for IPv4, icmp6 for IPv6"},
      {"udp 192.0.2.7:1 > 1.2.3.4:80 syn on wan", "packet: column 30: \"syn\" is not one of ttl N, len N, on PORT"},
      {"tcp 192.0.2.7:1 > 1.2.3.4:80 psh on wan", "\"psh\" is not one of syn, ack, fin, rst, ttl N, len N, on PORT"},
      {"tcp 192.0.2.7:1 > 1.2.3.4:80 ttl 256 on wan", "packet: column 34: \"256\" is not a number in 0..255"},
      {"tcp 192.0.2.7:1 > 1.2.3.4:80 len 9217 on wan", "\"9217\" is not a number in 20..9216"},
      {"tcp 192.0.2.7:1 > 1.2.3.4:80", "packet: column 29: the end comes before \"on PORT\""},
      {"tcp 192.0.2.7:1 > 1.2.3.4:80 on", "packet: column 32: the end stands where a port's name is expected"},
  }));
  CAPTURE(c.text);
  const auto packet = ParsePacketText(c.text);
  REQUIRE(absl::IsInvalidArgument(packet.status()));
  CAPTURE(packet.status().message());
  CHECK(absl::StrContains(packet.status().message(), c.says));
}

}  // namespace
}  // namespace baton::controlplane
