// The texts of single values.
#include "controlplane/config/values.h"

#include <catch2/catch.hpp>

namespace baton::controlplane {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a duration is a whole number and a unit") {
  struct Case {
    const char* text;
    Duration value;
  };
  const auto c = GENERATE(values<Case>(
      {{"10ms", milliseconds(10)}, {"2s", seconds(2)}, {"5m", minutes(5)}, {"1h", hours(1)}, {"0s", seconds(0)}}));
  CAPTURE(c.text);
  REQUIRE(ParseDuration(c.text).ok());
  CHECK(*ParseDuration(c.text) == c.value);
  const auto bad = GENERATE("", "s", "10", "1.5s", "-1s", "1 s", "1d", "01s", "99999999999s", "1000000000h", "1S");
  CAPTURE(bad);
  CHECK_FALSE(ParseDuration(bad).ok());
}

TEST_CASE("a device is a PCI address or a kind with its argument") {
  using Kind = DeviceConfig::Kind;
  struct Case {
    const char* text;
    Kind kind;
    const char* argument;
  };
  const auto c = GENERATE(values<Case>({
      {"0000:3b:00.0", Kind::kPci, "0000:3b:00.0"},
      {"3B:00.1", Kind::kPci, "0000:3b:00.1"},
      {"af_packet:veth-lan", Kind::kAfPacket, "veth-lan"},
      {"af_xdp:eth0", Kind::kAfXdp, "eth0"},
      {"tap:tap0", Kind::kTap, "tap0"},
      {"memif:role=server,id=0", Kind::kMemif, "role=server,id=0"},
      {"pcap:rx_pcap=in.pcap", Kind::kPcap, "rx_pcap=in.pcap"},
      {"ring:a", Kind::kRing, "a"},
      {"null:", Kind::kNull, ""},
      {"dpdk:net_vhost0", Kind::kDpdk, "net_vhost0"},
      {"port:wan", Kind::kPort, "wan"},
  }));
  CAPTURE(c.text);
  const auto device = ParseDevice(c.text);
  REQUIRE(device.ok());
  CHECK(device->kind == c.kind);
  CHECK(device->argument == c.argument);
}

TEST_CASE("what is no device is refused") {
  const auto text = GENERATE("", "eth0", "0000:3b:00.8", "0000:3b:00", "g000:3b:00.0", "af_packet:", "tap:a/b",
                             "af_xdp:..", "af_packet:sixteen-letters-", "dpdk:", "memif:", "pcap:");
  CAPTURE(text);
  CHECK_FALSE(ParseDevice(text).ok());
}

TEST_CASE("a range counts its addresses") {
  struct Case {
    const char* text;
    uint64_t count;
  };
  const auto c = GENERATE(values<Case>({{"10.0.0.10", 1},
                                        {"10.0.0.10-10.0.0.20", 11},
                                        {"10.0.0.255-10.0.1.0", 2},
                                        {"2001:db8::ffff-2001:db8::1:0", 2},
                                        {"10.0.0.0-10.255.255.255", 1000},
                                        {"2001:db8::-2001:db8:0:1::", 1000},
                                        {"2001:db8::-2001:db8::ffff:ffff:ffff:ffff", 1000}}));
  CAPTURE(c.text);
  const auto range = ParseAddressRange(c.text);
  REQUIRE(range.ok());
  CHECK(range->Count(1000) == c.count);
  const auto bad =
      GENERATE("", "-", "10.0.0.1-", "10.0.0.2-10.0.0.1", "10.0.0.1-2001:db8::1", "10.0.0.1-10.0.0.2-10.0.0.3");
  CAPTURE(bad);
  CHECK_FALSE(ParseAddressRange(bad).ok());
}

TEST_CASE("the next address carries over its bytes") {
  CHECK(Next(IpAddress::V4(0x0a0000ff)) == IpAddress::V4(0x0a000100));
  CHECK(Next(IpAddress::V4(0xffffffff)) == IpAddress::V4(0));
  CHECK(Next(IpAddress::Parse("2001:db8::ffff").value()).ToString() == "2001:db8::1:0");
}

TEST_CASE("where metrics are served is an address with a port, or nowhere") {
  const auto good = GENERATE("", "127.0.0.1:9111", "[::1]:9111", "0.0.0.0:1");
  CHECK(ParseListenText(good).value() == good);
  const auto bad = GENERATE("9111", ":9111", "localhost:9111", "127.0.0.1:0", "127.0.0.1:65536", "::1:9111",
                            "[127.0.0.1]:1", "[]:1");
  CAPTURE(bad);
  CHECK_FALSE(ParseListenText(bad).ok());
}

}  // namespace
}  // namespace baton::controlplane
