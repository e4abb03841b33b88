// Both ends of a flow's TCP connection, as machines (RFC 9293, 3.3.2), and what a class of connections does: `requests`
// requests, each answered by one response, then FIN or RST by the client. At most one request is on its way, so one
// segment is outstanding at a time: SYN, request or FIN. The client alone has a timer and sends it again; the server
// answers again what comes again. That recovers whatever is lost, and needs no addresses in the server's state.
//
// React changes the state and says what to send; it sends nothing, and reads no clock. 64 bytes for both ends.
#pragma once

#include <cstdint>

#include "generator/tcp/segment.h"

namespace baton::generator {

struct TcpPlan {
  uint16_t request = 100;    // bytes; one segment
  uint32_t response = 1000;  // bytes; at most kMostSegments segments, which are sent at once (RFC 6928)
  uint16_t requests = 1;     // on each connection
  bool reset = false;        // the client closes with RST instead of FIN
  uint16_t mss = 1460;       // that the client announces
  bool over = false;         // sending has ended: the response that a client waits for is its last
};
inline constexpr uint32_t kMostSegments = 10;
inline constexpr uint32_t kRetransmitMs = 200;  // the first time; then twice that, and so on
inline constexpr uint8_t kMostRetries = 5;      // 12.4 s

// The first sequence number of a flow's next connection: higher than all of the one before, and its lower half tells that
// it is of this run.
uint32_t NextInitial(uint32_t last, uint32_t flow, uint64_t key);
bool IsInitial(uint32_t seq, uint32_t flow, uint64_t key);

enum class ClientState : uint8_t { kClosed, kSynSent, kAwaiting, kFinSent };

struct TcpClient {
  uint64_t sent_ns = 0;       // the outstanding segment, the first time
  uint32_t unacked = 0;       // its sequence number
  uint32_t expected = 0;      // next from the server
  uint32_t got = 0;           // bytes of the response
  uint32_t deadline_ms = 0;   // then it is sent again
  uint16_t requests_left = 0;
  ClientState state = ClientState::kClosed;
  uint8_t retries = 0;
};
static_assert(sizeof(TcpClient) == 32);

enum class ClientNews : uint8_t {
  kNone,
  kEstablished,  // sends its first request
  kFirstBytes,   // of a response: there is a stamp to read
  kCompleted,    // all went as planned, and the connection is closed
  kReset,
  kDuplicate,    // a segment whose bytes were there
  kOutOfOrder,   // a segment behind one that is missing: dropped
  kTimedOut,     // given up
};

struct ClientStep {
  ClientNews news = ClientNews::kNone;
  bool response_done = false;
  bool send = false;
  bool new_request = false;  // `out` is a request that was not sent before
  Segment out;
};

// A SYN. REQUIRES: client.state == kClosed.
Segment Open(const TcpPlan& plan, TcpClient& client, uint32_t flow, uint64_t key, int64_t now_ns);
ClientStep React(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns);
// What to do when the deadline has passed: send again or give up. REQUIRES: client.state != kClosed.
ClientStep DeadlinePassed(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns);

enum class ServerState : uint8_t { kListen, kSynReceived, kOpen, kLastAck };

struct TcpServer {
  uint32_t expected = 0;   // next from the client
  uint32_t unacked = 0;    // the first byte that the client has not confirmed
  uint32_t next = 0;       // sequence number
  uint32_t response = 0;   // sequence number of the newest response
  uint16_t peer_mss = 0;
  uint16_t server = 0;     // at which of the servers the connection arrived
  ServerState state = ServerState::kListen;
};
static_assert(sizeof(TcpServer) <= 32);

enum class ServerNews : uint8_t {
  kNone,
  kAccepted,    // a new connection
  kRequest,     // one arrived: out.length bytes of response are to be sent from out.seq on
  kReset,       // by the client
  kDuplicate,
  kOutOfOrder,
  kUnknown,     // of no connection
};

struct ServerStep {
  ServerNews news = ServerNews::kNone;
  bool abandoned = false;  // an open connection gave way to a new one
  bool send = false;
  bool again = false;      // the response was sent before
  Segment out;             // its payload may be longer than a segment
};

ServerStep React(const TcpPlan& plan, TcpServer& server, const Segment& in, uint32_t flow, uint64_t key);

struct alignas(64) TcpFlow {
  TcpClient client;
  TcpServer server;
};
static_assert(sizeof(TcpFlow) == 64);

}  // namespace baton::generator
