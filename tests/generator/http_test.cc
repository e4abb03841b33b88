// The client of a connection against servers that are not ours: HTTP heads, and segments as real stacks send them.
#include "generator/tcp/http.h"

#include <string>

#include <catch2/catch.hpp>

#include "generator/tcp/connection.h"

namespace baton::generator {
namespace {

constexpr uint32_t kFlow = 5, kServerIsn = 7'000'000, kServerClock = 123'456;
constexpr int64_t kNow = 5'000'000'000;

TEST_CASE("the head of a response says how long it is, RFC 9112") {
  struct Case {
    const char* text;
    uint16_t status;
    uint32_t length;
    bool close;
  };
  const auto c = GENERATE(values<Case>({
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 43, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhel", 200, 100043, false},
      {"HTTP/1.1 200 OK\r\nServer: nginx\r\nCONTENT-LENGTH:0\r\nConnection: close\r\n\r\n", 200, 71, true},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, 27, false},
      {"HTTP/1.1 404\r\ncontent-length: 1\r\n\r\nx", 404, 36, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 38, true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", 200, 62, false},
  }));
  CAPTURE(c.text);
  const auto head = ReadHttpHead(c.text);
  REQUIRE(head);
  CHECK(head->status == c.status);
  CHECK(head->length == c.length);
  CHECK(head->close == c.close);
}

TEST_CASE("what does not say where the response ends is not understood") {
  const char* text = GENERATE(
      "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "HTTP/1.1 200 OK\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/2 200\r\nContent-Length: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4294967295\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n");
  CAPTURE(text);
  CHECK_FALSE(ReadHttpHead(text));
}

// A client that has sent its request; what a server says to it is given by the test.
struct Asking {
  TcpPlan plan{.request = 80, .http = true, .requests = 2};
  TcpClient client;
  uint32_t next = kServerIsn + 1;  // of the server
  uint32_t first = 0;              // sequence number of the request

  Asking() {
    const Segment syn = Open(plan, client, kFlow, 1, kNow);
    Segment answer{.seq = kServerIsn, .ack = syn.seq + 1, .flow = kFlow, .time = kServerClock};
    answer.flags = kTcpSyn | kTcpAck;
    const ClientStep step = React(plan, client, answer, kFlow, kNow);
    REQUIRE(step.news == ClientNews::kEstablished);
    CHECK(step.out.length == 80);
    CHECK(step.out.time == kServerClock);  // RFC 7323, 3.2: the echo
    first = syn.seq + 1;
  }

  ClientStep Hear(uint32_t seq, const std::string& text, uint8_t flags = kTcpAck, uint32_t ack = 0) {
    Segment in{.seq = seq, .ack = ack != 0 ? ack : first + 80, .flow = kFlow, .time = kServerClock + 1,
               .length = static_cast<uint16_t>(text.size())};
    in.flags = flags;
    return React(plan, client, in, kFlow, kNow, text);
  }
  ClientStep HearNext(const std::string& text, uint8_t flags = kTcpAck) {
    const ClientStep step = Hear(next, text, flags);
    next += static_cast<uint32_t>(text.size());
    return step;
  }
};

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

TEST_CASE("a response in pieces: each is confirmed, the last one by the next request") {
  Asking a;
  CHECK_FALSE(a.Hear(a.next, "").send);  // the server confirms the request
  ClientStep step = a.HearNext(kHead);
  CHECK(step.news == ClientNews::kFirstBytes);
  CHECK(step.send);
  CHECK(step.out.length == 0);
  CHECK(step.out.ack == a.next);
  CHECK(step.out.seq == a.first + 80);
  CHECK(step.out.time == kServerClock + 1);
  a.HearNext("hello");
  step = a.HearNext("world");
  CHECK(step.response_done);
  CHECK(step.new_request);
  CHECK(step.out.seq == a.first + 80);
  CHECK(step.out.length == 80);
  CHECK(step.out.ack == a.next);
}

TEST_CASE("bytes that came are taken once, however the server cuts them when it sends them again") {
  Asking a;
  a.HearNext(kHead + "hel");
  CHECK(a.Hear(kServerIsn + 1, kHead).news == ClientNews::kDuplicate);
  CHECK(a.Hear(a.next + 4, "orld").news == ClientNews::kOutOfOrder);
  const ClientStep step = a.Hear(kServerIsn + 1, kHead + "helloworld");
  CHECK(step.response_done);
  CHECK(step.out.ack == kServerIsn + 1 + kHead.size() + 10);
}

TEST_CASE("a server that closes behind its response: no further request, both FINs, and nothing is left open") {
  const bool in_one = GENERATE(true, false), confirms_late = GENERATE(true, false);
  Asking a;
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
  ClientStep step = a.HearNext(text, in_one ? kTcpAck | kTcpFin : kTcpAck);
  CHECK(step.response_done);
  CHECK_FALSE(step.new_request);
  CHECK(step.out.has(kTcpFin));
  const uint32_t fin = a.first + 80;
  CHECK(step.out.seq == fin);
  if (in_one) {
    CHECK(step.out.ack == a.next + 1);
    CHECK(a.client.state == ClientState::kClosing);
  } else {  // its FIN crosses ours
    step = a.Hear(a.next, "", kTcpAck | kTcpFin, confirms_late ? fin : fin + 1);
    CHECK(step.send);
    CHECK(step.out.ack == a.next + 1);
    CHECK(step.out.seq == fin + 1);
    CHECK((step.news == ClientNews::kCompleted) == !confirms_late);
  }
  if (in_one || confirms_late) {
    step = a.Hear(a.next + 1, "", kTcpAck, fin + 1);
    CHECK(step.news == ClientNews::kCompleted);
    CHECK_FALSE(step.send);
  }
  CHECK(a.client.state == ClientState::kClosed);
  // The last ACK was lost: the FIN comes again, and is confirmed again.
  step = a.Hear(a.next, "", kTcpAck | kTcpFin, fin + 1);
  CHECK(step.send);
  CHECK(step.out.ack == a.next + 1);
}

TEST_CASE("closed in the middle, not understood, too long: a reset, and the connection has failed") {
  struct Case {
    const char* text;
    uint8_t flags;
    ClientNews news;
  };
  const auto c = GENERATE(values<Case>({
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal", kTcpAck | kTcpFin, ClientNews::kClosedEarly},
      {"", kTcpAck | kTcpFin, ClientNews::kClosedEarly},
      {"HTTP/1.1 200 OK\r\n\r\nhal", kTcpAck, ClientNews::kNotUnderstood},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhal", kTcpAck, ClientNews::kNotUnderstood},
  }));
  CAPTURE(c.text);
  Asking a;
  const ClientStep step = a.HearNext(c.text, c.flags);
  CHECK(step.news == c.news);
  CHECK(step.send);
  CHECK(step.out.has(kTcpRst));
  CHECK(step.out.seq == a.first + 80);
  CHECK(a.client.state == ClientState::kClosed);
}

TEST_CASE("an error status is told, and the response is whole all the same") {
  Asking a;
  const ClientStep step = a.HearNext("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
  CHECK(step.is_error);
  CHECK(step.response_done);
  CHECK(step.new_request);
}

}  // namespace
}  // namespace baton::generator
