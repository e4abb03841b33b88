// One direction of an FTP control connection as both ends number it: the sender's sequence numbers are the original
// ones, the receiver's differ by what was put into the text or taken out (RFC 1631, 3.3.3). Pure: no packets, no
// clock. Worker only.
//
// Only the last change is remembered, which is enough: another one is made only when the receiver has acknowledged
// it.
//
//     original   ........|edit .. old_length ..|........      numbers before `edit` differ by `before`,
//     receiver   ........|text .. new_length ......|.......   those behind by after()
//
// A line that may matter and is not complete is taken in (`open`): the receiver gets nothing of it, but the last byte
// before it once more, so that it acknowledges; its acknowledgement then stands for what was taken in. When the
// line's end comes, the whole line goes out. Whatever segment touches a change yields the whole text, so a segment
// sent again, cut in whatever way, gives the same bytes at the same place.
#pragma once

#include <cstdint>

#include <absl/functional/function_ref.h>
#include <absl/strings/string_view.h>

#include "dataplane/ftp_command.h"

namespace baton::dataplane {

class FtpStream {
 public:
  static constexpr size_t kMaxLine = 128;                       // longer ones are none of ours
  static constexpr size_t kMaxText = kMaxLine + kMaxFtpAddress;

  // What becomes of a whole line.
  struct Change {
    enum class What : uint8_t { kKeep, kReplace, kRefuse } what = What::kKeep;
    size_t length = 0;  // kReplace: of the text written
  };
  using Judge = absl::FunctionRef<Change(absl::string_view line, char* text)>;  // `text` has kMaxText bytes

  enum class Outcome : uint8_t { kGo, kAgain, kRefused };
  struct Reading {
    Outcome outcome = Outcome::kGo;  // kAgain: nothing of the segment may go; the sender will repeat it
    size_t length = 0;               // kGo: so many bytes of the payload go; the others will be repeated
  };

  // What a segment becomes: `head` bytes of its payload, the text if `with_text`, the payload from `tail` on.
  struct Place {
    uint32_t seq = 0;        // the receiver's
    size_t head = 0;
    size_t tail = 0;
    bool with_text = false;
    bool reminder = false;   // nothing is left: the newline before the open line, again
  };

  // `first`: number of the first byte, behind the SYN.
  void Begin(uint32_t first);
  bool begun() const { return begun_; }

  // Reads what is new of a segment and calls `judge` for each whole line that may matter, once. `ends`: nothing may
  // be taken in, since the sender ends (FIN) or hurries (URG).
  Reading Read(FtpSender from, uint32_t seq, absl::string_view payload, bool fin, bool ends, Judge judge);
  // Where `length` bytes from `seq` on go. REQUIRES: Read has seen them, or what has begun is over (TLS).
  Place PlaceOf(uint32_t seq, size_t length) const;
  absl::string_view text() const { return {text_, new_length_}; }

  // The original number for an acknowledgement of the receiver's.
  uint32_t OriginalAck(uint32_t ack) const;
  // The receiver has everything before `ack`, an original number.
  void Acknowledged(uint32_t ack);

  uint32_t edit() const { return edit_; }
  int32_t after() const { return before_ + new_length_ - old_length_; }

 private:
  Outcome Take(FtpSender from, uint32_t position, absl::string_view part, bool whole, bool ends, bool free,
               Judge judge);
  void StartChange(uint32_t position);
  void PassUnchanged(absl::string_view part);
  uint32_t edit_end() const { return edit_ + old_length_; }

  uint32_t next_ = 0;   // number of the first byte not yet read
  uint32_t acked_ = 0;
  uint32_t edit_ = 0;
  int32_t before_ = 0;
  uint16_t old_length_ = 0, new_length_ = 0;
  uint16_t taken_ = 0;  // of old_length_: acknowledged to the sender before the receiver had it
  bool begun_ = false;
  bool open_ = false;
  bool skipping_ = false;  // in a line that is none of ours
  char text_[kMaxText];    // open_: the line so far, old_length_ bytes; else what goes out, new_length_ bytes
};

}  // namespace baton::dataplane
