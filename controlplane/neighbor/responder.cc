#include "controlplane/neighbor/responder.h"

#include <algorithm>

namespace baton::controlplane::neighbor {
namespace {

const IpAddress kAllNodes = [] {  // ff02::1
  const uint8_t bytes[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return IpAddress::FromV6Bytes(bytes);
}();

// Only who shares a network with the port is learnt from its questions; otherwise one station could fill the table with
// addresses that no route leads to.
bool OnLink(const PortInfo& port, const IpAddress& address) {
  if (!address.is_v4() && address.is_link_local()) return true;
  return std::any_of(port.addresses.begin(), port.addresses.end(),
                     [&](const InterfaceAddress& own) { return own.prefix().Contains(address); });
}

Frame FrameFrom(const PortInfo& port, const MacAddress& src, const MacAddress& dst) {
  return {.dst = dst, .src = src, .tag = TagFor(port.vlan), .message = {}};
}

// RFC 826: the fields swapped, to the sender alone. A probe (sender 0.0.0.0) is answered too: RFC 5227, 2.1.1.
Frame AnswerTo(const PortInfo& port, const ArpRequest& request, const Station& ours) {
  Frame reply = FrameFrom(port, ours.from, request.sender_mac);
  reply.message = ArpReply{ours.mac, request.target, request.sender_mac, request.sender};
  return reply;
}

// RFC 4861, 7.2.4. The box forwards packets, so the router flag is set. Without an option the answer goes to the
// station that sent the frame, where RFC 4861 would look into the neighbour cache or ask back.
Frame AnswerTo(const PortInfo& port, const Frame& frame, const Solicitation& solicitation, const Station& ours) {
  const bool from_nobody = solicitation.src.is_unspecified();  // duplicate address detection
  const IpAddress dst = from_nobody ? kAllNodes : solicitation.src;
  const MacAddress asker = solicitation.source_mac.value_or(frame.src);
  Frame reply = FrameFrom(port, ours.from, from_nobody ? Ipv6MulticastMac(kAllNodes) : asker);
  reply.message = Advertisement{.src = solicitation.target, .dst = dst, .target = solicitation.target,
                                .target_mac = ours.mac, .router = true, .solicited = !from_nobody, .overrides = true};
  return reply;
}

Judgement Conflict() {
  Judgement judgement;
  judgement.conflict = true;
  return judgement;
}

// Built in place: g++ 12 takes the copy of a small alternative for a use of uninitialised bytes.
template <typename E>
void Learn(Judgement& judgement, const IpAddress& neighbor, const E& event) {
  judgement.lesson.emplace();
  judgement.lesson->neighbor = neighbor;
  judgement.lesson->event.emplace<E>(event);
}

struct Judging {
  const PortInfo& port;
  const Frame& frame;
  IsOurs is_ours;

  Judgement operator()(const ArpRequest& m) {
    if (m.sender_mac == port.mac) return {};
    const bool anonymous = m.sender.is_unspecified();
    if (!anonymous && is_ours(m.sender)) return Conflict();
    Judgement judgement;
    if (const std::optional<Station> ours = is_ours(m.target)) {
      judgement.answer = AnswerTo(port, m, *ours);
      if (!anonymous && OnLink(port, m.sender)) Learn(judgement, m.sender, Asked{m.sender_mac});
    } else if (!anonymous) {  // RFC 826: a known sender is updated whomever it asks for; gratuitous ARP is of this form
      Learn(judgement, m.sender, Advertised{.mac = m.sender_mac});
    }
    return judgement;
  }

  Judgement operator()(const ArpReply& m) {
    if (m.sender_mac == port.mac) return {};
    if (is_ours(m.sender)) return Conflict();
    // Only an answer to us shows that the neighbour hears us.
    const bool to_us = !frame.dst.is_group() && is_ours(m.target).has_value();
    Judgement judgement;
    Learn(judgement, m.sender, Advertised{m.sender_mac, to_us, true});
    return judgement;
  }

  Judgement operator()(const Solicitation& m) {
    if (m.source_mac == port.mac) return {};
    const bool anonymous = m.src.is_unspecified();
    if (!anonymous && is_ours(m.src)) return Conflict();
    Judgement judgement;
    const std::optional<Station> ours = is_ours(m.target);
    if (!ours) return judgement;
    judgement.answer = AnswerTo(port, frame, m, *ours);
    if (m.source_mac.has_value() && OnLink(port, m.src)) Learn(judgement, m.src, Asked{*m.source_mac});
    return judgement;
  }

  Judgement operator()(const Advertisement& m) {
    if (m.target_mac == port.mac) return {};
    if (is_ours(m.target)) return Conflict();  // RFC 4862, 5.4.4
    Judgement judgement;
    Learn(judgement, m.target, Advertised{m.target_mac, m.solicited, m.overrides});
    return judgement;
  }
};

}  // namespace

Asker AskerOf(const PortInfo& port, const Frame& frame) {
  Asker asker{.address = {}, .us_alone = frame.dst == port.mac};
  if (const auto* arp = std::get_if<ArpRequest>(&frame.message)) asker.address = arp->sender;
  if (const auto* nd = std::get_if<Solicitation>(&frame.message)) asker.address = nd->src;
  return asker;
}

Judgement Judge(const PortInfo& port, const Frame& frame, IsOurs is_ours) {
  if (frame.src == port.mac) return {};  // our own, come back to us
  return std::visit(Judging{port, frame, is_ours}, frame.message);
}

IpAddress SourceFor(const PortInfo& port, const IpAddress& target) {
  if (!target.is_v4() && target.is_link_local()) return LinkLocalFrom(port.mac);
  const IpAddress* first = nullptr;
  for (const InterfaceAddress& own : port.addresses) {
    if (own.prefix().Contains(target)) return own.address;
    if (first == nullptr && own.address.family() == target.family()) first = &own.address;
  }
  if (first != nullptr) return *first;
  return target.is_v4() ? IpAddress::V4(0) : LinkLocalFrom(port.mac);
}

Frame SolicitationFor(const PortInfo& port, const IpAddress& target, const std::optional<MacAddress>& to) {
  const IpAddress source = SourceFor(port, target);
  if (target.is_v4()) {
    Frame frame = FrameFrom(port, port.mac, to.value_or(MacAddress::Broadcast()));
    frame.message = ArpRequest{port.mac, source, {}, target};
    return frame;
  }
  const IpAddress group = SolicitedNodeMulticast(target);
  Frame frame = FrameFrom(port, port.mac, to.value_or(Ipv6MulticastMac(group)));
  frame.message = Solicitation{.src = source, .dst = to.has_value() ? target : group, .target = target,
                               .source_mac = port.mac};
  return frame;
}

Frame AnnouncementOf(const PortInfo& port, const IpAddress& address, const Station& station) {
  if (address.is_v4()) {
    Frame frame = FrameFrom(port, station.from, MacAddress::Broadcast());
    frame.message = ArpRequest{station.mac, address, {}, address};
    return frame;
  }
  Frame frame = FrameFrom(port, station.from, Ipv6MulticastMac(kAllNodes));
  frame.message = Advertisement{.src = address, .dst = kAllNodes, .target = address, .target_mac = station.mac,
                                .router = true, .solicited = false, .overrides = true};
  return frame;
}

Frame DirectionFor(const PortInfo& port, const IpAddress& address, const Station& station, const IpAddress& neighbor,
                   const MacAddress& neighbor_mac) {
  Frame frame = AnnouncementOf(port, address, station);
  frame.dst = neighbor_mac;
  if (auto* advertisement = std::get_if<Advertisement>(&frame.message)) advertisement->dst = neighbor;
  return frame;
}

}  // namespace baton::controlplane::neighbor
