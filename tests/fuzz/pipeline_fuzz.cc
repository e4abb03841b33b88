// Any frames through a whole worker: parse, rows of both families and methods, hold, neighbours, answers, expiry. The
// input is a sequence of (control byte, length of 16 bits, frame); a length of 0 is a command of the control thread.
//
//     control   port (2 bits) | bring the frame into shape | poll now | what time passes, or which command (3) | ring full
//
// Held after every poll: each packet is counted exactly once, no buffer is lost or freed twice, what is sent is a whole
// IP packet with the port's Ethernet header. Held in the end, after an hour of silence: nothing is left of any row.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/bytes.h"
#include "common/headers.h"
#include "dataplane/dpdk/eal.h"
#include "dataplane/route_table.h"
#include "tests/dataplane/pipeline/small_box.h"
#include "tests/scenarios/frame_checksum.h"
#include "tests/scenarios/memory_ports.h"

namespace baton::dataplane {
namespace {

using scenarios::Bytes;
using std::chrono::milliseconds;

constexpr PortId kPorts = 3;

void Require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Two of each kind of snapshot, which take turns.
struct Snapshots {
  std::unique_ptr<const RouteTable> routes[2];
  ServiceTable services[2] = {{SmallServices(2), Timeouts{}}, {SmallServices(0), Timeouts{}}};
  AddressTable addresses[2] = {AddressTable(SmallAddresses(AddressMode::kMigration)),
                               AddressTable(SmallAddresses(AddressMode::kNormal))};
  Snapshots() {
    RouteList list = SmallRoutes();
    routes[0] = RouteTable::Build(list).value();
    list.pop_back();
    list.pop_back();  // without the default routes
    routes[1] = RouteTable::Build(list).value();
  }
};

struct World {
  explicit World(const Snapshots& snapshots) : tables(snapshots) {
    worker = Worker::Create(SmallWorker("fuzz"), io, mailbox, &kernel).value();
    Tell("198.51.100.1", kWan, SetNeighbor::State::kReachable);
    Tell("10.0.0.11", kLan, SetNeighbor::State::kReachable);
    Tell("2001:db8:a::11", kLan, SetNeighbor::State::kReachable);
    Tell("2001:db8:100::1", kWan, SetNeighbor::State::kReachable);
    Tell("10.0.0.12", kLan, SetNeighbor::State::kFailed);
    mailbox.updates.push_back(UseRoutes{tables.routes[0].get()});
    mailbox.updates.push_back(UseServices{&tables.services[0]});
    mailbox.updates.push_back(UseAddresses{&tables.addresses[0]});
    mailbox.updates.push_back(Commit{1});
    Poll();
  }

  void Tell(const char* address, PortId port, SetNeighbor::State state) {
    mailbox.updates.push_back(SetNeighbor{Ip(address), {{0x0a, 0, 0, 0, 0, port}}, port, state});
  }

  void Poll() {
    worker->PollOnce(now);
    mailbox.event_room = SIZE_MAX;
    for (; !mailbox.events.empty(); mailbox.events.pop_front()) {
      const Event& event = mailbox.events.front();
      if (const auto* e = std::get_if<FrameForControl>(&event)) io.Release(e->buffer, "control");
      if (const auto* e = std::get_if<NeedNeighbor>(&event)) asked = *e;
    }
    for (const scenarios::SentFrame& frame : io.TakeSent()) CheckSent(frame);
    for (const scenarios::SentFrame& frame : kernel.TakeGiven()) {
      Require(frame.port != kLan, "only a port with a kernel side gives to the kernel");
    }
    CheckCounts();
  }

  void CheckCounts() const;
  void CheckSent(const scenarios::SentFrame& frame) const;
  void Command(unsigned which);
  void ComeToRest();

