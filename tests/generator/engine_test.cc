// The engine against neighbours that the test plays itself.
#include <cstring>

#include <catch2/catch.hpp>

#include "common/checksum.h"
#include "common/headers.h"
#include "controlplane/neighbor/codec.h"
#include "generator/report/verdict.h"
#include "tests/generator/frames.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

namespace neighbor = controlplane::neighbor;

constexpr MacAddress kGatewayMac{{2, 0, 0, 0, 0, 0x11}};

const std::string kClientsOnly = R"(ports:
  - {name: a, device: "null:", role: clients, addresses: [10.1.0.2-10.1.0.5], gateway: 10.1.0.1}
duration: 100ms
settle: 10ms
flows: [{name: echo, protocol: udp, to: "10.9.0.1:7", count: 10, rate: 10k}]
)";

// The far end of the clients' wire: a gateway, and an echo service (RFC 862) behind it.
struct EchoHost {
  Link& link;
  bool answers_arp = true;
  bool echoes = true;
  uint64_t requests = 0;

  void Poll() {
    Frame frames[kBurst];
    const int count = link.Receive(frames, kBurst);
    for (int i = 0; i < count; ++i) Take(frames[i]);
  }

  void Take(Frame frame) {
    const auto decoded = neighbor::Decode({frame.data, frame.length});
    if (decoded.ok()) {
      link.Free(&frame, 1);
      if (answers_arp) Answer(std::get<neighbor::ArpRequest>(decoded->message));
      return;
    }
    ++requests;
    REQUIRE(MacAddress::From(frame.data) == kGatewayMac);
    if (!echoes) {
      link.Free(&frame, 1);
      return;
    }
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data + 14);
    auto& udp = *reinterpret_cast<UdpHeader*>(frame.data + 34);
    std::swap(ip.src, ip.dst);
    std::swap(udp.src_port, udp.dst_port);
    REQUIRE(link.Send(&frame, 1) == 1);
  }

  void Answer(const neighbor::ArpRequest& request) {
    const auto bytes = neighbor::Encode(
        {.dst = request.sender_mac, .src = kGatewayMac, .tag = {},
         .message = neighbor::ArpReply{kGatewayMac, request.target, request.sender_mac, request.sender}});
    Frame frame;
    REQUIRE(link.Allocate(&frame, 1));
    std::memcpy(frame.data, bytes.data(), bytes.size());
    frame.length = static_cast<uint16_t>(bytes.size());
    REQUIRE(link.Send(&frame, 1) == 1);
  }
};

struct Alone {
  Profile profile = ProfileFrom(kClientsOnly);
  MemoryWire wire;
  EchoHost host{wire.end(1)};
  Simulation simulation{profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = {}}}};

  RunResult Run() {
    simulation.RunUntilDone([this](int64_t) { host.Poll(); });
    return simulation.Result();
  }
};

TEST_CASE_METHOD(Alone, "clients alone, against a host that echoes: the gateway is found, answers are counted") {
  const RunResult result = Run();
  const ClassResult& c = result.classes[0];
  CHECK(host.requests == Approx(1000).margin(1));
  CHECK(c.requests.counts.sent == host.requests);
  CHECK_FALSE(c.requests.judged);
  CHECK(c.responses.counts.sent == host.requests);
  CHECK(c.responses.counts.arrived == host.requests);
  CHECK(JudgeRun({.lost = Limit{}}, result).passed());
  CHECK(wire.buffers_free() == wire.buffers());  // none is lost in the engine
}

TEST_CASE_METHOD(Alone, "a host that answers nothing: all is lost, and the run ends") {
  host.echoes = false;
  const RunResult result = Run();
  CHECK(result.classes[0].responses.counts.lost() == host.requests);
  CHECK(result.classes[0].responses.silent_flows == 10);
  CHECK_FALSE(JudgeRun({.lost = Limit{}}, result).passed());
  CHECK(JudgeRun({.lost = Limit{.is_share = true, .value = 1}}, result).passed());
}

TEST_CASE_METHOD(Alone, "a gateway that does not answer: nothing is sent, the report says who is missing") {
  host.answers_arp = false;
  const RunResult result = Run();
  CHECK(host.requests == 0);
  CHECK(result.unresolved == std::vector<std::string>{"10.1.0.1"});
  const Verdict verdict = JudgeRun({}, result);
  CHECK_FALSE(verdict.passed());
  CHECK(verdict.failure == "nobody answers for 10.1.0.1: nothing was sent");
}

