#include "tests/scenarios/spreading_card.h"

#include <rte_thash.h>

#include "dataplane/client_hash.h"

namespace baton::scenarios {
namespace {

constexpr size_t kEntries = 256;

uint32_t Hash(const Bytes& frame, size_t address, size_t length, size_t port) {
  Bytes input(frame.begin() + static_cast<long>(address), frame.begin() + static_cast<long>(address + length));
  if (port != 0) input.insert(input.end(), {frame[port], frame[port + 1]});
  input.resize((input.size() + 3) / 4 * 4);
  std::vector<uint32_t> words;
  for (size_t i = 0; i < input.size(); i += 4) {
    words.push_back(uint32_t{input[i]} << 24 | uint32_t{input[i + 1]} << 16 | uint32_t{input[i + 2]} << 8 |
                    input[i + 3]);
  }
  const Bytes key(dataplane::kSpreadKey.begin(), dataplane::kSpreadKey.end());  // aligned: it is read in words
  return rte_softrss(words.data(), static_cast<uint32_t>(words.size()), key.data());
}

}  // namespace

std::optional<uint16_t> SpreadingCard::QueueOf(const Bytes& frame) const {
  const bool source = by == SpreadBy::kSource;
  size_t l3 = 14;
  if (frame.size() > 18 && frame[12] == 0x81 && frame[13] == 0x00) l3 = 18;
  if (by == SpreadBy::kNothing || frame.size() < l3 + 20) return std::nullopt;
  const unsigned type = frame[l3 - 2] * 256u + frame[l3 - 1];
  const bool ipv4 = type == 0x0800;
  if (!ipv4 && (type != 0x86dd || frame.size() < l3 + 40)) return std::nullopt;
  const size_t length = ipv4 ? 4 : 16;
  const size_t address = ipv4 ? l3 + (source ? 12 : 16) : l3 + (source ? 8 : 24);
  size_t port = 0;
  if (!addresses_only) {
    const uint8_t protocol = ipv4 ? frame[l3 + 9] : frame[l3 + 6];
    const size_t l4 = ipv4 ? l3 + (frame[l3] & 0x0fu) * 4 : l3 + 40;
    const bool in_pieces = ipv4 && ((frame[l3 + 6] & 0x3f) != 0 || frame[l3 + 7] != 0);
    if ((protocol != 6 && protocol != 17) || in_pieces || frame.size() < l4 + 4) return std::nullopt;
    port = l4 + (source ? 0 : 2);
  }
  return static_cast<uint16_t>(Hash(frame, address, length, port) % kEntries % 128 % queues);
}

}  // namespace baton::scenarios
