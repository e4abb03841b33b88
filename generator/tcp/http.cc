#include "generator/tcp/http.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

namespace baton::generator {
namespace {

constexpr absl::string_view kLineEnd = "\r\n", kHeadEnd = "\r\n\r\n", kVersion = "HTTP/1.";

// RFC 9112, 4: "HTTP/1.1 200 OK"; the reason may be missing.
std::optional<uint16_t> StatusOf(absl::string_view line) {
  uint32_t status = 0;
  if (!absl::StartsWith(line, kVersion) || line.size() < 12 || line[8] != ' ') return std::nullopt;
  if (!absl::SimpleAtoi(line.substr(9, 3), &status) || status < 100) return std::nullopt;
  return static_cast<uint16_t>(status);
}

}  // namespace

std::optional<HttpHead> ReadHttpHead(absl::string_view bytes) {
  const size_t end = bytes.find(kHeadEnd);
  if (end == absl::string_view::npos) return std::nullopt;
  std::optional<uint32_t> body;
  HttpHead head;
  bool first = true;
  for (const absl::string_view line : absl::StrSplit(bytes.substr(0, end), kLineEnd)) {
    if (first) {
      const auto status = StatusOf(line);
      if (!status) return std::nullopt;
      head.status = *status;
      head.close = line[7] == '0';  // RFC 9112, 9.3
      first = false;
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) return std::nullopt;
    const absl::string_view name = line.substr(0, colon), value = absl::StripAsciiWhitespace(line.substr(colon + 1));
    if (absl::EqualsIgnoreCase(name, "content-length")) {
      uint32_t length = 0;
      if (!absl::SimpleAtoi(value, &length)) return std::nullopt;
      body = length;
    } else if (absl::EqualsIgnoreCase(name, "connection")) {
      if (absl::EqualsIgnoreCase(value, "close")) head.close = true;
      if (absl::EqualsIgnoreCase(value, "keep-alive")) head.close = false;
    }
  }
  if (head.status == 204 || head.status == 304) body = 0;  // RFC 9112, 6.3
  const uint64_t length = end + kHeadEnd.size() + uint64_t{body.value_or(0)};
  if (head.status < 200 || !body || length > UINT32_MAX) return std::nullopt;
  head.length = static_cast<uint32_t>(length);
  return head;
}

}  // namespace baton::generator
