// Both ends of a flow's TCP connection, as machines (RFC 9293, 3.3.2), and what a class of connections does: `requests`
// requests, each answered by one response, then FIN or RST by the client. At most one request is on its way, so one
// thing is outstanding at a time: SYN, request or FIN. The client alone has a timer and sends it again; the server
// answers again what comes again. That recovers whatever is lost, and needs no addresses in the server's state. The
// client also gets along with servers that are not ours (`http`): it confirms every segment and takes what real ones do.
//
// React changes the state and says what to send; it sends nothing, and reads no clock. 64 bytes for both ends.
#pragma once

#include <cstdint>

#include "generator/tcp/segment.h"

namespace baton::generator {

struct TcpPlan {
  uint16_t request = 100;    // bytes; at most kMostSegments segments, which are sent at once (RFC 6928)
  uint32_t response = 1000;  // bytes; kMostSegments of its segments are on their way at a time
  bool http = false;         // real servers answer: a response is as long as its head says
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

enum class ClientState : uint8_t {
  kClosed,
  kSynSent,
  kAwaiting,  // a response
  kFinSent,
  kClosing,   // both ends have sent FIN; the server has not confirmed ours
};

struct TcpClient {
  uint64_t sent_ns = 0;       // the outstanding segment, the first time
  uint32_t unacked = 0;       // its sequence number
  uint32_t expected = 0;      // next from the server
  uint32_t left = 0;          // bytes of the response that are missing; http: 0 until its head came
  uint32_t time = 0;          // the server's newest time stamp (RFC 7323, 4.3)
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
  kClosedEarly,  // by the server, in the middle of a response: answered by a reset
  kNotUnderstood,  // http: not a response whose end is known; answered by a reset
};

struct ClientStep {
  ClientNews news = ClientNews::kNone;
  bool response_done = false;
  bool is_error = false;     // http: the response that began has a status of 400 or above
  bool send = false;
  bool new_request = false;  // `out` is a request that was not sent before
  Segment out;
};

// A SYN. REQUIRES: client.state == kClosed.
Segment Open(const TcpPlan& plan, TcpClient& client, uint32_t flow, uint64_t key, int64_t now_ns);
// `payload`: of `in`, when plan.http.
ClientStep React(const TcpPlan& plan, TcpClient& client, const Segment& in, uint32_t flow, int64_t now_ns,
                 absl::string_view payload = {});
// What to do when the deadline has passed: send again or give up. REQUIRES: client.state != kClosed.
ClientStep DeadlinePassed(const TcpPlan& plan, TcpClient& client, uint32_t flow, int64_t now_ns);

enum class ServerState : uint8_t { kListen, kSynReceived, kOpen, kLastAck };

struct TcpServer {
  uint32_t expected = 0;   // next from the client
  uint32_t unacked = 0;    // the first byte that the client has not confirmed
  uint32_t next = 0;       // sequence number
  uint32_t response = 0;   // sequence number of the newest response
  uint32_t end = 0;        // and of the byte behind it; `next` follows as the client confirms
  uint32_t asked = 0;      // bytes of the request that have come
  uint16_t peer_mss = 0;
  uint16_t server = 0;     // at which of the servers the connection arrived
  ServerState state = ServerState::kListen;
  uint8_t repeated_acks = 0;  // that confirm what the one before did
};
static_assert(sizeof(TcpServer) <= 32);

enum class ServerNews : uint8_t {
  kNone,
  kAccepted,    // a new connection
  kRequest,     // all of one arrived: out.length bytes of response are to be sent from out.seq on
  kReset,       // by the client
  kDuplicate,
  kOutOfOrder,
  kUnknown,     // of no connection
};

struct ServerStep {
  ServerNews news = ServerNews::kNone;
  bool abandoned = false;  // an open connection gave way to a new one
  bool send = false;
  bool again = false;      // `in` is a request that came before, and so did the response
  Segment out;             // its payload may be longer than a segment
};

// What a segment to this end holds at most.
inline uint32_t RoomInSegment(uint16_t mss) { return (mss > 100 ? mss : 100u) - kTcpOptions; }
// A request is cut into equal parts, each with a stamp.
inline uint32_t PartOfRequest(const TcpPlan& plan) {
  const uint32_t room = RoomInSegment(plan.mss), parts = (plan.request + room - 1) / room;
  return (plan.request + parts - 1) / parts;
}

ServerStep React(const TcpPlan& plan, TcpServer& server, const Segment& in, uint32_t flow, uint64_t key);

struct alignas(64) TcpFlow {
  TcpClient client;
  TcpServer server;
};
static_assert(sizeof(TcpFlow) == 64);

}  // namespace baton::generator
