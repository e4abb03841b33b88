#include "dataplane/access_table.h"

#include <algorithm>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_malloc.h>

#include "common/checksum.h"
#include "common/headers.h"

namespace baton::dataplane {

// One rte_hash: key -> RowSide*. Its keys are hashed by HashFlow; rte_hash's own function is never called.
struct AccessTable::Index {
  rte_hash* hash = nullptr;
  ~Index() { rte_hash_free(hash); }
};

namespace {

// Of the client's packets alone, as IPVS judges them (Linux, net/netfilter/ipvs/ip_vs_proto_tcp.c, INPUT-ONLY): an ACK
// behind the SYN shows that the backend answered.
RowState StateOfOneDirection(uint8_t seen) {
  if ((seen & kTcpRst) != 0) return RowState::kTcpReset;
  if ((seen & kTcpFin) != 0) return RowState::kTcpFin;
  return (seen & kTcpAck) != 0 ? RowState::kTcpEstablished : RowState::kTcpSyn;
}

ForwardMethod MethodOf(const RowSide& request) {
  if (request.untouched()) return request.tunnel() ? ForwardMethod::kTunnel : ForwardMethod::kDirect;
  return (request.kind & kSideFull) != 0 ? ForwardMethod::kFull : ForwardMethod::kDestination;
}

}  // namespace

RowState StateOf(const Row& row) {
  const RowSide& request = row.sides[0];
  const RowSide& reply = row.sides[1];
  if ((request.kind & kSideUdp) != 0) return RowState::kUdp;
  if ((request.kind & kSideTcp) == 0) return RowState::kIcmp;
  if (request.untouched()) return StateOfOneDirection(request.tcp_seen);
  const uint8_t either = request.tcp_seen | reply.tcp_seen;
  if ((either & kTcpRst) != 0) return RowState::kTcpReset;
  if ((request.tcp_seen & reply.tcp_seen & kTcpFin) != 0) return RowState::kTcpTimeWait;
  if ((either & kTcpFin) != 0) return RowState::kTcpFin;
  const bool both_spoke = (request.tcp_seen & kTcpAck) != 0 && (reply.tcp_seen & (kTcpSyn | kTcpAck)) != 0;
  return both_spoke ? RowState::kTcpEstablished : RowState::kTcpSyn;
}

Millis DeadlineOf(const Row& row, const Timeouts& timeouts) {
  const Millis a = row.sides[0].last_seen, b = row.sides[1].last_seen;
  return (Reached(a, b) ? b : a) + timeouts.of(StateOf(row));
}

AccessRow PackRow(const Row& row, Millis now) {
  const RowSide& request = row.sides[0];
  const RowSide& reply = row.sides[1];
  AccessRow packed;
  packed.client = reply.dst;
  packed.external = reply.src;
  packed.internal = request.src;
  packed.backend = request.dst;
  packed.client_port = __builtin_bswap16(reply.dst_port);
  packed.external_port = __builtin_bswap16(reply.src_port);
  packed.internal_port = __builtin_bswap16(request.src_port);
  packed.backend_port = __builtin_bswap16(request.dst_port);
  packed.protocol = request.protocol();
  packed.method = MethodOf(request);
  packed.state = StateOf(row);
  packed.backend_slot = request.backend;
  packed.idle_ms = std::min(now - request.last_seen, now - reply.last_seen);
  for (size_t which = 0; which < 2; ++which) {
    packed.seq[which] = row.sides[which].seq;
    packed.delta[which] = row.sides[which].delta;
    packed.packets[which] = row.sides[which].packets;
  }
  return packed;
}

namespace {

// The size of rte_hash's bucket array, in keys: a power of two.
uint64_t BucketKeys(uint64_t entries) {
  uint64_t keys = 8;
  while (keys < entries) keys *= 2;
  return keys;
}

// Two choices among buckets of eight fit until they are some 95 % full. Fuller than 80 %, the table gets rte_hash's
// extension, which takes as much memory again as the buckets do but never refuses a key before the table is full.
bool NeedsExtension(uint64_t entries) { return entries * 10 > BucketKeys(entries) * 8; }

constexpr uint32_t kLeastEntries = 8;  // rte_hash makes no smaller table

// How many entries to ask for so that two keys of each row fit. Where buckets would be more than 90.5 % full, one entry
// above the power of two doubles them: insertions need not push others aside then (2,090 -> 1,340 cycles a set-up at a
// million rows), and a row still takes less than 256 bytes.
uint32_t IndexEntries(uint32_t rows) {
  const uint64_t entries = std::max(2 * uint64_t{rows}, uint64_t{kLeastEntries});
  const uint64_t keys = BucketKeys(entries);
  return static_cast<uint32_t>(entries * 1000 > keys * 905 ? keys + 1 : entries);
}

absl::StatusOr<rte_hash*> CreateHash(const std::string& name, uint32_t entries, uint32_t key_length) {
  rte_hash_parameters parameters = {};
  parameters.name = name.c_str();
  parameters.entries = entries;
  parameters.key_len = key_length;
  parameters.socket_id = SOCKET_ID_ANY;
  if (NeedsExtension(entries)) parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
  rte_hash* hash = rte_hash_create(&parameters);
  if (hash == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("access table ", name, ": no memory for an index of ", entries,
                                                     " keys: ", rte_strerror(rte_errno)));
  }
  return hash;
}

// What an rte_hash of `entries` keys takes: key slots, buckets of 8 in one line, rings of free slots (and of free
// buckets of the extension). Source: rte_cuckoo_hash.c, rte_hash_create of DPDK 22.11.
size_t HashBytes(uint64_t entries, size_t key_length) {
  const size_t slot = (sizeof(void*) + key_length + 15) / 16 * 16;
  const uint64_t keys = BucketKeys(entries), buckets = keys / 8;
  const uint64_t ring = keys < entries + 2 ? 2 * keys : keys;
  const size_t extension = NeedsExtension(entries) ? buckets * 64 + 2 * buckets * 4 : 0;
  return (entries + 1) * slot + buckets * 64 + ring * 4 + extension;
}

uint64_t SumOf(const IpAddress& a) {
  return a.is_v4() ? AddToChecksum(0, a.v4_bytes(), 4) : AddToChecksum(0, a.v6_bytes(), 16);
}

// Fills one direction: packets come in as in_src:in_src_port -> in_dst:in_dst_port and leave as side.src -> side.dst.
void PrepareSide(RowSide& side, const IpAddress& in_src, uint16_t in_src_port, const IpAddress& in_dst,
                 uint16_t in_dst_port) {
  const uint64_t addresses_before = SumOf(in_src) + SumOf(in_dst);
  const uint64_t addresses_after = SumOf(side.src) + SumOf(side.dst);
  const uint64_t ports_before = uint64_t{in_src_port} + in_dst_port;
  const uint64_t ports_after = uint64_t{side.src_port} + side.dst_port;
  side.l3_difference = ChecksumDifference(addresses_before, addresses_after);
  const bool pseudo_header = side.protocol() != RowSide::kIcmpProtocol;  // ICMP of IPv4 has none (RFC 792)
  side.l4_difference = pseudo_header
                           ? ChecksumDifference(addresses_before + ports_before, addresses_after + ports_after)
                           : ChecksumDifference(ports_before, ports_after);
}

uint8_t KindOf(const NewRow& row, bool ipv4) {
  uint8_t kind = kSideLive;
  if (ipv4) kind |= kSideIpv4;
  if (row.method == ForwardMethod::kFull) kind |= kSideFull;
  if (row.one_way()) kind |= kSideUntouched;
  if (row.method == ForwardMethod::kTunnel) kind |= kSideTunnel;
  if (row.protocol == kTcp) kind |= kSideTcp;
  if (row.protocol == kUdp) kind |= kSideUdp;
  return kind;
}

void Fill(Row& row, const NewRow& n, Millis now) {
  RowSide& request = row.sides[0];
  request = RowSide{};
  request.src = n.internal;
  request.dst = n.backend;
  request.src_port = n.internal_port;
  request.dst_port = n.backend_port;
  request.kind = KindOf(n, n.client.is_v4());
  request.last_seen = now;
  request.backend = n.backend_slot;
  request.address = n.address_slot;
  RowSide& reply = row.sides[1];
  reply = request;
  reply.src = n.external;
  reply.dst = n.client;
  reply.src_port = n.external_port;
  reply.dst_port = n.client_port;
  reply.kind = static_cast<uint8_t>(KindOf(n, n.reply_ipv4()) | kSideReply);
  PrepareSide(request, n.client, n.client_port, n.external, n.external_port);
  PrepareSide(reply, n.backend, n.backend_port, n.internal, n.internal_port);
}

// The key under which the packets of `sides[which]` are found.
FlowKey KeyOf(const Row& row, int which) {
  const RowSide& other = row.sides[1 - which];
  return FlowKey::Of(other.dst, other.dst_port, other.src, other.src_port, row.sides[which].protocol());
}

}  // namespace

