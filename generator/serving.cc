#include "generator/serving.h"

#include <algorithm>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

namespace baton::generator {
namespace {

constexpr uint32_t kClock = 1;  // the value of our time stamps: it never changes, as segment.h says

// `line`: in lower case, with the line ends around it.
bool Has(absl::string_view request, absl::string_view line) {
  const auto same = [](char a, char b) { return absl::ascii_tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(request.begin(), request.end(), line.begin(), line.end(), same) != request.end();
}

// RFC 9112, 9.3: unless a client of HTTP/1.0 asks to keep the connection, or another one asks to end it.
bool WantsEnd(absl::string_view request) {
  const absl::string_view line = request.substr(0, request.find("\r\n"));
  if (absl::EndsWith(line, "HTTP/1.0")) return !Has(request, "\r\nconnection: keep-alive\r\n");
  return Has(request, "\r\nconnection: close\r\n");
}

bool IsRequest(absl::string_view text) {
  const absl::string_view line = text.substr(0, text.find("\r\n"));
  return absl::StartsWith(text, "GET ") && absl::EndsWith(text, "\r\n\r\n") &&
         absl::StrContains(line, " HTTP/1.");
}

}  // namespace

std::vector<std::string> PagesOf(const std::vector<IpAddress>& hosts, uint16_t body) {
  std::vector<std::string> pages;
  for (const IpAddress& host : hosts) {
    std::string text = absl::StrCat(host.ToString(), "\n");
    text.resize(body, '.');
    text.back() = '\n';
    pages.push_back(absl::StrCat("HTTP/1.1 200 OK\r\nServer: baton-gen\r\nContent-Type: text/plain\r\nContent-Length: ",
                                 body, "\r\n\r\n", text));
  }
  return pages;
}

WebAnswer AnswerWeb(const Segment& in, absl::string_view payload, uint32_t initial, uint16_t mss, size_t page) {
  WebAnswer answer;
  if (in.has(kTcpRst)) return answer;
  answer.out = {
      .seq = in.ack, .ack = in.seq + in.length + (in.has(kTcpFin) ? 1u : 0u), .flow = kClock, .time = in.flow};
  answer.out.flags = kTcpAck;
  if (in.has(kTcpSyn)) {
    answer.what = Served::kConnection;
    answer.out.seq = initial;
    answer.out.ack = in.seq + 1;
    answer.out.mss = mss;
    answer.out.flags = kTcpSyn | kTcpAck;
  } else if (in.length > 0 && !IsRequest(payload)) {
    answer.what = Served::kNotUnderstood;
    answer.out.flags = kTcpRst | kTcpAck;
  } else if (in.length > 0) {
    answer.what = Served::kPage;
    answer.out.length = static_cast<uint16_t>(page);
    answer.out.flags = kTcpPsh | kTcpAck;
    if (in.has(kTcpFin) || WantsEnd(payload)) answer.out.flags |= kTcpFin;
  } else if (in.has(kTcpFin)) {
    answer.what = Served::kEnd;
    answer.out.flags = kTcpFin | kTcpAck;
  }
  return answer;
}

}  // namespace baton::generator
