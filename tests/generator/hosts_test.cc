// The hosts behind a port: their MAC addresses, what they answer, the gateways that they use.
#include "generator/hosts.h"

#include <cstring>
#include <map>

#include <catch2/catch.hpp>

#include "common/headers.h"
#include "controlplane/neighbor/codec.h"
#include "generator/host_answers.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

namespace neighbor = controlplane::neighbor;
using Bytes = std::vector<uint8_t>;

constexpr MacAddress kBoxMac{{2, 0, 0, 0, 0, 0x11}}, kOtherMac{{2, 0, 0, 0, 0, 0x22}};
constexpr int64_t kBegin = 1'000'000'000;

// 6 of MAC addresses each, the type, then the packet.
Bytes Ethernet(const MacAddress& dst, const MacAddress& src, uint16_t type, const Bytes& packet) {
  Bytes bytes(dst.bytes.begin(), dst.bytes.end());
  bytes.insert(bytes.end(), src.bytes.begin(), src.bytes.end());
  bytes.push_back(static_cast<uint8_t>(type >> 8));
  bytes.push_back(static_cast<uint8_t>(type));
  bytes.insert(bytes.end(), packet.begin(), packet.end());
  bytes.resize(std::max<size_t>(bytes.size(), 60));
  return bytes;
}

// RFC 792: of 0.0.0.1, to everybody; type 15, identifier 0x1234, number 1.
const Bytes kInformationRequest = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0x7a, 0xe1, 0, 0, 0, 1, 255, 255, 255, 255,
                                   15, 0, 0xde, 0xca, 0x12, 0x34, 0, 1};
// The answer of 10.1.0.2: 4500+001c+4001+0a01+0002+0001 = 8f21; 1000+1234+0001 = 2235.
const Bytes kInformationReply = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0x70, 0xde, 10, 1, 0, 2, 0, 0, 0, 1,
                                 16, 0, 0xdd, 0xca, 0x12, 0x34, 0, 1};
// 10.1.0.1 to 10.1.0.3 with TTL 5, identifier 0x0102, number 0x0304, "ab": 451e+0501+2*0a01+4 = 5e25;
// 0800+0102+0304+6162 = 6d68.
const Bytes kEchoRequest = {0x45, 0, 0, 30, 0, 0, 0, 0, 5, 1, 0xa1, 0xda, 10, 1, 0, 1, 10, 1, 0, 3,
                            8, 0, 0x92, 0x97, 1, 2, 3, 4, 'a', 'b'};
// 451e+4001+2*0a01+4 = 9925; 0102+0304+6162 = 6568.
const Bytes kEchoReply = {0x45, 0, 0, 30, 0, 0, 0, 0, 64, 1, 0x66, 0xda, 10, 1, 0, 3, 10, 1, 0, 1,
                          0, 0, 0x9a, 0x97, 1, 2, 3, 4, 'a', 'b'};

TEST_CASE("own MAC addresses are locally administered and tell the port's card and the host") {
  const HostMacs macs(MacAddress{{0x52, 0x54, 0, 0xab, 0xcd, 0xef}}, true);
  CHECK(macs.Of(0) == MacAddress{{6, 0xab, 0xcd, 0xef, 0, 0}});
  CHECK(macs.Of(0x1234) == MacAddress{{6, 0xab, 0xcd, 0xef, 0x12, 0x34}});
  CHECK(macs.Find(macs.Of(7).bytes.data(), 8) == 7);
  CHECK(macs.Find(macs.Of(8).bytes.data(), 8) == Hosts::kNone);
  CHECK(macs.Find(kBoxMac.bytes.data(), 8) == Hosts::kNone);
  const HostMacs shared(kBoxMac, false);
  CHECK(shared.Of(5) == kBoxMac);
  CHECK(shared.Find(kBoxMac.bytes.data(), 8) == Hosts::kNone);
}

TEST_CASE("a host's place, among all and in its family") {
  const Hosts hosts({Address("10.1.0.2"), Address("2001:db8::2"), Address("10.1.0.3"), Address("10.1.0.4"),
                     Address("2001:db8::3")});
  CHECK(hosts.Find(Address("10.1.0.4")).in_all == 3);
  CHECK(hosts.Find(Address("10.1.0.4")).in_family == 2);
  CHECK(hosts.Find(Address("2001:db8::3")).in_all == 4);
  CHECK(hosts.Find(Address("2001:db8::3")).in_family == 1);
  CHECK(hosts.Find(Address("10.1.0.5")).in_all == Hosts::kNone);
}

