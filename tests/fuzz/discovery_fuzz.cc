// Frames for the discovery of end systems. The input is a sequence of (control byte, length, frame); between two frames
// time passes. Held: the table keeps its limit and has no address that none can have, a discovery comes to its end,
// whatever is accepted as a probe survives encoding, and all that we send decodes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "common/bytes.h"
#include "controlplane/load_sharing/discovery.h"
#include "controlplane/load_sharing/probe.h"
#include "controlplane/neighbor/codec.h"

namespace baton::controlplane::load_sharing {
namespace {

constexpr size_t kLimit = 8;

void Require(bool held) {
  if (!held) std::abort();
}

DiscoveryConfig Config(bool is_v4, uint8_t choice) {
  DiscoveryConfig config;
  config.methods = {(choice & 1) != 0, (choice & 2) != 0, (choice & 4) != 0, (choice & 8) != 0, (choice & 16) != 0};
  config.mac = {{2, 0, 0, 0, 0, 2}};
  config.own = is_v4 ? IpAddress::V4(0xc0000202) : *IpAddress::Parse("2001:db8::2");
  config.prefix = is_v4 ? Prefix::Of(config.own, 28) : Prefix::Of(config.own, 64);
  config.identifier = 0x4242;
  config.limit = kLimit;
  return config;
}

void CheckSent(const std::vector<std::vector<uint8_t>>& frames) {
  Require(frames.size() <= kProbesPerTick + 2);
  for (const std::vector<uint8_t>& frame : frames) {
    Require(neighbor::Decode(frame).ok() || DecodeProbe(frame).has_value());
  }
}

void Run(absl::Span<const uint8_t> input) {
  ByteReader in(input);
  const bool is_v4 = (in.U8() & 1) == 0;
  Discovery discovery(Config(is_v4, in.U8()));
  TimePoint now{std::chrono::hours(1)};
  discovery.Start(now);
  while (in.left() != 0) {
    const uint8_t control = in.U8();
    const absl::Span<const uint8_t> frame = in.Bytes(std::min<size_t>(in.U8(), in.left()));
    now += std::chrono::milliseconds(control);
    if (control == 255) discovery.Start(now);
    CheckSent(discovery.Tick(now));
    const size_t before = discovery.Nodes(now).size();
    const bool is_new = discovery.Hear(frame, now);
    Require(discovery.Nodes(now).size() == before + (is_new ? 1 : 0));
    if (const auto probe = DecodeProbe(frame)) Require(DecodeProbe(EncodeProbe(*probe)) == probe);
  }
  Require(discovery.Nodes(now).size() <= kLimit);
  for (const Node& node : discovery.Nodes(now)) {
    Require(node.address.is_v4() == is_v4 && !node.address.is_unspecified() && !node.address.is_multicast());
  }
  for (int i = 0; i < 1000 && discovery.running(); ++i) CheckSent(discovery.Tick(discovery.NextDeadline()));
  Require(!discovery.running());
}

}  // namespace
}  // namespace baton::controlplane::load_sharing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  baton::controlplane::load_sharing::Run({data, size});
  return 0;
}
