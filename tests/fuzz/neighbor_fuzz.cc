// Frames for the driver of ARP and neighbour discovery. The input is a sequence of (control byte, length, frame);
// between two frames time passes. Held: the table keeps its limit, a frame is answered once at most, whatever is
// accepted survives encoding, whatever we send decodes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"
#include "controlplane/neighbor/neighbors.h"
#include "controlplane/neighbor/responder.h"

namespace baton::controlplane::neighbor {
namespace {

void Require(bool held) {
  if (!held) std::abort();
}

struct World : Callbacks {
  size_t sent = 0;

  void SendFrame(PortId, absl::Span<const uint8_t> frame) override {
    ++sent;
    const auto decoded = Decode(frame);
    Require(decoded.ok());
    const std::vector<uint8_t> again = Encode(*decoded);
    Require(absl::MakeConstSpan(again) == frame);
  }
  void Tell(const SetNeighbor& update) override {
    Require((update.state == SetNeighbor::State::kReachable) == !update.mac.is_zero());
    Require(!update.mac.is_group());
  }
  bool IsUsed(PortId, const IpAddress& a) const override { return (a.v6_bytes()[15] & 1) != 0; }
  std::optional<Station> VirtualStation(PortId, const IpAddress& a, const Asker&) const override {  // some hosts'
    const bool is_none = a.is_multicast() || a.is_loopback() || a == IpAddress::V4(0xffffffff);
    if (is_none || (a.v6_bytes()[15] & 0x10) == 0) return std::nullopt;
    const MacAddress mac{{0, 0, 0x5e, 0, 1, a.v6_bytes()[15]}};
    return Station{mac, mac};
  }
  bool IsAnnounced(PortId, const IpAddress& a) const override {  // every 16th host of the ports' networks
    const bool ours = a.is_v4() ? a.v4() >> 24 == 10 : a.v6_bytes()[0] == 0x20;
    return ours && (a.v6_bytes()[15] & 0x0f) == 2;
  }
};

Config TwoPorts() {
  Config config;
  config.limit = 8;
  PortInfo lan{.name = "lan", .mac = {{2, 0, 0, 0, 0, 2}}, .addresses = {}};
  lan.addresses = {{IpAddress::V4(0x0a000002), 8}, {IpAddress::Parse("2001:db8::2").value(), 64}};
  PortInfo wan = lan;
  wan.vlan = 100;
  config.ports = {lan, wan};
  return config;
}

void CheckCodec(absl::Span<const uint8_t> bytes) {
  const auto frame = Decode(bytes);
  if (!frame.ok()) return;
  const auto again = Decode(Encode(*frame));
  Require(again.ok() && *again == *frame);
}

// Puts the right ICMPv6 checksum into an untagged frame, or the fuzzer would seldom get past it.
std::vector<uint8_t> Corrected(absl::Span<const uint8_t> bytes) {
  constexpr size_t kAddressesAt = 22, kIcmpAt = 54;
  std::vector<uint8_t> frame(bytes.begin(), bytes.end());
  if (frame.size() < kIcmpAt + 4) return frame;
  frame[kIcmpAt + 2] = frame[kIcmpAt + 3] = 0;
  const size_t length = std::min<size_t>(frame[18] << 8 | frame[19], frame.size() - kIcmpAt);
  const uint8_t tail[8] = {0, 0, frame[18], frame[19], 0, 0, 0, kIcmpv6};
  const uint64_t pseudo = AddToChecksum(AddToChecksum(0, &frame[kAddressesAt], 32), tail, 8);
  const uint16_t raw = FinishChecksum(AddToChecksum(pseudo, &frame[kIcmpAt], length));
  std::memcpy(&frame[kIcmpAt + 2], &raw, 2);
  return frame;
}

void Run(absl::Span<const uint8_t> input) {
  World world;
  Neighbors neighbors(TwoPorts(), world);
  TimePoint now{};
  ByteReader in(input);
  while (in.left() != 0) {
    const uint8_t control = in.U8();
    const auto port = static_cast<PortId>(control & 1);
    const size_t length = in.U8();
    auto frame = in.Bytes(std::min(length, in.left()));
    const std::vector<uint8_t> corrected = Corrected(frame);
    if ((control & 4) != 0) frame = corrected;
    CheckCodec(frame);
    if ((control & 2) != 0) neighbors.OnNeed({.address = IpAddress::V4(0x0a000000u | control), .port = port}, now);
    const size_t before = world.sent;
    neighbors.OnFrame(port, frame, now);
    Require(world.sent <= before + 1);
    now += std::chrono::milliseconds(control * 8);
    neighbors.Tick(now);
    Require(neighbors.size() <= 8);
    Require(neighbors.NextDeadline() > now);
  }
}

}  // namespace
}  // namespace baton::controlplane::neighbor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  baton::controlplane::neighbor::Run({data, size});
  return 0;
}
