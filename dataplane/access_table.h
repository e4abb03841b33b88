// The access table of one worker (AM-02): a row per access, found by the key of either direction through rte_hash.
// Called by the worker that owns it, and by nobody else. All memory is taken at creation; a row never moves while it
// lives.
//
// A row is two cache lines, one for each direction, and a packet touches only its own: what to write into it, when the
// direction was last used, which TCP flags it has shown. The keys are not kept: the key of one direction is what the
// other direction writes, turned round.
//
//     sides[0]  client -> backend: writes (client | internal) -> backend     key: client -> external
//     sides[1]  backend -> client: writes external -> client                 key: backend -> (client | internal)
//
// With `direct` and `tunnel` packets stay as they are and replies do not pass the box: only sides[0] is in the index
// and in use, its `dst` is where packets go, and sides[1] keeps the key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/access_row.h"
#include "common/status.h"
#include "common/time_point.h"
#include "dataplane/flow_key.h"
#include "dataplane/packet.h"

namespace baton::dataplane {

enum SideKind : uint8_t {
  kSideLive = 1,       // the row is in use
  kSideIpv4 = 2,       // this direction's packets come in as IPv4
  kSideTunnel = 4,     // with kSideUntouched: `tunnel`; `src` and `src_port` are the outer header's
  kSideFtp = 4,        // without it: an FTP control connection that ftp_connections.h follows
  kSideReply = 8,      // backend -> client
  kSideFull = 16,      // `full` translation
  kSideTcp = 32,       // neither: ICMP echo
  kSideUdp = 64,
  kSideUntouched = 128,  // `direct`, `tunnel`: nothing is written into the packets, and there are no replies
};

struct alignas(64) RowSide {
  IpAddress src, dst;           // to write into the packet
  uint16_t src_port, dst_port;  // to write, as on the wire; ICMP echo: the identifier
  uint16_t l3_difference;       // what writing them adds to the IPv4 header checksum
  uint16_t l4_difference;       // and to the L4 checksum
  Millis last_seen;
  uint32_t packets;
  uint32_t seq;                 // 906, 907: from which sequence number `delta` bytes are to be added
  int16_t delta;
  uint16_t hop_generation;      // `neighbor` is right while this is the next hops' generation; 0: never
  uint16_t neighbor;
  Slot backend;
  Slot address;                 // the external address's slot: its mode decides what happens
  uint8_t tcp_seen;             // TCP flags this direction has shown
  uint8_t kind;                 // SideKind

  bool live() const { return (kind & kSideLive) != 0; }
  bool reply() const { return (kind & kSideReply) != 0; }
  bool ipv4() const { return (kind & kSideIpv4) != 0; }
  bool tunnel() const { return (kind & (kSideTunnel | kSideUntouched)) == (kSideTunnel | kSideUntouched); }
  bool ftp() const { return (kind & (kSideFtp | kSideUntouched)) == kSideFtp; }
  bool untouched() const { return (kind & kSideUntouched) != 0; }
  uint8_t protocol() const {
    if ((kind & kSideTcp) != 0) return kTcpProtocol;
    if ((kind & kSideUdp) != 0) return kUdpProtocol;
    return ipv4() ? kIcmpProtocol : kIcmpv6Protocol;
  }
  static constexpr uint8_t kTcpProtocol = 6, kUdpProtocol = 17, kIcmpProtocol = 1, kIcmpv6Protocol = 58;
};
static_assert(sizeof(RowSide) == 64);

struct Row {
  RowSide sides[2];

  void MarkFtp() {
    sides[0].kind |= kSideFtp;
    sides[1].kind |= kSideFtp;
  }
};
static_assert(sizeof(Row) == 128);

// The row that `side` is part of.
inline Row& RowOf(RowSide& side) { return *reinterpret_cast<Row*>(side.reply() ? &side - 1 : &side); }
RowState StateOf(const Row& row);
// When the row may go, unless a packet comes before.
Millis DeadlineOf(const Row& row, const Timeouts& timeouts);

// The row as it travels and is shown, but for the service, which a row does not know.
AccessRow PackRow(const Row& row, Millis now);

// What makes a row: addresses and ports (as on the wire) of both directions.
struct NewRow {
  // internal: the client's own with `destination`, the outer header's source with `tunnel`.
  IpAddress client, external, internal, backend;
  uint16_t client_port, external_port, internal_port, backend_port;
  uint8_t protocol;
  ForwardMethod method;
  Slot backend_slot, address_slot;

