#include "generator/crew.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace baton::generator {
namespace {

// How much of a class's sending falls on the flows part, part + parts, ...
double ShareOf(const FlowProfile& flow, uint32_t part, uint32_t parts) {
  if (flow.activity != Activity::kZipf) {
    const uint32_t own = flow.count > part ? (flow.count - part - 1) / parts + 1 : 0;
    return static_cast<double>(own) / flow.count;
  }
  double own = 0, all = 0;
  for (uint32_t i = 0; i < flow.count; ++i) {
    const double weight = ZipfWeight(i, flow.exponent);
    all += weight;
    if (i % parts == part) own += weight;
  }
  return own / all;
}

FlowProfile PartOf(const FlowProfile& whole, uint32_t part, uint32_t parts) {
  FlowProfile own = whole;
  own.part = part;
  own.parts = parts;
  own.count = whole.count > part ? (whole.count - part - 1) / parts + 1 : 0;
  own.rate = whole.rate * ShareOf(whole, part, parts);
  return own;
}

// Classes take turns with their first flows: those of a few flows are not all at core 0.
uint32_t PartAt(size_t core, size_t number, size_t cores) { return static_cast<uint32_t>((core + number) % cores); }

}  // namespace

uint64_t DrawKey(uint64_t seed) {
  const auto now = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return Random(seed ^ now << 16).Next();
}

Crew::Crew(const Profile& profile)
    : key_(DrawKey(profile.seed)), ports_(profile.ports.size()), next_hops_(profile.flows.size()) {
  const size_t cores = profile.cores;
  for (const PortProfile& port : profile.ports) {
    next_hops_ = std::max(next_hops_, profile.flows.size() + profile.unanswered.size() + port.gateways.size());
  }
  first_flows_.push_back(0);
  for (size_t core = 0; core < cores; ++core) {
    Profile& part = parts_.emplace_back(profile);
    part.seed += core * 0x9e3779b97f4a7c15;  // cores draw different flows, and different harm
    for (size_t i = 0; cores > 1 && i < part.flows.size(); ++i) {
      FlowProfile& own = part.flows[i];
      if (own.fragments == 0) {
        own = PartOf(profile.flows[i], PartAt(core, i, cores), static_cast<uint32_t>(cores));
      } else if (core > 0) {
        own.count = 0;  // core 0 puts all fragments together
        own.rate = 0;
      }
    }
    first_flows_.push_back(first_flows_.back() + static_cast<uint32_t>(part.flow_count()));
  }
  if (cores > 1) rings_.resize(cores * cores * ports_);
  macs_ = std::vector<std::atomic<uint64_t>>(ports_ * next_hops_);
}

int Crew::OwnerOfSource(size_t port, Family family, uint32_t source) const {
  for (int core = 0; core < cores(); ++core) {
    for (const FlowProfile& flow : part(core).flows) {
      const uint32_t behind = source - flow.first_source - flow.part;
      if (flow.port != port || flow.to.family() != family) continue;
      if (behind % flow.parts == 0 && behind / flow.parts < flow.count) return core;
    }
  }
  return kNobody;
}

void Crew::TellNextHop(size_t port, size_t place, const MacAddress& mac) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, mac.bytes.data(), mac.bytes.size());
  macs_.at(port * next_hops_ + place).store(bytes, std::memory_order_relaxed);
}

MacAddress Crew::NextHop(size_t port, size_t place) const {
  const uint64_t bytes = macs_.at(port * next_hops_ + place).load(std::memory_order_relaxed);
  MacAddress mac;
  std::memcpy(mac.bytes.data(), &bytes, mac.bytes.size());
  return mac;
}

}  // namespace baton::generator