TEST_CASE("an echo request of others is answered, byte by byte") {
  Bytes frame = Ethernet(kClientMac, kBoxMac, 0x0800, kEchoRequest);
  const Arrival arrival = Classify(frame.data(), 60, kTestKey);
  REQUIRE(arrival.kind == ArrivalKind::kEchoRequest);
  AnswerEcho(frame.data(), arrival, kClientMac);
  CHECK(frame == Ethernet(kBoxMac, kClientMac, 0x0800, kEchoReply));
}

TEST_CASE("an echo request over IPv6 is answered, byte by byte") {
  // 2001:db8::1 to ::2: 2*(2001+0db8)+1+2+8+3a = 5bb7; 8000+0102+0304 = 8406.
  const Bytes src = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  Bytes dst = src;
  dst[15] = 2;
  const auto packet = [](uint8_t hops, const Bytes& from, const Bytes& to, const Bytes& icmp) {
    Bytes bytes = {0x60, 0, 0, 0, 0, 8, 58, hops};
    bytes.insert(bytes.end(), from.begin(), from.end());
    bytes.insert(bytes.end(), to.begin(), to.end());
    bytes.insert(bytes.end(), icmp.begin(), icmp.end());
    return bytes;
  };
  Bytes frame = Ethernet(kClientMac, kBoxMac, 0x86dd, packet(9, src, dst, {128, 0, 0x20, 0x42, 1, 2, 3, 4}));
  const Arrival arrival = Classify(frame.data(), 62, kTestKey);
  REQUIRE(arrival.kind == ArrivalKind::kEchoRequest);
  AnswerEcho(frame.data(), arrival, kClientMac);
  CHECK(frame == Ethernet(kBoxMac, kClientMac, 0x86dd, packet(64, dst, src, {129, 0, 0x1f, 0x42, 1, 2, 3, 4})));
}

TEST_CASE("an information request is answered, byte by byte") {
  const Bytes frame = Ethernet(MacAddress::Broadcast(), kBoxMac, 0x0800, kInformationRequest);
  const Arrival arrival = Classify(frame.data(), 60, kTestKey);
  REQUIRE(arrival.kind == ArrivalKind::kInformationRequest);
  Bytes reply(kInformationFrame, 0xee);
  InformationRequest::Read(frame.data(), arrival, 0, 1).WriteReply(reply.data(), Address("10.1.0.2"), kClientMac);
  CHECK(reply == Ethernet(kBoxMac, kClientMac, 0x0800, kInformationReply));
}

// The far end of the clients' wire: gateways 10.1.0.1 and 10.1.0.9, and an echo service (RFC 862) behind them.
struct Box {
  Link& link;
  std::map<std::string, MacAddress> gateways = {{"10.1.0.1", kBoxMac}, {"10.1.0.9", kOtherMac}};
  std::map<MacAddress, uint64_t> requests = {};            // by the MAC address they went to
  std::map<IpAddress, MacAddress> host_macs = {};          // as the frames had them
  std::vector<Bytes> others = {};                          // ICMP without a stamp
  uint64_t misled = 0;
  bool misleads = false;

  void Poll() {
    Frame frames[kBurst];
    const int count = link.Receive(frames, kBurst);
    for (int i = 0; i < count; ++i) Take(frames[i]);
  }
  void Send(const Bytes& bytes) {
    Frame frame;
    REQUIRE(link.Allocate(&frame, 1));
    std::memcpy(frame.data, bytes.data(), bytes.size());
    frame.length = static_cast<uint16_t>(bytes.size());
    REQUIRE(link.Send(&frame, 1) == 1);
  }
  void Announce(const char* address, const MacAddress& mac) {
    gateways[address] = mac;
    Send(neighbor::Encode({.dst = MacAddress::Broadcast(), .src = mac, .tag = {},
                           .message = neighbor::ArpRequest{mac, Address(address), {}, Address(address)}}));
  }

 private:
  void Take(Frame frame) {
    const auto decoded = neighbor::Decode({frame.data, frame.length});
    if (decoded.ok()) {
      link.Free(&frame, 1);
      const auto* question = std::get_if<neighbor::ArpRequest>(&decoded->message);
      if (question == nullptr) return;
      const MacAddress mac = gateways.at(question->target.ToString());
      Send(neighbor::Encode(
          {.dst = question->sender_mac,
           .src = mac,
           .tag = {},
           .message = neighbor::ArpReply{mac, question->target, question->sender_mac, question->sender}}));
      return;
    }
    if (frame.data[23] == kIcmp) {
      others.emplace_back(frame.data, frame.data + frame.length);
      link.Free(&frame, 1);
      return;
    }
    ++requests[MacAddress::From(frame.data)];
    host_macs[IpAddress::FromV4Bytes(frame.data + 26)] = MacAddress::From(frame.data + 6);
    std::swap_ranges(frame.data, frame.data + 6, frame.data + 6);
    if (misleads) {
      ++misled;
      frame.data[5] ^= 1;  // the MAC address of the host beside it
    }
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data + 14);
    auto& udp = *reinterpret_cast<UdpHeader*>(frame.data + 34);
    std::swap(ip.src, ip.dst);
    std::swap(udp.src_port, udp.dst_port);
    REQUIRE(link.Send(&frame, 1) == 1);
  }
};

