// AnswerExplain of answers.h, what a worker wrote down about a packet, in words; and AnswerWhyNot.
#include "controlplane/api/answers.h"
#include "controlplane/api/totals.h"
#include "controlplane/drop_advice.h"
#include "controlplane/packet/frame.h"
#include "controlplane/words.h"

namespace baton::controlplane {
namespace {

using End = PacketTrace::End;
using RowIs = PacketTrace::RowIs;
using NeighborIs = PacketTrace::NeighborIs;

constexpr int kMostCandidates = 64;

std::string PortName(const View& view, PortId port) {
  return port < view.ports.size() ? view.ports[port].info.name : std::string();
}

std::string EndpointText(const IpAddress& address, uint16_t port) {
  if (port == 0) return address.ToString();
  return address.is_v4() ? absl::StrCat(address.ToString(), ":", port)
                         : absl::StrCat("[", address.ToString(), "]:", port);
}

const char* WordOf(RowIs row) {
  switch (row) {
    case RowIs::kNone: break;
    case RowIs::kFound: return "found";
    case RowIs::kWouldBeMade: return "would be made";
    case RowIs::kWouldBeReopened: return "would be opened anew";
  }
  return "none";
}

const char* WordOf(NeighborIs neighbor) {
  switch (neighbor) {
    case NeighborIs::kNone: break;
    case NeighborIs::kUnknown: return "unknown";
    case NeighborIs::kIncomplete: return "incomplete";
    case NeighborIs::kReachable: return "reachable";
    case NeighborIs::kFailed: return "failed";
  }
  return "";
}

const char* ResultOf(const PacketTrace& t) {
  switch (t.end) {
    case End::kForward: return "forwarded";
    case End::kEcho: return "answered: an echo reply from the box";
    case End::kControl: return "handed to the control thread";
    case End::kKernel: return "handed to the kernel's interface of the port";
    case End::kHold: return "held until the migration of its address ends";
    case End::kWait: return "waits for the next hop's MAC address, which is asked for";
    case End::kKept: return "waits for the first fragment of its datagram";
    case End::kDrop: break;
  }
  return t.answered ? "dropped; its sender gets an error, unless there are too many" : "dropped";
}

// The figures that the backend was chosen by.
std::string WhyOf(const ServiceView& service, const PacketTrace& t) {
  uint32_t weights = 0;
  for (const BackendView& b : service.backends) weights += b.weight;
  switch (service.schedule) {
    case Schedule::kWeight:
      return absl::StrCat("fewest rows for its weight: ", t.backend_rows, " rows, weight ", t.backend_weight);
    case Schedule::kRoundRobin:
      return absl::StrCat("its turn: access ", t.turn, ", which is place ", weights == 0 ? 0 : t.turn % weights,
                          " of ", weights, " (the sum of weights)");
    case Schedule::kLeastLoad:
      return absl::StrCat("least load, then fewest open connections for its weight: load ", uint32_t{t.backend_load},
                          ", ", t.backend_open, " open, weight ", t.backend_weight);
    case Schedule::kMaglev: break;
  }
  return absl::StrCat("the flow's hash, 0x", absl::Hex(t.flow_hash, absl::kZeroPad8), ", in the Maglev table");
}

void TellService(const View& view, const PacketTrace& t, v1::ExplainResponse* out) {
  for (const ServiceView& service : view.services) {
    if (t.service_slot == kNoSlot || service.slot != t.service_slot) continue;
    out->set_service(service.name);
    out->set_schedule(std::string(Word(service.schedule)));
    out->set_forward(std::string(Word(service.method)));
    const bool choosing = t.row_is == RowIs::kWouldBeMade || t.drop == DropReason::kNoBackend;
    if (!choosing) return;
    for (const BackendView& b : service.backends) {
      if (out->candidates_size() == kMostCandidates) break;
      v1::Candidate* to = out->add_candidates();
      to->set_name(b.name);
      to->set_weight(b.weight);
      const LoadTotals load = LoadOf(view, b.slot);
      to->set_rows(load.rows);
      to->set_open(load.open);
      to->set_chosen(t.row_is == RowIs::kWouldBeMade && b.slot == t.row.backend_slot);
    }
    if (t.row_is == RowIs::kWouldBeMade) out->set_why(WhyOf(service, t));
    return;
  }
}

void TellWay(const View& view, const PacketTrace& t, v1::Way* out) {
  if (t.routed) {
    out->set_route(t.route.to.ToString());
    if (!t.route.connected()) out->set_via(t.route.via.ToString());
  }
  if (t.neighbor_is == NeighborIs::kNone) return;
  out->set_port(PortName(view, t.routed ? t.route.port : t.out_port));
  out->set_mtu(t.mtu);
  out->set_neighbor(t.neighbor.ToString());
  out->set_neighbor_state(WordOf(t.neighbor_is));
  if (t.neighbor_is == NeighborIs::kReachable) out->set_neighbor_mac(t.mac.ToString());
}

void TellEnd(const View& view, const PacketTrace& t, v1::ExplainResponse* out) {
  out->set_result(ResultOf(t));
  if (t.end == End::kDrop) {
    const DropAdvice advice = AdviceFor(t.drop);
    out->set_drop(std::string(DropReasonName(t.drop)));
    out->set_meaning(std::string(advice.meaning));
    out->set_change(std::string(advice.change));
  }
  if (!t.rewritten) return;
  const absl::Span<const uint8_t> frame(t.bytes.data() + t.out_offset, t.out_length);
  out->set_out_port(PortName(view, t.out_port));
  out->set_out_packet(FrameText(frame));
  out->set_out_length(t.out_length);
  out->set_out_pieces(t.pieces);
  if (t.end != End::kWait) out->set_out_link(LinkText(frame));
}

}  // namespace

v1::ExplainResponse AnswerExplain(const View& view, const FrameToExplain& frame, const ExplainedPacket& explained) {
  const PacketTrace& t = explained.trace;
  v1::ExplainResponse answer;
  answer.set_packet(FrameText(frame.bytes));
  answer.set_port(PortName(view, frame.port));
  answer.set_worker(static_cast<uint32_t>(explained.worker));
  if (t.keyed) {
    answer.set_flow(absl::StrCat(ProtocolWord(t.protocol), " ", EndpointText(t.src, t.src_port), " > ",
                                 EndpointText(t.dst, t.dst_port)));
  }
  if (t.ours) {
    answer.set_address(t.address.ToString());
    answer.set_address_kind(std::string(Word(t.address_kind)));
    answer.set_mode(std::string(Word(t.address_mode)));
  }
  TellService(view, t, &answer);
  answer.set_row(WordOf(t.row_is));
  if (t.row_is != RowIs::kNone) {
    answer.set_direction(t.reply ? "reply" : "request");
    answer.set_identity(EndpointText(t.row.client, t.row.client_port));
    FillAccessRow(view, {.worker = explained.worker, .row = t.row}, answer.mutable_access());
  }
  TellWay(view, t, answer.mutable_way());
  TellEnd(view, t, &answer);
  return answer;
}

v1::WhyNotResponse AnswerWhyNot(const std::vector<Finding>& findings) {
  v1::WhyNotResponse answer;
  for (const Finding& finding : findings) {
    v1::Finding* to = answer.add_findings();
    to->set_severity(std::string(Word(finding.severity)));
    to->set_object(finding.object);
    to->set_problem(finding.problem);
    to->set_change(finding.change);
  }
  return answer;
}

}  // namespace baton::controlplane
