#include <string>

#include <catch2/catch.hpp>

#include "dataplane/ftp_command.h"

namespace baton::dataplane {
namespace {

using Kind = FtpKind;
constexpr FtpSender kClient = FtpSender::kClient, kServer = FtpSender::kServer;

struct Case {
  const char* name;
  FtpSender from;
  const char* line;
  Kind kind;
  const char* address;  // with a port
  uint16_t port;
  const char* part;     // of the line, that says so
};

TEST_CASE("[AM-10] lines of an FTP control connection") {
  const auto c = GENERATE(values<Case>({
      {"RFC 959, 4.1.2", kClient, "PORT 192,0,2,7,19,137\r\n", Kind::kPort, "192.0.2.7", 5001, "192,0,2,7,19,137"},
      {"small letters", kClient, "port 192,0,2,7,0,21\r\n", Kind::kPort, "192.0.2.7", 21, "192,0,2,7,0,21"},
      {"leading zeros", kClient, "PORT 192,000,002,007,019,137\n", Kind::kPort, "192.0.2.7", 5001,
       "192,000,002,007,019,137"},
      {"more behind it", kClient, "PORT  1,2,3,4,5,6 x\r\n", Kind::kPort, "1.2.3.4", 1286, "1,2,3,4,5,6"},
      {"five numbers", kClient, "PORT 1,2,3,4,5\r\n", Kind::kOther, "", 0, ""},
      {"no numbers", kClient, "PORT\r\n", Kind::kOther, "", 0, ""},
      {"a negative one", kClient, "PORT 1,2,3,-4,5,6\r\n", Kind::kOther, "", 0, ""},
      {"a byte of 256", kClient, "PORT 1,2,3,256,5,6\r\n", Kind::kAbsurd, "", 0, ""},
      {"a number without end", kClient, "PORT 1,2,3,4,5,99999999999999999999999999\r\n", Kind::kAbsurd, "", 0, ""},
      {"4294967297, which is 1 in 32 bits", kClient, "PORT 4294967297,2,3,4,5,6\r\n", Kind::kAbsurd, "", 0, ""},
      {"port 0", kClient, "PORT 1,2,3,4,0,0\r\n", Kind::kAbsurd, "", 0, ""},
      {"RFC 2428, 2: IPv4", kClient, "EPRT |1|132.235.1.2|6275|\r\n", Kind::kEprt, "132.235.1.2", 6275,
       "|1|132.235.1.2|6275|"},
      {"RFC 2428, 2: IPv6", kClient, "EPRT |2|1080::8:800:200C:417A|5282|\r\n", Kind::kEprt,
       "1080::8:800:200c:417a", 5282,
       "|2|1080::8:800:200C:417A|5282|"},
      {"another delimiter", kClient, "EPRT !1!1.2.3.4!80!\r\n", Kind::kEprt, "1.2.3.4", 80, "!1!1.2.3.4!80!"},
      {"a protocol nobody knows", kClient, "EPRT |3|1.2.3.4|80|\r\n", Kind::kOther, "", 0, ""},
      {"IPv4 where IPv6 is announced", kClient, "EPRT |2|1.2.3.4|80|\r\n", Kind::kAbsurd, "", 0, ""},
      {"an address that is none", kClient, "EPRT |1|1.2.3|80|\r\n", Kind::kAbsurd, "", 0, ""},
      {"65536", kClient, "EPRT |1|1.2.3.4|65536|\r\n", Kind::kAbsurd, "", 0, ""},
      {"port 0, extended", kClient, "EPRT |1|1.2.3.4|0|\r\n", Kind::kAbsurd, "", 0, ""},
      {"no last delimiter", kClient, "EPRT |1|1.2.3.4|80\r\n", Kind::kOther, "", 0, ""},
      {"passive", kClient, "PASV\r\n", Kind::kPasv, "", 0, ""},
      {"extended passive", kClient, "EPSV ALL\r\n", Kind::kEpsv, "", 0, ""},
      {"TLS", kClient, "AUTH TLS\r\n", Kind::kAuth, "", 0, ""},
      {"a longer word", kClient, "PASVX\r\n", Kind::kOther, "", 0, ""},
      {"too short", kClient, "PO\r\n", Kind::kOther, "", 0, ""},
      {"the server's line from the client", kClient, "227 (1,2,3,4,5,6)\r\n", Kind::kOther, "", 0, ""},
      {"227", kServer, "227 Entering Passive Mode (10,0,0,11,4,1).\r\n", Kind::kPassive, "10.0.0.11", 1025,
       "10,0,0,11,4,1"},
      {"227 without parentheses", kServer, "227 =127,0,0,1,4,51\r\n", Kind::kPassive, "127.0.0.1", 1075,
       "127,0,0,1,4,51"},
      {"numbers before", kServer, "227 v2 1,2 (10,0,0,11,4,1)\r\n", Kind::kPassive, "10.0.0.11", 1025, "10,0,0,11,4,1"},
      {"227 without numbers", kServer, "227 no\r\n", Kind::kOther, "", 0, ""},
      {"an absurd 227", kServer, "227 (10,0,0,311,4,1)\r\n", Kind::kAbsurd, "", 0, ""},
      {"RFC 2428, 3", kServer, "229 Entering Extended Passive Mode (|||6446|)\r\n", Kind::kExtendedPassive, "", 6446,
       "(|||6446|)"},
      {"229 with an address", kServer, "229 (|1|1.2.3.4|6446|)\r\n", Kind::kOther, "", 0, ""},
      {"229 of port 0", kServer, "229 (|||0|)\r\n", Kind::kAbsurd, "", 0, ""},
      {"229 cut off", kServer, "229 (", Kind::kOther, "", 0, ""},
      {"TLS granted", kServer, "234 ok\r\n", Kind::kSecured, "", 0, ""},
      {"the first of several lines", kServer, "227-x (1,2,3,4,5,6)\r\n", Kind::kOther, "", 0, ""},
  }));
  CAPTURE(c.name);
  const FtpLine line = ParseFtpLine(c.from, c.line);
  CHECK(line.kind == c.kind);
  if (line.kind == Kind::kOther || line.kind == Kind::kAbsurd) return;
  CHECK(line.port == c.port);
  if (c.address[0] != '\0') CHECK(line.address.ToString() == c.address);
  CHECK(std::string(c.line).substr(line.begin, line.end - line.begin) == c.part);
}

TEST_CASE("a line cut anywhere may still become one of ours, and is none before its address is whole") {
  const auto [from, whole] = GENERATE(values<std::pair<FtpSender, std::string>>({
      {kClient, "PORT 192,0,2,7,19,137\r\n"},
      {kClient, "EPRT |2|2001:db8::7|5001|\r\n"},
      {kServer, "227 Entering Passive Mode (10,0,0,11,4,1)\r\n"},
      {kServer, "229 Entering Extended Passive Mode (|||6446|)\r\n"},
  }));
  const FtpLine found = ParseFtpLine(from, whole);
  for (size_t length = 1; length <= whole.size(); ++length) {
    CAPTURE(length, whole);
    const std::string part = whole.substr(0, length);
    CHECK(MayMatter(from, part));
    const FtpLine line = ParseFtpLine(from, part);
    // The last number may be whole earlier than it seems: 13 of 137.
    if (length < found.end - 2) CHECK(line.kind == Kind::kOther);
    if (length >= found.end) CHECK(line.port == found.port);
    CHECK(line.end <= length);
  }
}

TEST_CASE("what other lines begin with is not waited for") {
  for (const char* line : {"Q", "PW", "PORTS", "\x16\x03", " PORT", "\r\n", "\n"}) CHECK(!MayMatter(kClient, line));
  for (const char* line : {"1", "228", "227-", "PORT"}) CHECK(!MayMatter(kServer, line));
  CHECK(MayMatter(kClient, "p"));
  CHECK(MayMatter(kServer, "22"));
}

TEST_CASE("no bytes lead outside of the line") {
  const std::string whole = GENERATE(as<std::string>{}, "PORT 192,0,2,7,19,137\r\n", "EPRT |2|2001:db8::7|5001|\r\n",
                                     "227 (10,0,0,11,4,1)\r\n", "229 (|||6446|)\r\n");
  for (size_t at = 0; at < whole.size() * 8; ++at) {
    std::string flipped = whole;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ 1 << at % 8);
    for (const FtpSender from : {kClient, kServer}) {
      const FtpLine line = ParseFtpLine(from, flipped);
      CHECK(line.begin <= line.end);
      CHECK(line.end <= flipped.size());
      const bool has_port = line.kind == Kind::kPort || line.kind == Kind::kEprt || line.kind == Kind::kPassive ||
                            line.kind == Kind::kExtendedPassive;
      CHECK((line.port != 0 || !has_port));
    }
  }
}

TEST_CASE("[AM-10] addresses are written as they are read") {
  struct Case { Kind kind; const char* address; uint16_t port; const char* text; };
  const auto c = GENERATE(values<Case>({
      {Kind::kPort, "255.255.255.255", 65535, "255,255,255,255,255,255"},
      {Kind::kPassive, "10.0.0.1", 1025, "10,0,0,1,4,1"},
      {Kind::kEprt, "10.0.0.1", 1025, "|1|10.0.0.1|1025|"},
      {Kind::kEprt, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535,
       "|2|2001:db8:ffff:ffff:ffff:ffff:ffff:ffff|65535|"},
      {Kind::kExtendedPassive, "10.0.0.1", 7, "(|||7|)"},
  }));
  char out[kMaxFtpAddress];
  const size_t length = WriteFtpAddress(c.kind, IpAddress::Parse(c.address).value(), c.port, out);
  CHECK(std::string(out, length) == c.text);
}

}  // namespace
}  // namespace baton::dataplane
