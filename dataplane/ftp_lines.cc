// What becomes of the lines of an FTP control connection: the second half of ftp.h.
#include "common/headers.h"
#include "dataplane/ftp.h"

namespace baton::dataplane {
namespace {

using Change = FtpStream::Change;

constexpr uint16_t kFirstUserPort = 1024;  // RFC 2577, 3: no data connection to a port below
constexpr int kPortsTried = 16;

// `line` with another address.
Change Replace(absl::string_view line, const FtpLine& found, FtpKind kind, const IpAddress& address, uint16_t port,
               char* text) {
  std::memcpy(text, line.data(), found.begin);
  size_t length = found.begin + WriteFtpAddress(kind, address, port, text + found.begin);
  std::memcpy(text + length, line.data() + found.end, line.size() - found.end);
  length += line.size() - found.end;
  if (absl::string_view(text, length) == line) return {};
  return {Change::What::kReplace, length};
}

}  // namespace

Change Ftp::JudgeCommand(Scene& s, absl::string_view line, char* text) {
  const FtpLine found = ParseFtpLine(FtpSender::kClient, line);
  switch (found.kind) {
    case FtpKind::kAbsurd: return {Change::What::kRefuse, 0};
    case FtpKind::kPasv:
    case FtpKind::kEpsv: s.connection.asked = found.kind; return {};
    case FtpKind::kAuth: s.connection.asked_for_tls = true; return {};
    case FtpKind::kPort:
    case FtpKind::kEprt: break;
    default: return {};
  }
  FtpExpectation e{.src = s.backend(), .dst = s.internal(), .dst_port = found.port, .port = found.port, .active = true,
                   .reserved = false, .pool = {}};
  connections_.ForgetExpected(s.connection);
  if (found.address != s.client() || found.port < kFirstUserPort || (s.full() && !TakePort(s, e))) {
    counters_.ftp_left.Add();
    return {};
  }
  connections_.Expect(s.connection, e, s.now);
  return Replace(line, found, found.kind, e.dst, e.dst_port, text);
}

// A port of the internal address for the client's: one that is free towards the backend's data port.
bool Ftp::TakePort(Scene& s, FtpExpectation& e) {
  const Service* service = ServiceOf(s.tables, s.row);
  if (service == nullptr) return false;
  e.pool = {s.backend(), FtpDataPort(__builtin_bswap16(s.row.sides[0].dst_port)), kTcp};
  const auto taken = pools_.Take(e.dst, e.pool, service->first_port, service->last_port, &e.dst_port);
  e.reserved = taken == PortPools::Result::kOk;
  return e.reserved;
}

Change Ftp::JudgeReply(Scene& s, absl::string_view line, char* text) {
  const FtpLine found = ParseFtpLine(FtpSender::kServer, line);
  if (found.kind == FtpKind::kAbsurd) return {Change::What::kRefuse, 0};
  if (found.kind == FtpKind::kSecured) {
    s.connection.secret = s.connection.asked_for_tls;
    return {};
  }
  const bool passive = found.kind == FtpKind::kPassive;
  if (!passive && found.kind != FtpKind::kExtendedPassive) return {};
  if (s.connection.asked != (passive ? FtpKind::kPasv : FtpKind::kEpsv)) return {};
  s.connection.asked = FtpKind::kOther;
  connections_.ForgetExpected(s.connection);
  // A server may have been told its public address.
  const bool own = !passive || found.address == s.backend() || found.address == s.external();
  const uint16_t port = own && found.port >= kFirstUserPort ? ChooseExternalPort(s, found.port) : 0;
  if (port == 0) {
    counters_.ftp_left.Add();
    return {};
  }
  connections_.Expect(s.connection, {.src = s.client(), .dst = s.external(), .dst_port = port, .port = found.port,
                                     .active = false, .reserved = false, .pool = {}}, s.now);
  return Replace(line, found, found.kind, s.external(), port, text);
}

// The port itself, unless a service listens there or the client expects another backend behind it; then one close by.
// 0: none.
uint16_t Ftp::ChooseExternalPort(const Scene& s, uint16_t wanted) {
  uint16_t port = wanted;
  for (int i = 0; i < kPortsTried; ++i) {
    const bool taken = s.tables.services->FindListener({s.external(), port, kTcp}) != nullptr ||
                       connections_.FindExpected(s.client(), s.external(), port, s.now) != nullptr;
    if (!taken) return port;
    port = port == 65535 ? kFirstUserPort : static_cast<uint16_t>(port + 1);
  }
  return 0;
}

}  // namespace baton::dataplane
