#include "dataplane/translate.h"

#include <algorithm>

#include "common/headers.h"
#include "dataplane/route_table.h"

namespace baton::dataplane {
namespace {

// RFC 7348, 5: the UDP source port of a tunnel is one of 49152 to 65535 that the flow tells. As on the wire.
uint16_t EntropyOf(uint32_t hash) { return __builtin_bswap16(static_cast<uint16_t>(0xc000 | (hash >> 18))); }

// The endpoint of the backend in the port pools. REQUIRES: the row is `full`.
Endpoint BackendOf(const RowSide& request) {
  return {request.dst, __builtin_bswap16(request.dst_port), request.protocol()};
}

// Hairpin: a backend would answer a client in its own network (another backend, say) directly, and the client would not
// know the answer. So that it comes back through the box, such a client is translated, too, where the service has an
// internal address.
ForwardMethod MethodFor(const Tables& tables, const Packet& p, const Service& service, const Backend& backend) {
  if (service.method != ForwardMethod::kDestination || service.internals.empty()) return service.method;
  const uint32_t route = tables.routes->Find(p.key.src(p.ipv4));
  const bool neighbors = route != kNoRoute && tables.routes->route(route).connected() &&
                         route == tables.routes->Find(backend.address);
  return neighbors ? ForwardMethod::kFull : ForwardMethod::kDestination;
}

// The row of an access to this backend, with `destination` translation; the other methods change parts of it.
NewRow RowFor(const Tables& tables, const Packet& p, const Service& service, const Backend& backend) {
  return {
      .client = p.key.src(p.ipv4),
      .external = p.key.dst(p.ipv4),
      .internal = p.key.src(p.ipv4),
      .backend = backend.address,
      .client_port = p.key.src_port(p.ipv4),
      .external_port = p.key.dst_port(p.ipv4),
      .internal_port = p.key.src_port(p.ipv4),
      .backend_port = __builtin_bswap16(backend.port),
      .protocol = p.protocol,
      .method = MethodFor(tables, p, service, backend),
      .backend_slot = backend.slot,
      .address_slot = service.address_slot,
  };
}

const Service* ListenerOf(const Tables& tables, const Packet& p) {
  return tables.services->FindListener({p.key.dst(p.ipv4), __builtin_bswap16(p.key.dst_port(p.ipv4)), p.protocol});
}

// A connection that is opened anew keeps its backend.
bool Keeps(const Service* service, Slot backend) {
  return service != nullptr && std::any_of(service->backends.begin(), service->backends.end(),
                                           [&](const Backend& b) { return b.slot == backend && b.weight > 0; });
}

bool OpensAnew(const Packet& p) {
  return (p.tcp_flags & (kTcpSyn | kTcpAck)) == kTcpSyn && !p.side->reply();
}

}  // namespace

bool Ended(const Row& row) {
  const RowState s = StateOf(row);
  // The backend's FIN is not seen with a row of one way: the client's own ends the connection.
  return s == RowState::kTcpTimeWait || s == RowState::kTcpReset ||
         (s == RowState::kTcpFin && row.sides[0].untouched());
}

void Translator::Translate(const Tables& tables, Burst& burst, TimePoint now) {
  if (!burst.opens && (burst.flags & kSyn) == 0) return;
  created_in_burst_ = false;
  for (Packet& p : burst) {
    if (!p.alive()) continue;
    if (p.side == nullptr && p.service != nullptr) {
      OpenAccess(tables, p, ToMillis(now));
    } else if (p.side != nullptr && OpensAnew(p)) {
      Reopen(tables, p, ToMillis(now));
    }
  }
}

void Translator::OpenAccess(const Tables& tables, Packet& p, Millis now) {
  // An earlier packet of this burst may have opened the same access.
  if (created_in_burst_ && (p.side = access_.Find(p.key, p.ipv4)) != nullptr) return;
  // A later fragment, and not of a SYN that opened one.
  if (p.protocol == kTcp && (p.tcp_flags & kTcpSyn) == 0) return p.Drop(DropReason::kUnknownAccess, Answer::kRefuse);
  const Service& service = *p.service;
  const uint32_t hash = HashFlow(p.key, p.ipv4, HashSeed{});  // no secret: boxes must agree
  const int chosen = ChooseBackend(service, counts_, hash, counts_.Turns(service.slot));
  if (chosen == kNoBackend) return p.Drop(DropReason::kNoBackend, Answer::kRefuse);
  counts_.TakeTurn(service.slot);
  const Backend& backend = service.backends[chosen];
  NewRow row = RowFor(tables, p, service, backend);
  if (row.method == ForwardMethod::kFull) {
    const DropReason failed = ChoosePort(service, backend, row);
    if (failed != DropReason::kNone) return p.Drop(failed);
  }
  if (service.method == ForwardMethod::kTunnel) {
    row.internal = service.tunnel.source;
    row.internal_port = EntropyOf(hash);
    outers_[backend.slot] = MakeOuterHeader(service.tunnel, backend);
  }
  const DropReason failed = Add(row, tables.services->timeouts(), now, &p.side);
  if (failed != DropReason::kNone) return p.Drop(failed);
  created_in_burst_ = true;
  service_of_[backend.slot] = service.slot;
  if (service.application == Application::kFtp) FollowFtp(RowOf(*p.side));
}

DropReason Translator::Add(const NewRow& row, const Timeouts& timeouts, Millis now, RowSide** request) {
  const AccessTable::Added added = access_.Add(row, timeouts, now, request);
  if (added != AccessTable::Added::kOk) {
    *request = nullptr;
    if (row.method == ForwardMethod::kFull) {
      pools_.Release(row.internal, {row.backend, __builtin_bswap16(row.backend_port), row.protocol},
                     __builtin_bswap16(row.internal_port));
    }
    return added == AccessTable::Added::kFull ? DropReason::kAccessTableFull : DropReason::kReplyKeyInUse;
  }
  counters_.rows_created.Add();
  BackendCounters& counts = counters_.backends[row.backend_slot];
  counts.created.Add();
  counts.rows.Add();
  counts.open.Add();
  return DropReason::kNone;
}

// Without a state the connection goes on, and its data connections fail.
void Translator::FollowFtp(Row& row) {
  if (!ftp_.Open(access_.IndexOf(row))) return counters_.ftp_unfollowed.Add();
  row.MarkFtp();
}

// AM-50: an internal address of ours with a port that is free towards this backend. Each address is tried once.
DropReason Translator::ChoosePort(const Service& service, const Backend& backend, NewRow& row) {
  const Endpoint to{backend.address, backend.port, row.protocol};
  bool pools_exhausted = false;
  const uint32_t count = static_cast<uint32_t>(service.internals.size());
  const uint32_t start = next_internal_++;
  for (uint32_t i = 0; i < count; ++i) {
    const IpAddress& internal = service.internals[(start + i) % count].address;
    uint16_t port = 0;
    const PortPools::Result result = pools_.Take(internal, to, service.first_port, service.last_port, &port);
    if (result == PortPools::Result::kOk) {
      row.internal = internal;
      row.internal_port = __builtin_bswap16(port);
      return DropReason::kNone;
    }
    pools_exhausted |= result == PortPools::Result::kPoolsExhausted;
  }
  return pools_exhausted ? DropReason::kPortPoolsExhausted : DropReason::kPortsExhausted;
}

// A SYN on a row whose connection has ended opens a new connection. It keeps the backend, as every request of this
// client identifier does while the entry lives (FE-08), unless that takes no new connections any more.
void Translator::Reopen(const Tables& tables, Packet& p, Millis now) {
  Row& row = RowOf(*p.side);
  if (!Ended(row)) return;
  const Service* service = ListenerOf(tables, p);
  const Slot slot = p.side->backend;
  if (Keeps(service, slot)) {
    row.sides[0].tcp_seen = row.sides[1].tcp_seen = 0;
    if (row.sides[0].ftp()) ftp_.Reset(access_.IndexOf(row));
    counters_.backends[slot].open.Add();
    counters_.backends[slot].created.Add();
    return;
  }
  End(row);
  p.side = nullptr;
  if (service == nullptr) return p.Drop(DropReason::kNoService, Answer::kRefuse);
  p.service = service;
  OpenAccess(tables, p, now);
}

void Translator::Preview(const Tables& tables, Packet& p, Millis now, RowPreview& preview) {
  const Row* found = p.side == nullptr ? nullptr : &RowOf(*p.side);
  if (p.side != nullptr) {
    const size_t which = p.side->reply() ? 1 : 0;
    preview.row = RowOf(*p.side);
    preview.service = service_of_[p.side->backend];
    p.side = &preview.row.sides[which];
  }
  if (!p.alive()) return;
  const Service* service = p.service;
  const Row* leaving = nullptr;
  if (p.side != nullptr) {
    if (!OpensAnew(p) || !Ended(preview.row)) return;
    service = ListenerOf(tables, p);
    if (Keeps(service, p.side->backend)) {
      preview.row.sides[0].tcp_seen = preview.row.sides[1].tcp_seen = 0;
      preview.reopened = true;
      return;
    }
    leaving = found;
    p.side = nullptr;
    if (service == nullptr) return p.Drop(DropReason::kNoService, Answer::kRefuse);
  }
  if (service == nullptr) return;
  const DropReason failed = PreviewAccess(tables, *service, p, now, leaving, preview);
  if (failed == DropReason::kNone) {
    p.side = &preview.row.sides[0];
  } else {
    p.Drop(failed, failed == DropReason::kNoBackend ? Answer::kRefuse : Answer::kNone);
  }
}

// OpenAccess without a row. A port is taken and given back: nobody else comes between.
DropReason Translator::PreviewAccess(const Tables& tables, const Service& service, const Packet& p, Millis now,
                                     const Row* leaving, RowPreview& preview) {
  preview.service = service.slot;
  preview.hash = HashFlow(p.key, p.ipv4, HashSeed{});
  preview.turn = static_cast<uint32_t>(counts_.Turns(service.slot));
  const int chosen = ChooseBackend(service, counts_, preview.hash, preview.turn);
  if (chosen == kNoBackend) return DropReason::kNoBackend;
  const Backend& backend = service.backends[chosen];
  preview.backend = &backend;
  preview.backend_rows = counts_.Rows(backend.slot);
  preview.backend_open = counts_.Open(backend.slot);
  NewRow row = RowFor(tables, p, service, backend);
  if (row.method == ForwardMethod::kFull) {
    const uint32_t turn = next_internal_;
    const DropReason failed = ChoosePort(service, backend, row);
    next_internal_ = turn;
    if (failed != DropReason::kNone) return failed;
    pools_.Release(row.internal, {backend.address, backend.port, p.protocol}, __builtin_bswap16(row.internal_port));
  }
  if (service.method == ForwardMethod::kTunnel) {
    row.internal = service.tunnel.source;
    row.internal_port = EntropyOf(preview.hash);
    preview.outer = MakeOuterHeader(service.tunnel, backend);
  }
  const AccessTable::Added added = access_.Preview(row, now, leaving, &preview.row);
  if (added == AccessTable::Added::kReplyKeyInUse) return DropReason::kReplyKeyInUse;
  if (added == AccessTable::Added::kFull) return DropReason::kAccessTableFull;
  if (service.application == Application::kFtp && !ftp_.full()) preview.row.MarkFtp();
  preview.made = true;
  return DropReason::kNone;
}

void Translator::NoteUse(const Timeouts& timeouts, Burst& burst, Millis now) {
  for (Packet& p : burst) {
    if (!p.alive() || p.side == nullptr || (p.flags & kIcmpError) != 0) continue;
    RowSide& side = *p.side;
    side.last_seen = now;
    ++side.packets;
    BackendCounters& counts = counters_.backends[side.backend];
    const uint32_t bytes = p.length - p.l3;
    if (side.reply()) {
      counts.packets_from.Add();
      counts.bytes_from.Add(bytes);
    } else {
      counts.packets_to.Add();
      counts.bytes_to.Add(bytes);
    }
    if (p.protocol != kTcp) continue;
    uint8_t seen = side.tcp_seen | (p.tcp_flags & (kTcpSyn | kTcpFin | kTcpRst | kTcpAck));
    // A connection that goes on after a reset was not reset: somebody guessed (RFC 5961, 1.2).
    if ((p.tcp_flags & kTcpRst) == 0) seen &= static_cast<uint8_t>(~kTcpRst);
    if (seen != side.tcp_seen) ChangeState(timeouts, seen, side);
  }
}

void Translator::ChangeState(const Timeouts& timeouts, uint8_t seen, RowSide& side) {
  BackendCounters& counts = counters_.backends[side.backend];
  Row& row = RowOf(side);
  const bool was_ended = Ended(row);
  side.tcp_seen = seen;
  const bool ended = Ended(row);
  if (ended && !was_ended) counts.open.Sub();
  if (!ended && was_ended) counts.open.Add();
  access_.LookAgainAt(row, DeadlineOf(row, timeouts));
}

void Translator::ExpireSome(const Timeouts& timeouts, Millis now, uint32_t quota) {
  access_.Expire(timeouts, now, quota, [this](Row& row) { End(row); });
}

void Translator::End(Row& row) {
  const RowSide& request = row.sides[0];
  BackendCounters& counts = counters_.backends[request.backend];
  counts.rows.Sub();
  if (!Ended(row)) counts.open.Sub();
  if ((request.kind & kSideFull) != 0) {
    pools_.Release(request.src, BackendOf(request), __builtin_bswap16(request.src_port));
  }
  if (request.ftp()) ftp_.Close(access_.IndexOf(row));
  access_.Remove(row);
  counters_.rows_ended.Add();
}

}  // namespace baton::dataplane
