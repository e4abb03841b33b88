#include "controlplane/load_sharing/discovery.h"

#include <algorithm>

#include "controlplane/load_sharing/probe.h"
#include "controlplane/neighbor/codec.h"

namespace baton::controlplane::load_sharing {
namespace {

const IpAddress kEverybody = IpAddress::V4(0xffffffff);
constexpr uint8_t kAllNodes[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};  // RFC 4291, 2.7.1
constexpr int kPasses = 2;

// Host bits of an address, VR-41: the network part of the source is zero.
IpAddress HostPart(const IpAddress& address, const Prefix& prefix) {
  return IpAddress::V4(prefix.length >= 32 ? 0 : address.v4() & (0xffffffff >> prefix.length));
}

}  // namespace

Discovery::Discovery(DiscoveryConfig config)
    : config_(std::move(config)),
      static_(config_.end_systems.begin(), config_.end_systems.end()),
      routers_(config_.routers.begin(), config_.routers.end()),
      not_nodes_(config_.not_nodes.begin(), config_.not_nodes.end()) {
  not_nodes_.insert(config_.own);
}

void Discovery::Start(TimePoint now) {
  started_ = now;
  deadline_ = now;
  pass_ = 0;
  next_target_ = 0;
  everybody_asked_ = false;
  requests_ = 0;
  targets_.clear();
  if (!config_.methods.arp_scan) return;
  if (is_v4()) {
    targets_ = Hosts();
  } else {  // the prefix is too large to be scanned
    for (const auto& [address, row] : rows_) targets_.push_back(address);
    targets_.insert(targets_.end(), config_.end_systems.begin(), config_.end_systems.end());
    std::sort(targets_.begin(), targets_.end());
  }
}

std::vector<std::vector<uint8_t>> Discovery::Tick(TimePoint now) {
  std::vector<std::vector<uint8_t>> frames;
  if (running()) deadline_ = std::max(deadline_, now - kProbesPerTick * config_.pace);  // nothing is made up for
  while (deadline_ <= now && frames.size() < kProbesPerTick) {
    if (pass_ == kPasses) {
      Finish(now);
      break;
    }
    if (!everybody_asked_) {
      everybody_asked_ = true;
      AskEverybody(frames);
      continue;
    }
    if (next_target_ == targets_.size()) {
      ++pass_;
      next_target_ = 0;
      everybody_asked_ = false;
      deadline_ += pass_ == kPasses ? config_.wait : config_.repeat;
      continue;
    }
    const IpAddress& target = targets_[next_target_++];
    if (HasAnswered(target)) continue;
    frames.push_back(Question(target));
    deadline_ += config_.pace;
  }
  return frames;
}

void Discovery::AskEverybody(std::vector<std::vector<uint8_t>>& frames) {
  Probe probe{.dst_mac = MacAddress::Broadcast(), .src_mac = config_.mac, .vlan = config_.vlan, .dst = kEverybody,
              .src = config_.own, .identifier = config_.identifier};
  if (is_v4() && config_.methods.icmp_info) {
    Probe request = probe;
    request.kind = Probe::Kind::kInformation;
    request.src = HostPart(config_.own, config_.prefix);
    request.sequence = ++sequence_;
    ++requests_;
    frames.push_back(EncodeProbe(request));
  }
  if (config_.methods.icmp_echo || (!is_v4() && config_.methods.arp_scan)) {
    if (!is_v4()) {
      probe.dst = IpAddress::FromV6Bytes(kAllNodes);
      probe.dst_mac = Ipv6MulticastMac(probe.dst);
    }
    probe.sequence = ++sequence_;
    ++requests_;
    frames.push_back(EncodeProbe(probe));
  }
}

std::vector<uint8_t> Discovery::Question(const IpAddress& target) const {
  neighbor::Frame frame{.dst = MacAddress::Broadcast(), .src = config_.mac, .tag = neighbor::TagFor(config_.vlan),
                        .message = {}};
  if (target.is_v4()) {
    frame.message = neighbor::ArpRequest{config_.mac, config_.own, {}, target};
  } else {
    const IpAddress group = SolicitedNodeMulticast(target);
    frame.dst = Ipv6MulticastMac(group);
    frame.message = neighbor::Solicitation{config_.own, group, target, config_.mac};
  }
  return neighbor::Encode(frame);
}

void Discovery::Finish(TimePoint now) {
  deadline_ = TimePoint::max();
  targets_ = {};
  absl::erase_if(rows_, [&](const auto& row) {
    return row.second.origin == Node::Origin::kAnswered ? row.second.seen < started_ : IsForgotten(row.second, now);
  });
}

// Who answered once stays until it does not answer the next time; who was only seen, for as long as is configured.
bool Discovery::IsForgotten(const Row& row, TimePoint now) const {
  return row.origin == Node::Origin::kLearned && row.seen + config_.forget < now;
}

// For a new row. Looks for forgotten ones once a second at most: it walks through all of them.
bool Discovery::HasSpace(TimePoint now) {
  if (rows_.size() < config_.limit) return true;
  if (now < next_look_) return false;
  next_look_ = now + std::chrono::seconds(1);
  absl::erase_if(rows_, [&](const auto& row) { return IsForgotten(row.second, now); });
  return rows_.size() < config_.limit;
}

bool Discovery::HasAnswered(const IpAddress& address) const {
  const auto row = rows_.find(address);
  return not_nodes_.contains(address) || (row != rows_.end() && row->second.seen >= started_);
}

std::vector<IpAddress> Discovery::Hosts() const {
  std::vector<IpAddress> hosts;
  const uint32_t network = config_.prefix.address.v4();
  // Of a network with more than two addresses the first and the last are no host's (RFC 1122, 3.2.1.3; RFC 3021).
  const uint32_t size = uint32_t{1} << (32 - std::max<int>(config_.prefix.length, 16));
  const uint32_t edge = size > 2 ? 1 : 0;
  for (uint32_t i = edge; i < size - edge; ++i) {
    const IpAddress address = IpAddress::V4(network + i);
    if (!not_nodes_.contains(address)) hosts.push_back(address);
  }
  return hosts;
}

// Nothing that packets from it could be forwarded for.
bool Discovery::CanBeNode(const IpAddress& address) const {
  if (address.family() != config_.own.family() || not_nodes_.contains(address)) return false;
  if (address.is_unspecified() || address.is_multicast() || address.is_loopback() || address.is_link_local()) {
    return false;
  }
  if (!is_v4()) return true;
  if (address == kEverybody || address.v4() >> 24 == 0) return false;
  if (!config_.prefix.Contains(address) || config_.prefix.length >= 31) return true;
  const uint32_t host = HostPart(address, config_.prefix).v4();
  return host != 0 && host != 0xffffffff >> config_.prefix.length;
}

bool Discovery::Note(const IpAddress& address, Node::Origin origin, bool is_router, TimePoint now) {
  if (!CanBeNode(address)) return false;
  auto row = rows_.find(address);
  const bool is_new = row == rows_.end();
  if (is_new) {
    if (static_.contains(address)) return false;
    if (!HasSpace(now)) {
      ++refused_;
      return false;
    }
    row = rows_.try_emplace(address).first;
    row->second.origin = origin;
  }
  const bool was_forgotten = !is_new && IsForgotten(row->second, now);
  row->second.seen = now;
  if (origin == Node::Origin::kAnswered) row->second.origin = origin;
  if (is_router) row->second.kind = Node::Kind::kRouter;
  return is_new || was_forgotten;
}

bool Discovery::Saw(const IpAddress& source, TimePoint now) {
  if (!config_.methods.passive && !config_.methods.whole_subnet) return false;
  return Note(source, Node::Origin::kLearned, false, now);
}

bool Discovery::Hear(absl::Span<const uint8_t> frame, TimePoint now) {
  return neighbor::KindOf(frame) == neighbor::Kind::kOther ? HearProbe(frame, now) : HearNeighbor(frame, now);
}

bool Discovery::HearNeighbor(absl::Span<const uint8_t> bytes, TimePoint now) {
  const absl::StatusOr<neighbor::Frame> frame = neighbor::Decode(bytes);
  if (!frame.ok() || frame->vlan() != config_.vlan || frame->src == config_.mac) return false;
  if (const auto* reply = std::get_if<neighbor::ArpReply>(&frame->message)) {
    if (!config_.methods.arp_scan) return Saw(reply->sender, now);
    return Note(reply->sender, Node::Origin::kAnswered, false, now);
  }
  if (const auto* advertisement = std::get_if<neighbor::Advertisement>(&frame->message)) {
    if (!config_.methods.arp_scan) return Saw(advertisement->target, now);
    return Note(advertisement->target, Node::Origin::kAnswered, advertisement->router, now);
  }
  if (const auto* request = std::get_if<neighbor::ArpRequest>(&frame->message)) return Saw(request->sender, now);
  return Saw(std::get<neighbor::Solicitation>(frame->message).src, now);
}

// VR-42, VR-44: only replies, and only to requests of this discovery.
bool Discovery::HearProbe(absl::Span<const uint8_t> bytes, TimePoint now) {
  const std::optional<Probe> probe = DecodeProbe(bytes);
  if (!probe.has_value() || !probe->reply || probe->vlan != config_.vlan || !running()) return false;
  if (probe->identifier != config_.identifier || static_cast<uint16_t>(sequence_ - probe->sequence) >= requests_) {
    return false;
  }
  if (probe->kind == Probe::Kind::kInformation) {
    // The answer goes to whatever the station makes of a source without network (VR-Q15).
    const bool to_us = probe->dst == config_.own || probe->dst == kEverybody ||
                       (is_v4() && probe->dst == HostPart(config_.own, config_.prefix));
    if (!to_us || !config_.methods.icmp_info) return false;
  } else if (probe->dst != config_.own) {
    return false;
  }
  return Note(probe->src, Node::Origin::kAnswered, false, now);
}

std::vector<Node> Discovery::Nodes(TimePoint now) const {
  std::vector<Node> nodes;
  for (const IpAddress& address : static_) nodes.push_back({address, Node::Kind::kEndSystem, Node::Origin::kStatic});
  for (const IpAddress& address : routers_) nodes.push_back({address, Node::Kind::kRouter, Node::Origin::kStatic});
  for (const auto& [address, row] : rows_) {
    if (IsForgotten(row, now) || routers_.contains(address)) continue;
    nodes.push_back({address, row.kind, row.origin});
  }
  std::sort(nodes.begin(), nodes.end(), [](const Node& a, const Node& b) { return a.address < b.address; });
  return nodes;
}

std::optional<TimePoint> Discovery::SeenAt(const IpAddress& node) const {
  const auto row = rows_.find(node);
  return row == rows_.end() ? std::nullopt : std::optional(row->second.seen);
}

std::vector<IpAddress> Discovery::Conditions(TimePoint now) const {
  std::vector<IpAddress> conditions;
  bool registered = false;
  for (const Node& node : Nodes(now)) {
    if (node.kind != Node::Kind::kEndSystem) continue;
    conditions.push_back(node.address);
    registered = registered || node.origin != Node::Origin::kStatic;
  }
  if (registered || !config_.methods.whole_subnet || !is_v4()) return conditions;
  for (const IpAddress& host : Hosts()) {
    if (!static_.contains(host) && !routers_.contains(host)) conditions.push_back(host);
  }
  std::sort(conditions.begin(), conditions.end());
  return conditions;
}

}  // namespace baton::controlplane::load_sharing
