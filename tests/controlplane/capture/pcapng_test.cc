// Blocks byte for byte, written by hand after draft-ietf-opsawg-pcapng; the sections are those of the draft.
#include "controlplane/capture/pcapng.h"

#include <catch2/catch.hpp>

namespace baton::controlplane {
namespace {

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (const int v : values) bytes.push_back(static_cast<char>(v));
  return bytes;
}

TEST_CASE("a section header") {  // 4.1
  CHECK(SectionHeader("Baton") == Bytes({
      0x0a, 0x0d, 0x0d, 0x0a, 44, 0, 0, 0,               // type, length
      0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,                // byte order, version 1.0
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,    // length of the section: not told
      4, 0, 5, 0, 'B', 'a', 't', 'o', 'n', 0, 0, 0,      // shb_userappl, padded
      0, 0, 0, 0,                                        // opt_endofopt
      44, 0, 0, 0}));
}

TEST_CASE("an interface") {  // 4.2
  CHECK(InterfaceDescription("wan", 256) == Bytes({
      1, 0, 0, 0, 40, 0, 0, 0,
      1, 0, 0, 0, 0, 1, 0, 0,                            // Ethernet, snap length 256
      2, 0, 3, 0, 'w', 'a', 'n', 0,                      // if_name
      9, 0, 1, 0, 9, 0, 0, 0,                            // if_tsresol: 10^-9
      0, 0, 0, 0,
      40, 0, 0, 0}));
}

TEST_CASE("a packet that was received and dropped") {  // 4.3
  const uint8_t frame[] = {1, 2, 3, 4, 5};
  CHECK(EnhancedPacket({.interface = 1, .ns = 0x0102030405060708, .length = 60, .outbound = false, .bytes = frame,
                        .comment = "why"}) == Bytes({
      6, 0, 0, 0, 60, 0, 0, 0,
      1, 0, 0, 0,                                        // interface
      4, 3, 2, 1, 8, 7, 6, 5,                            // time, upper half first
      5, 0, 0, 0, 60, 0, 0, 0,                           // captured, on the wire
      1, 2, 3, 4, 5, 0, 0, 0,                            // padded
      1, 0, 3, 0, 'w', 'h', 'y', 0,                      // opt_comment
      2, 0, 4, 0, 1, 0, 0, 0,                            // epb_flags: inbound
      0, 0, 0, 0,
      60, 0, 0, 0}));
}

TEST_CASE("a packet that was sent") {
  CHECK(EnhancedPacket({.interface = 0, .ns = 1, .length = 4, .outbound = true}) == Bytes({
      6, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0,
      2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0}));
}

TEST_CASE("what was missed") {  // 4.6
  CHECK(InterfaceStatistics(0, 0x100000002, 3) == Bytes({
      5, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
      5, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0,                // isb_ifdrop
      0, 0, 0, 0, 40, 0, 0, 0}));
}

TEST_CASE("every block is as long as it says, whatever the lengths in it") {
  for (size_t length = 0; length < 9; ++length) {
    const std::vector<uint8_t> frame(length, 7);
    const std::string block = EnhancedPacket({.length = 9, .bytes = frame, .comment = std::string(length, 'c')});
    CHECK(block.size() % 4 == 0);
    CHECK(static_cast<unsigned char>(block[4]) == block.size());
    CHECK(static_cast<unsigned char>(block[block.size() - 4]) == block.size());
  }
}

}  // namespace
}  // namespace baton::controlplane
