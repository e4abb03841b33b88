// Cutting a packet for a smaller MTU: offsets, flags, lengths, and which options the later pieces carry.
#include <catch2/catch.hpp>

#include <vector>

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"
#include "dataplane/split.h"

namespace baton::dataplane {
namespace {

constexpr uint8_t kEthernet = 14;

struct Cut {
  std::vector<std::vector<uint8_t>> buffers;
  std::vector<WaitingPacket> pieces;
};

// A packet with `options` behind its header and bytes 0, 1, 2... as payload.
std::vector<uint8_t> PacketOf(const std::vector<uint8_t>& options, int payload, uint16_t fragment) {
  const size_t header = 20 + options.size();
  ByteWriter frame;
  for (int i = 0; i < kEthernet; ++i) frame.U8(0xee);
  frame.U8(static_cast<uint8_t>(0x40 | header / 4))
      .U8(0)
      .U16(static_cast<uint16_t>(header + static_cast<size_t>(payload)));
  frame.U16(0x1234).U16(fragment).U8(64).U8(17).U16(0).U32(0xc0000207).U32(0xc633640a);
  for (const uint8_t option : options) frame.U8(option);
  for (int i = 0; i < payload; ++i) frame.U8(static_cast<uint8_t>(i));
  return frame.bytes();
}

Cut SplitFrame(std::vector<uint8_t> frame, uint16_t mtu) {
  Cut cut;
  cut.buffers.assign(kMaxPieces, std::vector<uint8_t>(2048));
  std::copy(frame.begin(), frame.end(), cut.buffers[0].begin());
  const Oversize from{{nullptr, cut.buffers[0].data(), static_cast<uint16_t>(frame.size()), 3}, kEthernet, 0, mtu};
  cut.pieces.resize(static_cast<size_t>(PiecesOf(from)));
  for (size_t i = 1; i < cut.pieces.size(); ++i) cut.pieces[i].data = cut.buffers[i].data();
  if (cut.pieces.size() > 1) Split(from, cut.pieces.data(), static_cast<int>(cut.pieces.size()));
  return cut;
}

const Ipv4Header& IpOf(const WaitingPacket& piece) {
  return *reinterpret_cast<const Ipv4Header*>(piece.data + kEthernet);
}

void CheckPiece(const WaitingPacket& piece, int header, int payload, uint16_t fragment, uint8_t first_byte) {
  const Ipv4Header& ip = IpOf(piece);
  CHECK(ip.header_length() == header);
  CHECK(ip.total_length.get() == header + payload);
  CHECK(piece.length == kEthernet + header + payload);
  CHECK(ip.fragment.get() == fragment);
  CHECK(ip.identification.get() == 0x1234);
  CHECK(FinishChecksum(AddToChecksum(0, &ip, static_cast<size_t>(header))) == 0);
  CHECK(piece.data[0] == 0xee);
  CHECK(piece.data[kEthernet + header] == first_byte);
  CHECK(piece.data[kEthernet + header + payload - 1] == static_cast<uint8_t>(first_byte + payload - 1));
  CHECK(piece.in_port == 3);
}

TEST_CASE("a packet is cut into multiples of eight bytes and a rest") {
  const Cut cut = SplitFrame(PacketOf({}, 1401, 0), 576);  // 556 bytes behind the header: 552
  REQUIRE(cut.pieces.size() == 3);
  CheckPiece(cut.pieces[0], 20, 552, 0x2000, 0);
  CheckPiece(cut.pieces[1], 20, 552, 0x2000 | 69, 552 % 256);
  CheckPiece(cut.pieces[2], 20, 297, 138, 1104 % 256);
}

TEST_CASE("a packet that fills its pieces leaves no empty one") {
  CHECK(SplitFrame(PacketOf({}, 1104, 0), 576).pieces.size() == 2);
  CHECK(SplitFrame(PacketOf({}, 1105, 0), 576).pieces.size() == 3);
}

TEST_CASE("pieces of a fragment go on where it began and end as it did") {
  const Cut middle = SplitFrame(PacketOf({}, 800, 0x2000 | 100), 576);
  CheckPiece(middle.pieces[0], 20, 552, 0x2000 | 100, 0);
  CheckPiece(middle.pieces[1], 20, 248, 0x2000 | 169, 552 % 256);
  const Cut last = SplitFrame(PacketOf({}, 800, 100), 576);
  CheckPiece(last.pieces[0], 20, 552, 0x2000 | 100, 0);
  CheckPiece(last.pieces[1], 20, 248, 169, 552 % 256);
}

TEST_CASE("later pieces carry the options that say so (RFC 791, 3.1)") {
  // Record route (7), not copied; router alert (148, RFC 2113), copied; end.
  const Cut cut = SplitFrame(PacketOf({7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0}, 800, 0), 576);
  REQUIRE(cut.pieces.size() == 2);
  CheckPiece(cut.pieces[0], 32, 544, 0x2000, 0);
  CheckPiece(cut.pieces[1], 24, 256, 68, 544 % 256);
  const uint8_t alert[4] = {148, 4, 0, 0};
  CHECK(std::equal(alert, alert + 4, cut.pieces[1].data + kEthernet + 20));
}

TEST_CASE("options with lengths that cannot be are not read beyond the header") {
  for (int length = 0; length < 256; ++length) {
    const Cut cut = SplitFrame(PacketOf({148, static_cast<uint8_t>(length), 1, 0x83}, 800, 0), 576);
    REQUIRE(cut.pieces.size() == 2);
    CHECK(IpOf(cut.pieces[1]).header_length() <= 24);
  }
}

TEST_CASE("more pieces than a burst, or no room for any, are refused") {
  CHECK(SplitFrame(PacketOf({}, kMaxPieces * 48, 0), 68).pieces.size() == kMaxPieces);
  CHECK(SplitFrame(PacketOf({}, kMaxPieces * 48 + 1, 0), 68).pieces.empty());
  CHECK(SplitFrame(PacketOf({}, 100, 0), 27).pieces.empty());
}

}  // namespace
}  // namespace baton::dataplane
