// Messages of load sharing, and advertisements with a list of units. The input is a control byte and a message. Held: what
// is accepted is encoded as it came; a message with a trailer is a message without it, too.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "controlplane/load_sharing/codec.h"
#include "controlplane/load_sharing/unit_list.h"

namespace baton::controlplane::load_sharing {
namespace {

void Require(bool held) {
  if (!held) std::abort();
}

void CheckUnitAdvert(const std::vector<uint8_t>& message, const vrrp::Ends& ends) {
  const DecodedUnitAdvert decoded = DecodeUnitAdvert(message, ends);
  if (decoded.malformed != Malformed::kNothing) return;
  Require(EncodeUnitAdvert(decoded.header, decoded.advert, ends, decoded.over, decoded.trailer) == message);
}

void Run(absl::Span<const uint8_t> input) {
  if (input.empty()) return;
  const uint8_t control = input[0];
  std::vector<uint8_t> message(input.begin() + 1, input.end());
  vrrp::Ends ends{IpAddress::V4(0xc0000203), IpAddress::V4(0xc0000202)};
  if ((control & 1) != 0) ends = {*IpAddress::Parse("fe80::3"), *IpAddress::Parse("fe80::2")};
  // With the right checksum, or the fuzzer would seldom get past it.
  const auto over = (control & 4) != 0 ? vrrp::ChecksumOver::kPseudoHeaderToo : vrrp::ChecksumOver::kMessage;
  if ((control & 2) != 0 && message.size() >= 8) vrrp::PutChecksum(message, ends, over);

  CheckUnitAdvert(message, ends);
  const Decoded decoded = DecodeMessage(message, ends);
  if (decoded.malformed != Malformed::kNothing) return;
  Require(decoded.type == TypeOf(decoded.message));
  Require(EncodeMessage(decoded.header, decoded.message, ends, decoded.over, decoded.trailer) == message);
  if (!decoded.trailer.has_value()) return;
  const std::vector<uint8_t> bare = EncodeMessage(decoded.header, decoded.message, ends, decoded.over);
  Require(bare.size() + kTrailerSize == message.size());
  Require(DecodeMessage(bare, ends).message == decoded.message);
}

}  // namespace
}  // namespace baton::controlplane::load_sharing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  baton::controlplane::load_sharing::Run({data, size});
  return 0;
}
