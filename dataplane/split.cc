#include "dataplane/split.h"

#include <algorithm>
#include <cstring>

#include "common/checksum.h"
#include "common/headers.h"

namespace baton::dataplane {
namespace {

constexpr int kUnit = 8;  // offsets count these
constexpr uint8_t kOptionEnd = 0, kOptionNop = 1, kOptionCopied = 0x80;

const Ipv4Header& HeaderOf(const Oversize& from) {
  return *reinterpret_cast<const Ipv4Header*>(from.packet.data + from.l3);
}

int PayloadOf(const Ipv4Header& ip) { return ip.total_length.get() - ip.header_length(); }

int PayloadOfPiece(const Oversize& from) { return (from.mtu - HeaderOf(from).header_length()) / kUnit * kUnit; }

// The header of the later pieces: of the options only those that say so are copied (RFC 791, 3.1). Returns its length.
int LaterHeader(const uint8_t* ip, int length, uint8_t* to) {
  std::memcpy(to, ip, sizeof(Ipv4Header));
  int out = sizeof(Ipv4Header);
  for (int at = sizeof(Ipv4Header); at < length && ip[at] != kOptionEnd;) {
    const int size = ip[at] == kOptionNop || at + 1 >= length ? 1 : std::max<int>(ip[at + 1], 1);
    if (at + size > length) break;  // a lying length: nobody can read what is behind it
    if ((ip[at] & kOptionCopied) != 0) {
      std::memcpy(to + out, ip + at, static_cast<size_t>(size));
      out += size;
    }
    at += size;
  }
  while (out % 4 != 0) to[out++] = kOptionEnd;
  to[0] = static_cast<uint8_t>(4 << 4 | out / 4);
  return out;
}

void Finish(uint8_t* header, int payload, uint16_t offset_and_flags) {
  auto& ip = *reinterpret_cast<Ipv4Header*>(header);
  ip.total_length.set(static_cast<uint16_t>(ip.header_length() + payload));
  ip.fragment.set(offset_and_flags);
  ip.checksum.set_raw(0);
  ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, header, ip.header_length())));
}

}  // namespace

int PiecesOf(const Oversize& from) {
  const int unit = PayloadOfPiece(from);
  if (unit < kUnit) return 0;
  const int pieces = (PayloadOf(HeaderOf(from)) + unit - 1) / unit;
  return pieces <= kMaxPieces ? pieces : 0;
}

void Split(const Oversize& from, WaitingPacket* pieces, int count) {
  const Ipv4Header whole = HeaderOf(from);
  const int header = whole.header_length(), payload = PayloadOf(whole), unit = PayloadOfPiece(from);
  const uint16_t first = whole.fragment.get();
  const uint8_t* bytes = from.packet.data + from.l3 + header;
  uint8_t later[60];
  const int later_header = LaterHeader(from.packet.data + from.l3, header, later);
  for (int i = 1; i < count; ++i) {
    WaitingPacket& piece = pieces[i];
    const int begin = i * unit, length = std::min(unit, payload - begin);
    std::memcpy(piece.data, from.packet.data, from.l3);
    std::memcpy(piece.data + from.l3, later, static_cast<size_t>(later_header));
    std::memcpy(piece.data + from.l3 + later_header, bytes + begin, static_cast<size_t>(length));
    const bool more = i + 1 < count || (first & kIpv4MoreFragments) != 0;
    const int offset = (first & kIpv4FragmentOffset) + begin / kUnit;
    Finish(piece.data + from.l3, length, static_cast<uint16_t>(offset | (more ? kIpv4MoreFragments : 0)));
    piece.length = static_cast<uint16_t>(from.l3 + later_header + length);
    piece.in_port = from.packet.in_port;
  }
  pieces[0] = from.packet;
  Finish(pieces[0].data + from.l3, unit, static_cast<uint16_t>((first & kIpv4FragmentOffset) | kIpv4MoreFragments));
  pieces[0].length = static_cast<uint16_t>(from.l3 + header + unit);
}

}  // namespace baton::dataplane
