#include "generator/mobile/headers.h"

#include <cstring>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "generator/mobile/terminals.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr const char *kHome = "2001:db8:f::7", *kCareOf = "2001:db8::2", *kServer = "2001:db8:1::a";

Bytes Slice(const Bytes& bytes, size_t from, size_t count) {
  return {bytes.begin() + static_cast<long>(from), bytes.begin() + static_cast<long>(from + count)};
}

Bytes V6(const char* text) {
  const IpAddress address = Address(text);
  return {address.v6_bytes(), address.v6_bytes() + 16};
}

// RFC 1071 over the pseudo header of RFC 8200, 8.1, with these addresses, and the UDP datagram from byte 78 on.
uint16_t UdpSum(const Bytes& frame, const char* src, const char* dst) {
  Bytes covered = V6(src);
  const Bytes to = V6(dst), datagram = Slice(frame, 78, frame.size() - 78);
  covered.insert(covered.end(), to.begin(), to.end());
  covered.insert(covered.end(), {0, 0, static_cast<uint8_t>(datagram.size() >> 8),
                                 static_cast<uint8_t>(datagram.size()), 0, 0, 0, 17});
  covered.insert(covered.end(), datagram.begin(), datagram.end());
  uint32_t sum = 0;
  for (size_t i = 0; i < covered.size(); ++i) sum += i % 2 == 0 ? uint32_t{covered[i]} << 8 : covered[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

Bytes Request(uint16_t length) {
  FrameTemplate frame({.dst = Address(kServer), .dst_port = 53, .length = length, .mobile = true}, kClientMac);
  frame.SetNextHop(kServerMac);
  Bytes bytes(2048);
  frame.Write(bytes.data(), Address(kHome), 4000, {.flow = 1, .number = 2, .time_ns = 3, .sender = 0}, kTestKey);
  SendFrom(bytes.data(), Address(kCareOf));
  bytes.resize(length);
  return bytes;
}

Arrival Read(const Bytes& frame) { return Classify(frame.data(), static_cast<uint16_t>(frame.size()), kTestKey); }

TEST_CASE("a mobile terminal's request, byte by byte") {
  const Bytes frame = Request(200);
  // RFC 8200, 3: payload 200 - 54, next header 60, hop limit 64; the source is the care-of address.
  CHECK(Slice(frame, 12, 10) == Bytes{0x86, 0xdd, 0x60, 0, 0, 0, 0, 146, 60, 64});
  CHECK(Slice(frame, 22, 16) == V6(kCareOf));
  CHECK(Slice(frame, 38, 16) == V6(kServer));
  // RFC 8200, 4.6 and A: UDP follows, 2 * 8 bytes more, PadN of 4; RFC 6275, 6.3: type 0xc9, length 16, at 8n + 6.
  CHECK(Slice(frame, 54, 8) == Bytes{17, 2, 1, 2, 0, 0, 0xc9, 16});
  CHECK(Slice(frame, 62, 16) == V6(kHome));
  CHECK(Slice(frame, 78, 6) == Bytes{0x0f, 0xa0, 0, 53, 0, 122});
  CHECK(UdpSum(frame, kHome, kServer) == 0xffff);  // RFC 6275, 11.3.1
  const Arrival arrival = Read(frame);
  REQUIRE(arrival.kind == ArrivalKind::kStamped);
  CHECK(arrival.mobile);
  CHECK(arrival.l4 == 78);
  CHECK(arrival.stamp.number == 2);
}

TEST_CASE("the response to a mobile terminal, byte by byte") {
  const uint16_t length = GENERATE(uint16_t{200}, uint16_t{104}, uint16_t{1001});
  Bytes frame = Request(200);
  const Arrival request = Read(frame);
  frame.resize(2048, 0xee);
  const Stamp stamp{.flow = 1, .number = 9, .time_ns = 3, .sender = kResponseBit | 4};
  TurnAround(frame.data(), request, length, kServerMac, nullptr, stamp, kTestKey);
  frame.resize(length);
  const uint16_t payload = static_cast<uint16_t>(length - 54);
  CHECK(Slice(frame, 18, 4) == Bytes{static_cast<uint8_t>(payload >> 8), static_cast<uint8_t>(payload), 43, 64});
  CHECK(Slice(frame, 22, 16) == V6(kServer));
  CHECK(Slice(frame, 38, 16) == V6(kCareOf));
  // RFC 6275, 6.4: UDP follows, 2 * 8 bytes more, type 2, one segment left, reserved; the home address.
  CHECK(Slice(frame, 54, 8) == Bytes{17, 2, 2, 1, 0, 0, 0, 0});
  CHECK(Slice(frame, 62, 16) == V6(kHome));
  CHECK(UdpSum(frame, kServer, kHome) == 0xffff);  // RFC 8200, 8.1: the final destination
  const Arrival arrival = Read(frame);
  REQUIRE(arrival.kind == ArrivalKind::kStamped);
  CHECK(arrival.mobile);
  CHECK(arrival.length == length);
  CHECK(arrival.stamp.number == 9);
}

TEST_CASE("harm to the home address or behind it is corruption, and no cut packet is whole") {
  const Bytes good = Request(120);
  for (size_t bit = 62 * 8; bit < good.size() * 8; ++bit) {
    Bytes frame = good;
    frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CAPTURE(bit);
    CHECK(Read(frame).kind == ArrivalKind::kCorrupted);
  }
  for (size_t length = 0; length < good.size(); ++length) {
    CAPTURE(length);
    CHECK(Read(Slice(good, 0, length)).kind != ArrivalKind::kStamped);
  }
}

TEST_CASE("chains of headers that are none of ours are taken apart, and none is believed beyond its end") {
  struct Case {
    const char* name;
    uint8_t first;
    Bytes chain;
    bool right;
    uint8_t next;
    uint16_t source_home, receiver_home;
  };
  const Bytes home(16, 0xaa);
  const auto with = [&](Bytes head, const Bytes& tail = {}) {
    head.insert(head.end(), home.begin(), home.end());
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
  };
  const std::vector<Case> cases = {
      {"an empty one", 60, {17, 0, 1, 4, 0, 0, 0, 0}, true, 17, 0, 0},
      {"Pad1s", 60, {17, 0, 0, 0, 0, 0, 0, 0}, true, 17, 0, 0},
      {"the option", 60, with({17, 2, 1, 2, 0, 0, 201, 16}), true, 17, 62, 0},
      {"the option too long", 60, {17, 0, 1, 2, 0, 0, 201, 16}, false, 0, 0, 0},
      {"the option too short", 60, {17, 0, 1, 0, 201, 2, 0, 0}, false, 0, 0, 0},
      {"an option without its length", 60, {17, 0, 1, 3, 0, 0, 0, 5}, false, 0, 0, 0},
      {"a header beyond the packet", 60, {17, 1, 1, 4, 0, 0, 0, 0}, false, 0, 0, 0},
      {"half a header", 60, {17, 0, 1, 1}, false, 0, 0, 0},
      {"a routing header of type 2", 43, with({17, 2, 2, 1, 0, 0, 0, 0}), true, 17, 0, 62},
      {"one without segments left", 43, with({17, 2, 2, 0, 0, 0, 0, 0}), true, 17, 0, 0},
      {"one with two segments left", 43, with({17, 2, 2, 2, 0, 0, 0, 0}), false, 0, 0, 0},
      {"one of type 0", 43, with({17, 2, 0, 1, 0, 0, 0, 0}), false, 0, 0, 0},
      {"both", 43, with({60, 2, 2, 1, 0, 0, 0, 0}, with({17, 2, 1, 2, 0, 0, 201, 16})), true, 17, 86, 62},
      {"one after the other without an end",
       60,
       {60, 0, 1, 4, 0,  0, 0, 0, 60, 0, 1, 4, 0,  0, 0, 0, 60, 0, 1, 4,
        0,  0, 0, 0, 60, 0, 1, 4, 0,  0, 0, 0, 17, 0, 1, 4, 0,  0, 0, 0},
       false,
       0,
       0,
       0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Bytes frame(54);
    frame.insert(frame.end(), c.chain.begin(), c.chain.end());
    frame.shrink_to_fit();  // so that a sanitizer sees what is read behind it
    const MobileHeaders found = ReadMobileHeaders(frame.data(), static_cast<uint16_t>(frame.size()), c.first);
    CHECK(found.right == c.right);
    if (!c.right) continue;
    CHECK(found.next == c.next);
    CHECK(found.l4 == frame.size());
    CHECK(found.source_home == c.source_home);
    CHECK(found.receiver_home == c.receiver_home);
  }
}

TEST_CASE("home addresses follow each other, over a byte's end too") {
  const Terminals terminals({.home = Address("2001:db8:f::fffe")}, 3);
  CHECK(terminals.HomeOf(0) == Address("2001:db8:f::fffe"));
  CHECK(terminals.HomeOf(1) == Address("2001:db8:f::ffff"));
  CHECK(terminals.HomeOf(2) == Address("2001:db8:f::1:0"));
}

const std::string kRoaming = R"(ports:
  - {name: a, device: "null:", role: clients, addresses: 2001:db8::2-2001:db8::4}
  - {name: b, device: "null:", role: servers, addresses: 2001:db8:1::a}
duration: 300ms
settle: 20ms
flows:
  - name: roaming
    protocol: udp
    to: "[2001:db8:1::a]:53"
    count: 2
    rate: 2k
    size: 108
    mobile: {home: 2001:db8:f::/64, moves_every: 100ms}
)";

// The network between: notes who sent from where, and forgets care-of addresses for a while after each move.
class Network final : public Link {
 public:
  explicit Network(Link& inner) : inner_(inner) {}
  int Receive(Frame* frames, int max) override {
    const int count = inner_.Receive(frames, max);
    int passed = 0;
    for (int i = 0; i < count; ++i) {
      const IpAddress home = IpAddress::FromV6Bytes(frames[i].data + 62);
      care_of[home].insert(IpAddress::FromV6Bytes(frames[i].data + 22));
      ports[home].insert(frames[i].data[78] << 8 | frames[i].data[79]);
      const int64_t since_move_ns = (now_ns_ - 1'000'000'000) % 100'000'000;
      if (now_ns_ > 1'100'000'000 && since_move_ns < 30'000'000) {
        inner_.Free(&frames[i], 1);
        ++lost;
      } else {
        frames[passed++] = frames[i];
      }
    }
    return passed;
  }
  int Send(const Frame* frames, int count) override { return inner_.Send(frames, count); }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
  void Advance(int64_t now_ns) override { now_ns_ = now_ns; }

  std::map<IpAddress, std::set<IpAddress>> care_of;
  std::map<IpAddress, std::set<int>> ports;
  uint64_t lost = 0;

 private:
  Link& inner_;
  int64_t now_ns_ = 0;
};

TEST_CASE("terminals move from host to host, keep their homes, and what a move costs is told") {
  const Profile profile = ProfileFrom(kRoaming);
  MemoryWire wire;
  Network network(wire.end(1));
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &network, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  const ClassResult& c = result.classes[0];
  const std::set<IpAddress> all = {Address("2001:db8::2"), Address("2001:db8::3"), Address("2001:db8::4")};
  // ::0 is that of routers; terminal 0 begins at host 0, terminal 1 at host 1, each moves twice.
  CHECK(network.care_of == std::map<IpAddress, std::set<IpAddress>>{{Address("2001:db8:f::1"), all},
                                                                    {Address("2001:db8:f::2"), all}});
  CHECK(network.ports[Address("2001:db8:f::1")] == std::set<int>{65535});
  CHECK(network.ports[Address("2001:db8:f::2")] == std::set<int>{65534});
  REQUIRE(c.mobile);
  CHECK(c.mobile->moves == 4);
  CHECK(c.mobile->gaps.count() == 4);
  CHECK(c.mobile->gaps.most() == Approx(31e6).epsilon(0.05));  // 30 ms, and one of its own
  CHECK(c.mobile->gaps.Quantile(0.01) > 28'000'000);
  CHECK(network.lost == Approx(120).margin(4));
  CHECK(c.requests.counts.lost() == network.lost);
  CHECK(c.responses.counts.lost() == 0);
  CHECK(c.wrong_address == 0);
  CHECK(result.strays.foreign == 0);
}

TEST_CASE("a response to another care-of address than that of its request has a wrong address") {
  const Profile profile = ProfileFrom(kRoaming);
  class Astray final : public Link {
   public:
    explicit Astray(Link& inner) : inner_(inner) {}
    int Receive(Frame* frames, int max) override { return inner_.Receive(frames, max); }
    int Send(const Frame* frames, int count) override {
      for (int i = 0; i < count; ++i) {
        if (++seen_ % 10 == 0) frames[i].data[53] = 9;  // the last byte of the destination
      }
      return inner_.Send(frames, count);
    }
    bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
    void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
    uint64_t seen() const { return seen_; }

   private:
    Link& inner_;
    uint64_t seen_ = 0;
  };
  MemoryWire wire;
  Astray astray(wire.end(1));
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &astray, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  CHECK(result.classes[0].wrong_address == astray.seen() / 10);
  CHECK(result.classes[0].responses.counts.lost() == 0);
}

}  // namespace
}  // namespace baton::generator