  const Snapshots& tables;
  scenarios::MemoryPorts io;
  scenarios::MemoryKernel kernel{io};
  SlowMailbox mailbox;
  std::unique_ptr<Worker> worker;
  TimePoint now{std::chrono::hours(2)};
  NeedNeighbor asked = {Ip("10.0.0.11"), kLan};
  RowBatch batch;
  unsigned turn[4] = {};
};

void World::CheckCounts() const {
  const WorkerCounters& c = worker->counters();
  const uint64_t in = c.received.Get() + c.originated.Get() + c.from_kernel.Get();
  const uint64_t out = c.sent.Get() + c.dropped() + c.held.Get() + c.waiting.Get() + c.to_control.Get() + c.to_kernel.Get();
  Require(in == out, "received + originated + from_kernel = sent + dropped + held + waiting + to_control + to_kernel");
  Require(io.mistakes().empty(), io.mistakes().empty() ? "" : io.mistakes().front().c_str());
  Require(io.buffers_in_use() == c.held.Get() + c.waiting.Get(), "every buffer in use is held or waits");
  Require(c.rows.Get() <= 64 && c.rows_ipv6.Get() <= 32 && c.held.Get() <= 16 && c.neighbors.Get() <= 12 &&
              c.fragments.Get() <= 4 && c.ftp_connections.Get() <= 3,
          "the limits of rows, held packets, neighbours, datagrams in pieces and FTP connections");
}

void World::CheckSent(const scenarios::SentFrame& frame) const {
  ByteReader in(frame.bytes);
  in.Skip(6);
  const MacAddress own = {{2, 0, 0, 0, 0, static_cast<uint8_t>(frame.port + 1)}};
  Require(in.Mac() == own, "the source MAC address is the port's");
  if (frame.port == kTag) Require(in.U16() == 0x8100 && in.U16() == 100, "the VLAN tag is the port's");
  const uint16_t type = in.U16();
  const Bytes ip(frame.bytes.end() - static_cast<std::ptrdiff_t>(in.left()), frame.bytes.end());
  Require(type == kEtherIpv4 || type == kEtherIpv6, "what is sent is IP");
  if (type == kEtherIpv4) {
    Require(ip.size() >= 20 && ip[0] >> 4 == 4, "an IPv4 header");
    const size_t header = size_t{ip[0]} % 16 * 4;
    Require(header >= 20 && header <= ip.size(), "an IPv4 header length");
    Require(size_t{ip[2]} * 256 + ip[3] == ip.size(), "the IPv4 length is the frame's");
    Require(scenarios::OnesComplementSum({ip.data(), header}) == 0xffff, "the IPv4 header checksum is right");
    Require(ip[8] > 0, "a packet with TTL 0 is not sent");
  } else {
    Require(ip.size() >= 40 && ip[0] >> 4 == 6, "an IPv6 header");
    Require(size_t{ip[4]} * 256 + ip[5] + 40 == ip.size(), "the IPv6 length is the frame's");
    Require(ip[7] > 0, "a packet with hop limit 0 is not sent");
  }
}

void World::Command(unsigned which) {
  const auto neighbor = [&](SetNeighbor::State state) {
    const bool known = state == SetNeighbor::State::kReachable;
    mailbox.updates.push_back(SetNeighbor{asked.address, known ? MacAddress{{0x0a, 0, 0, 0, 0, 9}} : MacAddress{},
                                          asked.port, state});
  };
  switch (which) {
    case 0: neighbor(SetNeighbor::State::kReachable); break;
    case 1: neighbor(SetNeighbor::State::kFailed); break;
    case 2: neighbor(SetNeighbor::State::kForget); break;
    case 3: mailbox.updates.push_back(UseAddresses{&tables.addresses[++turn[0] % 2]}); break;
    case 4: mailbox.updates.push_back(UseServices{&tables.services[++turn[1] % 2]}); break;
    case 5: mailbox.updates.push_back(UseRoutes{tables.routes[++turn[2] % 2].get()}); break;
    case 6: mailbox.updates.push_back(ListRows{&batch, 0}); break;
    case 7: io.LimitTransmit(kLan, ++turn[3] % 2 == 1 ? 1 : -1); break;
  }
  if (which >= 3 && which <= 5) mailbox.updates.push_back(Commit{worker->counters().generation.Get() + 1});
}

// No more frames: rows, held packets and port pools go by themselves, packets that wait for a neighbour when we stop.
void World::ComeToRest() {
  for (int i = 0; i < 8; ++i) {
    now += std::chrono::minutes(10);
    Poll();
  }
  const WorkerCounters& c = worker->counters();
  Require(c.rows.Get() == 0 && c.rows_ipv6.Get() == 0, "no row outlives its time");
  Require(c.rows_created.Get() == c.rows_ended.Get(), "rows created = rows ended");
  Require(c.port_pools.Get() == 0, "no port outlives its row");
  Require(c.ftp_connections.Get() == 0, "no FTP connection outlives its row");
  Require(c.held.Get() == 0, "nothing is held for ever");
  Require(c.fragments.Get() == 0, "no datagram in pieces outlives its time");
  for (size_t i = 0; i < c.backend_slots; ++i) {
    Require(c.backends[i].rows.Get() == 0 && c.backends[i].open.Get() == 0, "the backends' gauges return to 0");
  }
  worker->FreeWaiting();
  CheckCounts();
  Require(io.buffers_in_use() == 0, "every buffer comes back");
}

// The checksum of a whole TCP segment of FTP: others are not read.
void ShapeFtp(Bytes& frame, size_t ip, size_t header) {
  if (frame.size() < ip + header + 20 || frame[ip + 9] != kTcp) return;
  const size_t length = std::min<size_t>(size_t{frame[ip + 2]} * 256 + frame[ip + 3], frame.size() - ip);
  uint8_t* tcp = frame.data() + ip + header;
  const auto is_ftp = [&](size_t at) {
    const int port = tcp[at] * 256 + tcp[at + 1];
    return port == 21 || port == 2121;
  };
  if (length < header + 20 || (!is_ftp(0) && !is_ftp(2))) return;
  tcp[16] = tcp[17] = 0;
  const size_t segment = length - header;
  Bytes covered(frame.begin() + static_cast<std::ptrdiff_t>(ip) + 12, frame.begin() + static_cast<std::ptrdiff_t>(ip) + 20);
  covered.insert(covered.end(), {0, kTcp, static_cast<uint8_t>(segment >> 8), static_cast<uint8_t>(segment)});
  covered.insert(covered.end(), tcp, tcp + segment);
  const auto sum = static_cast<uint16_t>(~scenarios::OnesComplementSum(covered));
  tcp[16] = static_cast<uint8_t>(sum >> 8);
  tcp[17] = static_cast<uint8_t>(sum);
}

// Gives the frame the port's MAC address and, to an IPv4 header, version and checksum: the fuzzer would seldom get by.
void Shape(PortId port, Bytes& frame) {
  const size_t l2 = port == kTag ? 18 : 14;
  if (frame.size() < l2 + 20) return;
  if ((frame[0] & 1) == 0) {
    const uint8_t mac[] = {2, 0, 0, 0, 0, static_cast<uint8_t>(port + 1)};
    std::copy(std::begin(mac), std::end(mac), frame.begin());
  }
  if (port == kTag) {
    const uint8_t tag[] = {0x81, 0, 0, 100};
    std::copy(std::begin(tag), std::end(tag), frame.begin() + 12);
  }
  if (frame[l2 - 2] != 8 || frame[l2 - 1] != 0) return;
  uint8_t* ip = frame.data() + l2;
  ip[0] = static_cast<uint8_t>(0x40 | std::clamp(ip[0] & 15, 5, 15));
  const size_t header = std::min(size_t{ip[0]} % 16 * 4, frame.size() - l2);
  ip[10] = ip[11] = 0;
  const auto sum = static_cast<uint16_t>(~scenarios::OnesComplementSum({ip, header}));
  ip[10] = static_cast<uint8_t>(sum >> 8);
  ip[11] = static_cast<uint8_t>(sum);
  ShapeFtp(frame, l2, header);
}

void Run(absl::Span<const uint8_t> input) {
  static const Snapshots snapshots;
  constexpr milliseconds kPasses[] = {milliseconds(0),    milliseconds(1),     milliseconds(100),   milliseconds(1000),
                                      milliseconds(2001), milliseconds(31000), milliseconds(61000), milliseconds(301000)};
  World world(snapshots);
  int arrived = 0;
  ByteReader in(input);
  while (in.left() >= 3) {
    const uint8_t control = in.U8();
    const size_t length = in.U16();
    const auto bytes = in.Bytes(std::min(length, in.left()));
    const auto port = static_cast<PortId>((control & 3) % kPorts);
    if (length == 0) {
      world.Command(control >> 4 & 7);
    } else {
      world.now += kPasses[control >> 4 & 7];
      Bytes frame(bytes.begin(), bytes.end());
      if ((control & 4) != 0) Shape(port, frame);
      world.io.Arrive(port, frame);
      ++arrived;
    }
    if ((control & 8) == 0 && arrived < kBurst) continue;
    if ((control & 0x80) != 0) world.mailbox.event_room = 0;
    world.Poll();
    arrived = 0;
  }
  world.io.LimitTransmit(kLan, -1);
  world.Poll();
  world.Poll();
  world.ComeToRest();
}

}  // namespace
}  // namespace baton::dataplane

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const absl::Status started = baton::dataplane::StartEalForTests();
  if (!started.ok()) std::fprintf(stderr, "%s\n", started.ToString().c_str());
  return started.ok() ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  baton::dataplane::Run({data, size});
  return 0;
}
