// A class of flows as the engine runs it: engine.h's own, apart because several files need it.
#pragma once

#include "generator/engine.h"
#include "generator/epochs.h"
#include "generator/fragments/split.h"
#include "generator/mobile/headers.h"

namespace baton::generator {

struct Engine::Class {
  Class(const FlowProfile& p, uint8_t place, uint32_t first, Port& at, uint64_t seed, size_t epochs, uint16_t mtu)
      : profile(p),
        number(place),
        first_flow(first),
        port(at),
        sources(at.hosts.of(p.to.family())),
        is_tcp(p.protocol == kTcp),
        gateways(at.gateways_of(p.to.family())),
        by_host(at.macs.own() || gateways.size() > 1),
        answer_length(static_cast<uint16_t>(p.answer_size == 0 ? 0 : p.answer_size - 4)),
        picker(p.activity, p.count, p.exponent, seed, p.part, p.parts),
        pace(p.rate),
        by_epoch(epochs),
        tcp_plan(p.tcp),
        part_of_request(PartOfRequest(p.tcp)),
        piece(p.fragments != 0 ? p.fragments : mtu),
        random(~seed) {
    if (p.protocol == kEsp) esp = std::make_unique<Associations>(p.esp, p.count, p.part, p.parts);
    if (p.mobile.on()) terminals = std::make_unique<Terminals>(p.mobile, p.count);
    for (const uint16_t size : p.sizes) {
      frames.emplace_back(FrameShape{.dst = p.to, .dst_port = p.to_port,
                                     .length = static_cast<uint16_t>(is_tcp ? 124 : size - 4), .protocol = p.protocol,
                                     .mobile = p.mobile.on()},
                          at.mac);
    }
  }

  // Of its flow number `i` at this core.
  uint32_t SourceOf(uint32_t i) const { return profile.first_source + profile.NumberOf(i); }

  // The sizes of a class take turns.
  const FrameTemplate& NextFrame() {
    if (++turn >= frames.size()) turn = 0;
    return frames[turn];
  }

  const FlowProfile& profile;
  const uint8_t number;
  const uint32_t first_flow;
  Port& port;
  const std::vector<IpAddress>& sources;
  const bool is_tcp;
  std::vector<Gateway>& gateways;  // of its family, the port's
  const bool by_host;        // MAC addresses depend on the host, the template's will not do
  std::vector<FrameTemplate> frames;  // one for each size; TCP: one, with headers up to the ports
  size_t turn = 0;
  const uint16_t answer_length;  // 0: as the request's
  size_t next_hop = 0;       // place in the port's neighbors
  MacAddress next_hop_mac;   // as the template has it
  Picker picker;
  Pace pace;
  ClassCounts counts;
  CountsByEpoch by_epoch;
  TcpPlan tcp_plan;
  const uint32_t part_of_request;
  std::unique_ptr<Associations> esp;     // none: other flows
  std::unique_ptr<Terminals> terminals;  // none: hosts that do not move
  const uint16_t piece;      // an IP packet is at most so long
  uint64_t request_pieces = 0, response_pieces = 0;  // frames that were sent instead of datagrams
  Random random;             // of the order of pieces
  int64_t swept_ns = 0;      // when Sweep did its part last
  uint32_t sweep_next = 0;   // the connection that it looks at next

  // Flows that will send next: their lines are on their way into the cache.
  static constexpr uint32_t kAhead = 2 * kBurst;
  uint32_t ahead[kAhead] = {};
  uint32_t ahead_begin = 0;
};

// What it is, with its flow's line on the way into the cache.
inline Arrival Engine::Read(const Port& port, const Frame& frame) {
  const Arrival arrival = Classify(frame.data, frame.length, key_);
  if (!arrival.stamp_good || !flows_.has(arrival.stamp.flow)) return arrival;
  if (port.role == Role::kServers) {
    __builtin_prefetch(&flows_.server(arrival.stamp.flow), 1);
  } else {
    __builtin_prefetch(&flows_.client(arrival.stamp.flow), 1);
  }
  return arrival;
}

// `count` says what was just counted, of a request that is `age_ns` old or of its response.
template <typename Count>
void Engine::MoveIfEarlier(Class& c, uint64_t age_ns, int64_t now_ns, Count count) {
  if (__builtin_expect(age_ns <= static_cast<uint64_t>(now_ns - cut_ns_), 1)) return;
  const int64_t sent_ns = now_ns - static_cast<int64_t>(age_ns);
  if (epochs_.IsEarlier(age_ns, now_ns)) c.by_epoch.Move(epochs_.Of(sent_ns), count);
  if (timeline_.seconds().IsEarlier(age_ns, now_ns)) timeline_.counts().Move(timeline_.seconds().Of(sent_ns), count);
}

// `last_ns`: the flow's arrival before this one; 0: there was none.
inline void Engine::NoteGap(Class& c, int64_t last_ns, int64_t now_ns, uint32_t flow, Gap EpochCounts::*gap) {
  if (__builtin_expect(last_ns > epochs_.began(), 1)) {
    (c.by_epoch.present().*gap).Note(now_ns - last_ns, flow - c.first_flow);
  } else if (last_ns != 0) {
    c.by_epoch.NoteGap(epochs_, last_ns, now_ns, flow - c.first_flow, gap);
  }
}

}  // namespace baton::generator
