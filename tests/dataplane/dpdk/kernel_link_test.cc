// The kernel's interfaces beside ports, in a network namespace that only the testing thread is in: sockets of the
// kernel at one end, a worker's queue at the other. Needs root; without it the test says so and passes.
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "dataplane/dpdk/buffer_pool.h"
#include "dataplane/dpdk/kernel_link.h"

namespace baton::dataplane {
namespace {

using Bytes = std::vector<uint8_t>;
using std::chrono::steady_clock;

class OwnNetwork {
 public:
  OwnNetwork() : before_(open("/proc/thread-self/ns/net", O_RDONLY)) {
    ready_ = before_ >= 0 && unshare(CLONE_NEWNET) == 0;
    if (!ready_) WARN("skipped: no network namespace can be made here; run as root");
  }
  ~OwnNetwork() {
    if (ready_) (void)setns(before_, CLONE_NEWNET);
    if (before_ >= 0) close(before_);
  }
  bool ready() const { return ready_; }

 private:
  int before_;
  bool ready_ = false;
};

constexpr uint8_t kMac[] = {2, 0, 0, 0, 0x12, 0x34}, kPeer[] = {2, 0, 0, 0, 0, 9};

PortInfo Wan(uint16_t vlan = 0) {
  return {
      .name = "wan",
      .mac = MacAddress::From(kMac),
      .mtu = 1400,
      .vlan = vlan,
      .addresses = {InterfaceAddress::Parse("192.0.2.1/24").value(), InterfaceAddress::Parse("192.0.2.3/24").value(),
                    InterfaceAddress::Parse("2001:db8:1::1/64").value()},
      .kernel = "wan0"};
}

PortInfo Lan() { return {.name = "lan", .mac = {}, .addresses = {}}; }

// UDP from 192.0.2.2:7 to 192.0.2.1:`port` with one byte, without a UDP checksum (RFC 768).
Bytes Datagram(uint16_t port, uint8_t payload, uint16_t vlan = 0) {
  Bytes ip = {0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1,
              0, 7, static_cast<uint8_t>(port >> 8), static_cast<uint8_t>(port), 0, 9, 0, 0, payload};
  uint32_t sum = 0;
  for (size_t i = 0; i < 20; i += 2) sum += static_cast<uint32_t>(ip[i] << 8 | ip[i + 1]);
  sum = ~((sum & 0xffff) + (sum >> 16));
  ip[10] = static_cast<uint8_t>(sum >> 8);
  ip[11] = static_cast<uint8_t>(sum);
  Bytes frame(kMac, kMac + 6);
  frame.insert(frame.end(), kPeer, kPeer + 6);
  if (vlan != 0) frame.insert(frame.end(), {0x81, 0, static_cast<uint8_t>(vlan >> 8), static_cast<uint8_t>(vlan)});
  frame.insert(frame.end(), {8, 0});
  frame.insert(frame.end(), ip.begin(), ip.end());
  return frame;
}

// A UDP socket of the kernel on 192.0.2.1.
class Socket {
 public:
  explicit Socket(uint16_t port) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in own = {};
    own.sin_family = AF_INET;
    own.sin_port = htons(port);
    inet_pton(AF_INET, "192.0.2.1", &own.sin_addr);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
    const timeval limit{2, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Socket() { close(fd_); }
  // The first byte of the next datagram; -1 after two seconds without.
  int Hear() const {
    uint8_t byte;
    return recv(fd_, &byte, 1, 0) == 1 ? byte : -1;
  }
  void SendTo(const char* address, const char* text) const {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    inet_pton(AF_INET, address, &to.sin_addr);
    REQUIRE(sendto(fd_, text, std::strlen(text), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) > 0);
  }

 private:
  int fd_;
};

bool Give(DpdkBufferPool& pool, KernelQueue& queue, PortId port, const Bytes& frame) {
  const BufferPool::Buffer buffer = pool.Allocate();
  REQUIRE(buffer.handle != nullptr);
  std::copy(frame.begin(), frame.end(), buffer.data);
  Packet packet;
  packet.Start(buffer.data, buffer.handle, static_cast<uint16_t>(frame.size()), port);
  if (queue.Give(packet)) return true;
  pool.Free(buffer.handle);
  return false;
}

// The next frame of this Ethernet type that the kernel sends; empty after two seconds without.
Bytes Take(DpdkBufferPool& pool, KernelQueue& queue, uint16_t type, PortId* port) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(2);
  while (steady_clock::now() < deadline) {
    Packet packet;
    if (queue.Take(&packet, 1) == 0) {
      std::this_thread::yield();
      continue;
    }
    const Bytes frame(packet.data, packet.data + packet.length);
    *port = packet.port;
    pool.Free(packet.buffer);
    const size_t at = frame.size() > 18 && frame[12] == 0x81 ? 16 : 12;
    if (frame.size() > at + 1 && (frame[at] << 8 | frame[at + 1]) == type) return frame;
  }
  return {};
}

std::string Output(const char* command) {
  std::string text;
  FILE* pipe = popen(command, "r");
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) text += static_cast<char>(c);
  pclose(pipe);
  return text;
}

TEST_CASE("the kernel's interface is the port's twin, and goes with it") {
  OwnNetwork network;
  if (!network.ready()) return;
  auto pool = DpdkBufferPool::Create("kernel_twin", 2047);
  REQUIRE(pool.ok());
  {
    auto link = KernelLink::Create({Wan(), Lan()}, 1, **pool);
    INFO(link.status());
    REQUIRE(link.ok());
    const std::string shown = Output("ip address show dev wan0");
    CHECK(shown.find("mtu 1400") != std::string::npos);
    CHECK(shown.find("02:00:00:00:12:34") != std::string::npos);
    for (const char* address : {"inet 192.0.2.1/24 brd 192.0.2.255", "inet 192.0.2.3/24", "inet6 2001:db8:1::1/64"}) {
      CAPTURE(address);
      CHECK(shown.find(address) != std::string::npos);
    }
    CHECK(shown.find("tentative") == std::string::npos);
    CHECK(shown.find(",UP") != std::string::npos);
  }
  CHECK(if_nametoindex("wan0") == 0);
  CHECK((*pool)->in_use() == 0);
}

TEST_CASE("frames go to the kernel and come from it, without the port's tag inside") {
  OwnNetwork network;
  if (!network.ready()) return;
  auto pool = DpdkBufferPool::Create("kernel_frames", 2047);
  REQUIRE(pool.ok());
  const auto vlan = GENERATE(uint16_t{0}, uint16_t{100});
  CAPTURE(vlan);
  {
    auto link = KernelLink::Create({Lan(), Wan(vlan)}, 2, **pool);
    REQUIRE(link.ok());
    const Socket socket(161);
    REQUIRE(Give(**pool, (*link)->queue(0), 1, Datagram(161, 7, vlan)));
    CHECK(socket.Hear() == 7);
    REQUIRE(Give(**pool, (*link)->queue(1), 1, Datagram(161, 8, vlan)));  // any worker
    CHECK(socket.Hear() == 8);
    const Bytes copied = Datagram(161, 9, vlan);
    (*link)->Write(1, copied.data(), copied.size());  // the control thread
    CHECK(socket.Hear() == 9);
    (*link)->Write(0, copied.data(), copied.size());  // a port without a kernel side: nobody's

    REQUIRE(std::system("ip neighbor replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev wan0") == 0);
    socket.SendTo("192.0.2.9", "hello");
    PortId port = kNoPort;
    const Bytes sent = Take(**pool, (*link)->queue(0), 0x0800, &port);
    CHECK(port == 1);
    const size_t tag = vlan != 0 ? 4 : 0;
    REQUIRE(sent.size() == 14 + tag + 20 + 8 + 5);
    Bytes head(kPeer, kPeer + 6);
    head.insert(head.end(), kMac, kMac + 6);
    if (vlan != 0) head.insert(head.end(), {0x81, 0, 0, 100});
    head.insert(head.end(), {8, 0, 0x45});
    CHECK(Bytes(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(head.size())) == head);
    CHECK(std::string(sent.end() - 5, sent.end()) == "hello");
    CHECK((*link)->refused(1) == 0);

    REQUIRE(std::system("ip link set wan0 down") == 0);
    (*link)->Write(1, copied.data(), copied.size());
    CHECK((*link)->refused(1) == 1);
  }
  CHECK((*pool)->in_use() == 0);
}

TEST_CASE("a full ring to the kernel refuses, and nothing is lost for good") {
  OwnNetwork network;
  if (!network.ready()) return;
  auto pool = DpdkBufferPool::Create("kernel_full", 4095);
  REQUIRE(pool.ok());
  {
    auto link = KernelLink::Create({Wan()}, 1, **pool);
    REQUIRE(link.ok());
    int refused = 0;
    const auto deadline = steady_clock::now() + std::chrono::seconds(5);
    while (refused == 0 && steady_clock::now() < deadline) {
      if (!Give(**pool, (*link)->queue(0), 0, Datagram(161, 1))) ++refused;
    }
    CHECK(refused == 1);
    const Socket socket(161);
    bool heard = false;
    while (!heard && steady_clock::now() < deadline) {
      Give(**pool, (*link)->queue(0), 0, Datagram(161, 2));
      heard = socket.Hear() == 2;
    }
    CHECK(heard);
  }
  CHECK((*pool)->in_use() == 0);
}

TEST_CASE("a name that is taken, or cannot be, is refused by name") {
  OwnNetwork network;
  if (!network.ready()) return;
  auto pool = DpdkBufferPool::Create("kernel_names", 2047);
  REQUIRE(pool.ok());
  REQUIRE(std::system("ip link add wan0 type veth peer name far") == 0);
  const auto link = KernelLink::Create({Wan()}, 1, **pool);
  CHECK(link.status() ==
        absl::AlreadyExistsError("port wan: kernel: interface wan0 exists already; batond makes its own"));
}

}  // namespace
}  // namespace baton::dataplane
