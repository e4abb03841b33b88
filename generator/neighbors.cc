#include "generator/neighbors.h"

#include <algorithm>

#include "controlplane/neighbor/responder.h"

namespace baton::generator {
namespace {

namespace neighbor = controlplane::neighbor;

constexpr int64_t kAskUnknownNs = 100'000'000, kAskKnownNs = 10'000'000'000;

// The MAC address that a lesson tells, if it tells one.
std::optional<MacAddress> MacIn(const neighbor::Event& event) {
  if (const auto* advertised = std::get_if<neighbor::Advertised>(&event)) return advertised->mac;
  if (const auto* asked = std::get_if<neighbor::Asked>(&event)) return asked->mac;
  return std::nullopt;
}

}  // namespace

Neighbors::Neighbors(const MacAddress& mac, const Hosts& hosts) : hosts_(hosts) {
  port_.mac = mac;
  // The source of questions: the first host of each family. With a length of 0 everybody counts as on the link.
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    if (!hosts.of(family).empty()) port_.addresses.push_back({hosts.of(family).front(), 0});
  }
}

size_t Neighbors::Need(const IpAddress& next_hop) {
  for (size_t i = 0; i < needed_.size(); ++i) {
    if (needed_[i].address == next_hop) return i;
  }
  needed_.push_back({.address = next_hop, .mac = {}});
  return needed_.size() - 1;
}

bool Neighbors::all_known() const {
  return std::none_of(needed_.begin(), needed_.end(), [](const NextHop& hop) { return hop.mac.is_zero(); });
}

std::optional<std::vector<uint8_t>> Neighbors::Hear(const uint8_t* frame, size_t length) {
  const auto decoded = neighbor::Decode({frame, length});
  if (!decoded.ok()) return std::nullopt;
  neighbor::Judgement judgement =
      neighbor::Judge(port_, *decoded, [this](const IpAddress& a) { return hosts_.Find(a) != Hosts::kNone; });
  if (judgement.lesson) {
    const std::optional<MacAddress> mac = MacIn(judgement.lesson->event);
    for (NextHop& hop : needed_) {
      if (!mac || hop.address != judgement.lesson->neighbor || hop.mac == *mac) continue;
      hop.mac = *mac;
      ++changes_;
    }
  }
  if (!judgement.answer) return std::nullopt;
  // Hosts do not forward.
  if (auto* said = std::get_if<neighbor::Advertisement>(&judgement.answer->message)) said->router = false;
  return neighbor::Encode(*judgement.answer);
}

std::optional<std::vector<uint8_t>> Neighbors::Ask(int64_t now_ns) {
  for (NextHop& hop : needed_) {
    if (now_ns < hop.ask_again_ns) continue;
    hop.ask_again_ns = now_ns + (hop.mac.is_zero() ? kAskUnknownNs : kAskKnownNs);
    const std::optional<MacAddress> to = hop.mac.is_zero() ? std::nullopt : std::optional(hop.mac);
    return neighbor::Encode(neighbor::SolicitationFor(port_, hop.address, to));
  }
  return std::nullopt;
}

}  // namespace baton::generator
