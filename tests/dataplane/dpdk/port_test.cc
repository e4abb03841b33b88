#include "dataplane/dpdk/port.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/dpdk/port_io.h"

namespace baton::dataplane {
namespace {

DpdkBufferPool& Pool() {
  // Never freed: statics would be destroyed after DPDK was stopped.
  static DpdkBufferPool* pool = DpdkBufferPool::Create("port_test", 4095).value().release();
  return *pool;
}

std::unique_ptr<Port> Open(const PortSpec& spec) {
  auto port = OpenPort(spec, Pool());
  INFO(port.status());
  REQUIRE(port.ok());
  return *std::move(port);
}

// A frame of `length` bytes that count up from `first`.
Packet Frame(uint8_t first, uint16_t length) {
  const BufferPool::Buffer buffer = Pool().Allocate();
  REQUIRE(buffer.handle != nullptr);
  Packet packet;
  packet.buffer = buffer.handle;
  packet.data = buffer.data;
  packet.length = length;
  for (int i = 0; i < length; ++i) packet.data[i] = static_cast<uint8_t>(first + i);
  return packet;
}

bool CountsUpFrom(uint8_t first, const Packet& packet) {
  for (int i = 0; i < packet.length; ++i) {
    if (packet.data[i] != static_cast<uint8_t>(first + i)) return false;
  }
  return true;
}

// Two ports joined by a ring: what one sends the other receives.
struct JoinedPorts {
  explicit JoinedPorts(const std::string& name)
      : left(Open({.name = name + "_l", .kind = DeviceKind::kRing, .argument = name})),
        right(Open({.name = name + "_r", .kind = DeviceKind::kRing, .argument = name})) {
    io.AddPort(0, *left);
    io.AddPort(1, *right);
  }
  std::unique_ptr<Port> left, right;
  DpdkPortIo io{0, Pool()};
};

}  // namespace

TEST_CASE("a frame goes from one port to the other as it was sent, and back") {
  JoinedPorts ports("wire");
  Packet out = Frame(5, 100);
  Packet* const outs[] = {&out};
  REQUIRE(ports.io.Send(0, outs, 1) == 1);
  Packet in[kBurst];
  CHECK(ports.io.Receive(0, in, kBurst) == 0);
  in[0].Drop(DropReason::kNoRoute);  // left over from a packet before
  in[0].neighbor = 9;
  in[0].key.v6.protocol = 17;
  REQUIRE(ports.io.Receive(1, in, kBurst) == 1);
  CHECK(in[0].length == 100);
  CHECK(in[0].port == 1);
  CHECK(CountsUpFrom(5, in[0]));
  CHECK(in[0].alive());
  CHECK(in[0].drop == DropReason::kNone);
  CHECK(in[0].neighbor == 0);
  CHECK(in[0].key.v6.protocol == 0);

  Packet* const back[] = {&in[0]};
  REQUIRE(ports.io.Send(1, back, 1) == 1);
  Packet again[kBurst];
  REQUIRE(ports.io.Receive(0, again, kBurst) == 1);
  CHECK(again[0].port == 0);
  ports.io.Free(&again[0].buffer, 1);
  CHECK(Pool().in_use() == 0);
}

TEST_CASE("a frame may have grown, shrunk or moved since it was received") {
  JoinedPorts ports("moved");
  struct Case { const char* name; int moved; uint16_t length; };
  const auto c = GENERATE(values<Case>({
      {"a tag was added in front", -4, 104},
      {"as far into the headroom as allowed", -kMinHeadroom, 164},
      {"a tag was removed", 4, 96},
      {"an answer was built in place", 0, 1514},
      {"cut short", 0, 60},
  }));
  CAPTURE(c.name);
  Packet packet = Frame(0, 100);
  packet.data += c.moved;
  packet.length = c.length;
  for (int i = 0; i < c.length; ++i) packet.data[i] = static_cast<uint8_t>(7 + i);
  Packet* const packets[] = {&packet};
  REQUIRE(ports.io.Send(0, packets, 1) == 1);
  Packet in[kBurst];
  REQUIRE(ports.io.Receive(1, in, kBurst) == 1);
  CHECK(in[0].length == c.length);
  CHECK(CountsUpFrom(7, in[0]));
  ports.io.Free(&in[0].buffer, 1);
}

TEST_CASE("many frames arrive in order, and what does not fit stays with the sender") {
  JoinedPorts ports("brim");
  std::vector<Packet> packets;
  std::vector<Packet*> pointers;
  for (int i = 0; i < 1100; ++i) packets.push_back(Frame(static_cast<uint8_t>(i), 64));
  for (Packet& packet : packets) pointers.push_back(&packet);
  REQUIRE(ports.io.Send(0, pointers.data(), 1100) == 1023);  // a ring of 1024 holds one less
  for (int i = 1023; i < 1100; ++i) ports.io.Free(&packets[i].buffer, 1);
  int received = 0, wrong = 0;
  Packet in[kBurst];
  while (const int count = ports.io.Receive(1, in, kBurst)) {
    void* buffers[kBurst];
    for (int i = 0; i < count; ++i) {
      if (!CountsUpFrom(static_cast<uint8_t>(received++), in[i])) ++wrong;
      buffers[i] = in[i].buffer;
    }
    ports.io.Free(buffers, count);
  }
  CHECK(received == 1023);
  CHECK(wrong == 0);
  CHECK(Pool().in_use() == 0);
}

TEST_CASE("frames that nobody received go back to the pool with the ports") {
  {
    JoinedPorts ports("leftover");
    Packet packet = Frame(0, 64);
    Packet* const packets[] = {&packet};
    REQUIRE(ports.io.Send(0, packets, 1) == 1);
    CHECK(Pool().in_use() == 1);
  }
  CHECK(Pool().in_use() == 0);
}

TEST_CASE("a ring joins two ports and no third, until one is closed") {
  const PortSpec spec = {.name = "third", .kind = DeviceKind::kRing, .argument = "pair"};
  JoinedPorts ports("pair");
  CHECK(OpenPort(spec, Pool()).status().code() == absl::StatusCode::kAlreadyExists);
  ports.left.reset();
  CHECK(OpenPort(spec, Pool()).ok());
}

TEST_CASE("a frame spread over several buffers is put together; one longer than a buffer is not") {
  JoinedPorts ports("chain");
  const auto send = [&](int segments, int length) {
    rte_mbuf* chain[kBurst];
    REQUIRE(rte_pktmbuf_alloc_bulk(Pool().mempool(), chain, static_cast<unsigned>(segments)) == 0);
    for (int i = 0; i < segments; ++i) {
      auto* bytes = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(chain[i], static_cast<uint16_t>(length)));
      for (int k = 0; k < length; ++k) bytes[k] = static_cast<uint8_t>(i * length + k);
      if (i > 0) REQUIRE(rte_pktmbuf_chain(chain[0], chain[i]) == 0);
    }
    REQUIRE(rte_eth_tx_burst(ports.left->dpdk_id(), 0, chain, 1) == 1);
  };
  send(3, 600);
  send(3, 700);  // 2100 of 2048
  Packet in[kBurst];
  REQUIRE(ports.io.Receive(1, in, kBurst) == 2);
  CHECK(in[0].length == 1800);
  CHECK(CountsUpFrom(0, in[0]));
  CHECK(in[1].length == 0);
  for (int i = 0; i < 2; ++i) ports.io.Free(&in[i].buffer, 1);
  CHECK(Pool().in_use() == 0);
}

