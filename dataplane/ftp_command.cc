#include "dataplane/ftp_command.h"

#include <arpa/inet.h>

#include <algorithm>

namespace baton::dataplane {
namespace {

constexpr size_t kVerbLength = 4;  // all of them; of a reply its code and the blank behind
struct Verb {
  FtpSender from;
  char text[kVerbLength + 1];
  FtpKind kind;
};
constexpr Verb kVerbs[] = {
    {FtpSender::kClient, "PORT", FtpKind::kPort},    {FtpSender::kClient, "EPRT", FtpKind::kEprt},
    {FtpSender::kClient, "PASV", FtpKind::kPasv},    {FtpSender::kClient, "EPSV", FtpKind::kEpsv},
    {FtpSender::kClient, "AUTH", FtpKind::kAuth},    {FtpSender::kServer, "227 ", FtpKind::kPassive},
    {FtpSender::kServer, "229 ", FtpKind::kExtendedPassive}, {FtpSender::kServer, "234 ", FtpKind::kSecured},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// The verb that `beginning` begins with, or that begins with `beginning`; nullptr if none does.
const Verb* FindVerb(FtpSender from, absl::string_view beginning) {
  const size_t length = std::min(beginning.size(), kVerbLength);
  for (const Verb& verb : kVerbs) {
    if (verb.from != from) continue;
    size_t same = 0;
    while (same < length && Upper(beginning[same]) == verb.text[same]) ++same;
    if (same < length) continue;
    const bool command_goes_on = from == FtpSender::kClient && beginning.size() > kVerbLength;
    const char next = command_goes_on ? beginning[kVerbLength] : ' ';
    if (next == ' ' || next == '\r' || next == '\n') return &verb;
  }
  return nullptr;
}

// Reads through a line from a place on.
struct Reader {
  absl::string_view line;
  size_t at = 0;

  bool Skip(char c) {
    if (at == line.size() || line[at] != c) return false;
    ++at;
    return true;
  }
  // Digits; false when there are none. Values beyond 99999 become 99999.
  bool Number(uint32_t* value) {
    const size_t start = at;
    for (*value = 0; at < line.size() && IsDigit(line[at]); ++at) {
      *value = std::min<uint32_t>(*value * 10 + static_cast<uint32_t>(line[at] - '0'), 99999);
    }
    return at > start;
  }
};

// h1,h2,h3,h4,p1,p2 at `at` (RFC 959, 4.1.2). False when there are not six numbers; else kind, address, port and end
// are set.
bool ReadHostPort(absl::string_view line, size_t at, FtpKind kind, FtpLine* out) {
  Reader in{line, at};
  uint32_t n[6];
  bool absurd = false;
  for (int i = 0; i < 6; ++i) {
    if ((i > 0 && !in.Skip(',')) || !in.Number(&n[i])) return false;
    absurd |= n[i] > 255;
  }
  out->begin = at;
  out->end = in.at;
  if (absurd || (n[4] == 0 && n[5] == 0)) {
    out->kind = FtpKind::kAbsurd;
    return true;
  }
  out->kind = kind;
  out->address = IpAddress::V4(n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3]);
  out->port = static_cast<uint16_t>(n[4] << 8 | n[5]);
  return true;
}

// The network address of |1|address|port| or |2|address|port|.
bool ReadAddress(uint32_t protocol, absl::string_view text, IpAddress* address) {
  char copy[INET6_ADDRSTRLEN];
  uint8_t bytes[16];
  if (text.size() >= sizeof copy) return false;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  if (inet_pton(protocol == 1 ? AF_INET : AF_INET6, copy, bytes) != 1) return false;
  *address = protocol == 1 ? IpAddress::FromV4Bytes(bytes) : IpAddress::FromV6Bytes(bytes);
  return true;
}

// RFC 2428, 2: <d><protocol><d><address><d><port><d>, d any printable character.
FtpLine ReadExtendedPort(absl::string_view line) {
  FtpLine out;
  Reader in{line, kVerbLength};
  while (in.Skip(' ')) {
  }
  if (in.at >= line.size() || line[in.at] < 33 || line[in.at] > 126 || IsDigit(line[in.at])) return {};
  out.begin = in.at;
  const char delimiter = line[in.at++];
  uint32_t protocol = 0, port = 0;
  if (!in.Number(&protocol) || !in.Skip(delimiter)) return {};
  const size_t end = line.find(delimiter, in.at);
  if ((protocol != 1 && protocol != 2) || end == absl::string_view::npos) return {};
  const absl::string_view address = line.substr(in.at, end - in.at);
  in.at = end + 1;
  if (!in.Number(&port) || !in.Skip(delimiter)) return {};
  out.end = in.at;
  const bool possible = ReadAddress(protocol, address, &out.address) && port >= 1 && port <= 65535;
  out.kind = possible ? FtpKind::kEprt : FtpKind::kAbsurd;
  out.port = static_cast<uint16_t>(port);
  return out;
}

// RFC 1123, 4.1.2.6: the numbers of a 227 may stand anywhere behind the code.
FtpLine ReadPassive(absl::string_view line) {
  FtpLine out;
  for (size_t at = kVerbLength; at < line.size(); ++at) {
    if (IsDigit(line[at]) && !IsDigit(line[at - 1]) && ReadHostPort(line, at, FtpKind::kPassive, &out)) return out;
  }
  return out;
}

// RFC 2428, 3: 229 text (<d><d><d>port<d>).
FtpLine ReadExtendedPassive(absl::string_view line) {
  FtpLine out;
  const size_t open = line.find('(');
  if (open == absl::string_view::npos || open + 1 == line.size()) return {};
  const char delimiter = line[open + 1];
  if (delimiter < 33 || delimiter > 126 || IsDigit(delimiter)) return {};
  Reader in{line, open + 1};
  uint32_t port = 0;
  for (int i = 0; i < 3; ++i) {
    if (!in.Skip(delimiter)) return {};
  }
  if (!in.Number(&port) || !in.Skip(delimiter) || !in.Skip(')')) return {};
  out.begin = open;
  out.end = in.at;
  out.kind = port >= 1 && port <= 65535 ? FtpKind::kExtendedPassive : FtpKind::kAbsurd;
  out.port = static_cast<uint16_t>(port);
  return out;
}

FtpLine ReadPort(absl::string_view line) {
  FtpLine out;
  size_t at = kVerbLength;
  while (at < line.size() && line[at] == ' ') ++at;
  ReadHostPort(line, at, FtpKind::kPort, &out);
  return out;
}

// Decimal digits; returns how many.
size_t WriteNumber(uint32_t value, char* out) {
  char digits[10];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  std::reverse_copy(digits, digits + count, out);
  return count;
}

size_t WriteNumberAnd(uint32_t value, char behind, char* out) {
  const size_t count = WriteNumber(value, out);
  out[count] = behind;
  return count + 1;
}

size_t WriteHostPort(const IpAddress& address, uint16_t port, char* out) {
  size_t at = 0;
  for (int i = 0; i < 4; ++i) at += WriteNumberAnd(address.v4_bytes()[i], ',', out + at);
  at += WriteNumberAnd(port >> 8, ',', out + at);
  return at + WriteNumber(port & 0xff, out + at);
}

size_t WriteExtendedPort(const IpAddress& address, uint16_t port, char* out) {
  const bool ipv4 = address.is_v4();
  size_t at = 0;
  for (const char c : {'|', ipv4 ? '1' : '2', '|'}) out[at++] = c;
  char text[INET6_ADDRSTRLEN];
  const void* bytes = ipv4 ? address.v4_bytes() : address.v6_bytes();
  if (inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes, text, sizeof text) == nullptr) text[0] = '\0';
  for (const char* c = text; *c != '\0'; ++c) out[at++] = *c;
  out[at++] = '|';
  return at + WriteNumberAnd(port, '|', out + at);
}

}  // namespace

bool MayMatter(FtpSender from, absl::string_view beginning) { return FindVerb(from, beginning) != nullptr; }

FtpLine ParseFtpLine(FtpSender from, absl::string_view line) {
  const Verb* verb = line.size() < kVerbLength ? nullptr : FindVerb(from, line);
  if (verb == nullptr) return {};
  switch (verb->kind) {
    case FtpKind::kPort: return ReadPort(line);
    case FtpKind::kEprt: return ReadExtendedPort(line);
    case FtpKind::kPassive: return ReadPassive(line);
    case FtpKind::kExtendedPassive: return ReadExtendedPassive(line);
    default: break;
  }
  FtpLine out;
  out.kind = verb->kind;
  return out;
}

size_t WriteFtpAddress(FtpKind kind, const IpAddress& address, uint16_t port, char* out) {
  if (kind == FtpKind::kEprt) return WriteExtendedPort(address, port, out);
  if (kind != FtpKind::kExtendedPassive) return WriteHostPort(address, port, out);
  size_t at = 0;
  for (const char c : {'(', '|', '|', '|'}) out[at++] = c;
  at += WriteNumberAnd(port, '|', out + at);
  out[at] = ')';
  return at + 1;
}

}  // namespace baton::dataplane