TEST_CASE_METHOD(Alone, "a port that takes nothing: what waits was never sent") {
  simulation.RunUntilDone([this, polls = 0](int64_t) mutable {
    if (++polls < 2000) host.Poll();  // then the wire fills up
  });
  const RunResult result = simulation.Result();
  Frame frames[kBurst];
  uint64_t on_the_wire = 0;
  while (const int count = host.link.Receive(frames, kBurst)) on_the_wire += static_cast<uint64_t>(count);
  CHECK(result.classes[0].requests.counts.sent == host.requests + on_the_wire);
  CHECK(result.classes[0].skipped > 0);
}

TEST_CASE_METHOD(Alone, "an interrupted run has a result") {
  simulation.RunUntilDone([this](int64_t now_ns) {
    host.Poll();
    if (now_ns == 1'050'000'000) simulation.engine().StopSending();
  });
  const RunResult result = simulation.Result();
  CHECK(result.interrupted);
  CHECK(result.sending_s == Approx(0.05).epsilon(0.01));
  CHECK(result.classes[0].responses.counts.arrived == host.requests);
}

TEST_CASE_METHOD(Alone, "foreign frames are counted and harm nothing") {
  int foreign = 0;
  simulation.RunUntilDone([&](int64_t now_ns) {
    host.Poll();
    if (now_ns % 1'000'000 != 0) return;
    const auto bytes = RequestFrame("10.9.0.1", "10.1.0.2", 60, {.flow = 1, .number = 2, .time_ns = 3, .sender = 0});
    Frame frame;
    REQUIRE(host.link.Allocate(&frame, 1));
    std::memcpy(frame.data, bytes.data(), bytes.size());
    frame.length = 60;
    REQUIRE(host.link.Send(&frame, 1) == 1);
    ++foreign;
  });
  const RunResult result = simulation.Result();
  CHECK(foreign > 50);
  CHECK(result.strays.foreign == Approx(foreign).margin(1));  // the last one may come after the end
  CHECK(result.classes[0].responses.counts.lost() == 0);
}

// A balancer that forgets where flows belong: every tenth request goes to the other server.
class Forgetful final : public Link {
 public:
  explicit Forgetful(Link& inner) : inner_(inner) {}
  int Receive(Frame* frames, int max) override {
    const int count = inner_.Receive(frames, max);
    for (int i = 0; i < count; ++i) SendElsewhere(frames[i]);
    return count;
  }
  int Send(const Frame* frames, int count) override { return inner_.Send(frames, count); }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }

  uint64_t misled = 0;

 private:
  void SendElsewhere(const Frame& frame) {
    const bool other = ++seen_ % 10 == 0;
    misled += other;
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data + 14);
    auto& udp = *reinterpret_cast<UdpHeader*>(frame.data + 34);
    const Be32 to(other ? 0x0a020003 : 0x0a020002);
    const uint16_t difference = ChecksumDifference(ip.dst.raw(), to.raw());
    ip.checksum.set_raw(ApplyDifference(ip.checksum.raw(), difference));
    udp.checksum.set_raw(ApplyDifference(udp.checksum.raw(), difference));
    ip.dst = to;
  }

  Link& inner_;
  uint64_t seen_ = 0;
};

TEST_CASE("answers of another server than the flow's first are counted") {
  const Profile profile = ProfileFrom(TwoPorts(
      "duration: 100ms\nsettle: 10ms\nflows: [{name: v4, protocol: udp, to: \"10.9.0.1:53\", count: 3, rate: 10k}]\n"));
  MemoryWire wire;
  Forgetful balancer(wire.end(1));
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &balancer, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  CHECK(balancer.misled == Approx(100).margin(1));
  CHECK(result.classes[0].wrong_server == balancer.misled);  // the first of each flow was not misled
  CHECK(result.classes[0].responses.counts.lost() == 0);
  CHECK_FALSE(JudgeRun({.wrong_server = Limit{}}, result).passed());
  CHECK(result.classes[0].wrong_address == result.classes[0].responses.counts.arrived);  // it translates nothing back
}

