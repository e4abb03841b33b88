// Pipeline::Explain: one packet through the stages of Run, without effect. The stages themselves run, on a copy of the
// frame and of the packet's row; in place of those that make or note something stand PeekAtFragment,
// Translator::Preview, Ftp's previews and nothing (NoteUse). A neighbour that FindNextHops had to make is forgotten
// again, which nobody can have seen: the worker is between two bursts.
#include "common/headers.h"
#include "dataplane/answer.h"
#include "dataplane/classify.h"
#include "dataplane/follow_fragments.h"
#include "dataplane/icmp_error.h"
#include "dataplane/mss.h"
#include "dataplane/next_hop.h"
#include "dataplane/parse.h"
#include "dataplane/pipeline.h"
#include "dataplane/route_table.h"
#include "dataplane/split.h"

namespace baton::dataplane {
namespace {

static_assert(PacketTrace::kHeadroom >= kMinHeadroom);
static_assert(PacketTrace::kMostBytes >= kMinRoom);

PacketTrace::End EndOf(Fate fate) {
  using End = PacketTrace::End;
  switch (fate) {
    case Fate::kForward: return End::kForward;
    case Fate::kControl: return End::kControl;
    case Fate::kKernel: return End::kKernel;
    case Fate::kHold: return End::kHold;
    case Fate::kWait: return End::kWait;
    case Fate::kEcho: return End::kEcho;
    case Fate::kKept: return End::kKept;
    case Fate::kSplit:      // cannot be: ExplainWayOut took it on
    case Fate::kUndecided:  // cannot be: Rewrite decided what was left
    case Fate::kDrop: break;
  }
  return End::kDrop;
}

PacketTrace::NeighborIs StateOf(NeighborState state) {
  switch (state) {
    case NeighborState::kReachable: return PacketTrace::NeighborIs::kReachable;
    case NeighborState::kFailed: return PacketTrace::NeighborIs::kFailed;
    case NeighborState::kIncomplete: break;
  }
  return PacketTrace::NeighborIs::kIncomplete;
}

void TellParsed(const Packet& p, PacketTrace& trace) {
  trace.ip = true;
  trace.keyed = (p.flags & kKeyed) != 0;
  trace.fragment = (p.flags & kFragmented) != 0;
  trace.icmp_error = (p.flags & kIcmpError) != 0;
  trace.protocol = p.protocol;
  trace.src = p.key.src(p.ipv4);
  trace.dst = p.key.dst(p.ipv4);
  if (!trace.keyed) return;
  trace.src_port = __builtin_bswap16(p.key.src_port(p.ipv4));
  trace.dst_port = __builtin_bswap16(p.key.dst_port(p.ipv4));
  trace.flow_hash = HashFlow(p.key, p.ipv4, HashSeed{});
}

void TellAddress(const Tables& tables, const Packet& p, const RowPreview& preview, PacketTrace& trace) {
  Slot slot = p.address_slot;
  if (preview.row.sides[0].live()) slot = preview.row.sides[0].address;
  if (slot == kNoSlot) slot = tables.addresses->Find(p.key.dst(p.ipv4));
  if (slot == kNoSlot) return;
  trace.ours = true;
  trace.address = tables.addresses->at(slot).address;
  trace.address_kind = tables.addresses->at(slot).kind;
  trace.address_mode = tables.addresses->at(slot).mode;
}

void TellRow(const Packet& p, const RowPreview& preview, Millis now, PacketTrace& trace) {
  using RowIs = PacketTrace::RowIs;
  trace.service_slot = preview.service;
  trace.turn = preview.turn;
  if (preview.backend != nullptr) {
    trace.backend_weight = preview.backend->weight;
    trace.backend_load = preview.backend->load;
    trace.backend_rows = preview.backend_rows;
    trace.backend_open = preview.backend_open;
  }
  if (!preview.row.sides[0].live()) return;
  trace.row_is = preview.made ? RowIs::kWouldBeMade : preview.reopened ? RowIs::kWouldBeReopened : RowIs::kFound;
  trace.reply = p.side != nullptr && p.side->reply();
  trace.row = PackRow(preview.row, now);
  trace.row.service_slot = preview.service;
}

void TellNeighbor(const NeighborTable::Entry& entry, bool created, PacketTrace& trace) {
  trace.neighbor_is = created ? PacketTrace::NeighborIs::kUnknown : StateOf(entry.state);
  trace.neighbor = entry.address;
  trace.mac = entry.mac;
}

}  // namespace

void Pipeline::Explain(const Tables& tables, uint16_t hop_generation, TimePoint now, PacketTrace& trace) {
  Burst burst;
  burst.count = 1;
  Packet& p = burst.packets[0];
  p.Start(trace.bytes.data() + PacketTrace::kHeadroom, nullptr, trace.length, trace.port);
  Parse(burst, vlans_);
  const bool ip = p.alive() && (p.flags & kArp) == 0;
  SetAsideLocal(*tables.addresses, burst, macs_.data());
  conditions_.Peek(tables, p, now);
  PeekAtFragment(tables, fragments_, p);
  if (steering_ && p.fate != Fate::kDrop && ip) trace.elsewhere = !steering_->IsOwn(tables, p);
  if (ip) TellParsed(p, trace);
  access_.FindRows(burst);
  FindQuotedRows(access_, burst);
  const uint32_t row = p.side == nullptr ? Ftp::kNoRow : access_.IndexOf(RowOf(*p.side));
  RowPreview preview = {};
  ftp_.PreviewExpected(tables, p, ToMillis(now), preview);
  Classify(tables, hold_, burst);
  SetAsideKernel(tables, kernels_, macs_.data(), burst);
  translator_.Preview(tables, p, ToMillis(now), preview);
  if (ip) TellAddress(tables, p, preview, trace);
  TellRow(p, preview, ToMillis(now), trace);
  const bool new_tunnel = preview.made && preview.row.sides[0].tunnel();
  if (new_tunnel) translator_.SwapOuter(preview.backend->slot, preview.outer);
  ExplainWayOut(tables, hop_generation, row, burst, now, trace);
  if (new_tunnel) translator_.SwapOuter(preview.backend->slot, preview.outer);
  ExplainEnd(p, trace);
}

void Pipeline::ExplainWayOut(const Tables& tables, uint16_t hop_generation, uint32_t row, Burst& burst, TimePoint now,
                             PacketTrace& trace) {
  Packet& p = burst.packets[0];
  if (!p.alive()) return;
  const uint32_t route = p.side != nullptr ? tables.routes->Find(p.side->src, p.side->dst)
                                           : tables.routes->Find(p.key.src(p.ipv4), p.key.dst(p.ipv4));
  trace.routed = route != kNoRoute;
  if (trace.routed) trace.route = tables.routes->route(route);
  const uint32_t known = neighbors_.size();
  FindNextHops(tables, neighbors_, hop_generation, mtus_.data(), translator_.outers(), burst);
  if (p.out_port == kNoPort) return;  // no route, or no room for the neighbour
  const bool created = neighbors_.size() != known;
  TellNeighbor(neighbors_.at(p.neighbor), created, trace);
  trace.out_port = p.out_port;
  trace.mtu = mtus_[p.out_port];
  if (p.fate == Fate::kSplit) ExplainPieces(p, trace);
  const bool waits = p.fate == Fate::kWait;
  if (waits) p.fate = Fate::kUndecided;  // the rest shows what leaves once the MAC address is known
  ftp_.PreviewFollow(tables, mtus_.data(), row, p, ToMillis(now));
  const uint32_t touched = neighbors_.touched(p.neighbor);
  RewriteErrors(burst);
  ClampMss(mss_.data(), burst);
  Rewrite(neighbors_, headers_.data(), translator_.outers(), burst);
  neighbors_.SetTouched(p.neighbor, touched);
  if (waits && p.fate == Fate::kForward) {
    trace.rewritten = true;
    p.fate = Fate::kWait;
  }
  if (created) neighbors_.Forget(p.neighbor);
}

// The pieces go the same way again, one by one, and are not too big for it any more.
void Pipeline::ExplainPieces(Packet& p, PacketTrace& trace) {
  const int pieces =
      PiecesOf({.packet = {nullptr, p.data, p.length, p.port}, .l3 = p.l3, .flags = p.flags, .mtu = p.mtu});
  if (pieces == 0) return p.Drop(DropReason::kTooBig);
  trace.pieces = static_cast<uint8_t>(pieces);
  switch (neighbors_.at(p.neighbor).state) {
    case NeighborState::kReachable: p.fate = Fate::kUndecided; break;
    case NeighborState::kIncomplete: p.fate = Fate::kWait; break;
    case NeighborState::kFailed: p.Drop(DropReason::kNeighborFailed, Answer::kHostUnreachable); break;
  }
}

void Pipeline::ExplainEnd(Packet& p, PacketTrace& trace) {
  if (p.fate == Fate::kHold) {
    const DropReason refused = hold_.Refusal(p.address_slot, p.length);
    if (refused != DropReason::kNone) p.Drop(refused);
  }
  if (p.fate == Fate::kEcho) MakeEchoReply(headers_[p.port], p);
  if (p.fate == Fate::kDrop && p.answer != Answer::kNone) {
    trace.answered = MakeAnswer(headers_[p.port], p.ipv4 ? own_ipv4_[p.port] : own_ipv6_[p.port], p);
  }
  trace.end = EndOf(p.fate);
  trace.drop = p.fate == Fate::kDrop ? p.drop : DropReason::kNone;
  trace.rewritten = trace.rewritten || trace.answered || p.fate == Fate::kForward || p.fate == Fate::kEcho;
  if (!trace.rewritten) return;
  trace.out_port = p.out_port;
  trace.out_offset = static_cast<uint16_t>(p.data - trace.bytes.data());
  trace.out_length = p.length;
}

}  // namespace baton::dataplane
