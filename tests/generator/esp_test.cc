#include "generator/esp/esp.h"

#include <cstring>
#include <map>

#include <catch2/catch.hpp>

#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes EspFrame(bool ipv4, uint16_t length) {
  FrameTemplate frame({.dst = Address(ipv4 ? "10.2.0.2" : "2001:db8::3"), .length = length, .protocol = 50},
                      kClientMac);
  frame.SetNextHop(kServerMac);
  Bytes bytes(2048);
  const Stamp stamp{.flow = 1, .number = 2, .time_ns = 3, .sender = 0};
  frame.Write(bytes.data(), Address(ipv4 ? "10.1.0.2" : "2001:db8::2"), 0, stamp, kTestKey);
  const uint16_t l4 = ipv4 ? 34 : 54;
  WriteEsp(bytes.data() + l4, static_cast<uint16_t>(length - l4), 0x01020304, 0x0a0b0c0d);
  bytes.resize(length);
  return bytes;
}

TEST_CASE("the shortest frames of ESP: SPI, number, stamp, pad length, next header and check value") {
  CHECK(ShortestFrame(Family::kIpv4, 50) == 14 + 20 + 8 + 18 + 2 + 12);
  CHECK(ShortestFrame(Family::kIpv6, 50) == 14 + 40 + 8 + 18 + 2 + 12);
}

TEST_CASE("an ESP packet, byte by byte") {
  const bool ipv4 = GENERATE(true, false);
  const uint16_t l4 = ipv4 ? 34 : 54, length = static_cast<uint16_t>(l4 + 8 + 20 + 12 + GENERATE(0, 4, 400));
  const Bytes frame = EspFrame(ipv4, length);
  CHECK(frame[ipv4 ? 23 : 20] == 50);  // RFC 4303, 2
  // RFC 4303, 2: SPI and sequence number in network order.
  CHECK(Bytes(frame.begin() + l4, frame.begin() + l4 + 8) == Bytes{1, 2, 3, 4, 0x0a, 0x0b, 0x0c, 0x0d});
  const Arrival arrival = Classify(frame.data(), length, kTestKey);
  REQUIRE(arrival.kind == ArrivalKind::kStamped);
  CHECK(arrival.esp);
  CHECK(arrival.stamp.number == 2);
  CHECK(SpiOf(frame.data() + l4) == 0x01020304);
  CHECK(Classify(frame.data(), length, kTestKey + 1).kind == ArrivalKind::kForeign);
}

TEST_CASE("every turned bit of ESP is corruption, and no cut packet is whole") {
  const bool ipv4 = GENERATE(true, false);
  const size_t l4 = ipv4 ? 34 : 54;
  const Bytes good = EspFrame(ipv4, static_cast<uint16_t>(l4 + 60));
  for (size_t bit = l4 * 8; bit < good.size() * 8; ++bit) {
    Bytes frame = good;
    frame[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CAPTURE(ipv4, bit);
    CHECK(Classify(frame.data(), static_cast<uint16_t>(frame.size()), kTestKey).kind == ArrivalKind::kCorrupted);
  }
  for (uint16_t length = 0; length < 60; ++length) CHECK_FALSE(IsRightEsp(good.data() + l4, length));
}

// A wire on which every SPI and sequence number is seen, of requests (by which end receives) and of responses.
class Tap final : public Link {
 public:
  explicit Tap(Link& inner) : inner_(inner) {}
  int Receive(Frame* frames, int max) override {
    const int count = inner_.Receive(frames, max);
    for (int i = 0; i < count; ++i) Note(frames[i], requests);
    return count;
  }
  int Send(const Frame* frames, int count) override {
    for (int i = 0; i < count; ++i) Note(frames[i], responses);
    return inner_.Send(frames, count);
  }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }

  std::map<uint32_t, Bytes> requests, responses;  // the last bytes of the sequence numbers of each SPI

 private:
  static void Note(const Frame& frame, std::map<uint32_t, Bytes>& into) {
    into[SpiOf(frame.data + 34)].push_back(frame.data[34 + 7]);
  }
  Link& inner_;
};

TEST_CASE("flows have an SPI each, and a new one after each rekeying, with numbers from 1 in both directions") {
  const Profile profile =
      ProfileFrom(TwoPorts("duration: 25ms\nsettle: 5ms\n"
                           "flows: [{name: vpn, protocol: esp, to: 10.2.0.2, count: 2, rate: 1k, size: 126, first_spi: "
                           "5000, rekey: 10ms}]\n"));
  MemoryWire wire;
  Tap tap(wire.end(1));
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &tap, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  const ClassResult& c = result.classes[0];
  CHECK(c.requests.counts.sent == Approx(25).margin(1));
  CHECK(c.responses.counts.arrived == c.requests.counts.sent);
  CHECK(c.requests.counts.corrupted == 0);
  CHECK(c.responses.counts.corrupted == 0);
  CHECK(result.strays.foreign == 0);
  CHECK(c.wrong_address == 0);
  REQUIRE(tap.requests.size() == 6);
  REQUIRE(tap.responses.size() == 6);
  // A packet every millisecond, the flows in turn: five of each before the keys change.
  for (uint32_t spi = 5000; spi < 5006; ++spi) {
    CAPTURE(spi);
    const Bytes& numbers = tap.requests[spi];
    CHECK(numbers.size() == (spi < 5004 ? Approx(5).margin(1) : Approx(2.5).margin(0.6)));
    for (size_t i = 0; i < numbers.size(); ++i) CHECK(numbers[i] == i + 1);
    CHECK(tap.responses[0x80000000 + spi] == numbers);
  }
  REQUIRE(c.esp);
  REQUIRE(c.esp->associations.size() == 3);
  CHECK(c.esp->flows == 2);
  CHECK(c.esp->associations[2].first_spi == 5004);
  CHECK(c.esp->associations[2].from_s == Approx(0.02));
}

TEST_CASE("harmed ESP packets are corrupted ones of their flow") {
  const Profile profile = ProfileFrom(TwoPorts(
      "duration: 100ms\nsettle: 5ms\nimpair: {corrupted: 10%}\n"
      "flows: [{name: vpn, protocol: esp, to: \"2001:db8:1::2\", count: 20, rate: 100k, size: 202}]\n"));
  auto loopback = Loopback::Create(profile).value();
  Simulation simulation(profile, loopback->uses());
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  const Injected& to = loopback->InjectedBy(Role::kClients);
  const Injected& from = loopback->InjectedBy(Role::kServers);
  REQUIRE(to.corrupted > 500);
  const ClassResult& c = result.classes[0];
  CHECK(c.requests.counts.lost() == to.corrupted);
  CHECK(c.responses.counts.lost() == from.corrupted);
  CHECK(c.requests.counts.corrupted + c.responses.counts.corrupted + result.strays.corrupted ==
        to.corrupted + from.corrupted);
}

}  // namespace
}  // namespace baton::generator
