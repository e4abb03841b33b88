#include "generator/mobile/headers.h"

#include <algorithm>
#include <cstring>

#include "common/headers.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr uint16_t kFirst = kIp + sizeof(Ipv6Header);
constexpr uint8_t kHomeAddressOption = 201, kPad1 = 0, kPadN = 1, kType2 = 2;
constexpr int kMostHeaders = 4;

// RFC 8200, 4.2: type, length, value; a Pad1 is a byte alone. False: an option that does not fit.
bool ReadOptions(const uint8_t* frame, uint16_t from, uint16_t end, MobileHeaders& found) {
  for (uint16_t at = from; at < end;) {
    if (frame[at] == kPad1) {
      ++at;
      continue;
    }
    if (at + 2 > end || at + 2 + frame[at + 1] > end) return false;
    if (frame[at] == kHomeAddressOption) {
      if (frame[at + 1] != 16) return false;
      found.source_home = static_cast<uint16_t>(at + 2);
    }
    at = static_cast<uint16_t>(at + 2 + frame[at + 1]);
  }
  return true;
}

}  // namespace

MobileHeaders ReadMobileHeaders(const uint8_t* frame, uint16_t length, uint8_t first) {
  MobileHeaders found{.next = first, .l4 = kFirst};
  for (int i = 0; i < kMostHeaders && (found.next == kDestinationOptions || found.next == kRouting); ++i) {
    if (found.l4 + 8 > length) return found;
    const uint8_t* header = frame + found.l4;
    const auto end = static_cast<uint16_t>(found.l4 + 8 + header[1] * 8);
    if (end > length) return found;
    if (found.next == kDestinationOptions) {
      if (!ReadOptions(frame, static_cast<uint16_t>(found.l4 + 2), end, found)) return found;
    } else if (header[3] != 0) {  // segments left
      if (header[2] != kType2 || header[1] != 2 || header[3] != 1) return found;
      found.receiver_home = static_cast<uint16_t>(found.l4 + 8);
    }
    found.next = header[0];
    found.l4 = end;
  }
  found.right = found.next != kDestinationOptions && found.next != kRouting;
  return found;
}

void WriteHomeOption(uint8_t* at, uint8_t next) {
  const uint8_t header[8] = {next, kMobileHeader / 8 - 1, kPadN, 2, 0, 0, kHomeAddressOption, 16};
  std::memcpy(at, header, sizeof header);
  std::memset(at + 8, 0, 16);
}

void SendFrom(uint8_t* frame, const IpAddress& care_of) {
  auto& ip = *reinterpret_cast<Ipv6Header*>(frame + kIp);
  std::memcpy(frame + kHomeAt, ip.src, 16);
  std::memcpy(ip.src, care_of.v6_bytes(), 16);
}

void TurnToTerminal(uint8_t* frame) {
  auto& ip = *reinterpret_cast<Ipv6Header*>(frame + kIp);
  std::swap_ranges(ip.src, ip.src + 16, ip.dst);
  ip.next_header = kRouting;
  const uint8_t header[8] = {frame[kFirst], kMobileHeader / 8 - 1, kType2, 1, 0, 0, 0, 0};
  std::memcpy(frame + kFirst, header, sizeof header);
}

}  // namespace baton::generator
