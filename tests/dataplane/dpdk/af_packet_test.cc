// Ports on a veth pair: the kernel's sockets at one end, a port at the other. The pair lives in a network namespace
// that only the testing thread is in, and vanishes with it. Needs root; without it the test says so and passes.
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <arpa/inet.h>

#include <catch2/catch.hpp>

#include "dataplane/dpdk/port.h"
#include "dataplane/dpdk/port_io.h"

namespace baton::dataplane {
namespace {

constexpr uint16_t kExperimental = 0x88b5;  // IEEE 802: local experimental ethertype 1; nobody else here uses it

using Bytes = std::vector<uint8_t>;

Bytes Frame(uint8_t first, size_t length, bool tagged = false) {
  Bytes frame = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9};
  if (tagged) frame.insert(frame.end(), {0x81, 0x00, 0x00, 0x64});
  frame.insert(frame.end(), {kExperimental >> 8, kExperimental & 0xff});
  while (frame.size() < length) frame.push_back(static_cast<uint8_t>(first + frame.size()));
  return frame;
}

// The veth pair "near" (the port's) and "far" (the kernel's), and a raw socket on "far".
class VethPair {
 public:
  VethPair() {
    before_ = open("/proc/thread-self/ns/net", O_RDONLY);
    ready_ = before_ >= 0 && unshare(CLONE_NEWNET) == 0 &&
             std::system("ip link add near type veth peer name far && ip link set near up && ip link set far up") == 0;
    if (!ready_) return;
    socket_ = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    sockaddr_ll address = {};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex("far"));
    ready_ = socket_ >= 0 && bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~VethPair() {
    if (socket_ >= 0) close(socket_);
    if (before_ >= 0) {
      (void)setns(before_, CLONE_NEWNET);
      close(before_);
    }
  }
  bool ready() const { return ready_; }

  void Send(const Bytes& frame) const {
    REQUIRE(send(socket_, frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()));
  }

  // The next frame of ours that comes out at "far"; empty after two seconds without. A tag is in the frame or beside it
  // (the kernel moves it there), so it is not asked for.
  Bytes Receive() const {
    for (pollfd wait = {socket_, POLLIN, 0}; poll(&wait, 1, 2000) == 1;) {
      Bytes frame(65536);
      sockaddr_ll from = {};
      socklen_t from_length = sizeof(from);
      const ssize_t length =
          recvfrom(socket_, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&from), &from_length);
      if (length < 14 || from.sll_pkttype == PACKET_OUTGOING) continue;
      if (frame[12] != kExperimental >> 8 || frame[13] != (kExperimental & 0xff)) continue;
      frame.resize(static_cast<size_t>(length));
      return frame;
    }
    return {};
  }

  // Of "near", as the kernel sees it.
  ifreq Ask(unsigned long request) const {
    ifreq r = {};
    std::strcpy(r.ifr_name, "near");
    REQUIRE(ioctl(socket_, request, &r) == 0);
    return r;
  }

 private:
  int before_ = -1, socket_ = -1;
  bool ready_ = false;
};

// The next frame of ours that the port receives; empty after two seconds without.
Bytes Receive(DpdkPortIo& io) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < deadline) {
    Packet packet;
    if (io.Receive(0, &packet, 1) == 0) {
      std::this_thread::yield();
      continue;
    }
    const Bytes frame(packet.data, packet.data + packet.length);
    io.Free(&packet.buffer, 1);
    const size_t type = frame.size() > 18 && frame[12] == 0x81 && frame[13] == 0 ? 16 : 12;
    if (frame.size() > type + 1 && frame[type] == kExperimental >> 8 && frame[type + 1] == (kExperimental & 0xff)) {
      return frame;
    }
  }
  return {};
}

bool IsRoot(const VethPair& veth) {
  if (!veth.ready()) WARN("skipped: no network namespace can be made here; run as root");
  return veth.ready();
}

}  // namespace

TEST_CASE("an af_packet port is an interface of the kernel") {
  VethPair veth;
  if (!IsRoot(veth)) return;
  auto pool = DpdkBufferPool::Create("af_packet_test", 4095, 9216);
  REQUIRE(pool.ok());
  const auto mtu = GENERATE(uint16_t{1500}, uint16_t{1400}, uint16_t{9000});
  CAPTURE(mtu);
  auto port = OpenPort({.name = "wan", .kind = DeviceKind::kAfPacket, .argument = "near", .mtu = mtu}, **pool);
  INFO(port.status());
  REQUIRE(port.ok());
  CHECK(veth.Ask(SIOCGIFMTU).ifr_mtu == mtu);
  const ifreq mac = veth.Ask(SIOCGIFHWADDR);
  CHECK((*port)->mac() == MacAddress::From(reinterpret_cast<const uint8_t*>(mac.ifr_hwaddr.sa_data)));
  CHECK((*port)->link().up);
  REQUIRE(std::system("ip link set far mtu 9000") == 0);

  DpdkPortIo io(0, **pool);
  io.AddPort(0, **port);
  const size_t longest = mtu + 14u;
  for (const size_t length : {size_t{60}, size_t{590}, longest}) {
    CAPTURE(length);
    veth.Send(Frame(1, length));
    CHECK(Receive(io) == Frame(1, length));

    const Bytes frame = Frame(2, length);
    const BufferPool::Buffer buffer = (*pool)->Allocate();
    std::copy(frame.begin(), frame.end(), buffer.data);
    Packet packet;
    packet.buffer = buffer.handle;
    packet.data = buffer.data;
    packet.length = static_cast<uint16_t>(length);
    Packet* const packets[] = {&packet};
    REQUIRE(io.Send(0, packets, 1) == 1);
    CHECK(veth.Receive() == frame);
  }
  CHECK((*port)->stats().sent == 3);
  CHECK((*port)->stats().received >= 3);
  port->reset();
  CHECK((*pool)->in_use() == 0);
}

