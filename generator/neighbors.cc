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

// The answer is the host's whose address was asked for. Hosts do not forward.
void AnswerAs(const MacAddress& mac, neighbor::Frame& answer) {
  answer.src = mac;
  if (auto* said = std::get_if<neighbor::Advertisement>(&answer.message)) {
    said->target_mac = mac;
    said->router = false;
  } else if (auto* reply = std::get_if<neighbor::ArpReply>(&answer.message)) {
    reply->sender_mac = mac;
  }
}

const IpAddress& AnsweredFor(const neighbor::Frame& answer) {
  if (const auto* reply = std::get_if<neighbor::ArpReply>(&answer.message)) return reply->sender;
  return std::get<neighbor::Advertisement>(answer.message).target;
}

}  // namespace

Neighbors::Neighbors(const HostMacs& macs, const Hosts& hosts) : macs_(macs), hosts_(hosts) {
  moves_.reserve(kMostMoves);
  port_.mac = macs.Of(0);
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

void Neighbors::Adopt(size_t place, const MacAddress& mac) {
  if (needed_[place].mac == mac) return;
  needed_[place].mac = mac;
  ++changes_;
}

bool Neighbors::all_known() const {
  return std::none_of(needed_.begin(), needed_.end(), [](const NextHop& hop) { return hop.mac.is_zero(); });
}

void Neighbors::Learn(NextHop& hop, const MacAddress& mac, int64_t now_ns) {
  if (hop.mac == mac) return;
  if (!hop.mac.is_zero()) {
    ++move_count_;
    if (moves_.size() < kMostMoves) {
      moves_.push_back({now_ns, static_cast<size_t>(&hop - needed_.data()), hop.mac, mac});
    }
  }
  hop.mac = mac;
  ++changes_;
}

std::optional<std::vector<uint8_t>> Neighbors::Hear(const uint8_t* frame, size_t length, int64_t now_ns) {
  const auto decoded = neighbor::Decode({frame, length});
  if (!decoded.ok() || macs_.Find(decoded->src.bytes.data(), hosts_.all().size()) != Hosts::kNone) return std::nullopt;
  neighbor::Judgement judgement =
      neighbor::Judge(port_, *decoded, [this](const IpAddress& a) {
        const neighbor::Station station{port_.mac, port_.mac};
        return hosts_.Find(a).in_all != Hosts::kNone ? std::optional(station) : std::nullopt;
      });
  if (judgement.lesson) {
    const std::optional<MacAddress> mac = MacIn(judgement.lesson->event);
    for (NextHop& hop : needed_) {
      if (mac && hop.address == judgement.lesson->neighbor) Learn(hop, *mac, now_ns);
    }
  }
  if (!judgement.answer) return std::nullopt;
  AnswerAs(macs_.Of(hosts_.Find(AnsweredFor(*judgement.answer)).in_family), *judgement.answer);
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