absl::StatusOr<std::unique_ptr<AccessTable>> AccessTable::Create(const std::string& name, const Limits& limits,
                                                                 const HashSeed& seed) {
  std::unique_ptr<AccessTable> table(new AccessTable);
  table->limits_ = limits;
  table->seed_ = seed;
  table->ipv4_ = std::make_unique<Index>();
  ASSIGN_OR_RETURN(table->ipv4_->hash, CreateHash(name + "4", IndexEntries(limits.rows), sizeof(FlowKey4)));
  table->bytes_ = HashBytes(IndexEntries(limits.rows), sizeof(FlowKey4));
  if (limits.rows_ipv6 > 0) {
    table->ipv6_ = std::make_unique<Index>();
    ASSIGN_OR_RETURN(table->ipv6_->hash, CreateHash(name + "6", IndexEntries(limits.rows_ipv6), sizeof(FlowKey6)));
    table->bytes_ += HashBytes(IndexEntries(limits.rows_ipv6), sizeof(FlowKey6));
  }
  const size_t row_bytes = sizeof(Row) * limits.rows, deadline_bytes = sizeof(Millis) * limits.rows;
  table->rows_ = static_cast<Row*>(rte_zmalloc("access rows", row_bytes, 64));
  table->deadlines_ = static_cast<Millis*>(rte_zmalloc("access deadlines", deadline_bytes, 64));
  if (table->rows_ == nullptr || table->deadlines_ == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("access table ", name, ": no memory for ", limits.rows, " rows of 128 bytes"));
  }
  table->bytes_ += row_bytes + deadline_bytes;
  return table;
}

