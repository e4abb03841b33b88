#include "generator/fragments/reassembly.h"

#include <algorithm>
#include <cstring>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr uint32_t kUnit = 8;

uint64_t HashOf(const std::array<uint8_t, 32>& ends, uint32_t id) {
  uint64_t words[4];
  std::memcpy(words, ends.data(), sizeof words);
  uint64_t hash = id * 0x9e3779b97f4a7c15;
  for (const uint64_t word : words) hash = (hash ^ word ^ hash >> 29) * 0xd6e8feb86659fd93;
  return hash ^ hash >> 32;
}

}  // namespace

Reassembly::Reassembly(uint16_t longest)
    : longest_(longest),
      words_((longest / kUnit + 63) / 64 + 1),
      bytes_(kSlots * (longest + size_t{64})),
      bits_(kSlots * words_),
      slots_(kSlots) {
  for (size_t i = 0; i < kSlots; ++i) {
    slots_[i].frame = bytes_.data() + i * (longest + size_t{64});
    slots_[i].there = bits_.data() + i * words_;
  }
}

Reassembly::Piece Reassembly::ReadPiece(const uint8_t* frame, const Arrival& arrival) {
  Piece piece{.key = {.ipv4 = arrival.ipv4}, .at = arrival.l4, .length = 0, .offset = 0, .more = false};
  if (arrival.ipv4) {
    const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame + kIp);
    std::memcpy(piece.key.ends.data(), &ip.src, 8);
    piece.key.id = ip.identification.get();
    piece.key.protocol = ip.protocol;
    const uint16_t fragment = ip.fragment.get();
    piece.offset = (fragment & kIpv4FragmentOffset) * kUnit;
    piece.more = (fragment & kIpv4MoreFragments) != 0;
  } else {
    std::memcpy(piece.key.ends.data(), frame + kIp + 8, 32);
    const uint8_t* header = frame + arrival.l4;
    Be32 id;
    std::memcpy(&id, header + 4, 4);
    piece.key.id = id.get();
    piece.key.protocol = header[0];
    piece.offset = static_cast<uint32_t>((header[2] << 8 | header[3]) & ~7);
    piece.more = (header[3] & 1) != 0;
    piece.at = static_cast<uint16_t>(piece.at + 8);
  }
  piece.length = static_cast<uint16_t>(arrival.length - piece.at);
  return piece;
}

// The datagram's slot: one that it has, or another that is taken for it: a free one, one that is over, the oldest.
Reassembly::Slot& Reassembly::Find(const Key& key, int64_t now_ns) {
  Slot* set = &slots_[HashOf(key.ends, key.id) % kSets * kWays];
  Slot* best = set;
  const auto rank = [](const Slot& slot) {
    return slot.state == State::kFree ? 0 : slot.state == State::kFilling ? 2 : 1;
  };
  for (Slot* slot = set; slot != set + kWays; ++slot) {
    if (slot->state != State::kFree && now_ns - slot->began_ns > kPatienceNs) {
      counts_.incomplete += slot->state == State::kFilling;
      slot->state = State::kFree;
    }
    if (slot->state != State::kFree && slot->key == key) return *slot;
    if (rank(*slot) < rank(*best) || (rank(*slot) == rank(*best) && slot->began_ns < best->began_ns)) best = slot;
  }
  counts_.no_room += best->state == State::kFilling;
  best->state = State::kFilling;
  best->key = key;
  best->began_ns = now_ns;
  best->total = best->received = best->highest = 0;
  std::fill(best->there, best->there + words_, 0);
  return *best;
}

// False: it is refused, and the datagram with it, or it was there already.
bool Reassembly::Place(Slot& slot, const Piece& piece, const uint8_t* frame) {
  const uint32_t first = piece.offset / kUnit, units = (piece.length + kUnit - 1) / kUnit;
  const uint32_t end = piece.offset + piece.length;
  uint32_t known = 0;
  for (uint32_t unit = first; unit < first + units; ++unit) known += slot.there[unit / 64] >> unit % 64 & 1;
  const uint16_t l4 = L4Of(piece.key.ipv4);
  uint8_t* to = slot.frame + l4 + piece.offset;
  const bool last_known = slot.total != 0;
  if (known == units && std::memcmp(to, frame + piece.at, piece.length) == 0 && (piece.more || slot.total == end)) {
    ++counts_.duplicated;
    return false;
  }
  // Its end is behind the datagram's, or there are two ends (RFC 5722, and RFC 791 has no other way to read it).
  const bool two_ends = (last_known && (piece.more ? end > slot.total : end != slot.total)) ||
                        (!piece.more && slot.highest > end);
  if (known != 0 || two_ends) {
    ++counts_.overlapping;
    slot.state = State::kRefused;
    return false;
  }
  for (uint32_t unit = first; unit < first + units; ++unit) slot.there[unit / 64] |= uint64_t{1} << unit % 64;
  std::memcpy(to, frame + piece.at, piece.length);
  if (piece.offset == 0) std::memcpy(slot.frame, frame, l4);
  if (!piece.more) slot.total = end;
  slot.received += piece.length;
  slot.highest = std::max(slot.highest, end);
  return true;
}

std::optional<Reassembly::Whole> Reassembly::Take(const uint8_t* frame, const Arrival& arrival, int64_t now_ns) {
  ++counts_.arrived;
  const bool known_header = arrival.l4 == L4Of(arrival.ipv4) && arrival.length >= arrival.l4 + (arrival.ipv4 ? 0 : 8);
  if (!known_header) {
    ++counts_.impossible;
    return std::nullopt;
  }
  const Piece piece = ReadPiece(frame, arrival);
  if (piece.length == 0 || (piece.more && piece.length % kUnit != 0) ||
      L4Of(piece.key.ipv4) + piece.offset + piece.length > longest_) {
    ++counts_.impossible;
    return std::nullopt;
  }
  Slot& slot = Find(piece.key, now_ns);
  if (slot.state == State::kDone) ++counts_.duplicated;
  if (slot.state != State::kFilling || !Place(slot, piece, frame)) return std::nullopt;
  if (slot.total == 0 || slot.received < slot.total) return std::nullopt;
  ++counts_.datagrams;
  return Finish(slot);
}

// The headers as if the datagram had never been cut.
Reassembly::Whole Reassembly::Finish(Slot& slot) {
  slot.state = State::kDone;
  if (slot.key.ipv4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(slot.frame + kIp);
    ip.total_length = Be16(static_cast<uint16_t>(sizeof(Ipv4Header) + slot.total));
    ip.fragment = Be16(0);
    ip.checksum.set_raw(0);
    ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, sizeof ip)));
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(slot.frame + kIp);
    ip.payload_length = Be16(static_cast<uint16_t>(slot.total));
    ip.next_header = slot.key.protocol;
  }
  return {slot.frame, static_cast<uint16_t>(L4Of(slot.key.ipv4) + slot.total)};
}

FragmentCounts Reassembly::counts() const {
  FragmentCounts counts = counts_;
  for (const Slot& slot : slots_) counts.incomplete += slot.state == State::kFilling;
  return counts;
}

}  // namespace baton::generator
