// Frames for tests of the generator, written by the template that frame_template_test checks byte by byte.
#pragma once

#include <vector>

#include "generator/frame_template.h"

namespace baton::generator {

inline constexpr uint64_t kTestKey = 0xfeedbeef;
inline constexpr MacAddress kClientMac{{2, 0, 0, 0, 0, 1}};
inline constexpr MacAddress kServerMac{{2, 0, 0, 0, 0, 2}};

inline IpAddress Address(const char* text) { return IpAddress::Parse(text).value(); }

// A request to port 53, cut to `length`.
inline std::vector<uint8_t> RequestFrame(const char* src, const char* dst, uint16_t length, const Stamp& stamp) {
  FrameTemplate frame({.dst = Address(dst), .dst_port = 53, .length = length}, kClientMac);
  frame.SetNextHop(kServerMac);
  std::vector<uint8_t> bytes(2048);
  frame.Write(bytes.data(), Address(src), 4000, stamp, kTestKey);
  bytes.resize(length);
  return bytes;
}

}  // namespace baton::generator