  // Replies do not pass the box.
  bool one_way() const { return method == ForwardMethod::kDirect || method == ForwardMethod::kTunnel; }
  // The family that sides[1] is of: with a row of one way that of its key.
  bool reply_ipv4() const { return one_way() ? client.is_v4() : backend.is_v4(); }
};

class AccessTable {
 public:
  struct Limits {
    uint32_t rows = 0;
    uint32_t rows_ipv6 = 0;  // at most `rows`; 0: no IPv6
  };
  // ResourceExhausted when there is not enough memory. `name` is unique in the process.
  static absl::StatusOr<std::unique_ptr<AccessTable>> Create(const std::string& name, const Limits& limits,
                                                             const HashSeed& seed);
  ~AccessTable();

  // Looks up every packet that is alive and has a key; writes `side`, nullptr on a miss. One look-up for the burst.
  void FindRows(Burst& burst) const;
  RowSide* Find(const FlowKey& key, bool ipv4) const;

  enum class Added { kOk, kFull, kReplyKeyInUse };
  // REQUIRES: no row has the request key. On kOk, `*request` is the client's side.
  Added Add(const NewRow& row, const Timeouts& timeouts, Millis now, RowSide** request);
  // What Add would say, and the row that it would make. `leaving`: a row that ends first, or nullptr.
  Added Preview(const NewRow& row, Millis now, const Row* leaving, Row* made) const;
  void Remove(Row& row);

  // Something shortened the row's life (FIN, RST): look at it again no later than `deadline`.
  void LookAgainAt(const Row& row, Millis deadline);
  // Examines up to `quota` rows in turn and calls `ended(row)` for those whose time is up, at most kEndsPerCall of
  // them; the callee removes the row.
  template <typename Ended>
  void Expire(const Timeouts& timeouts, Millis now, uint32_t quota, Ended ended);

  uint32_t rows() const { return live_; }
  uint32_t rows_ipv6() const { return live_ipv6_; }
  const Limits& limits() const { return limits_; }
  uint32_t IndexOf(const Row& row) const { return static_cast<uint32_t>(&row - rows_); }
  uint32_t row_limit() const { return high_water_; }  // rows ever used: a walk ends here
  const Row& row(uint32_t index) const { return rows_[index]; }
  Row& row(uint32_t index) { return rows_[index]; }
  size_t bytes() const { return bytes_; }  // of rows, index and bookkeeping

  static constexpr uint32_t kEndsPerCall = 32;

 private:
  struct Index;  // rte_hash of one family
  AccessTable() = default;
  AccessTable(const AccessTable&) = delete;
  bool AddKey(const FlowKey& key, bool ipv4, RowSide* side);
  void DeleteKey(const FlowKey& key, bool ipv4);

  Limits limits_;
  HashSeed seed_;
  Row* rows_ = nullptr;
  Millis* deadlines_ = nullptr;  // per row: when to look at it next; lies apart so that scanning it is cheap
  std::unique_ptr<Index> ipv4_, ipv6_;
  uint32_t live_ = 0, live_ipv6_ = 0;
  uint32_t high_water_ = 0;
  uint32_t free_ = kNone;        // list of free rows below high_water_, linked through RowSide::packets
  uint32_t cursor_ = 0;
  size_t bytes_ = 0;
  static constexpr uint32_t kNone = 0xffffffff;
};

template <typename Ended>
void AccessTable::Expire(const Timeouts& timeouts, Millis now, uint32_t quota, Ended ended) {
  if (quota > high_water_) quota = high_water_;
  uint32_t ends = 0;
  for (uint32_t i = 0; i < quota && ends < kEndsPerCall; ++i) {
    if (cursor_ >= high_water_) cursor_ = 0;
    const uint32_t at = cursor_++;
    if (!Reached(deadlines_[at], now)) continue;
    Row& row = rows_[at];
    if (!row.sides[0].live()) {
      deadlines_[at] = now + (1u << 30);  // free: nothing to see for twelve days
      continue;
    }
    const Millis deadline = DeadlineOf(row, timeouts);
    if (!Reached(deadline, now)) {
      deadlines_[at] = deadline;  // it was used since
      continue;
    }
    ended(row);
    ++ends;
  }
}

}  // namespace baton::dataplane
