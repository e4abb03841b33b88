#include "dataplane/ftp_stream.h"

#include <algorithm>
#include <cstring>

namespace baton::dataplane {
namespace {

int32_t Distance(uint32_t from, uint32_t to) { return static_cast<int32_t>(to - from); }  // RFC 9293, 3.4

}  // namespace

void FtpStream::Begin(uint32_t first) {
  next_ = acked_ = edit_ = first;
  before_ = 0;
  old_length_ = new_length_ = taken_ = 0;
  begun_ = true;
  open_ = skipping_ = false;
}

FtpStream::Reading FtpStream::Read(FtpSender from, uint32_t seq, absl::string_view payload, bool fin, bool ends,
                                   Judge judge) {
  const int32_t known = Distance(seq, next_);
  if (known < 0) return {payload.empty() && !fin ? Outcome::kGo : Outcome::kAgain, 0};
  size_t at = static_cast<size_t>(known);
  if (at >= payload.size()) return {Outcome::kGo, payload.size()};
  bool free = Distance(edit_end(), acked_) >= 0 && Distance(seq, edit_end()) <= 0;
  while (at < payload.size()) {
    const size_t newline = payload.find('\n', at);
    const bool whole = newline != absl::string_view::npos;
    const absl::string_view part = payload.substr(at, whole ? newline + 1 - at : absl::string_view::npos);
    if (!skipping_) {
      const Outcome outcome = Take(from, next_, part, whole, ends, free, judge);
      if (outcome == Outcome::kRefused) return {outcome, 0};
      if (outcome == Outcome::kAgain) return {at == 0 ? Outcome::kAgain : Outcome::kGo, at};
      free = free && Distance(seq, edit_end()) <= 0;
    }
    if (whole) skipping_ = false;
    at += part.size();
    next_ += static_cast<uint32_t>(part.size());
  }
  return {Outcome::kGo, payload.size()};
}

// `part` is what a segment holds of one line: its end if `whole`; its beginning unless the line is open.
FtpStream::Outcome FtpStream::Take(FtpSender from, uint32_t position, absl::string_view part, bool whole, bool ends,
                                   bool free, Judge judge) {
  char joined[kMaxLine];
  absl::string_view line = part;
  bool matters = part.size() + (open_ ? old_length_ : 0u) <= kMaxLine;
  if (matters && open_) {
    std::memcpy(joined, text_, old_length_);
    std::memcpy(joined + old_length_, part.data(), part.size());
    line = {joined, old_length_ + part.size()};
  }
  matters = matters && MayMatter(from, line);
  if (!matters || (!whole && ends)) {
    if (open_) PassUnchanged(part);
    skipping_ = !whole;
    return Outcome::kGo;
  }
  if (!open_ && !free) return Outcome::kAgain;
  if (!whole) {
    if (!open_) StartChange(position);
    open_ = true;
    std::memcpy(text_ + old_length_, part.data(), part.size());
    old_length_ = taken_ = static_cast<uint16_t>(old_length_ + part.size());
    return Outcome::kGo;
  }
  char text[kMaxText];
  const Change change = judge(line, text);
  if (change.what == Change::What::kRefuse) return Outcome::kRefused;
  if (change.what == Change::What::kReplace) {
    if (!open_) StartChange(position);
    std::memcpy(text_, text, change.length);
    old_length_ = static_cast<uint16_t>(line.size());
    new_length_ = static_cast<uint16_t>(change.length);
    open_ = false;
  } else if (open_) {
    PassUnchanged(part);
  }
  return Outcome::kGo;
}

void FtpStream::StartChange(uint32_t position) {
  before_ = after();
  edit_ = position;
  old_length_ = new_length_ = taken_ = 0;
}

// The open line turns out to be none of ours: what was taken in goes out as it came, with some of what has come now,
// so that this segment touches it. REQUIRES: open_, part not empty.
void FtpStream::PassUnchanged(absl::string_view part) {
  const size_t more = std::min(part.size(), kMaxText - old_length_);
  std::memcpy(text_ + old_length_, part.data(), more);
  old_length_ = new_length_ = static_cast<uint16_t>(old_length_ + more);
  open_ = false;
}

FtpStream::Place FtpStream::PlaceOf(uint32_t seq, size_t length) const {
  const uint32_t end = seq + static_cast<uint32_t>(length);
  const bool touches = length > 0 && Distance(seq, edit_end()) > 0 && Distance(edit_, end) > 0;
  if (!touches) {
    // A probe of a connection that rests comes one byte early, with nothing: it counts from the end.
    const bool behind = length == 0 ? Distance(edit_, seq) > 0 : Distance(edit_, seq) >= 0;
    return {.seq = seq + static_cast<uint32_t>(behind ? after() : before_), .head = length, .tail = length};
  }
  Place place;
  place.head = static_cast<size_t>(std::max(0, Distance(seq, edit_)));
  place.tail = std::min(length, static_cast<size_t>(Distance(seq, edit_end())));
  place.seq = (place.head > 0 ? seq : edit_) + static_cast<uint32_t>(before_);
  place.with_text = !open_;
  place.reminder = open_ && place.head == 0;
  if (place.reminder) --place.seq;
  return place;
}

uint32_t FtpStream::OriginalAck(uint32_t ack) const {
  const int32_t in_text = Distance(edit_ + static_cast<uint32_t>(before_), ack);
  if (in_text < 0) return ack - static_cast<uint32_t>(before_);
  if (in_text >= new_length_) return ack - static_cast<uint32_t>(after());
  return edit_ + taken_;
}

void FtpStream::Acknowledged(uint32_t ack) {
  if (Distance(acked_, ack) > 0) acked_ = ack;
}

}  // namespace baton::dataplane