// Changes two bytes of every tenth frame that comes to the clients, with both checksums.
class Mistranslator final : public Link {
 public:
  Mistranslator(Link& inner, size_t at, bool in_addresses) : inner_(inner), at_(at), in_addresses_(in_addresses) {}
  int Receive(Frame* frames, int max) override {
    const int count = inner_.Receive(frames, max);
    for (int i = 0; i < count; ++i) {
      if (++seen_ % 10 == 0) Change(frames[i].data);
    }
    return count;
  }
  int Send(const Frame* frames, int count) override { return inner_.Send(frames, count); }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }

  uint64_t changed = 0;

 private:
  void Change(uint8_t* frame) {
    ++changed;
    const bool ipv4 = frame[12] == 0x08;
    Be16 word;
    std::memcpy(&word, frame + at_, 2);
    const Be16 other(static_cast<uint16_t>(word.get() + 1));
    std::memcpy(frame + at_, &other, 2);
    const uint16_t difference = ChecksumDifference(word.raw(), other.raw());
    auto& udp = *reinterpret_cast<UdpHeader*>(frame + (ipv4 ? 34 : 54));
    udp.checksum.set_raw(ApplyDifference(udp.checksum.raw(), difference));
    if (!ipv4 || !in_addresses_) return;
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame + 14);
    ip.checksum.set_raw(ApplyDifference(ip.checksum.raw(), difference));
  }

  Link& inner_;
  const size_t at_;
  const bool in_addresses_;
  uint64_t seen_ = 0;
};

TEST_CASE("answers that come from elsewhere, or to somebody else, are counted") {
  struct Case {
    const char* name;
    const char* to;
    size_t at;
    bool in_addresses;
  };
  const auto c = GENERATE(values<Case>({{"IPv4: source address", "10.9.0.1:53", 28, true},
                                        {"IPv4: destination address", "10.9.0.1:53", 32, true},
                                        {"IPv4: source port", "10.9.0.1:53", 34, false},
                                        {"IPv4: destination port", "10.9.0.1:53", 36, false},
                                        {"IPv6: source address", "[2001:db8:9::1]:53", 36, true},
                                        {"IPv6: destination address", "[2001:db8:9::1]:53", 52, true},
                                        {"IPv6: source port", "[2001:db8:9::1]:53", 54, false}}));
  CAPTURE(c.name);
  const Profile profile =
      ProfileFrom(TwoPorts(std::string("duration: 50ms\nsettle: 10ms\nflows: [{name: a, ") + "protocol: udp, to: \"" +
                           c.to + "\", count: 3, rate: 10k, size: 100}]\n"));
  MemoryWire wire;
  Mistranslator translator(wire.end(0), c.at, c.in_addresses);
  Simulation simulation(profile, {{.link = &translator, .mac = kClientMac, .peer = kServerMac},
                                  {.link = &wire.end(1), .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  CHECK(translator.changed == Approx(50).margin(1));
  CHECK(result.classes[0].wrong_address == translator.changed);
  CHECK(result.classes[0].wrong_server == 0);
  CHECK(result.classes[0].responses.counts.lost() == 0);
  CHECK_FALSE(JudgeRun({.wrong_address = Limit{}}, result).passed());
}

TEST_CASE("a pause in the middle is the longest gap of every flow") {
  const Profile profile =
      ProfileFrom(TwoPorts("duration: 300ms\nsettle: 10ms\nflows: [{name: v4, protocol: udp, to: \"10.9.0.1:53\", "
                           "count: 10, rate: 10k}]\n"));
  class Cut final : public Link {
   public:
    explicit Cut(Link& inner) : inner_(inner) {}
    int Receive(Frame* frames, int max) override {
      const int count = inner_.Receive(frames, max);
      if (now_ns_ < 1'100'000'000 || now_ns_ >= 1'150'000'000) return count;
      inner_.Free(frames, count);
      lost += static_cast<uint64_t>(count);
      return 0;
    }
    int Send(const Frame* frames, int count) override { return inner_.Send(frames, count); }
    bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
    void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
    void Advance(int64_t now_ns) override { now_ns_ = now_ns; }
    uint64_t lost = 0;

   private:
    Link& inner_;
    int64_t now_ns_ = 0;
  };
  MemoryWire wire;
  Cut cut(wire.end(1));
  Simulation simulation(profile, {{.link = &wire.end(0), .mac = kClientMac, .peer = kServerMac},
                                  {.link = &cut, .mac = kServerMac, .peer = kClientMac}});
  simulation.RunUntilDone();
  const RunResult result = simulation.Result();
  const ClassResult& c = result.classes[0];
  CHECK(cut.lost == Approx(500).margin(1));
  CHECK(c.requests.counts.lost() == cut.lost);
  CHECK(c.responses.counts.lost() == 0);
  // A flow sends once a millisecond: 50 ms and one interval.
  CHECK(c.responses.longest_gaps.Quantile(0.01) == Approx(51e6).epsilon(0.02));
  CHECK(c.responses.longest_gaps.most() == Approx(51e6).epsilon(0.02));
  CHECK(c.responses.silent_flows == 0);
}

}  // namespace
}  // namespace baton::generator
