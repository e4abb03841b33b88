#include <algorithm>
#include <random>
#include <string>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <catch2/catch.hpp>

#include "dataplane/ftp_stream.h"

namespace baton::dataplane {
namespace {

using Change = FtpStream::Change;
using Outcome = FtpStream::Outcome;

// Every PORT gets another length: "PORT x" becomes "PORT <x, four times>".
Change FourTimes(absl::string_view line, char* text) {
  if (!absl::StartsWith(line, "PORT ")) return {};
  const std::string word(line.substr(5, line.find('\r') - 5));
  const std::string changed = absl::StrCat("PORT ", word, word, word, word, "\r\n");
  std::copy(changed.begin(), changed.end(), text);
  return {Change::What::kReplace, changed.size()};
}

std::string Changed(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    char changed[FtpStream::kMaxText];
    const std::string line = text.substr(at, end - at);
    const Change change = FourTimes(line, changed);
    out += change.what == Change::What::kReplace ? std::string(changed, change.length) : line;
    at = end;
  }
  return out;
}

// A receiver that keeps whatever comes at its place, and notes when one place is given two different bytes.
struct Receiver {
  uint32_t first;
  std::string bytes;
  std::string known;  // which of them have come
  bool contradiction = false;

  void Take(uint32_t seq, const std::string& data) {
    for (size_t i = 0; i < data.size(); ++i) {
      const int64_t at = static_cast<int32_t>(seq - first) + static_cast<int64_t>(i);
      if (at < 0) {
        contradiction |= at < -1;  // -1 is the SYN: a reminder before the first line
        continue;
      }
      const auto place = static_cast<size_t>(at);
      if (place >= bytes.size()) bytes.resize(place + 1), known.resize(place + 1, 'n');
      contradiction |= known[place] == 'y' && bytes[place] != data[i];
      bytes[place] = data[i];
      known[place] = 'y';
    }
  }
  uint32_t next() const { return first + static_cast<uint32_t>(std::min(known.find('n'), known.size())); }
};

// What goes on of a segment; false when nothing does.
bool Send(FtpStream& stream, uint32_t seq, const std::string& payload, Receiver& receiver) {
  const FtpStream::Reading reading = stream.Read(FtpSender::kClient, seq, payload, false, false, FourTimes);
  if (reading.outcome != Outcome::kGo) return false;
  const FtpStream::Place place = stream.PlaceOf(seq, reading.length);
  std::string out = payload.substr(0, place.head);
  if (place.reminder) out = "\n";
  if (place.with_text) out += std::string(stream.text());
  receiver.Take(place.seq, out + payload.substr(place.tail, reading.length - place.tail));
  return true;
}

TEST_CASE("[AM-10] any cut, loss and repetition delivers the changed text") {
  const auto seed = GENERATE(take(300, random(0, 1'000'000)));
  CAPTURE(seed);
  std::mt19937 random(static_cast<uint32_t>(seed));
  const auto any = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
  const char* lines[] = {"NOOP\r\n", "PORT 1\r\n", "PORT 23456\r\n", "P\r\n", "PWD\r\n", "USER pORT\r\n", "\r\n",
                         "PORT \r\n"};
  std::string text;
  for (int i = 0; i < 12; ++i) text += lines[any(8)];
  const uint32_t first = random();  // numbers wrap
  FtpStream stream;
  stream.Begin(first);
  Receiver receiver{first, "", ""};
  uint32_t acked = 0;  // of `text`, as the sender was told
  for (int step = 0; acked < text.size(); ++step) {
    REQUIRE(step < 5000);
    const uint32_t end = std::min<uint32_t>(static_cast<uint32_t>(text.size()), acked + 1 + any(40));
    const uint32_t begin = acked + any(4) / 3 * any(end - acked);  // mostly what is due
    Receiver unheard{first, "", ""};
    const bool lost = any(4) == 0;
    Send(stream, first + begin, text.substr(begin, end - begin), lost ? unheard : receiver);
    if (any(3) == 0) continue;  // its acknowledgement is lost
    const uint32_t ack = stream.OriginalAck(receiver.next());
    stream.Acknowledged(ack);
    if (static_cast<int32_t>(ack - first) > static_cast<int32_t>(acked)) acked = ack - first;
    REQUIRE(acked <= text.size());
  }
  CHECK(!receiver.contradiction);
  CHECK(receiver.bytes == Changed(text));
}

TEST_CASE("a line longer than any of ours goes on as it is") {
  FtpStream stream;
  stream.Begin(1);
  Receiver receiver{1, "", ""};
  const std::string line = "PORT " + std::string(300, 'x') + "\r\n";
  const size_t piece = GENERATE(1u, 7u, 100u, 127u, 128u, 129u, 200u);
  for (size_t at = 0; at < line.size(); at += piece) {
    REQUIRE(Send(stream, 1 + static_cast<uint32_t>(at), line.substr(at, piece), receiver));
  }
  CHECK(receiver.bytes == line);
  CHECK(!receiver.contradiction);
}

TEST_CASE("who ends or hurries is not made to wait") {
  FtpStream stream;
  stream.Begin(100);
  CHECK(stream.Read(FtpSender::kClient, 100, "PO", true, true, FourTimes).length == 2);
  CHECK(stream.PlaceOf(100, 2).head == 2);
}

TEST_CASE("a hole is not read over") {
  FtpStream stream;
  stream.Begin(100);
  CHECK(stream.Read(FtpSender::kClient, 101, "X", false, false, FourTimes).outcome == Outcome::kAgain);
  CHECK(stream.Read(FtpSender::kClient, 101, "", true, true, FourTimes).outcome == Outcome::kAgain);
  CHECK(stream.Read(FtpSender::kClient, 101, "", false, false, FourTimes).outcome == Outcome::kGo);
}

}  // namespace
}  // namespace baton::dataplane
