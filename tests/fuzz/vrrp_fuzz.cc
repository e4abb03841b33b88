// Advertisements and the machine that hears them. The input is a sequence of (control byte, length, message); between
// two messages time passes. Held: what is accepted survives encoding, whatever version it has; the machine never waits
// for ever once it has started, and is Active or Backup.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "common/bytes.h"
#include "common/checksum.h"
#include "controlplane/vrrp/machine.h"

namespace baton::controlplane::vrrp {
namespace {

void Require(bool held) {
  if (!held) std::abort();
}

// With the right checksum, or the fuzzer would seldom get past it.
std::vector<uint8_t> Corrected(absl::Span<const uint8_t> message, const Ends& ends, bool pseudo_header) {
  std::vector<uint8_t> bytes(message.begin(), message.end());
  if (bytes.size() < 8) return bytes;
  bytes[6] = bytes[7] = 0;
  const uint64_t pseudo =
      pseudo_header ? PseudoHeaderSum(ends.src, ends.dst, kProtocol, static_cast<uint32_t>(bytes.size())) : 0;
  const uint16_t raw = FinishChecksum(AddToChecksum(pseudo, bytes.data(), bytes.size()));
  std::memcpy(&bytes[6], &raw, 2);
  return bytes;
}

void CheckCodec(const Decoded& decoded, const Ends& ends) {
  if (decoded.malformed != Malformed::kNothing) return;
  const Decoded again = Decode(Encode(decoded.advert, ends, ChecksumOver::kMessage), ends);
  Require(again.malformed == Malformed::kNothing);
  // Of version 3 only what the field holds comes back; authentication other than a password is not kept.
  Require(again.advert == decoded.advert);
}

void Run(absl::Span<const uint8_t> input) {
  const IpAddress own = IpAddress::V4(0xc0000202), virtual_address = IpAddress::V4(0xc0000201);
  ByteReader in(input);
  const uint8_t choice = in.U8();
  RouterConfig config{.version = static_cast<uint8_t>((choice & 1) != 0 ? 2 : 3), .vrid = 1, .priority = in.U8()};
  if (config.priority == 0) config.priority = 1;
  config.preempt = (choice & 2) != 0;
  config.preempt_delay = std::chrono::milliseconds(choice);
  config.own = own;
  config.addresses = {virtual_address};
  TimePoint now{std::chrono::seconds(1)};
  State state = React(config, {}, Started{}, now).next;
  while (in.left() != 0) {
    const uint8_t control = in.U8();
    const auto bytes = in.Bytes(std::min<size_t>(in.U8(), in.left()));
    Ends ends{IpAddress::V4(0xc0000200u + (control >> 4)), MulticastAddress(Family::kIpv4)};
    if ((control & 1) != 0) ends = {*IpAddress::Parse("fe80::3"), MulticastAddress(Family::kIpv6)};
    const std::vector<uint8_t> message = (control & 2) != 0 ? Corrected(bytes, ends, (control & 4) != 0)
                                                            : std::vector<uint8_t>(bytes.begin(), bytes.end());
    const Decoded decoded = Decode(message, ends);
    CheckCodec(decoded, ends);
    now += std::chrono::milliseconds(control * 10);
    if (decoded.malformed == Malformed::kNothing && Check(config, decoded.advert, ends.src, 255) == Refusal::kNothing) {
      state = React(config, state, AdvertHeard{ends.src, decoded.advert.priority, decoded.advert.interval}, now).next;
    }
    state = React(config, state, DeadlinePassed{}, now).next;
    Require(state.role != Role::kInitialize);
    Require(state.deadline > now && state.deadline <= now + 4 * std::chrono::seconds(256));
  }
}

}  // namespace
}  // namespace baton::controlplane::vrrp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  baton::controlplane::vrrp::Run({data, size});
  return 0;
}
