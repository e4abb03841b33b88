// The pipeline of one worker: what happens to a burst between its receipt and its sending. Worker only.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "common/counters.h"
#include "common/packet_trace.h"
#include "common/route.h"
#include "dataplane/access_table.h"
#include "dataplane/conditions.h"
#include "dataplane/fragment_table.h"
#include "dataplane/ftp.h"
#include "dataplane/hold_buffer.h"
#include "dataplane/kernel_side.h"
#include "dataplane/neighbor_table.h"
#include "dataplane/packet.h"
#include "dataplane/parse.h"
#include "dataplane/rewrite.h"
#include "dataplane/steer.h"
#include "dataplane/tables.h"
#include "dataplane/token_bucket.h"
#include "dataplane/translate.h"

namespace baton::dataplane {

class Pipeline {
 public:
  // REQUIRES: the references outlive this; at most kMaxPorts ports.
  Pipeline(const std::vector<PortInfo>& ports, uint32_t errors_per_second, AccessTable& access, Translator& translator,
           Ftp& ftp, NeighborTable& neighbors, FragmentTable& fragments, const HoldBuffer& hold, Conditions& conditions,
           WorkerCounters& counters, std::optional<Steering> steering = std::nullopt);

  // Takes the burst through all stages. Afterwards every packet has a final fate, which the worker carries out and counts.
  // REQUIRES: tables.ready(). `hop_generation` as in next_hop.h.
  void Run(const Tables& tables, uint16_t hop_generation, Burst& burst, TimePoint now);

  // The port that a frame which has just come in belongs to.
  PortId PortOf(const Packet& packet) const { return dataplane::PortOf(packet, vlans_); }

  // nullptr: there is one worker.
  Steering* steering() { return steering_ ? &*steering_ : nullptr; }

  // explain.cc: takes the packet of `trace` through the same stages and writes down what they find out and decide.
  // Nothing is sent, held, made, counted or noted. REQUIRES: tables.ready(); trace.port exists.
  void Explain(const Tables& tables, uint16_t hop_generation, TimePoint now, PacketTrace& trace);

 private:
  void AnswerInPlace(Burst& burst, TimePoint now);
  void AnswerDropped(Packet& packet, TimePoint now);
  void ExplainWayOut(const Tables& tables, uint16_t hop_generation, uint32_t row, Burst& burst, TimePoint now,
                     PacketTrace& trace);
  void ExplainPieces(Packet& packet, PacketTrace& trace);
  void ExplainEnd(Packet& packet, PacketTrace& trace);

  AccessTable& access_;
  Translator& translator_;
  Ftp& ftp_;
  NeighborTable& neighbors_;
  FragmentTable& fragments_;
  const HoldBuffer& hold_;
  Conditions& conditions_;
  WorkerCounters& counters_;
  std::optional<Steering> steering_;  // several workers only
  TokenBucket errors_;
  // Of each port, side by side as the stages read them.
  KernelPorts kernels_;
  std::array<MacAddress, kMaxPorts> macs_{};
  PortVlans vlans_;
  std::array<uint16_t, kMaxPorts> mtus_{};
  std::array<uint16_t, kMaxPorts> mss_{};  // over IPv4
  std::array<PortHeader, kMaxPorts> headers_{};
  std::array<IpAddress, kMaxPorts> own_ipv4_{}, own_ipv6_{};  // sources of our errors; unspecified: none
};

}  // namespace baton::dataplane