const std::string kOwnMacs = R"(ports:
  - {name: a, device: "null:", role: clients, addresses: 10.1.0.2-10.1.0.5, macs: own, gateways: [10.1.0.1, 10.1.0.9]}
duration: 100ms
settle: 10ms
flows: [{name: echo, protocol: udp, to: "10.9.0.1:7", count: 8, rate: 10k}]
)";

struct Lan {
  Profile profile = ProfileFrom(kOwnMacs);
  MemoryWire wire;
  Box box{.link = wire.end(1)};
  Simulation simulation{profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = {}}}};
  const HostMacs macs{kClientMac, true};
};

TEST_CASE_METHOD(Lan, "each host has its MAC address and its gateway, and what went to each is counted") {
  simulation.RunUntilDone([this](int64_t) { box.Poll(); });
  const RunResult result = simulation.Result();
  CHECK(result.classes[0].responses.counts.lost() == 0);
  CHECK(box.host_macs == std::map<IpAddress, MacAddress>{{Address("10.1.0.2"), macs.Of(0)},
                                                         {Address("10.1.0.3"), macs.Of(1)},
                                                         {Address("10.1.0.4"), macs.Of(2)},
                                                         {Address("10.1.0.5"), macs.Of(3)}});
  REQUIRE(result.gateways.size() == 2);
  CHECK(result.gateways[0].address == "10.1.0.1");
  CHECK(result.gateways[0].mac == kBoxMac.ToString());
  CHECK(result.gateways[0].sent == box.requests[kBoxMac]);
  CHECK(result.gateways[1].sent == box.requests[kOtherMac]);
  CHECK(box.requests[kBoxMac] == Approx(500).margin(1));
  CHECK(result.gateways[0].sent + result.gateways[1].sent == result.classes[0].requests.counts.sent);
  CHECK(result.gateway_change_count == 0);
  CHECK(result.strays.wrong_mac == 0);
}

TEST_CASE_METHOD(Lan, "a gateway that announces itself at another MAC address is followed and told of with its time") {
  simulation.RunUntilDone([this](int64_t now_ns) {
    box.Poll();
    if (now_ns == kBegin + 50'000'000) box.Announce("10.1.0.1", kOtherMac);
  });
  const RunResult result = simulation.Result();
  REQUIRE(result.gateway_changes.size() == 1);
  CHECK(result.gateway_change_count == 1);
  CHECK(result.gateway_changes[0].address == "10.1.0.1");
  CHECK(result.gateway_changes[0].from == kBoxMac.ToString());
  CHECK(result.gateway_changes[0].to == kOtherMac.ToString());
  CHECK(result.gateway_changes[0].at_s == Approx(0.05).epsilon(0.01));
  CHECK(box.requests[kBoxMac] == Approx(250).margin(2));
  CHECK(box.requests[kOtherMac] == Approx(750).margin(2));
  CHECK(result.classes[0].responses.counts.lost() == 0);
}

TEST_CASE_METHOD(Lan, "a frame for a host that has another host's MAC address is lost, and counted") {
  simulation.RunUntilDone([this](int64_t now_ns) {
    box.misleads = now_ns > kBegin + 90'000'000;
    box.Poll();
  });
  const RunResult result = simulation.Result();
  CHECK(box.misled == Approx(100).margin(2));
  CHECK(result.strays.wrong_mac == box.misled);
  CHECK(result.classes[0].responses.counts.lost() == box.misled);
}

