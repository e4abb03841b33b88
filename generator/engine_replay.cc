// Recordings through the engine: whose gateways their frames go to, and when.
#include "generator/engine.h"

namespace baton::generator {

int Engine::SendReplays(int64_t now_ns) {
  int sent = 0;
  for (const auto& replay : replays_) {
    Port& port = *ports_[replay->profile().port];
    if (!port.outbox.empty()) continue;  // it is not to overtake what is judged
    const auto next_hop = [&](Family family) -> const MacAddress* {
      if (!port.peer.is_zero()) return &port.peer;
      const std::vector<Gateway>& gateways = port.gateways_of(family);
      return gateways.empty() ? nullptr : &port.neighbors->mac(gateways.front().place);
    };
    const ReplayMacs macs{.own = port.mac, .ipv4 = next_hop(Family::kIpv4), .ipv6 = next_hop(Family::kIpv6)};
    sent += replay->Send(*port.link, macs, now_ns);
  }
  return sent;
}

void Engine::AddReplaysTo(RunResult& result) const {
  for (const auto& replay : replays_) {
    const ReplayProfile& profile = replay->profile();
    result.replays.push_back({.name = profile.name,
                              .file = profile.file,
                              .frames = profile.recording->frames.size(),
                              .rounds = profile.rounds,
                              .skipped = replay->skipped(),
                              .complete = replay->complete(),
                              .counts = replay->counts()});
  }
}

}  // namespace baton::generator
