#include "dataplane/ftp_segment.h"

#include "common/checksum.h"

namespace baton::dataplane {
namespace {

constexpr uint8_t kSackPermitted = 4;  // RFC 2018, 2

}  // namespace

// Of all that the checksum covers but the addresses.
uint64_t FtpSegment::Sum() const {
  const auto length = static_cast<uint16_t>(packet_.length - packet_.l4);
  return AddToChecksum(__builtin_bswap16(length), &tcp_, length);
}

bool FtpSegment::ChecksumRight() const {
  const auto length = static_cast<uint32_t>(packet_.length - packet_.l4);
  const uint64_t pseudo =
      PseudoHeaderSum(packet_.key.src(packet_.ipv4), packet_.key.dst(packet_.ipv4), kTcp, length);
  return FinishChecksum(AddToChecksum(pseudo, &tcp_, length)) == 0;
}

void FtpSegment::RemoveSackAndData() {
  const uint64_t before = Sum();
  auto* at = reinterpret_cast<uint8_t*>(&tcp_) + sizeof(TcpHeader);
  const uint8_t* end = reinterpret_cast<uint8_t*>(&tcp_) + tcp_.header_length();
  while (at < end && *at != kTcpEndOfOptions) {
    if (*at == kTcpNoOperation) {
      ++at;
      continue;
    }
    if (end - at < 2 || at[1] < 2 || at[1] > end - at) break;
    const uint8_t length = at[1];
    if (*at == kSackPermitted) std::memset(at, kTcpNoOperation, length);
    at += length;
  }
  if (!payload().empty()) Resize(0);
  tcp_.checksum.set_raw(ApplyDifference(tcp_.checksum.raw(), ChecksumDifference(before, Sum())));
}

// The packet's length, and what its IP header says of it.
void FtpSegment::Resize(size_t payload) {
  const int length = packet_.l4 + tcp_.header_length() + static_cast<int>(payload);
  const int grown = length - packet_.length;
  packet_.length = static_cast<uint16_t>(length);
  uint8_t* ip = packet_.data + packet_.l3;
  if (!packet_.ipv4) {
    Be16& payload_length = reinterpret_cast<Ipv6Header*>(ip)->payload_length;
    payload_length.set(static_cast<uint16_t>(payload_length.get() + grown));
    return;
  }
  auto& header = *reinterpret_cast<Ipv4Header*>(ip);
  const uint16_t before = header.total_length.raw();
  header.total_length.set(static_cast<uint16_t>(header.total_length.get() + grown));
  header.checksum.set_raw(
      ApplyDifference(header.checksum.raw(), ChecksumDifference(before, header.total_length.raw())));
}

bool FtpSegment::Write(const FtpStream::Place& place, absl::string_view text, size_t length, uint16_t mtu) {
  const size_t old_payload = payload().size();
  const size_t inserted = place.reminder ? 1 : place.with_text ? text.size() : 0;
  const size_t new_payload = place.head + inserted + (length - place.tail);
  const bool same_payload = place.head == old_payload;
  if (same_payload && place.seq == seq() && new_ack_ == tcp_.ack.get()) return true;
  const size_t new_length = packet_.length - old_payload + new_payload;
  if (new_payload > old_payload && (new_length > kMinRoom || new_length > size_t{mtu} + packet_.l3)) return false;
  const uint64_t before = Sum();
  if (!same_payload) {
    char* bytes = const_cast<char*>(payload().data());
    std::memmove(bytes + place.head + inserted, bytes + place.tail, length - place.tail);
    if (place.reminder) {
      bytes[0] = '\n';
    } else {
      std::memcpy(bytes + place.head, text.data(), inserted);
    }
    if (length < old_payload) tcp_.flags &= static_cast<uint8_t>(~kTcpFin);
    Resize(new_payload);
  }
  tcp_.seq.set(place.seq);
  tcp_.ack.set(new_ack_);
  tcp_.checksum.set_raw(ApplyDifference(tcp_.checksum.raw(), ChecksumDifference(before, Sum())));
  return true;
}

}  // namespace baton::dataplane