TEST_CASE("buffers are allocated all or none, each with room for a frame") {
  auto pool = DpdkBufferPool::Create("port_test_pieces", 31);
  REQUIRE(pool.ok());
  DpdkPortIo io(0, **pool);
  WaitingPacket pieces[kBurst];
  REQUIRE(io.Allocate(pieces, 20));
  CHECK_FALSE(io.Allocate(pieces + 20, 12));
  CHECK((*pool)->in_use() == 20);
  for (int i = 0; i < 20; ++i) {
    std::memset(pieces[i].data, i, DpdkBufferPool::kDataRoom);
    CHECK(pieces[i].length == 0);
  }
  for (int i = 0; i < 20; ++i) {
    CHECK(pieces[i].data[DpdkBufferPool::kDataRoom - 1] == i);
    io.Free(&pieces[i].buffer, 1);
  }
  CHECK((*pool)->in_use() == 0);
}

TEST_CASE("the null device receives without end and swallows what is sent") {
  const auto port = Open({.name = "nothing", .kind = DeviceKind::kNull, .argument = "size=80"});
  CHECK(port->name() == "nothing");
  CHECK(port->device() == "net_null_nothing");
  DpdkPortIo io(0, Pool());
  io.AddPort(3, *port);
  Packet in[kBurst];
  REQUIRE(io.Receive(3, in, kBurst) == kBurst);
  CHECK(in[31].length == 80);
  CHECK(in[31].port == 3);
  Packet* pointers[kBurst];
  for (int i = 0; i < kBurst; ++i) pointers[i] = &in[i];
  CHECK(io.Send(3, pointers, kBurst) == kBurst);
  CHECK(port->stats().received == kBurst);
  CHECK(port->stats().sent == kBurst);
  CHECK(Pool().in_use() == 0);
}

TEST_CASE("an empty pool is counted, and the port goes on when there are buffers") {
  auto pool = DpdkBufferPool::Create("port_test_small", 31);
  REQUIRE(pool.ok());
  auto port = OpenPort({.name = "starving", .kind = DeviceKind::kNull, .descriptors = 16}, **pool);
  REQUIRE(port.ok());
  DpdkPortIo io(0, **pool);
  io.AddPort(0, **port);
  Packet in[kBurst];
  REQUIRE(io.Receive(0, in, 20) == 20);
  CHECK(io.Receive(0, in + 20, 12) == 0);
  for (int i = 0; i < 20; ++i) io.Free(&in[i].buffer, 1);
  CHECK(io.Receive(0, in, 12) == 12);
  for (int i = 0; i < 12; ++i) io.Free(&in[i].buffer, 1);
}

