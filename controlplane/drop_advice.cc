#include "controlplane/drop_advice.h"

namespace baton::controlplane {

// No default: a reason without its sentences does not compile.
DropAdvice AdviceFor(DropReason reason) {
  switch (reason) {
    case DropReason::kNone: return {};
    case DropReason::kTooShort:
      return {"The frame ends before the headers that it announces.", "Look at the sender; the frame was cut."};
    case DropReason::kTooLong:
      return {"The frame does not fit one packet buffer.", "Lower ports[].mtu, or the sender's MTU."};
    case DropReason::kBadIpHeader:
      return {"The IP header contradicts itself: version, header length, total length or a fragment's length.",
              "Look at the sender; the packet is damaged or made up."};
    case DropReason::kBadIpChecksum:
      return {"The checksum of the IPv4 header is wrong.",
              "A veth sender leaves it to hardware that is not there: ethtool -K IF tx off at the sender."};
    case DropReason::kBadAddress:
      return {"Its source or destination may not cross a router: link-local, loopback, broadcast or multicast source.",
              "Give the sender an address of its network."};
    case DropReason::kBadL4Header:
      return {"The TCP, UDP or ICMP header has an impossible length or flags.",
              "Look at the sender; the packet is damaged or a scan."};
    case DropReason::kTooManyHeaders:
      return {"It has more IPv6 extension headers than are followed (8).", "Look at the sender; nobody needs so many."};
    case DropReason::kUnknownEtherType:
      return {"It is neither IPv4, IPv6 nor ARP.", "Usually nothing: LLDP, STP and the like are not for the box."};
    case DropReason::kWrongVlan:
      return {"Its VLAN tag is not the port's, or it has one where none is expected.",
              "Make ports[].vlan and the switch agree."};
    case DropReason::kNotOurMac:
      return {"It is for another station's MAC address.",
              "Clear the sender's ARP or neighbour entry; it has an old MAC address for this IP address."};
    case DropReason::kOverload:
      return {"More comes through the port than its worker carries; data is shed so that routing protocols go on.",
              "Find who floods, or give the box more workers (dataplane.workers) or a faster CPU."};
    case DropReason::kMulticast:
      return {"It is to a group or to all stations, and nobody here listens.", "Usually nothing."};
    case DropReason::kNotForUs:
      return {"It is to a port's own address, where nothing takes it.",
              "Use the address of a service; for programs on the box, give the port a kernel side (ports[].kernel)."};
    case DropReason::kControlRate:
      return {"More ARP, neighbour discovery and the like came than control_packets_per_second allows.",
              "Find who floods, or raise dataplane.control_packets_per_second."};
    case DropReason::kControlRingFull:
      return {"The ring to the control thread is full.", "Find who floods the box with ARP or neighbour discovery."};
    case DropReason::kKernelRate:
      return {"More came for programs on the box than kernel_packets_per_second allows.",
              "Find who floods, or raise dataplane.kernel_packets_per_second."};
    case DropReason::kKernelRingFull:
      return {"The ring to the kernel's interfaces is full.", "Find who floods the box's own addresses."};
    case DropReason::kUnknownAccess:
      return {"It belongs to no row of the access table and does not open a connection.",
              "The client must connect anew; if rows end too early, raise dataplane.timeouts."};
    case DropReason::kNoService:
      return {"No service listens on this port and protocol of the address.",
              "Compare with batonctl show services; add the service, or connect to the port that it has."};
    case DropReason::kAddressNotInCharge:
      return {"This box is not in charge of the address: its mode is none.",
              "Send to the box that is, or set batonctl mode ADDRESS normal here."};
    case DropReason::kNoBackend:
      return {"No backend of the service takes new connections: all are drained or have weight 0.",
              "batonctl backend SERVICE NAME enable, or weight N; batonctl show backends lists them."};
    case DropReason::kAccessTableFull:
      return {"The access table has as many rows as dataplane.access_rows allows.",
              "Raise it (restart), or shorten dataplane.timeouts."};
    case DropReason::kPortsExhausted:
      return {"No internal address has a free port towards this backend.",
              "Give the address group more internal addresses, or the service a wider range of ports."};
    case DropReason::kPortPoolsExhausted:
      return {"There are more pairs of internal address and backend than dataplane.port_pools.", "Raise it (restart)."};
    case DropReason::kReplyKeyInUse:
      return {
          "The backend already has a connection from this client and port, made through another service address; its "
          "answers could not be told apart.",
          "Use forward: full for one of the two services."};
    case DropReason::kFragment:
      return {"It is a fragment, to one of the box's addresses, of something that has no ports.",
              "Look at the sender."};
    case DropReason::kFragmentTiny:
      return {"A first fragment lacks some of its headers, or a later one begins inside TCP's.",
              "Look at the sender; nobody needs such fragments."};
    case DropReason::kFragmentOverlap:
      return {"It belongs to a datagram whose fragments overlap.", "Look at the sender; this is an attack or damage."};
    case DropReason::kFragmentDuplicate:
      return {"The same fragment came before.", "Find what duplicates packets on the way."};
    case DropReason::kFragmentTableFull:
      return {"As many datagrams in pieces are on their way as dataplane.fragments.datagrams, or this one has too many "
              "pieces.", "Raise the limit, or make the senders use smaller datagrams."};
    case DropReason::kFragmentQueueFull:
      return {"As many fragments wait for their first one as dataplane.fragments.waiting.",
              "Raise the limit, or find where first fragments get lost."};
    case DropReason::kFragmentExpired:
      return {"Its datagram's first fragment did not come in time.", "Find where first fragments get lost."};
    case DropReason::kIcmpNotTranslated:
      return {"It is ICMP to a service, but neither an echo request nor an error.", "Usually nothing."};
    case DropReason::kIcmpUnknownAccess:
      return {"It is an ICMP error that quotes no packet of a live connection.",
              "Usually nothing: the connection has ended. Many of them: somebody guesses."};
    case DropReason::kIcmpMalformed:
      return {"It is an ICMP error about a live connection with a wrong checksum.", "Look at the sender."};
    case DropReason::kFtpSegment:
      return {
          "It is of an FTP control connection and cannot be read: a segment before it is missing, its checksum is "
          "wrong, it is a fragment, or an address in it comes before the one ahead is acknowledged.",
          "Nothing: its sender repeats it. Many of them: find where segments get lost."};
    case DropReason::kFtpCommand:
      return {"It is an FTP command or reply with numbers that no address or port has.", "Look at the sender."};
    case DropReason::kHoldFull:
      return {"Its address is in mode migration, and the hold buffer is full.",
              "batonctl mode ADDRESS normal ends the migration; dataplane.hold has the limits."};
    case DropReason::kHoldExpired:
      return {"It was held longer than dataplane.hold.time_limit.", "batonctl mode ADDRESS normal ends the migration."};
    case DropReason::kHoldDisabled:
      return {"Its address is in mode migration, and dataplane.hold.packets is 0.",
              "batonctl mode ADDRESS normal ends the migration."};
    case DropReason::kNotInCharge:
      return {"It is to a virtual router that shares its load, and another router is in charge of the end system.",
              "Usually nothing: each router of the group drops what the others forward."};
    case DropReason::kHandOverForwarded:
      return {"Its end system was taken over from another router, which had forwarded this packet already.",
              "Nothing: it is not lost."};
    case DropReason::kHandOverExpired:
      return {"Its end system was being taken over, and what the router before had forwarded was not known in time.",
              "Look at the network between the routers of the group."};
    case DropReason::kHandOverFull:
      return {"Its end system was being taken over, and as many packets waited as dataplane.hand_over_packets allows.",
              "Raise dataplane.hand_over_packets (restart)."};
    case DropReason::kTtlExpired:
      return {"Its TTL or hop limit ends here.",
              "Nothing if it is traceroute's; otherwise look for a routing loop between the box and its neighbours."};
    case DropReason::kNoRoute:
      return {
          "No route covers where it must go.",
          "Add a route in the configuration, for replies one that leads back to the client: usually a default route."};
    case DropReason::kTooBig:
      return {"It is larger than the MTU of the way out.",
              "The sender is told, unless a firewall eats the answer; otherwise raise ports[].mtu on the way out."};
    case DropReason::kNoBuffers:
      return {"It is larger than the MTU of the way out, and no buffer was free for its pieces.",
              "Raise dataplane.packet_buffers (restart)."};
    case DropReason::kNeighborQueueFull:
      return {"Too many packets wait for this neighbour's MAC address.", "See whether the neighbour answers at all."};
    case DropReason::kNeighborTableFull:
      return {"The box knows as many neighbours as dataplane.neighbors allows.",
              "Raise it (restart), or find who scans a connected network."};
    case DropReason::kNeighborFailed:
      return {
          "The next hop answers neither ARP nor neighbour discovery.",
          "See that it is up, on this port and VLAN, and has this address; batonctl show neighbors tells its state."};
    case DropReason::kSteerRingFull:
      return {"The worker that owns the flow does not keep up with what others receive for it.",
              "Give each worker a CPU of its own (-l, --lcores), or take more workers."};
    case DropReason::kTransmitFull:
      return {"The transmit queue of the port is full.", "Use a faster port, or end the switch's flow control."};
    case DropReason::kStopped: return {"The program ended while it waited.", "Send it again."};
  }
  return {};
}

}  // namespace baton::controlplane