TEST_CASE("a tag is in the frame that an af_packet port receives") {
  VethPair veth;
  if (!IsRoot(veth)) return;
  auto pool = DpdkBufferPool::Create("af_packet_tag", 2047);
  REQUIRE(pool.ok());
  auto port = OpenPort({.name = "wan", .kind = DeviceKind::kAfPacket, .argument = "near", .vlan = 100}, **pool);
  REQUIRE(port.ok());
  DpdkPortIo io(0, **pool);
  io.AddPort(0, **port);
  for (const size_t length : {size_t{64}, size_t{1518}}) {
    CAPTURE(length);
    veth.Send(Frame(3, length, true));
    CHECK(Receive(io) == Frame(3, length, true));
  }
}

TEST_CASE("a port with a MAC address of its own receives what is sent to it") {
  VethPair veth;
  if (!IsRoot(veth)) return;
  auto pool = DpdkBufferPool::Create("af_packet_mac", 2047);
  REQUIRE(pool.ok());
  const MacAddress mac = {{2, 0, 0, 0, 0x12, 0x34}};
  auto port = OpenPort({.name = "wan", .kind = DeviceKind::kAfPacket, .argument = "near", .mac = mac}, **pool);
  REQUIRE(port.ok());
  CHECK((*port)->mac() == mac);
  DpdkPortIo io(0, **pool);
  io.AddPort(0, **port);
  Bytes frame = Frame(4, 64);
  std::copy(mac.bytes.begin(), mac.bytes.end(), frame.begin());
  veth.Send(frame);
  CHECK(Receive(io) == frame);
}

TEST_CASE("a port has the link that its interface has") {
  VethPair veth;
  if (!IsRoot(veth)) return;
  const auto kind = GENERATE(DeviceKind::kAfPacket, DeviceKind::kAfXdp);
  CAPTURE(kind == DeviceKind::kAfXdp);
  auto pool = DpdkBufferPool::Create("link_test", 8191);
  REQUIRE(pool.ok());
  auto port = OpenPort({.name = "wan", .kind = kind, .argument = "near"}, **pool);
  INFO(port.status());
  REQUIRE(port.ok());
  const auto becomes = [&](bool up) {  // the kernel takes up to a second to say so
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while ((*port)->link().up != up && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return (*port)->link().up == up;
  };
  CHECK(becomes(true));
  REQUIRE(std::system("ip link set far down") == 0);  // as a cable that is pulled
  CHECK(becomes(false));
  REQUIRE(std::system("ip link set far up") == 0);
  CHECK(becomes(true));
  REQUIRE(std::system("ip link set near down") == 0);
  CHECK(becomes(false));
}

TEST_CASE("frames that find the ring full are counted as missed") {
  VethPair veth;
  if (!IsRoot(veth)) return;
  const auto kind = GENERATE(DeviceKind::kAfPacket, DeviceKind::kAfXdp);
  CAPTURE(kind == DeviceKind::kAfXdp);
  auto pool = DpdkBufferPool::Create("missed_test", 16383);
  REQUIRE(pool.ok());
  auto port = OpenPort({.name = "wan", .kind = kind, .argument = "near"}, **pool);
  INFO(port.status());
  REQUIRE(port.ok());
  CHECK((*port)->stats().missed == 0);
  constexpr uint64_t kSent = 6000;
  for (uint64_t i = 0; i < kSent; ++i) veth.Send(Frame(1, 64));
  DpdkPortIo io(0, **pool);
  io.AddPort(0, **port);
  uint64_t received = 0;
  for (int idle = 0; idle < 1000;) {
    Packet packets[kBurst];
    const int count = io.Receive(0, packets, kBurst);
    idle = count == 0 ? idle + 1 : 0;
    for (int i = 0; i < count; ++i) {
      received += packets[i].data[12] == kExperimental >> 8 && packets[i].data[13] == (kExperimental & 0xff);
      io.Free(&packets[i].buffer, 1);
    }
  }
  const uint64_t missed = (*port)->stats().missed;
  CAPTURE(received, missed);
  CHECK(received > 0);
  CHECK(missed > 1000);  // neither ring has room for 5000
  CHECK(received + missed >= kSent);       // each frame of ours is one or the other;
  CHECK(received + missed < kSent + 100);  // the kernel sends a few of its own
  CHECK((*port)->stats().missed == missed);
}

}  // namespace baton::dataplane
