#include "dataplane/ftp.h"

#include <algorithm>
#include <limits>

#include "common/headers.h"
#include "dataplane/ftp_segment.h"

namespace baton::dataplane {
namespace {

uint16_t Host(uint16_t wire) { return __builtin_bswap16(wire); }
uint16_t Wire(uint16_t host) { return __builtin_bswap16(host); }

// A SYN that no connection which lives has a use for.
bool MayOpenData(const Packet& p) {
  return p.alive() && (p.flags & (kSyn | kKeyed | kFragmented)) == (kSyn | kKeyed) &&
         (p.tcp_flags & (kTcpAck | kTcpRst)) == 0 && (p.side == nullptr || Ended(RowOf(*p.side)));
}

Endpoint BackendOf(const NewRow& row) { return {row.backend, Host(row.backend_port), kTcp}; }

// Whether the port that was reserved with the command is the one that the row needs.
bool Reserved(const FtpExpectation& e, const NewRow& row) { return e.reserved && e.pool == BackendOf(row); }

}  // namespace

void Ftp::OpenExpected(const Tables& tables, Burst& burst, Millis now) {
  if (connections_.expected() == 0 || (burst.flags & kSyn) == 0) return;
  bool opened = false;
  for (Packet& p : burst) {
    if (!MayOpenData(p)) continue;
    FtpConnection* connection = ExpecterOf(p, now);
    if (connection != nullptr) {
      OpenData(tables, *connection, p, now);
      opened |= p.side != nullptr;
    } else if (opened && p.side == nullptr) {
      p.side = access_.Find(p.key, p.ipv4);  // the same SYN twice in a burst
    }
  }
}

// The service whose row this is, as the tables of now have it.
const Service* Ftp::ServiceOf(const Tables& tables, const Row& row) {
  const RowSide& reply = row.sides[1];
  return tables.services->FindListener({reply.src, Host(reply.src_port), kTcp});
}

FtpConnection* Ftp::ExpecterOf(const Packet& p, Millis now) {
  FtpConnection* found =
      connections_.FindExpected(p.key.src(p.ipv4), p.key.dst(p.ipv4), Host(p.key.dst_port(p.ipv4)), now);
  // From the control connection's own port: that one may begin anew, and no data connection.
  const bool own = found != nullptr && p.side != nullptr && access_.IndexOf(RowOf(*p.side)) == found->row;
  return own ? nullptr : found;
}

// The row of the data connection: the control connection's addresses, the port that was told, and the port that the
// SYN comes from. With `full` translation its internal port is taken from the pool of the backend's endpoint, as
// every row's is: an active one has reserved it for the usual data port. False when there is no row to be made; the
// packet may be dropped.
bool Ftp::PrepareData(const Tables& tables, const FtpConnection& connection, Packet& p, NewRow& row) {
  const Row& control = access_.row(connection.row);
  const Service* service = ServiceOf(tables, control);
  if (service == nullptr) return false;  // removed by a reload
  const FtpExpectation& e = connection.expected;
  const bool full = (control.sides[0].kind & kSideFull) != 0;
  const uint16_t from = p.key.src_port(p.ipv4);
  row = {
      .client = control.sides[1].dst,
      .external = control.sides[1].src,
      .internal = control.sides[0].src,
      .backend = control.sides[0].dst,
      .client_port = e.active ? Wire(e.port) : from,
      .external_port = e.active ? Wire(FtpDataPort(service->listen.port)) : p.key.dst_port(p.ipv4),
      .internal_port = e.active ? p.key.dst_port(p.ipv4) : from,
      .backend_port = e.active ? from : Wire(e.port),
      .protocol = kTcp,
      .method = full ? ForwardMethod::kFull : ForwardMethod::kDestination,
      .backend_slot = control.sides[0].backend,
      .address_slot = control.sides[0].address,
  };
  const FlowKey request_key = FlowKey::Of(row.client, row.client_port, row.external, row.external_port, kTcp);
  RowSide* same = access_.Find(request_key, row.client.is_v4());
  if (same != nullptr && !Ended(RowOf(*same))) {
    p.Drop(DropReason::kReplyKeyInUse);
    return false;
  }
  // Of a connection that is over, the port goes on to this one.
  if (!full || Reserved(e, row) || (e.active && p.side != nullptr)) return true;
  auto taken = PortPools::Result::kOk;
  if (e.active) {
    taken = pools_.TakeExact(row.internal, BackendOf(row), e.dst_port);
  } else {
    uint16_t port = 0;
    taken = pools_.Take(row.internal, BackendOf(row), service->first_port, service->last_port, &port);
    row.internal_port = Wire(port);
  }
  if (taken == PortPools::Result::kOk) return true;
  const bool pools = taken == PortPools::Result::kPoolsExhausted;
  p.Drop(pools ? DropReason::kPortPoolsExhausted : DropReason::kPortsExhausted);
  return false;
}

void Ftp::OpenData(const Tables& tables, FtpConnection& connection, Packet& p, Millis now) {
  if (p.side != nullptr) translator_.End(RowOf(*p.side));  // it is over, and has the port that this one may need
  p.side = nullptr;
  NewRow row{};
  if (!PrepareData(tables, connection, p, row)) return;
  const bool active = connection.expected.active;
  if (Reserved(connection.expected, row)) connection.expected.reserved = false;  // the row's from now on
  connections_.ForgetExpected(connection);
  const FlowKey request_key = FlowKey::Of(row.client, row.client_port, row.external, row.external_port, kTcp);
  RowSide* request = access_.Find(request_key, row.client.is_v4());
  if (request != nullptr) translator_.End(RowOf(*request));  // it has ended
  const DropReason failed = translator_.Add(row, tables.services->timeouts(), now, &request);
  if (failed != DropReason::kNone) return p.Drop(failed);
  p.side = &RowOf(*request).sides[active ? 1 : 0];
}

void Ftp::PreviewExpected(const Tables& tables, Packet& p, Millis now, RowPreview& preview) {
  if (!MayOpenData(p)) return;
  FtpConnection* connection = ExpecterOf(p, now);
  NewRow row{};
  if (connection == nullptr || !PrepareData(tables, *connection, p, row)) return;
  const bool goes_on = connection->expected.active && p.side != nullptr;
  if (row.method == ForwardMethod::kFull && !Reserved(connection->expected, row) && !goes_on) {
    pools_.Release(row.internal, BackendOf(row), Host(row.internal_port));
  }
  const Row* leaving = p.side == nullptr ? nullptr : &RowOf(*p.side);
  const AccessTable::Added added = access_.Preview(row, now, leaving, &preview.row);
  if (added == AccessTable::Added::kReplyKeyInUse) return p.Drop(DropReason::kReplyKeyInUse);
  if (added == AccessTable::Added::kFull) return p.Drop(DropReason::kAccessTableFull);
  preview.made = true;
  p.side = &preview.row.sides[connection->expected.active ? 1 : 0];
}

void Ftp::Follow(const Tables& tables, const uint16_t* mtus, Burst& burst, Millis now) {
  if (connections_.count() == 0) return;
  for (Packet& p : burst) {
    if (!p.alive() || p.side == nullptr || !p.side->ftp() || p.protocol != kTcp) continue;
    FollowOne(tables, mtus[p.out_port], connections_.Find(access_.IndexOf(RowOf(*p.side))), p, now);
  }
}

// The connection goes on for this one packet, and back.
void Ftp::PreviewFollow(const Tables& tables, const uint16_t* mtus, uint32_t row, Packet& p, Millis now) {
  if (!p.alive() || p.side == nullptr || !p.side->ftp() || p.protocol != kTcp) return;
  FtpConnection* connection = row == kNoRow ? nullptr : connections_.Find(row);
  const uint64_t left = counters_.ftp_left.Get();
  const FtpConnection before = connection == nullptr ? FtpConnection{} : *connection;
  FollowOne(tables, mtus[p.out_port], connection, p, now);
  if (connection != nullptr) connections_.Restore(*connection, before);
  counters_.ftp_left.Set(left);
}

// `c` is nullptr only of a SYN whose row is yet to be made.
void Ftp::FollowOne(const Tables& tables, uint16_t mtu, FtpConnection* c, Packet& p, Millis now) {
  const Row& row = RowOf(*p.side);
  if (p.l4 == 0 || (p.flags & kFragmented) != 0) return p.Drop(DropReason::kFtpSegment);
  const bool reply = p.side->reply();
  FtpSegment segment(p);
  if ((p.tcp_flags & kTcpSyn) != 0) {
    if (c != nullptr && StateOf(row) == RowState::kTcpSyn) (reply ? c->server : c->client).Begin(segment.seq() + 1);
    segment.RemoveSackAndData();
    return;
  }
  if (c == nullptr) return;
  const FtpSender from = reply ? FtpSender::kServer : FtpSender::kClient;
  FtpStream& stream = reply ? c->server : c->client;
  FtpStream& other = reply ? c->client : c->server;
  if (!stream.begun() || !other.begun()) return;
  FtpStream::Reading reading{FtpStream::Outcome::kGo, segment.payload().size()};
  const bool fin = (p.tcp_flags & kTcpFin) != 0;
  if (!segment.payload().empty() && !segment.ChecksumRight()) return p.Drop(DropReason::kFtpSegment);
  if (!c->secret) {
    Scene scene{tables, *c, row, now};
    const auto judge = [&](absl::string_view line, char* text) {
      return reply ? JudgeReply(scene, line, text) : JudgeCommand(scene, line, text);
    };
    reading = stream.Read(from, segment.seq(), segment.payload(), fin, fin || segment.urgent(), judge);
  }
  if (reading.outcome == FtpStream::Outcome::kAgain) return p.Drop(DropReason::kFtpSegment);
  if (reading.outcome == FtpStream::Outcome::kRefused) return p.Drop(DropReason::kFtpCommand, Answer::kRefuse);
  if ((p.tcp_flags & kTcpAck) != 0) {
    const uint32_t ack = other.OriginalAck(segment.ack());
    other.Acknowledged(ack);
    segment.SetAck(ack);
  }
  const FtpStream::Place place = stream.PlaceOf(segment.seq(), reading.length);
  if (!segment.Write(place, stream.text(), reading.length, mtu)) return p.Drop(DropReason::kFtpSegment);
  // AM-10; what does not fit is not told.
  constexpr int32_t kMost = std::numeric_limits<int16_t>::max();
  p.side->seq = stream.edit();
  p.side->delta = static_cast<int16_t>(std::clamp(stream.after(), -kMost, kMost));
}

}  // namespace baton::dataplane
