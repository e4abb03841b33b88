// A packet on its way through the pipeline: where its bytes are and what the stages found out and decided. Stages fill
// fields; only Rewrite (and Answer, for refusals) changes bytes. Two cache lines. Used by one worker only.
#pragma once

#include <cstdint>

#include "common/drop_reason.h"
#include "common/route.h"
#include "common/service_table.h"
#include "common/time_point.h"
#include "dataplane/flow_key.h"

namespace baton::dataplane {

struct RowSide;  // access_table.h

// What becomes of a packet. Each packet ends in exactly one of the last nine.
enum class Fate : uint8_t {
  kUndecided,  // goes through the stages
  kForward,    // to `out_port`
  kDrop,       // `drop` says why; Answer may turn the bytes into an error for the sender
  kControl,    // to the control thread
  kKernel,     // to the kernel's interface of the port it came in through
  kHold,       // into the hold buffer of `address_slot`
  kWait,       // waits for a neighbour's MAC address
  kEcho,       // answered in place: an echo reply from one of our own addresses
  kKept,       // waits for its first fragment, or a hand-over: a table has taken it
  kSplit,      // larger than `mtu`, which is that of the way out: goes on in pieces
};

// The error a dropped packet is answered with (AM-08, AM-21, AM-Q08).
enum class Answer : uint8_t {
  kNone,
  kRefuse,       // as the host that was asked: RST for TCP, port unreachable otherwise
  // The packet was on its way to somebody else: port unreachable comes from the router (RFC 1812, 4.3.2.4).
  kRefuseReply,
  kNoRoute, kHostUnreachable, kTimeExceeded, kTooBig
};

enum PacketFlag : uint8_t {
  kFragmented = 1,  // any fragment, IPv4 or IPv6
  kReleased = 2,    // comes out of the hold buffer: is not held again
  kKeyed = 4,       // `key` names a flow: TCP, UDP or ICMP echo; a fragment once FollowFragments knows its first
  kArp = 8,
  kFollowed = 16,   // waited for its first fragment, which has come
  kIcmpError = 32,  // unreachable, packet too big, time exceeded or parameter problem: quotes a packet
  kSyn = 64,        // TCP with SYN
  kPiece = 128,     // of a packet that was cut here
};

struct alignas(64) Packet {
  // Set by PacketIo::Receive.
  uint8_t* data = nullptr;   // first byte of the Ethernet header
  void* buffer = nullptr;    // PacketIo's
  uint16_t length = 0;       // bytes from `data` on
  PortId port = 0;           // came in here

  // Set by Parse.
  uint8_t l3 = 0;            // offset of the IP header
  uint16_t l4 = 0;           // offset of the TCP, UDP or ICMP header; 0 when there is none
  uint8_t protocol = 0;      // the header at l4
  uint8_t tcp_flags = 0;
  uint8_t icmp_type = 0;
  uint8_t flags = 0;         // PacketFlag
  bool ipv4 = false;
  uint16_t fragment = 0;     // kFragmented: offset of the header that says so, IPv4 or the IPv6 fragment header

  // Set by the stages.
  DropReason drop = DropReason::kNone;
  Fate fate = Fate::kUndecided;
  Answer answer = Answer::kNone;
  PortId out_port = kNoPort;
  Slot address_slot = kNoSlot;  // the local address it is to (or, for a reply, belongs to)
  uint16_t neighbor = 0;        // index in the neighbour table
  uint16_t mtu = 0;             // kTooBig, kSplit: of the way out
  RowSide* side = nullptr;      // the row's side for this direction, when there is a row
  const Service* service = nullptr;

  FlowKey key;

  // Begins a packet's way, all other fields as a fresh Packet has them. The same as assigning Packet{}, which the
  // compiler makes a temporary of and two library calls: some 15 cycles more.
  void Start(uint8_t* bytes, void* in_buffer, uint16_t byte_count, PortId in_port) {
    using Line [[gnu::vector_size(64), gnu::may_alias]] = uint64_t;
    auto* lines = reinterpret_cast<Line*>(this);
    lines[0] = lines[1] = Line{};
    data = bytes;
    buffer = in_buffer;
    length = byte_count;
    port = in_port;
    out_port = kNoPort;
    address_slot = kNoSlot;
  }

  bool alive() const { return fate == Fate::kUndecided; }
  void Drop(DropReason reason, Answer with = Answer::kNone) {
    fate = Fate::kDrop;
    drop = reason;
    answer = with;
  }
};

// Every buffer has this much room before the frame, and this much from the frame's start on, however short the frame
// is: a tag and a tunnel's headers can be added and an error message built in place (RFC 4443, 2.4: at most 1280 bytes
// of IPv6).
inline constexpr int kMinHeadroom = 96;
inline constexpr int kMinRoom = 1536;

static_assert(sizeof(Packet) == 128);

inline constexpr int kBurst = 32;

// Where the packets of a burst come from.
enum class Origin : uint8_t {
  kPort,
  kPeer,      // another worker received and steered them
  kReleased,  // they waited for a neighbour or the end of a migration
  kTaken,     // they waited while their end system changed hands, before they were steered
  kFollowed,  // they waited for their first fragment
};

struct Burst {
  int count = 0;
  Origin origin = Origin::kPort;
  uint8_t flags = 0;         // PacketFlags of all packets together; set by Parse
  bool shed = false;         // the worker is overloaded: ShedData drops what is not for the box itself
  bool opens = false;        // a packet without a row is to a service; set by Classify
  TimePoint since{};         // from a port: they came at this time or later
  Packet packets[kBurst];

  Packet* begin() { return packets; }
  const Packet* begin() const { return packets; }
  Packet* end() { return packets + count; }
  const Packet* end() const { return packets + count; }
};

}  // namespace baton::dataplane
