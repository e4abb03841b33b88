#include <catch2/catch.hpp>

#include "common/addr.h"

namespace baton {
namespace {

TEST_CASE("an address reads and prints as RFC 4291 and dotted quads write it") {
  struct Case { const char* text; const char* printed; bool v4; };
  const auto c = GENERATE(values<Case>({
      {"10.0.0.1", "10.0.0.1", true},
      {"255.255.255.255", "255.255.255.255", true},
      {"2001:DB8:0:0::1", "2001:db8::1", false},
      {"::", "::", false},
  }));
  const auto a = IpAddress::Parse(c.text);
  REQUIRE(a.ok());
  CHECK(a->ToString() == c.printed);
  CHECK(a->is_v4() == c.v4);
}

TEST_CASE("what is not an address is refused") {
  const auto text = GENERATE("", "10.0.0", "10.0.0.256", "::ffff:1.2.3.4", "1:2", "fe80::1%eth0", "10.0.0.1/8");
  CAPTURE(text);
  CHECK_FALSE(IpAddress::Parse(text).ok());
}

TEST_CASE("a prefix has no host bits and contains what it covers") {
  CHECK_FALSE(Prefix::Parse("10.0.0.1/24").ok());
  CHECK_FALSE(Prefix::Parse("10.0.0.0/33").ok());
  const Prefix net = Prefix::Parse("10.1.0.0/16").value();
  CHECK(net.Contains(IpAddress::Parse("10.1.255.3").value()));
  CHECK_FALSE(net.Contains(IpAddress::Parse("10.2.0.0").value()));
  CHECK_FALSE(net.Contains(IpAddress::Parse("2001:db8::").value()));
  const Prefix all = Prefix::Parse("0.0.0.0/0").value();
  CHECK(all.Contains(IpAddress::Parse("203.0.113.9").value()));
  CHECK_FALSE(all.Contains(IpAddress::Parse("2001:db8::").value()));
  CHECK(InterfaceAddress::Parse("10.0.0.2/24")->prefix().ToString() == "10.0.0.0/24");
  CHECK(InterfaceAddress::Parse("2001:db8::2/64")->prefix().ToString() == "2001:db8::/64");
}

TEST_CASE("group and link-local addresses follow their RFCs") {
  const IpAddress a = IpAddress::Parse("2001:db8::1:2:abcd").value();
  CHECK(SolicitedNodeMulticast(a).ToString() == "ff02::1:ff02:abcd");          // RFC 4291, 2.7.1
  CHECK(Ipv6MulticastMac(SolicitedNodeMulticast(a)).ToString() == "33:33:ff:02:ab:cd");  // RFC 2464, 7
  const MacAddress mac = MacAddress::Parse("34:56:78:9a:bc:de").value();        // RFC 2464, 4: the example there
  CHECK(LinkLocalFrom(mac).ToString() == "fe80::3656:78ff:fe9a:bcde");
}

}  // namespace
}  // namespace baton