AccessTable::~AccessTable() {
  rte_free(rows_);
  rte_free(deadlines_);
}

void AccessTable::FindRows(Burst& burst) const {
  const void* keys[2][kBurst];
  hash_sig_t hashes[2][kBurst];
  uint8_t packet_of[2][kBurst];
  int counts[2] = {0, 0};
  for (int i = 0; i < burst.count; ++i) {
    Packet& p = burst.packets[i];
    if (!p.alive() || (p.flags & kKeyed) == 0) continue;
    const int family = p.ipv4 ? 0 : 1;
    int& n = counts[family];
    keys[family][n] = &p.key;
    hashes[family][n] = HashFlow(p.key, p.ipv4, seed_);
    packet_of[family][n++] = static_cast<uint8_t>(i);
  }
  for (int family = 0; family < 2; ++family) {
    const Index* index = family == 0 ? ipv4_.get() : ipv6_.get();
    if (counts[family] == 0 || index == nullptr) continue;
    uint64_t hits = 0;
    void* data[kBurst];
    rte_hash_lookup_with_hash_bulk_data(index->hash, keys[family], hashes[family], counts[family], &hits, data);
    for (; hits != 0; hits &= hits - 1) {
      const int at = __builtin_ctzll(hits);
      __builtin_prefetch(data[at], 1);
      burst.packets[packet_of[family][at]].side = static_cast<RowSide*>(data[at]);
    }
  }
}