TEST_CASE("frames come from and go to capture files") {
  char directory[] = "/tmp/baton_port_test_XXXXXX";
  REQUIRE(mkdtemp(directory) != nullptr);
  const std::string in_file = std::string(directory) + "/in.pcap", out_file = std::string(directory) + "/out.pcap";
  // The format of libpcap: a header of 24 bytes (magic, version 2.4, link type 1: Ethernet), then records.
  std::string capture("\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0", 24);
  capture += std::string("\0\0\0\0\0\0\0\0\x40\0\0\0\x40\0\0\0", 16);  // one record of 64 bytes
  for (int i = 0; i < 64; ++i) capture.push_back(static_cast<char>(i + 1));
  std::ofstream(in_file, std::ios::binary) << capture;
  {
    const auto port = Open({.name = "file", .kind = DeviceKind::kPcap,
                            .argument = "rx_pcap=" + in_file + ",tx_pcap=" + out_file});
    DpdkPortIo io(0, Pool());
    io.AddPort(0, *port);
    Packet in[kBurst];
    REQUIRE(io.Receive(0, in, kBurst) == 1);
    CHECK(in[0].length == 64);
    CHECK(CountsUpFrom(1, in[0]));
    Packet* const out[] = {&in[0]};
    CHECK(io.Send(0, out, 1) == 1);
  }
  std::ifstream written(out_file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(written)), {});
  REQUIRE(bytes.size() == 24 + 16 + 64);
  CHECK(bytes.substr(40) == capture.substr(40));
  std::remove(in_file.c_str());
  std::remove(out_file.c_str());
  rmdir(directory);
  CHECK(Pool().in_use() == 0);
}

TEST_CASE("a device that EAL made is used by its name, and left when the port is closed") {
  REQUIRE(rte_eal_hotplug_add("vdev", "net_null77", "") == 0);
  {
    const auto port = Open({.name = "lan", .kind = DeviceKind::kDpdk, .argument = "net_null77",
                            .mac = {{2, 0, 0, 0, 0, 0x77}}});
    CHECK(port->mac() == MacAddress{{2, 0, 0, 0, 0, 0x77}});
    CHECK(port->link().up);
  }
  CHECK(rte_eal_hotplug_remove("vdev", "net_null77") == 0);
}

TEST_CASE("a port that cannot be opened says which and why") {
  struct Case { const char* name; PortSpec spec; absl::StatusCode code; const char* text; };
  const auto c = GENERATE(values<Case>({
      {"af_packet without such an interface", {.name = "wan", .kind = DeviceKind::kAfPacket, .argument = "eth9x"},
       absl::StatusCode::kNotFound, "port wan: no interface eth9x"},
      {"af_xdp without such an interface", {.name = "wan", .kind = DeviceKind::kAfXdp, .argument = "eth9x"},
       absl::StatusCode::kNotFound, "port wan: no interface eth9x"},
      {"no device of that name", {.name = "wan", .kind = DeviceKind::kDpdk, .argument = "net_none"},
       absl::StatusCode::kNotFound, "port wan: DPDK has no device \"net_none\""},
      {"no such PCI device", {.name = "wan", .kind = DeviceKind::kPci, .argument = "0000:ff:1f.7"},
       absl::StatusCode::kNotFound, "port wan: no usable PCI device 0000:ff:1f.7"},
      {"arguments that the driver refuses", {.name = "wan", .kind = DeviceKind::kNull, .argument = "colour=red"},
       absl::StatusCode::kInvalidArgument, "port wan: DPDK makes no device"},
      {"frames larger than buffers", {.name = "wan", .kind = DeviceKind::kNull, .mtu = 9000},
       absl::StatusCode::kInvalidArgument, "port wan: mtu 9000 needs buffers of 9216 bytes; they have 2048"},
  }));
  CAPTURE(c.name);
  const auto port = OpenPort(c.spec, Pool());
  REQUIRE_FALSE(port.ok());
  CHECK(port.status().code() == c.code);
  CAPTURE(port.status().message());
  CHECK(std::string(port.status().message()).rfind(c.text, 0) == 0);
}

TEST_CASE("a port takes the queues that its device has, if more are wanted") {
  const auto wire = OpenPort({.name = "wire", .kind = DeviceKind::kRing, .argument = "one_queue", .queues = 3}, Pool());
  REQUIRE(wire.ok());
  CHECK((*wire)->queues() == 1);
  const auto null = OpenPort({.name = "null", .kind = DeviceKind::kNull, .queues = 3}, Pool());
  REQUIRE(null.ok());
  CHECK((*null)->queues() == 3);
}

}  // namespace baton::dataplane
