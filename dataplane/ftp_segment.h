// A TCP segment in a packet whose numbers and payload are about to change: lengths, checksums by difference (RFC
// 1624, so that damage stays visible), room. Worker only.
#pragma once

#include "common/headers.h"
#include "dataplane/ftp_stream.h"
#include "dataplane/packet.h"

namespace baton::dataplane {

// Segments of FTP control connections may grow by this much, and the MSS that their ends announce is so much smaller.
inline constexpr int kFtpGrowth = FtpStream::kMaxText;
// No larger MSS than this: a grown segment with all options still fits the room that every buffer has.
inline constexpr int kFtpMss = kMinRoom - kMinHeadroom - 2 * 60 - kFtpGrowth;

class FtpSegment {
 public:
  // REQUIRES: a whole TCP segment (Parse); `packet` outlives this.
  explicit FtpSegment(Packet& packet)
      : packet_(packet), tcp_(*reinterpret_cast<TcpHeader*>(packet.data + packet.l4)) {}

  uint32_t seq() const { return tcp_.seq.get(); }
  uint32_t ack() const { return new_ack_; }
  bool urgent() const { return (tcp_.flags & kUrg) != 0; }
  absl::string_view payload() const {
    const int at = packet_.l4 + tcp_.header_length();
    return {reinterpret_cast<const char*>(packet_.data + at), static_cast<size_t>(packet_.length - at)};
  }
  bool ChecksumRight() const;

  // Of a SYN: the offer of selective acknowledgements becomes padding (RFC 2018: without it none are sent, and none
  // need to be renumbered), and data is cut off, which its sender will repeat.
  void RemoveSackAndData();

  void SetAck(uint32_t ack) { new_ack_ = ack; }
  // Makes the segment what `place` says of the first `length` bytes of its payload, with the acknowledgement set
  // before. False, and nothing done, when it does not fit.
  bool Write(const FtpStream::Place& place, absl::string_view text, size_t length, uint16_t mtu);

 private:
  static constexpr uint8_t kUrg = 0x20;
  uint64_t Sum() const;
  void Resize(size_t payload);

  Packet& packet_;
  TcpHeader& tcp_;
  uint32_t new_ack_ = tcp_.ack.get();
};

}  // namespace baton::dataplane
