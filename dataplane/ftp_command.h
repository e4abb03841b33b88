// The lines of an FTP control connection that carry addresses or tell how to read what follows: RFC 959, RFC 2428,
// RFC 4217. Pure functions over text that anybody may have written; nothing is allocated. Called by workers.
#pragma once

#include <cstdint>

#include <absl/strings/string_view.h>

#include "common/addr.h"

namespace baton::dataplane {

enum class FtpSender : uint8_t { kClient, kServer };

enum class FtpKind : uint8_t {
  kOther,            // of no interest, or no such line at all: the other end will say so
  kAbsurd,           // has the form of one of ours, with numbers that cannot be
  kPort, kEprt,      // client: where the server is to connect to
  kPasv, kEpsv,      // client: wants to be told where it can connect to
  kAuth,             // client: wants to talk in secret
  kPassive,          // 227 of the server: where the client can connect to (RFC 959, 4.1.2)
  kExtendedPassive,  // 229: the port alone (RFC 2428, 3)
  kSecured,          // 234: from here on TLS (RFC 4217, 4.1)
};

struct FtpLine {
  FtpKind kind = FtpKind::kOther;
  IpAddress address;          // kPort, kEprt, kPassive
  uint16_t port = 0;          // and kExtendedPassive; never 0
  size_t begin = 0, end = 0;  // the part of the line that says so
};

// `line` with its end. Letters of commands are of either case.
FtpLine ParseFtpLine(FtpSender from, absl::string_view line);

// Whether a line that begins so, or is so, may be one of those above. REQUIRES: not empty.
bool MayMatter(FtpSender from, absl::string_view beginning);

// Longest text that WriteFtpAddress writes: "|2|", 45 characters of address, "|65535|".
inline constexpr size_t kMaxFtpAddress = 56;

// Writes what stands between `begin` and `end` in a line of this kind; returns its length. REQUIRES: the kind has an
// address or port; with kPort and kPassive the address is IPv4; kMaxFtpAddress bytes of room.
size_t WriteFtpAddress(FtpKind kind, const IpAddress& address, uint16_t port, char* out);

}  // namespace baton::dataplane
