#include "dataplane/pipeline.h"

#include "common/headers.h"
#include "dataplane/answer.h"
#include "dataplane/classify.h"
#include "dataplane/follow_fragments.h"
#include "dataplane/icmp_error.h"
#include "dataplane/mss.h"
#include "dataplane/next_hop.h"

namespace baton::dataplane {
namespace {

constexpr uint16_t kIpv4AndTcp = sizeof(Ipv4Header) + sizeof(TcpHeader);  // what an MSS does not count (RFC 6691)

}  // namespace

// The life of a burst.
void Pipeline::Run(const Tables& tables, uint16_t hop_generation, Burst& burst, TimePoint now) {
  Parse(burst, vlans_);                    // bytes -> flow key, or a drop reason
  SetAsideLocal(*tables.addresses, burst, macs_.data());  // ARP, ND and VRRP leave here, and what is for other stations
  ShedData(tables, burst);                 // under overload: a part of what is not for the box itself
  if (conditions_.in_use()) conditions_.Judge(tables, burst, now);  // end systems that another router is in charge of
  if (steering_) steering_->Steer(tables, burst);  // flows of another worker leave here
  FollowFragments(tables, fragments_, burst, ToMillis(now));  // the ports of the first fragment for the later ones
  if (steering_) steering_->SteerFragments(tables, burst);
  access_.FindRows(burst);                 // one bulk look-up for the burst
  FindQuotedRows(access_, burst);          // ICMP errors: the row of the packet they are about
  ftp_.OpenExpected(tables, burst, ToMillis(now));  // rows for the data connections that FTP has told of
  Classify(tables, hold_, burst);          // mode of the address; service, reply, local or transit
  SetAsideKernel(tables, kernels_, macs_.data(), burst);  // what nothing here takes and the kernel may
  translator_.Translate(tables, burst, now);  // a row for each new access: schedule, backend, port
  // Longest prefix match, neighbour.
  FindNextHops(tables, neighbors_, hop_generation, mtus_.data(), translator_.outers(), burst);
  ftp_.Follow(tables, mtus_.data(), burst, ToMillis(now));  // FTP: addresses in commands, sequence numbers behind them
  RewriteErrors(burst);                    // ICMP errors: what they quote
  ClampMss(mss_.data(), burst);            // SYNs: no larger segments than the ways out carry
  translator_.NoteUse(tables.services->timeouts(), burst, ToMillis(now));  // time, counts and TCP state of the rows
  // Addresses, checksums, TTL, headers.
  const int sent = Rewrite(neighbors_, headers_.data(), translator_.outers(), burst);
  // Echo replies; resets and ICMP errors in place of what was dropped.
  if (sent < burst.count) AnswerInPlace(burst, now);
  // Worker::Dispatch: sends, holds, frees; each packet counted exactly once.
}

Pipeline::Pipeline(const std::vector<PortInfo>& ports, uint32_t errors_per_second, AccessTable& access,
                   Translator& translator, Ftp& ftp, NeighborTable& neighbors, FragmentTable& fragments,
                   const HoldBuffer& hold, Conditions& conditions, WorkerCounters& counters,
                   std::optional<Steering> steering)
    : access_(access),
      translator_(translator),
      ftp_(ftp),
      neighbors_(neighbors),
      fragments_(fragments),
      hold_(hold),
      conditions_(conditions),
      counters_(counters),
      steering_(steering),
      errors_(errors_per_second) {
  vlans_.ports = static_cast<PortId>(ports.size());
  for (size_t i = 0; i < ports.size(); ++i) {
    macs_[i] = ports[i].mac;
    kernels_.has[i] = !ports[i].kernel.empty();
    kernels_.any |= kernels_.has[i];
    vlans_.id[i] = ports[i].vlan;
    vlans_.trunk[i] = ports[i].trunk;
    mtus_[i] = ports[i].mtu;
    mss_[i] = ports[i].mss != 0 ? ports[i].mss : static_cast<uint16_t>(ports[i].mtu - kIpv4AndTcp);
    headers_[i] = {ports[i].mac, ports[i].vlan};
    for (const InterfaceAddress& a : ports[i].addresses) {
      IpAddress& own = a.address.is_v4() ? own_ipv4_[i] : own_ipv6_[i];
      if (own.is_unspecified()) own = a.address;
    }
  }
}

void Pipeline::AnswerInPlace(Burst& burst, TimePoint now) {
  for (Packet& p : burst) {
    if (p.fate == Fate::kEcho) {
      MakeEchoReply(headers_[p.port], p);
      counters_.echo_replies.Add();
    } else if (p.fate == Fate::kDrop && p.answer != Answer::kNone) {
      AnswerDropped(p, now);
    }
  }
}

void Pipeline::AnswerDropped(Packet& p, TimePoint now) {
  if (!errors_.Take(now)) {
    counters_.errors_suppressed.Add();
    return;
  }
  if (!MakeAnswer(headers_[p.port], p.ipv4 ? own_ipv4_[p.port] : own_ipv6_[p.port], p)) return;
  p.fate = Fate::kForward;  // `drop` stays: the packet is counted as dropped, its answer as originated
  counters_.errors_sent.Add();
}

}  // namespace baton::dataplane
