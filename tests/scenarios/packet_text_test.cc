// The frames below were made by scapy 2.5.0 from the expressions beside them, so that reader and builder, which share
// the authors' idea of a packet, are held against somebody else's. E = Ether(dst="02:00:00:00:00:01",
// src="0a:00:00:00:00:05"); IPv6 frames have type=0x86dd.
#include <catch2/catch.hpp>

#include <absl/strings/escaping.h>

#include "tests/scenarios/frame_builder.h"
#include "tests/scenarios/frame_reader.h"
#include "tests/scenarios/packet_text.h"

namespace baton::scenarios {
namespace {

struct Golden {
  const char* text;
  const char* hex;
};

const Golden kGolden[] = {
    // E/IP(src="10.0.0.1",dst="203.0.113.9",id=1)/UDP(sport=5000,dport=53)/b"hello"
    {R"(udp 10.0.0.1:5000 > 203.0.113.9:53 id 1 data "hello")",
     "0200000000010a000000000508004500002100010000401134c10a000001cb00710913880035000d623a68656c6c6f"},
    // E/IP(src="10.0.0.1",dst="203.0.113.9",id=1,ttl=9,tos=8,flags="DF")/UDP(sport=5000,dport=53,chksum=0)/b"abc"
    {R"(udp 10.0.0.1:5000 > 203.0.113.9:53 id 1 csum 0 ttl 9 tos 8 df len 3)",
     "0200000000010a000000000508004508001f0001400009112bbb0a000001cb00710913880035000b0000616263"},
    // E/IP(src="192.0.2.7",dst="198.51.100.10",id=7)/
    //   TCP(sport=4711,dport=80,flags="S",seq=1000,window=65535,options=[("MSS",1460)])
    {R"(tcp 192.0.2.7:4711 > 198.51.100.10:80 syn seq 1000 mss 1460 id 7)",
     "0200000000010a000000000508004500002c0007000040068e80c0000207c633640a12670050000003e8000000006002ffff95420000"
     "020405b4"},
    // E/IP(src="192.0.2.7",dst="198.51.100.10",id=7,options=[IPOption(b"\x01"),IPOption(b"\x01"),IPOption(b"\x01"),
    //   IPOption(b"\x00")])/TCP(sport=4711,dport=80,flags="PA",seq=4294967295,ack=77,window=512)/b"ab"
    {R"(tcp 192.0.2.7:4711 > 198.51.100.10:80 ack 77 psh seq 4294967295 win 512 id 7 options len 2)",
     "0200000000010a000000000508004600002e0007000040068b7dc0000207c633640a0101010012670050ffffffff0000004d50180200"
     "4d1f00006162"},
    // E/Dot1Q(vlan=12)/IP(src="192.0.2.7",dst="198.51.100.10",id=0)/ICMP(type=8,id=7,seq=1)/b"x"
    {R"(icmp echo 192.0.2.7 > 198.51.100.10 id 7 seq 1 data "x" vlan 12)",
     "0200000000010a00000000058100000c08004500001d0000000040018e9bc0000207c633640a08007ff70007000178"},
    // E/IP(src="198.51.100.2",dst="192.0.2.7",id=0)/ICMP(type=3,code=3)/
    //   IP(src="192.0.2.7",dst="198.51.100.10",id=3,ttl=63)/UDP(sport=9,dport=99)/b"abcd"
    {R"(icmp unreachable/port 198.51.100.2 > 192.0.2.7 about (udp 192.0.2.7:9 > 198.51.100.10:99 id 3 ttl 63 len 4))",
     "0200000000010a000000000508004500003c0000000040018e84c6336402c00002070303e95f0000000045000020000300003f118f85"
     "c0000207c633640a00090063000c4e5e61626364"},
    // E/IP(src="198.51.100.2",dst="192.0.2.7",id=0)/ICMP(type=3,code=4,nexthopmtu=1400)/
    //   IP(src="192.0.2.7",dst="198.51.100.10",id=3,flags="DF")/UDP(sport=9,dport=99)
    {R"(icmp unreachable/frag 198.51.100.2 > 192.0.2.7 mtu 1400 about (udp 192.0.2.7:9 > 198.51.100.10:99 id 3 df))",
     "0200000000010a00000000050800450000380000000040018e88c6336402c00002070304e3e2000005784500001c0003400040114e89"
     "c0000207c633640a000900630008132d"},
    // E/IP(src="10.0.0.1",dst="203.0.113.9",id=5,flags="MF")/UDP(sport=5000,dport=53)/b"abcdefgh"
    {R"(udp 10.0.0.1:5000 > 203.0.113.9:53 frag id 5 off 0 more len 8)",
     "0200000000010a000000000508004500002400052000401114ba0a000001cb00710913880035001014716162636465666768"},
    // E/IP(src="10.0.0.1",dst="203.0.113.9",id=5,frag=2,proto=17)/b"abcd"
    {R"(ip 17 10.0.0.1 > 203.0.113.9 frag id 5 off 16 len 4)",
     "0200000000010a000000000508004500001800050002401134c40a000001cb00710961626364"},
    // E/IPv6(src="2001:db8::1",dst="2001:db8:1::2",hlim=5)/UDP(sport=5000,dport=53)/b"a"
    {R"(udp [2001:db8::1]:5000 > [2001:db8:1::2]:53 ttl 5 len 1)",
     "0200000000010a000000000586dd600000000009110520010db800000000000000000000000120010db8000100000000000000000002"
     "1388003500092fa961"},
    // E/IPv6(src="2001:db8::1",dst="2001:db8:1::2")/IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0"*4)])/
    //   IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0"*4)])/TCP(sport=5000,dport=80,flags="S",seq=9,window=65535)
    {R"(tcp [2001:db8::1]:5000 > [2001:db8:1::2]:80 syn hbh dst seq 9)",
     "0200000000010a000000000586dd600000000024004020010db800000000000000000000000120010db8000100000000000000000002"
     "3c0001040000000006000104000000001388005000000009000000005002ffff408c0000"},
    // E/IPv6(src="2001:db8::1",dst="2001:db8:1::2")/IPv6ExtHdrFragment(nh=17,offset=1,m=1,id=99)/b"abcdefgh"
    {R"(ip 17 2001:db8::1 > 2001:db8:1::2 frag id 99 off 8 more len 8)",
     "0200000000010a000000000586dd6000000000102c4020010db800000000000000000000000120010db8000100000000000000000002"
     "11000009000000636162636465666768"},
    // E/IPv6(src="2001:db8::1",dst="2001:db8:1::2")/ICMPv6EchoRequest(id=7,seq=2,data=b"y")
    {R"(icmp6 echo 2001:db8::1 > 2001:db8:1::2 id 7 seq 2 data "y")",
     "0200000000010a000000000586dd6000000000093a4020010db800000000000000000000000120010db8000100000000000000000002"
     "8000ab3c0007000279"},
    // E/IPv6(src="2001:db8::ff",dst="2001:db8::1")/ICMPv6PacketTooBig(mtu=1280)/
    //   IPv6(src="2001:db8::1",dst="2001:db8:1::2")/UDP(sport=1,dport=2)/b"ab"
    {R"(icmp6 too-big 2001:db8::ff > 2001:db8::1 mtu 1280 about (udp [2001:db8::1]:1 > [2001:db8:1::2]:2 len 2))",
     "0200000000010a000000000586dd60000000003a3a4020010db80000000000000000000000ff20010db8000000000000000000000001"
     "02002aea0000050060000000000a114020010db800000000000000000000000120010db800010000000000000000000200010002000a"
     "42ff6162"},
    // E/IPv6(src="2001:db8::ff",dst="2001:db8::1")/ICMPv6TimeExceeded()/IPv6(src="2001:db8::1",dst="2001:db8:1::2")/
    //   TCP(sport=1,dport=2,flags="S",window=65535)
    {R"(icmp6 time-exceeded 2001:db8::ff > 2001:db8::1 about (tcp [2001:db8::1]:1 > [2001:db8:1::2]:2 syn))",
     "0200000000010a000000000586dd6000000000443a4020010db80000000000000000000000ff20010db8000000000000000000000001"
     "030039d500000000600000000014064020010db800000000000000000000000120010db8000100000000000000000002000100020000"
     "0000000000005002ffff546a0000"},
    // E/IPv6(src="2001:db8::1",dst="ff02::1:ff00:2",hlim=255)/ICMPv6ND_NS(tgt="2001:db8::2")
    {R"(icmp6 ns 2001:db8::1 > ff02::1:ff00:2 target 2001:db8::2)",
     "0200000000010a000000000586dd6000000000183aff20010db8000000000000000000000001ff0200000000000000000001ff000002"
     "87001f310000000020010db8000000000000000000000002"},
    // E/ARP(op=1,hwsrc="0a:00:00:00:00:05",psrc="10.0.0.5",hwdst="00:00:00:00:00:00",pdst="10.0.0.2")
    {R"(arp who-has 10.0.0.2 tell 10.0.0.5)",
     "0200000000010a0000000005080600010800060400010a00000000050a0000050000000000000a000002"},
    // E/ARP(op=2,hwsrc="0a:00:00:00:00:05",psrc="10.0.0.5",hwdst="02:00:00:00:00:01",pdst="10.0.0.2")
    {R"(arp 10.0.0.5 is-at 0a:00:00:00:00:05 to 10.0.0.2)",
     "0200000000010a0000000005080600010800060400020a00000000050a0000050200000000010a000002"},
};

const LinkLayer kLink = {.src = {{0x0a, 0, 0, 0, 0, 5}}, .dst = {{2, 0, 0, 0, 0, 1}}};

Bytes FromHex(const char* hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  return Bytes(bytes.begin(), bytes.end());
}

PacketText Parsed(absl::string_view text) {
  const auto packet = ParsePacket(text);
  INFO(packet.status().message());
  REQUIRE(packet.ok());
  return *packet;
}

Bytes Built(absl::string_view text) {
  const auto frame = BuildFrame(Parsed(text), kLink);
  REQUIRE(frame.ok());
  return *frame;
}

}  // namespace

TEST_CASE("packet text and scapy agree on the bytes, both ways") {
  for (const Golden& golden : kGolden) {
    CAPTURE(golden.text);
    const PacketText text = Parsed(golden.text);
    const Bytes frame = FromHex(golden.hex);
    CHECK(Built(golden.text) == frame);
    CHECK(Difference(text, ReadFrame(frame)) == "");
  }
}

TEST_CASE("what is read from a frame is text that builds the frame again") {
  for (const Golden& golden : kGolden) {
    const PacketText read = ReadFrame(FromHex(golden.hex));
    CAPTURE(golden.text, read.ToString());
    CHECK(Difference(read, ReadFrame(Built(golden.text))) == "");
  }
}

TEST_CASE("a flipped bit behind the Ethernet header never passes for the packet itself") {
  // Fields without a checksum over them: IPv6 class and flow label, the options and trailers that nothing covers; they
  // show because the full description names them.
  for (const Golden& golden : kGolden) {
    Bytes frame = FromHex(golden.hex);
    const PacketText full = ReadFrame(frame);
    if (full.kind == "arp" || full.has("csum") || full.has("frag") || full.has("extensions")) continue;
    for (size_t bit = 18 * 8; bit < frame.size() * 8; ++bit) {
      frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      CAPTURE(golden.text, bit / 8);
      CHECK(Difference(full, ReadFrame(frame)) != "");
      frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    }
  }
}

TEST_CASE("a frame cut anywhere is read without a crash and never as the whole packet") {
  for (const Golden& golden : kGolden) {
    const Bytes frame = FromHex(golden.hex);
    const PacketText full = ReadFrame(frame);
    for (size_t length = 0; length < frame.size(); ++length) {
      CAPTURE(golden.text, length);
      CHECK(Difference(full, ReadFrame(absl::MakeSpan(frame.data(), length))) != "");
    }
  }
}

TEST_CASE("an expectation speaks only of what it mentions, but checksums and flags always count") {
  struct Case { const char* name; const char* expected; const char* sent; bool same; };
  const auto c = GENERATE(values<Case>({
      {"ttl not mentioned", "udp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1:1 > 10.0.0.2:2 ttl 9", true},
      {"ttl mentioned", "udp 10.0.0.1:1 > 10.0.0.2:2 ttl 8", "udp 10.0.0.1:1 > 10.0.0.2:2 ttl 9", false},
      {"another port", "udp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1:1 > 10.0.0.2:3", false},
      {"a flag too many", "tcp 10.0.0.1:1 > 10.0.0.2:2 syn", "tcp 10.0.0.1:1 > 10.0.0.2:2 syn ack", false},
      {"wrong UDP checksum", "udp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1:1 > 10.0.0.2:2 csum bad", false},
      {"wrong TCP checksum", "tcp 10.0.0.1:1 > 10.0.0.2:2 syn", "tcp 10.0.0.1:1 > 10.0.0.2:2 syn csum bad", false},
      {"wrong IP checksum", "udp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1:1 > 10.0.0.2:2 ipcsum bad", false},
      {"wrong ICMPv6 checksum", "icmp6 echo ::1 > ::2", "icmp6 echo ::1 > ::2 csum bad", false},
      {"no UDP checksum", "udp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1:1 > 10.0.0.2:2 csum 0", false},
      {"no UDP checksum, as expected", "udp 10.0.0.1:1 > 10.0.0.2:2 csum 0", "udp 10.0.0.1:1 > 10.0.0.2:2 csum 0",
       true},
      {"IPv6 must have one", "udp [::1]:1 > [::2]:2 csum 0", "udp [::1]:1 > [::2]:2 csum 0", false},
      {"another error", "icmp unreachable/host 10.0.0.1 > 10.0.0.2", "icmp unreachable/port 10.0.0.1 > 10.0.0.2",
       false},
      {"quotes another packet", "icmp time-exceeded 1.1.1.1 > 2.2.2.2 about (udp 3.3.3.3:1 > 2.2.2.2:1)",
       "icmp time-exceeded 1.1.1.1 > 2.2.2.2 about (udp 3.3.3.3:1 > 2.2.2.2:2)", false},
  }));
  CAPTURE(c.name);
  CHECK(Difference(Parsed(c.expected), ReadFrame(Built(c.sent))).empty() == c.same);
}

TEST_CASE("[AM-11] a translation may change addresses, ports and TTL, nothing else") {
  struct Case { const char* name; const char* received; const char* sent; bool same; };
  const auto c = GENERATE(values<Case>({
      {"destination", "udp 10.0.0.1:1 > 10.0.0.2:2 len 5", "udp 10.0.0.1:1 > 10.0.0.3:2 ttl 63 len 5", true},
      {"ttl kept", "udp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1:1 > 10.0.0.3:2 ttl 64", false},
      {"payload", "udp 10.0.0.1:1 > 10.0.0.2:2 data \"ab\"", "udp 10.0.0.1:1 > 10.0.0.3:2 ttl 63 data \"ax\"", false},
      {"sequence number", "tcp 10.0.0.1:1 > 10.0.0.2:2 ack seq 5", "tcp 10.0.0.1:1 > 10.0.0.2:2 ack seq 6 ttl 63",
       false},
      {"flags", "tcp 10.0.0.1:1 > 10.0.0.2:2 ack psh", "tcp 10.0.0.1:1 > 10.0.0.2:2 ack ttl 63", false},
      {"tos", "udp 10.0.0.1:1 > 10.0.0.2:2 tos 4", "udp 10.0.0.1:1 > 10.0.0.3:2 ttl 63", false},
      {"don't fragment", "udp 10.0.0.1:1 > 10.0.0.2:2 df", "udp 10.0.0.1:1 > 10.0.0.3:2 ttl 63", false},
      {"identification", "udp 10.0.0.1:1 > 10.0.0.2:2 id 4", "udp 10.0.0.1:1 > 10.0.0.3:2 ttl 63 id 5", false},
      {"echo identifier", "icmp echo 10.0.0.1 > 10.0.0.2 id 4", "icmp echo 10.0.0.1 > 10.0.0.3 ttl 63 id 5", true},
  }));
  CAPTURE(c.name);
  CHECK(Alteration(ReadFrame(Built(c.received)), ReadFrame(Built(c.sent))).empty() == c.same);
}

TEST_CASE("text that makes no packet is refused with the word that is wrong") {
  for (const char* text :
       {"", "utp 10.0.0.1:1 > 10.0.0.2:2", "udp 10.0.0.1 > 10.0.0.2", "udp 10.0.0.1:1 10.0.0.2:2",
        "udp 10.0.0.1:1 > [::1]:2", "udp 10.0.0.1:1 > 10.0.0.2:2 colour", "icmp hello 1.1.1.1 > 2.2.2.2",
        "udp 10.0.0.1:1 > 10.0.0.2:65536", "udp 10.0.0.1:1 > 10.0.0.2:2 ttl x", "arp who-has 1.1.1.1",
        "udp 10.0.0.1:1 > 10.0.0.2:2 data \"x", "udp 10.0.0.1:1 > 10.0.0.2:2 csum wrong"}) {
    CAPTURE(text);
    CHECK_FALSE(ParsePacket(text).ok());
  }
}

}  // namespace baton::scenarios
