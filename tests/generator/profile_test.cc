// Profiles: what they mean, and where each wrong one is refused. '^' in a bad text stands before the place of the error.
#include "generator/profile/reader.h"

#include <filesystem>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <catch2/catch.hpp>

#include "generator/profile/values.h"

namespace baton::generator {
namespace {

constexpr absl::string_view kGood = R"(ports:
  - {name: a, device: "af_packet:veth-c", role: clients, addresses: [10.1.0.2-10.1.0.4, "2001:db8::2"], gateway: 10.1.0.1}
  - {name: b, device: "null:", role: servers, addresses: [10.2.0.2, 10.2.0.3]}
duration: 2s
settle: 50ms
seed: 7
events:
  - {at: 1s, run: "ip link set veth0 down"}
  - {at: 100ms, run: ls}
flows:
  - {name: dns, protocol: udp, to: "198.51.100.10:53", count: 1000, rate: 2.5k, size: 128}
  - {name: six, protocol: udp, to: "[2001:db8::10]:53", rate: max, size: 84, answer_size: 1000, activity: zipf, exponent: 0.9}
limits: {lost: 0, reordered: 0.5%}
impair: {lost: 10%, delay: 3ms}
cores: 3
catch_up: 20ms
)";

// Takes the '^' out of the text and returns its place as an error tells it; nothing without one.
std::string TakeMark(std::string& text) {
  const size_t mark = text.find('^');
  if (mark == std::string::npos) return "";
  text.erase(mark, 1);
  const auto line = std::count(text.begin(), text.begin() + static_cast<long>(mark), '\n') + 1;
  const size_t begin = mark == 0 ? 0 : text.rfind('\n', mark - 1) + 1;
  return absl::StrCat(line, ":", mark - begin + 1, ": ");
}

TEST_CASE("a profile means what it says") {
  const ProfileResult result = ParseProfile(kGood, "f");
  REQUIRE(result.Report() == "");
  const Profile& p = result.profile;
  REQUIRE(p.ports.size() == 2);
  CHECK(p.ports[0].role == Role::kClients);
  CHECK(p.ports[0].addresses.size() == 4);
  CHECK(p.ports[0].addresses[2] == IpAddress::Parse("10.1.0.4").value());
  CHECK(p.ports[0].gateways == std::vector<IpAddress>{IpAddress::Parse("10.1.0.1").value()});
  CHECK(p.ports[1].role == Role::kServers);
  CHECK(p.duration == std::chrono::seconds(2));
  CHECK(p.settle == std::chrono::milliseconds(50));
  CHECK(p.seed == 7);
  CHECK(p.cores == 3);
  CHECK(p.catch_up == std::chrono::milliseconds(20));
  REQUIRE(p.events.size() == 2);  // by time
  CHECK(p.events[0].at == std::chrono::milliseconds(100));
  CHECK(p.events[1].run == "ip link set veth0 down");
  REQUIRE(p.flows.size() == 2);
  CHECK(p.flows[0].to_port == 53);
  CHECK(p.flows[0].count == 1000);
  CHECK(p.flows[0].rate == 2500);
  CHECK(p.flows[0].sizes == std::vector<uint16_t>{128});
  CHECK(p.flows[0].answer_size == 0);  // as the request's
  CHECK(p.flows[0].activity == Activity::kInTurn);
  CHECK(p.flows[1].count == 1);
  CHECK(p.flows[1].rate == 0);
  CHECK(p.flows[1].answer_size == 1000);
  CHECK(p.flows[1].activity == Activity::kZipf);
  CHECK(p.flows[1].exponent == 0.9);
  CHECK(p.flow_count() == 1001);
  CHECK(p.limits.lost->value == 0);
  CHECK(p.limits.reordered->is_share);
  CHECK(p.limits.reordered->value == Approx(0.005));
  CHECK_FALSE(p.limits.duplicated);
  CHECK(p.impair.lost == Approx(0.1));
  CHECK(p.impair.delay_ns == 3'000'000);
}

TEST_CASE("classes that expect no answer") {
  const std::string text = absl::StrReplaceAll(kGood, {{"limits:", R"(  - {name: flood, protocol: syn_flood, to: "198.51.100.10:80", rate: 5k, sources: 203.0.113.0/24}
  - {name: bad, protocol: malformed, to: "[2001:db8::10]:53", rate: max, kinds: [land, udp_checksum]}
  - {name: all, protocol: malformed, to: "[2001:db8::10]:53", rate: 10}
limits:)"}});
  const ProfileResult result = ParseProfile(text, "f");
  REQUIRE(result.Report() == "");
  CHECK(result.profile.flows.size() == 2);
  CHECK(result.profile.flow_count() == 1001);  // these are none
  REQUIRE(result.profile.unanswered.size() == 3);
  const UnansweredProfile& flood = result.profile.unanswered[0];
  CHECK(flood.kind == UnansweredKind::kSynFlood);
  CHECK(flood.to == IpAddress::Parse("198.51.100.10").value());
  CHECK(flood.to_port == 80);
  CHECK(flood.rate == 5000);
  CHECK(flood.sources == Prefix::Parse("203.0.113.0/24").value());
  const UnansweredProfile& bad = result.profile.unanswered[1];
  CHECK(bad.kinds == std::vector<Malformed>{Malformed::kLand, Malformed::kUdpChecksum});
  CHECK_FALSE(bad.sources);
  CHECK(result.profile.unanswered[2].kinds.size() == 22);  // those of IPv6
}

TEST_CASE("no two classes share a source") {
  const std::string text = absl::StrReplaceAll(
      kGood, {{"\"[2001:db8::10]:53\", rate: max, size: 84", "\"10.9.9.9:5\", count: 5, rate: max, size: 64"}});
  const ProfileResult result = ParseProfile(text, "f");
  REQUIRE(result.Report() == "");
  CHECK(result.profile.flows[0].first_source == 0);
  CHECK(result.profile.flows[1].first_source == 1000);
}

TEST_CASE("a profile of connections") {
  const ProfileResult result = ParseProfile(absl::StrReplaceAll(kGood, {
      {"protocol: udp, to: \"198.51.100.10:53\", count: 1000, rate: 2.5k, size: 128",
       "protocol: tcp, to: \"198.51.100.10:80\", rate: max, request: 18, response: 9000, requests: 4, close: reset"},
      {"{lost: 0,", "{failed: 1%,"}}), "f");
  REQUIRE(result.Report() == "");
  CHECK(result.profile.has_tcp());
  const FlowProfile& flow = result.profile.flows[0];
  CHECK(flow.protocol == kTcp);
  CHECK(flow.tcp.request == 18);
  CHECK(flow.tcp.response == 9000);
  CHECK(flow.tcp.requests == 4);
  CHECK(flow.tcp.reset);
  CHECK(flow.tcp.mss == 1460);
  CHECK(result.profile.limits.failed->value == Approx(0.01));
}

struct WrongProfile {
  const char* name;
  const char* good;
  const char* bad;
  const char* error;
};

TEST_CASE("a wrong profile is refused at its place") {
  const auto c = GENERATE(values<WrongProfile>({
      {"a slip in a key", "duration: 2s", "^durration: 2s", "durration: unknown key; did you mean \"duration\"?"},
      {"a slip in a flow", "count: 1000", "^cont: 1000", "flows[0].cont: unknown key; did you mean \"count\"?"},
      {"an unknown limit", "lost: 0,", "^losst: 0,", "limits.losst: unknown key; did you mean \"lost\"?"},
      {"no rate", "rate: 2.5k, ", "",
       "flows[0]: the key \"rate\" is missing"},
      {"a rate of nothing", "2.5k", "^0", "flows[0].rate: \"0\" is outside 1..1000M packets per second"},
      {"a rate that nothing has", "2.5k", "^2000M", "flows[0].rate: \"2000M\" is outside 1..1000M packets per second"},
      {"a rate in words", "2.5k", "^fast",
       "flows[0].rate: \"fast\" is not a rate: packets per second as 250, 100k or 2.5M, or max"},
      {"a frame too short for IPv6", "size: 84", "size: ^83",
       "flows[1].size: 83 is outside 84..1518, what a frame of IPv6 with a stamp takes on port a"},
      {"a frame too long", "size: 128", "size: ^1519",
       "flows[0].size: 1519 is outside 64..1518, what a frame of IPv4 with a stamp takes on port a"},
      {"an answer too long", "answer_size: 1000", "answer_size: ^2000",
       "flows[1].answer_size: 2000 is outside 84..1518, what a frame of IPv6 with a stamp takes on port a"},
      {"more flows than sources", "count: 1000", "count: ^200000",
       "flows[0].count: 200000 flows do not fit: the 3 hosts of port a have 193536 source ports, 200000 are wanted"},
      {"nowhere to go", "198.51.100.10:53\"", "198.51.100.10\"",
       "flows[0].to: \"198.51.100.10\" is not ADDRESS:PORT, an IPv6 address in brackets"},
      {"a missing port", "to: \"198", "from: ^c, to: \"198",
       "flows[0].from: c is no port with role: clients and IPv4 addresses"},
      {"a port of servers", "to: \"198", "from: ^b, to: \"198",
       "flows[0].from: b is no port with role: clients and IPv4 addresses"},
      {"no clients of the family", ", \"2001:db8::2\"]", "]",
       "flows[1].to: [2001:db8::10]:53 has no port with role: clients and IPv6 addresses"},
      {"a protocol of another kind", "protocol: udp, to: \"198", "protocol: ^sctp, to: \"198",
       "flows[0].protocol: \"sctp\" is not one of udp, tcp, icmp, esp, syn_flood, malformed, replay"},
      {"one of several sizes too long", "size: 128", "size: [64, ^1519, 128]",
       "flows[0].size[1]: 1519 is outside 64..1518, what a frame of IPv4 with a stamp takes on port a"},
      {"a mixture with frames too short for IPv6", "size: 84, answer_size", "size: ^imix, answer_size",
       "flows[1].size: imix is outside 84..1518, what a frame of IPv6 with a stamp takes on port a"},
      {"no size", "size: 128", "size: ^[]", "flows[0].size: needs 1..64 sizes"},
      {"an echo request to a port", "udp, to: \"198.51.100.10:53\"", "icmp, to: ^\"198.51.100.10:53\"",
       "flows[0].to: \"198.51.100.10:53\" is not an IPv4 or IPv6 address"},
      {"a name twice", "{name: six", "^{name: dns", "flows[1]: \"dns\" is a name that is there twice"},
      {"an address twice", "10.1.0.2-10.1.0.4, ", "10.1.0.2-10.1.0.4, ^10.1.0.3, ",
       "ports[0].addresses[1]: \"10.1.0.3\" has 10.1.0.3, which is there twice"},
      {"two gateways of a family", "gateway: 10.1.0.1", "gateway: [10.1.0.1, ^10.1.0.9]",
       "ports[0].gateway[1]: 10.1.0.9 is the second one of its family"},
      {"gateways twice over", "gateway: 10.1.0.1", "gateway: 10.1.0.1, gateways: ^[10.1.0.1]",
       "ports[0].gateways: does not go with gateway: hosts are spread over the one list"},
      {"one of several gateways twice", "gateway: 10.1.0.1", "gateways: [10.1.0.1, 10.1.0.9, ^10.1.0.1]",
       "ports[0].gateways[2]: 10.1.0.1 is there twice"},
      {"MAC addresses of nobody", "gateway: 10.1.0.1", "gateway: 10.1.0.1, macs: ^mine",
       "ports[0].macs: \"mine\" is not one of port, own"},
      {"a shared address without MAC addresses", "gateway: 10.1.0.1", "gateway: 10.1.0.1, also: ^198.51.100.10",
       "ports[0].also: needs macs: own: by its MAC address alone is a host known that answers there"},
      {"a shared address that a host has", "gateway: 10.1.0.1", "gateway: 10.1.0.1, macs: own, also: [^10.1.0.3]",
       "ports[0].also[0]: 10.1.0.3 is a host's own address"},
      {"an exponent of nothing", "activity: zipf, exponent: 0.9", "exponent: ^0.9",
       "flows[1].exponent: is only for activity: zipf"},
      {"an exponent too large", "exponent: 0.9", "exponent: ^9", "flows[1].exponent: \"9\" is outside 0.1..3"},
      {"a limit in words", "lost: 0,", "lost: ^none,", "limits.lost: \"none\" is neither a number nor a share as 0.1%"},
      {"a share without a sign", "lost: 10%", "lost: ^10", "impair.lost: \"10\" is not a share: 0% to 100%"},
      {"more harm than frames", "{lost: 10%,", "^{lost: 60%, corrupted: 50%,",
       "impair: the shares are more than 100% together"},
      {"no time", "2s", "^0s", "duration: 0s is outside what a run can take: up to 24h"},
      {"an event without a time", "{at: 100ms, ", "^{", "events[1]: the key \"at\" is missing"},
      {"an event without a command", "run: ls", "run: ^\"  \"", "events[1].run: is no command"},
      {"an event that is too late", "at: 1s", "at: ^2s", "events[0].at: 2s is not before the end of the duration"},
      {"too long", "2s", "^25h", "duration: 25h is outside what a run can take: up to 24h"},
  }));
  CAPTURE(c.name);
  REQUIRE(absl::StrContains(kGood, c.good));
  std::string text = absl::StrReplaceAll(kGood, {{c.good, c.bad}});
  const std::string place = TakeMark(text);
  const std::string report = ParseProfile(text, "f").Report();
  CAPTURE(report);
  CHECK(absl::EndsWith(report, absl::StrCat(c.error, "\n")));
  CHECK(absl::StartsWith(report, absl::StrCat("f:", place)));
  CHECK(std::count(report.begin(), report.end(), '\n') == 1);
}

TEST_CASE("http: what is asked, and where it is refused") {
  struct Case {
    const char* flow;
    const char* servers;
    const char* report;
  };
  const auto c = GENERATE(values<Case>({
      {"http: /a?b", "", ""},
      {"http: a", "", "f:3:69: flows[0].http: \"a\" is not a path: \"/\" and printable ASCII without spaces\n"},
      {"http: \"/a b\"", "", "f:3:69: flows[0].http: \"/a b\" is not a path: \"/\" and printable ASCII without spaces\n"},
      {"http: /, response: 100", "", "f:3:82: flows[0].response: is not for http: the path and the server say it\n"},
      {"http: /", ", {name: b, device: \"null:\", role: servers, addresses: 10.2.0.2}",
       "f:3:9: flows[0]: http is for real servers: no port may have role: servers\n"},
  }));
  CAPTURE(c.flow);
  const std::string text = absl::StrCat("ports: [{name: a, device: \"null:\", role: clients, addresses: 10.1.0.2}", c.servers,
                                        "]\n\nflows: [{name: w, protocol: tcp, to: \"10.9.0.1:80\", rate: 10, ", c.flow, "}]\n");
  const ProfileResult result = ParseProfile(text, "f");
  CHECK(result.Report() == c.report);
  if (absl::string_view(c.report) == "") {
    const FlowProfile& flow = result.profile.flows[0];
    CHECK(flow.tcp.http);
    CHECK(flow.request_text == "GET /a?b HTTP/1.1\r\nHost: 10.9.0.1:80\r\nUser-Agent: baton-gen\r\nAccept: */*\r\n\r\n");
    CHECK(flow.tcp.request == flow.request_text.size());
  }
}

TEST_CASE("a wrong class that expects no answer is refused at its place") {
  struct Case {
    const char* name;
    const char* keys;
    const char* error;
  };
  const auto c = GENERATE(values<Case>({
      {"an unknown key", "protocol: syn_flood, to: \"10.9.9.9:80\", rate: 1, ^count: 5", "count: unknown key"},
      {"kinds of a flood", "protocol: syn_flood, to: \"10.9.9.9:80\", rate: 1, ^kinds: [land]", "kinds: unknown key"},
      {"no rate", "protocol: syn_flood, to: \"10.9.9.9:80\"", "the key \"rate\" is missing"},
      {"nowhere to go", "protocol: malformed, rate: 1", "the key \"to\" is missing"},
      {"an unknown kind", "protocol: malformed, to: \"10.9.9.9:80\", rate: 1, kinds: [land, ^none]",
       "kinds[1]: \"none\" is not one of ip_version, "},
      {"a kind twice", "protocol: malformed, to: \"10.9.9.9:80\", rate: 1, kinds: [land, ^land]",
       "kinds[1]: land is there twice"},
      {"no kinds", "protocol: malformed, to: \"10.9.9.9:80\", rate: 1, kinds: ^[]", "kinds: needs one kind at least"},
      {"a kind of IPv6", "protocol: malformed, to: \"10.9.9.9:80\", rate: 1, kinds: [^extension_cut]",
       "kinds[0]: extension_cut does not exist over IPv4"},
      {"sources of ours", "protocol: syn_flood, to: \"10.9.9.9:80\", rate: 1, sources: ^10.1.0.0/24",
       "sources: 10.1.0.0/24 holds 10.1.0.2, a host of port a"},
      {"sources of the other family", "protocol: syn_flood, to: \"10.9.9.9:80\", rate: 1, sources: ^\"2001:db8::/32\"",
       "sources: 2001:db8::/32 is not of the family of the destination"},
      {"no port", "protocol: syn_flood, to: \"10.9.9.9:80\", rate: 1, from: ^b",
       "from: b is no port with role: clients and IPv4 addresses"},
      {"a name that a flow has", "protocol: syn_flood, to: \"10.9.9.9:80\", rate: 1, name: dns",
       "\"dns\" is a name that is there twice"},
  }));
  CAPTURE(c.name);
  const std::string name = absl::StrContains(c.keys, "name: ") ? "{" : "{name: x, ";
  std::string text = absl::StrReplaceAll(kGood, {{"limits:", absl::StrCat("  - ", name, c.keys, "}\nlimits:")}});
  const std::string mark = TakeMark(text);
  const std::string place = mark.empty() ? "13:5: " : mark;  // the whole class
  const std::string report = ParseProfile(text, "f").Report();
  CAPTURE(report);
  CHECK(absl::StartsWith(report, absl::StrCat("f:", place)));
  CHECK(absl::StrContains(report, c.error));
  CHECK(std::count(report.begin(), report.end(), '\n') == 1);
}

TEST_CASE("no more events than the report can hold") {
  std::string events;
  for (int i = 0; i < 64; ++i) events += "  - {at: 1s, run: ls}\n";
  const auto with = [&](const std::string& list) {
    return ParseProfile(absl::StrReplaceAll(kGood, {{"  - {at: 100ms, run: ls}\n", list}}), "f").Report();
  };
  CHECK(with(events.substr(events.find('\n') + 1)) == "");
  CHECK(with(events) == "f:8:3: events: more than 64 events\n");
}

constexpr absl::string_view kEsp = R"(ports:
  - {name: a, device: "null:", role: clients, addresses: 10.1.0.2-10.1.0.4}
  - {name: b, device: "null:", role: servers, addresses: 10.2.0.2}
duration: 10s
flows:
  - {name: one, protocol: esp, to: 10.2.0.2, count: 100, rate: 1k, size: 126, first_spi: 1000, rekey: 4s}
  - {name: two, protocol: esp, to: 10.2.0.2, rate: 1k, size: [78, 1518], first_spi: 1300}
)";

TEST_CASE("a profile of ESP flows") {
  const ProfileResult result = ParseProfile(kEsp, "f");
  REQUIRE(result.Report() == "");
  const FlowProfile& flow = result.profile.flows[0];
  CHECK(flow.esp.first_spi == 1000);
  CHECK(flow.esp.step == 100);
  CHECK(flow.esp.rekey_ns == 4'000'000'000);
}

TEST_CASE("wrong ESP flows are refused at their place") {
  struct Wrong {
    const char *name, *good, *bad, *report;
  };
  const auto c = GENERATE(values<Wrong>({
      {"a port", "10.2.0.2, count", "\"10.2.0.2:5\", count", "6:36: flows[0].to: \"10.2.0.2:5\" is not an IPv4 or IPv6 address"},
      {"no multiple of 4", "size: 126", "size: 128", "6:74: flows[0].size: size 128 is none of 78, 82, ...: ESP is a multiple of 4 bytes"},
      {"too short", "size: 126", "size: 74",
       "6:74: flows[0].size: 74 is outside 78..1518, what a frame of IPv4 with a stamp takes on port a"},
      {"a reserved SPI", "first_spi: 1000", "first_spi: 255", "6:90: flows[0].first_spi: 255 is outside 256..2147483647"},
      {"SPIs of responses", "first_spi: 1000", "first_spi: 2147483349",
       "6:109: flows[0].rekey: the SPIs run out: 2147483349 to 2147483648, above 2147483647"},
      {"SPIs of the other", "1300", "1299",
       "7:85: flows[1].first_spi: SPIs 1299 to 1299 are those of one to the same address, in part"},
      {"rekeying without an end", "rekey: 4s", "rekey: 10ms", ""},
      {"rekeying for nothing", "rekey: 4s", "rekey: 9ms", "6:103: flows[0].rekey: 9ms is below 10ms"},
      {"no server", "servers", "clients", "6:5: flows[0]: protocol: esp needs a port with role: servers"},
  }));
  CAPTURE(c.name);
  std::string text = absl::StrReplaceAll(kEsp, {{c.good, c.bad}});
  std::string report = ParseProfile(text, "f").Report();
  report = report.substr(0, report.find('\n'));
  if (*c.report == 0) {  // 1000 times are the most
    CHECK(report == "f:7:85: flows[1].first_spi: SPIs 1300 to 1300 are those of one to the same address, in part");
    text = absl::StrReplaceAll(text, {{"duration: 10s", "duration: 10010ms"}});
    CHECK(ParseProfile(text, "f").Report() ==
          "f:6:103: flows[0].rekey: 10ms is 1001 times within the duration, at most 1000\n"
          "f:7:85: flows[1].first_spi: SPIs 1300 to 1300 are those of one to the same address, in part\n");
    return;
  }
  CHECK(report == std::string("f:") + c.report);
}

constexpr absl::string_view kMobile = R"(ports:
  - {name: a, device: "null:", role: clients, addresses: 2001:db8::2-2001:db8::3}
  - {name: b, device: "null:", role: servers, addresses: 2001:db8:1::a}
flows:
  - name: m
    protocol: udp
    to: "[2001:db8:1::a]:53"
    count: 100
    rate: 1k
    size: 108
    mobile:
      home: 2001:db8:f::1-2001:db8:f::64
      moves_every: 3s
)";

TEST_CASE("a profile of mobile terminals") {
  const ProfileResult result = ParseProfile(kMobile, "f");
  REQUIRE(result.Report() == "");
  CHECK(result.profile.flows[0].mobile.home == IpAddress::Parse("2001:db8:f::1").value());
  CHECK(result.profile.flows[0].mobile.moves_ns == 3'000'000'000);
}

TEST_CASE("wrong mobile terminals are refused at their place") {
  struct Wrong {
    const char *name, *good, *bad, *report;
  };
  const auto c = GENERATE(values<Wrong>({
      {"no room for the option", "size: 108", "size: 107",
       "10:11: flows[0].size: 107 is outside 108..1518, what a frame of IPv6 with a stamp takes on port a"},
      {"too few homes", "f::64", "f::63",
       "12:13: flows[0].mobile.home: 2001:db8:f::1-2001:db8:f::63 has 99 addresses for 100 flows"},
      {"too small a prefix", "2001:db8:f::1-2001:db8:f::64", "2001:db8:f::/122",
       "12:13: flows[0].mobile.home: 2001:db8:f::/122 has 63 addresses for 100 flows"},
      {"an IPv4 home", "2001:db8:f::1-2001:db8:f::64", "10.9.0.0/16",
       "12:13: flows[0].mobile.home: 10.9.0.0/16 are no IPv6 addresses that a home can have (RFC 6275, 6.3)"},
      {"no home", "      home: 2001:db8:f::1-2001:db8:f::64\n", "", "12:7: flows[0].mobile: the key \"home\" is missing"},
      {"moving too often", "3s", "9ms", "13:20: flows[0].mobile.moves_every: 9ms is below 10ms"},
      {"nowhere to move", "2001:db8::2-2001:db8::3", "2001:db8::2",
       "12:7: flows[0].mobile: moves need two IPv6 addresses of port a"},
      {"no server", "servers", "clients", "12:7: flows[0].mobile: needs a port with role: servers: others know no bindings"},
      {"another protocol", "to: \"[2001:db8:1::a]:53\"", "to: \"10.2.0.2:53\"",
       "12:7: flows[0].mobile: is for protocol: udp over IPv6 only"},
  }));
  CAPTURE(c.name);
  const std::string report = ParseProfile(absl::StrReplaceAll(kMobile, {{c.good, c.bad}}), "f").Report();
  CAPTURE(report);
  CHECK(absl::StrContains("\n" + report, absl::StrCat("\nf:", c.report, "\n")));
}

TEST_CASE("connections need servers of our own") {
  const std::string text = absl::StrReplaceAll(kGood, {{"role: servers", "role: clients"},
                                                       {"udp, to: \"[2001", "tcp, to: \"[2001"},
                                                       {", size: 84, answer_size: 1000", ""}});
  CHECK(ParseProfile(text, "f").Report() == "f:12:5: flows[1]: protocol: tcp needs a port with role: servers, or http\n");
}

TEST_CASE("what is no profile at all is refused, whatever it is") {
  for (const char* text : {"", "[]", "7", "ports: 7\nflows: 7\n", "ports: []\nflows: []\n", "ports: [{}]\nflows: [{}]",
                           "ports: [[]]\nflows: [7]", "\xff\xfe", "a: &x [*x]"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseProfile(text, "f").ok());
  }
  CHECK(LoadProfile("/nonexistent/profile.yaml").Report() ==
        "/nonexistent/profile.yaml:1:1: cannot be read: No such file or directory\n");
}

TEST_CASE("the profiles that come with the program are good") {
  int profiles = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BATON_GEN_PROFILES)) {
    if (entry.path().extension() != ".yaml") continue;
    CHECK(LoadProfile(entry.path()).Report() == "");
    ++profiles;
  }
  CHECK(profiles > 0);
}

}  // namespace
}  // namespace baton::generator
