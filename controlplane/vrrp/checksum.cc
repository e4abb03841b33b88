#include "controlplane/vrrp/checksum.h"

#include <cstring>

#include "common/checksum.h"

namespace baton::controlplane::vrrp {
namespace {

constexpr size_t kChecksumAt = 6;

uint64_t SumOf(absl::Span<const uint8_t> message, const Ends& ends, ChecksumOver over) {
  const uint64_t sum = over == ChecksumOver::kPseudoHeaderToo
                           ? PseudoHeaderSum(ends.src, ends.dst, kProtocol, static_cast<uint32_t>(message.size()))
                           : 0;
  return AddToChecksum(sum, message.data(), message.size());
}

}  // namespace

void PutChecksum(std::vector<uint8_t>& message, const Ends& ends, ChecksumOver over) {
  if (message[0] >> 4 == 2) {
    over = ChecksumOver::kMessage;
  } else if (!ends.src.is_v4()) {
    over = ChecksumOver::kPseudoHeaderToo;
  }
  message[kChecksumAt] = message[kChecksumAt + 1] = 0;
  const uint16_t raw = FinishChecksum(SumOf(message, ends, over));
  std::memcpy(&message[kChecksumAt], &raw, sizeof(raw));
}

std::optional<ChecksumOver> CheckChecksum(absl::Span<const uint8_t> message, const Ends& ends) {
  const bool is_v2 = message[0] >> 4 == 2;
  for (const ChecksumOver over : {ChecksumOver::kMessage, ChecksumOver::kPseudoHeaderToo}) {
    if (over == ChecksumOver::kMessage && !is_v2 && !ends.src.is_v4()) continue;
    if (over == ChecksumOver::kPseudoHeaderToo && is_v2) continue;
    if (FoldChecksum(SumOf(message, ends, over)) == 0xffff) return over;
  }
  return std::nullopt;
}

}  // namespace baton::controlplane::vrrp