TEST_CASE_METHOD(Lan, "hosts answer ARP, echo requests and information requests with their own MAC addresses") {
  const auto reply_of = [&](uint32_t host, Bytes packet) {
    return Ethernet(kBoxMac, macs.Of(host), 0x0800, packet);
  };
  simulation.RunUntilDone([&](int64_t now_ns) {
    box.Poll();
    if (now_ns != kBegin + 20'000'000) return;
    box.Send(Ethernet(macs.Of(1), kBoxMac, 0x0800, kEchoRequest));
    box.Send(Ethernet(macs.Of(2), kBoxMac, 0x0800, kEchoRequest));  // not that host's address
    box.Send(Ethernet(MacAddress::Broadcast(), kBoxMac, 0x0800, kInformationRequest));
  });
  const RunResult result = simulation.Result();
  REQUIRE(box.others.size() == 5);
  CHECK(box.others[0] == reply_of(1, kEchoReply));
  CHECK(box.others[1] == reply_of(0, kInformationReply));
  for (uint32_t host = 1; host < 4; ++host) {
    CHECK(MacAddress::From(&box.others[host + 1][6]) == macs.Of(host));
    CHECK(IpAddress::FromV4Bytes(&box.others[host + 1][26]) == profile.ports[0].addresses[host]);
    CHECK(Classify(box.others[host + 1].data(), 60, kTestKey).kind == ArrivalKind::kForeign);  // its sums are right
  }
  CHECK(result.strays.echo_answered == 1);
  CHECK(result.strays.wrong_mac == 1);
  CHECK(result.strays.information_answered == 4);
  CHECK(result.strays.information_missed == 0);
  CHECK(result.strays.foreign == 0);
}

TEST_CASE_METHOD(Lan, "more information requests than can be answered at once are counted") {
  simulation.RunUntilDone([&](int64_t now_ns) {
    box.Poll();
    if (now_ns != kBegin + 20'000'000) return;
    for (int i = 0; i < 20; ++i) box.Send(Ethernet(MacAddress::Broadcast(), kBoxMac, 0x0800, kInformationRequest));
  });
  const RunResult result = simulation.Result();
  CHECK(result.strays.information_missed == 4);  // 16 wait, the link brings all 20 in one burst
  CHECK(result.strays.information_answered == 64);
  CHECK(box.others.size() == 64);
}

TEST_CASE_METHOD(Lan, "a redirect is counted by name") {
  // RFC 792, type 5, code 1, to use 10.1.0.9; 10.1.0.1 to 10.1.0.2: 4500+001c+4001+2*0a01+3 = 9922; 0501+0a01+0009 =
  // 0f0b.
  const Bytes redirect = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0x66, 0xdd, 10, 1, 0, 1, 10, 1, 0, 2,
                          5, 1, 0xf0, 0xf4, 10, 1, 0, 9};
  simulation.RunUntilDone([&](int64_t now_ns) {
    box.Poll();
    if (now_ns == kBegin + 20'000'000) box.Send(Ethernet(macs.Of(0), kBoxMac, 0x0800, redirect));
  });
  CHECK(simulation.Result().strays.redirects == 1);
  CHECK(simulation.Result().strays.foreign == 0);
}

// A balancer that changes nothing but MAC addresses (direct return): every flow to a server, some of them to another
// one later. Both ends have no gateway: what comes from servers goes straight to the clients.
class DirectBox final : public Link {
 public:
  explicit DirectBox(Link& inner, const HostMacs& servers) : inner_(inner), servers_(servers) {}
  int Receive(Frame* frames, int max) override {
    const int count = inner_.Receive(frames, max);
    for (int i = 0; i < count; ++i) {
      const uint16_t src_port = reinterpret_cast<const UdpHeader*>(frames[i].data + 34)->src_port.get();
      const MacAddress mac = servers_.Of(src_port % 3);
      std::memcpy(frames[i].data, mac.bytes.data(), 6);
      if (++seen_ % 50 == 0) {
        frames[i].data[5] = static_cast<uint8_t>((frames[i].data[5] + 1) % 3);
        ++misled;
      }
    }
    return count;
  }
  int Send(const Frame* frames, int count) override {
    for (int i = 0; i < count; ++i) ++answers[frames[i].data[11]];
    return inner_.Send(frames, count);
  }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }

  uint64_t misled = 0;
  std::map<int, uint64_t> answers;  // by the last byte of the MAC address they came from

 private:
  Link& inner_;
  const HostMacs servers_;
  uint64_t seen_ = 0;
};

TEST_CASE("servers with an address in common are told apart by their MAC addresses") {
  const Profile profile = ProfileFrom(R"(ports:
  - {name: a, device: "null:", role: clients, addresses: 10.1.0.2}
  - {name: b, device: "null:", role: servers, addresses: 10.2.0.2-10.2.0.4, macs: own, also: 198.51.100.10}
duration: 100ms
settle: 10ms
flows: [{name: direct, protocol: udp, to: "198.51.100.10:53", count: 3, rate: 10k}]
)");
  MemoryWire wire;
  DirectBox box(wire.end(1), HostMacs(kServerMac, true));
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &box, .mac = kServerMac, .peer = {}}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  CHECK(result.classes[0].responses.counts.lost() == 0);
  CHECK(result.strays.wrong_mac == 0);
  CHECK(box.misled == Approx(20).margin(1));
  CHECK(result.classes[0].wrong_server == box.misled);
  CHECK(box.answers.size() == 3);
}

}  // namespace
}  // namespace baton::generator
