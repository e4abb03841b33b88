// What a frame from a neighbour means to us (Judge), and the frames that we send of ourselves: questions and
// announcements. Pure: which addresses are ours is passed in. RFC 826, RFC 5227, RFC 4861 7.2. Always: an answer is for
// an address of ours; nothing is learnt about an address of ours, nor about our own MAC address.
#pragma once

#include <optional>

#include <absl/functional/function_ref.h>

#include "common/addr.h"
#include "common/route.h"
#include "controlplane/neighbor/codec.h"
#include "controlplane/neighbor/machine.h"

namespace baton::controlplane::neighbor {

// How an address of ours looks from outside.
struct Station {
  MacAddress mac;   // its MAC address
  MacAddress from;  // which its frames come from: the same, but where no switch shall learn where `mac` is
};

// Who asks for an address, as far as the question says it.
struct Asker {
  IpAddress address = {};    // unspecified: nobody asks, or somebody who has no address yet
  bool us_alone = false;     // the question was sent to this port's MAC address, not to everybody
};
Asker AskerOf(const PortInfo& port, const Frame& frame);

// Whether the box answers for an address on the port in question, and as whom.
using IsOurs = absl::FunctionRef<std::optional<Station>(const IpAddress&)>;

struct Lesson {
  IpAddress neighbor;
  Event event;  // for the neighbour's machine
};

struct Judgement {
  bool conflict = false;         // somebody else claims an address of ours (RFC 5227, 2.4)
  std::optional<Frame> answer;
  std::optional<Lesson> lesson;
};

Judgement Judge(const PortInfo& port, const Frame& frame, IsOurs is_ours);

// Asks for `target`: of `to` alone, or of everybody (broadcast, solicited-node multicast) when `to` is empty.
Frame SolicitationFor(const PortInfo& port, const IpAddress& target, const std::optional<MacAddress>& to);

// Says that `address` is here: the request form of gratuitous ARP (RFC 5227, 2.3) or an unsolicited advertisement
// (RFC 4861, 7.2.6).
Frame AnnouncementOf(const PortInfo& port, const IpAddress& address, const Station& station);

// The same, said to one neighbour only: a gratuitous ARP request to it alone, or an unsolicited advertisement.
Frame DirectionFor(const PortInfo& port, const IpAddress& address, const Station& station, const IpAddress& neighbor,
                   const MacAddress& neighbor_mac);

// The address we ask from: ours in the target's network, else the first of its family, else the link-local one (IPv6)
// or 0.0.0.0, the form of an ARP probe. Never a service's address: it may be another box's by the time of the answer.
IpAddress SourceFor(const PortInfo& port, const IpAddress& target);

}  // namespace baton::controlplane::neighbor