RowSide* AccessTable::Find(const FlowKey& key, bool ipv4) const {
  const Index* index = ipv4 ? ipv4_.get() : ipv6_.get();
  void* data = nullptr;
  if (index == nullptr) return nullptr;
  return rte_hash_lookup_with_hash_data(index->hash, &key, HashFlow(key, ipv4, seed_), &data) < 0
             ? nullptr
             : static_cast<RowSide*>(data);
}

bool AccessTable::AddKey(const FlowKey& key, bool ipv4, RowSide* side) {
  rte_hash* hash = (ipv4 ? ipv4_ : ipv6_)->hash;
  return rte_hash_add_key_with_hash_data(hash, &key, HashFlow(key, ipv4, seed_), side) == 0;
}

void AccessTable::DeleteKey(const FlowKey& key, bool ipv4) {
  rte_hash_del_key_with_hash((ipv4 ? ipv4_ : ipv6_)->hash, &key, HashFlow(key, ipv4, seed_));
}

AccessTable::Added AccessTable::Add(const NewRow& n, const Timeouts& timeouts, Millis now, RowSide** request) {
  const bool client_ipv4 = n.client.is_v4(), backend_ipv4 = n.reply_ipv4();
  const bool ipv6 = !client_ipv4 || !backend_ipv4;
  if (live_ == limits_.rows || (ipv6 && live_ipv6_ >= limits_.rows_ipv6)) return Added::kFull;
  const uint32_t at = free_ != kNone ? free_ : high_water_;
  Row& row = rows_[at];
  const FlowKey request_key = FlowKey::Of(n.client, n.client_port, n.external, n.external_port, n.protocol);
  const FlowKey reply_key = FlowKey::Of(n.backend, n.backend_port, n.internal, n.internal_port, n.protocol);
  // With `full` translation the port pool has given this port to nobody else.
  if (n.method == ForwardMethod::kDestination && Find(reply_key, backend_ipv4) != nullptr) return Added::kReplyKeyInUse;
  if (!AddKey(request_key, client_ipv4, &row.sides[0])) return Added::kFull;
  if (!n.one_way() && !AddKey(reply_key, backend_ipv4, &row.sides[1])) {
    DeleteKey(request_key, client_ipv4);
    return Added::kFull;
  }
  if (at == high_water_) {
    ++high_water_;
  } else {
    free_ = row.sides[0].packets;
  }
  Fill(row, n, now);
  deadlines_[at] = DeadlineOf(row, timeouts);
  ++live_;
  live_ipv6_ += ipv6 ? 1 : 0;
  *request = &row.sides[0];
  return Added::kOk;
}

AccessTable::Added AccessTable::Preview(const NewRow& n, Millis now, const Row* leaving, Row* made) const {
  const uint32_t freed = leaving != nullptr ? 1 : 0;
  const bool ipv6 = !n.client.is_v4() || !n.reply_ipv4();
  if (live_ - freed == limits_.rows || (ipv6 && live_ipv6_ >= limits_.rows_ipv6 + freed)) return Added::kFull;
  const FlowKey reply_key = FlowKey::Of(n.backend, n.backend_port, n.internal, n.internal_port, n.protocol);
  RowSide* in_use = n.method == ForwardMethod::kDestination ? Find(reply_key, n.reply_ipv4()) : nullptr;
  if (in_use != nullptr && &RowOf(*in_use) != leaving) return Added::kReplyKeyInUse;
  Fill(*made, n, now);
  return Added::kOk;
}

void AccessTable::Remove(Row& row) {
  for (int which = 0; which < (row.sides[0].untouched() ? 1 : 2); ++which) {
    DeleteKey(KeyOf(row, which), row.sides[which].ipv4());
  }
  live_ipv6_ -= row.sides[0].ipv4() && row.sides[1].ipv4() ? 0 : 1;
  --live_;
  row.sides[0].kind = row.sides[1].kind = 0;
  row.sides[0].packets = free_;
  free_ = IndexOf(row);
}

void AccessTable::LookAgainAt(const Row& row, Millis deadline) {
  Millis& at = deadlines_[IndexOf(row)];
  if (!Reached(at, deadline)) at = deadline;
}

}  // namespace baton::dataplane
