// Every way a packet can die here. A reason is added together with its counter (they are indexed by it), its line in
// DropReasonName and DropReasonText, and a scenario that provokes it. Plain values, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include <absl/strings/string_view.h>

namespace baton {

// X(enumerator, name in metrics and scenarios, what it means and what to do about it)
#define BATON_DROP_REASONS(X)                                                                                         \
  X(kNone, "none", "not dropped")                                                                                     \
  /* parse */                                                                                                         \
  X(kTooShort, "too_short", "shorter than the headers it announces")                                                  \
  X(kTooLong, "too_long", "does not lie in one buffer; the port's mtu is larger than the buffers")                    \
  X(kBadIpHeader, "bad_ip_header", "wrong IP version, a header, total or fragment's length that cannot be")           \
  X(kBadIpChecksum, "bad_ip_checksum", "the IPv4 header checksum is wrong")                                           \
  X(kBadAddress, "bad_address", "a source or destination address that may not cross a router")                        \
  X(kBadL4Header, "bad_l4_header", "a TCP, UDP or ICMP header with an impossible length or flags")                    \
  X(kTooManyHeaders, "too_many_headers", "more IPv6 extension headers than the limit of 8")                           \
  X(kUnknownEtherType, "unknown_ether_type", "neither IPv4, IPv6 nor ARP")                                            \
  X(kWrongVlan, "wrong_vlan", "a VLAN tag other than the port's `vlan`, or none where one is expected")               \
  X(kNotOurMac, "not_our_mac", "sent to another station's MAC address")                                               \
  X(kOverload, "overload", "more came than the worker carries; shed, to keep what is for the box itself")             \
  X(kMulticast, "multicast", "a multicast or broadcast packet that nobody here listens to")                           \
  /* local */                                                                                                         \
  X(kNotForUs, "not_for_us", "to one of the box's own addresses, but nothing here takes it")                          \
  X(kControlRate, "control_rate", "more packets for the control thread than its rate limit")                          \
  X(kControlRingFull, "control_ring_full", "the ring to the control thread is full")                                  \
  X(kKernelRate, "kernel_rate", "more packets for the kernel's interfaces than their rate limit")                     \
  X(kKernelRingFull, "kernel_ring_full", "the ring to the kernel's interfaces is full")                               \
  /* services */                                                                                                      \
  X(kUnknownAccess, "unknown_access", "no row and not the first packet of a connection; answered with an error")      \
  X(kNoService, "no_service", "no service listens on this port of the address; answered with an error")               \
  X(kAddressNotInCharge, "address_not_in_charge", "this box is not in charge of the address; answered with an error") \
  X(kNoBackend, "no_backend", "every backend of the service is drained or has weight 0; answered with an error")      \
  X(kAccessTableFull, "access_table_full", "as many rows as `access_rows` allows")                                    \
  X(kPortsExhausted, "ports_exhausted", "no internal address has a free port towards this backend")                   \
  X(kPortPoolsExhausted, "port_pools_exhausted", "more internal address and backend pairs than `port_pools`")         \
  X(kReplyKeyInUse, "reply_key_in_use", "another row has the same backend side; use `forward: full`")                 \
  X(kFragment, "fragment", "an IP fragment, to one of our addresses, of what has no ports")                           \
  X(kFragmentTiny, "fragment_tiny", "a first fragment without all its headers, or one that begins inside TCP's")      \
  X(kFragmentOverlap, "fragment_overlap", "of a datagram whose fragments overlap")                                    \
  X(kFragmentDuplicate, "fragment_duplicate", "a fragment that came before")                                          \
  X(kFragmentTableFull, "fragment_table_full", "as many datagrams as `fragments.datagrams`, or 64 pieces of one")     \
  X(kFragmentQueueFull, "fragment_queue_full", "as many wait for their first fragment as `fragments.waiting`")        \
  X(kFragmentExpired, "fragment_expired", "the first fragment did not come within `fragments.time_limit`")            \
  X(kIcmpNotTranslated, "icmp_not_translated", "ICMP to a service or internal address, neither echo nor an error")    \
  X(kIcmpUnknownAccess, "icmp_unknown_access", "an ICMP error that quotes no packet of an access that lives here")    \
  X(kIcmpMalformed, "icmp_malformed", "an ICMP error about a live access whose checksum is wrong")                    \
  X(kFtpSegment, "ftp_segment", "of an FTP control connection, behind a lost segment or damaged; it will come again")   \
  X(kFtpCommand, "ftp_command", "an address in an FTP command or reply that cannot be; answered with a reset")         \
  /* hold */                                                                                                          \
  X(kHoldFull, "hold_full", "the hold buffer reached its limit of packets or bytes")                                  \
  X(kHoldExpired, "hold_expired", "held longer than `hold.time_limit`")                                               \
  X(kHoldDisabled, "hold_disabled", "the address is in migration and `hold.packets` is 0")                            \
  /* load sharing */                                                                                                  \
  X(kNotInCharge, "not_in_charge", "to a virtual router; another one of its routers is in charge of this end system") \
  X(kHandOverForwarded, "hand_over_forwarded", "of an end system taken over; the router before had forwarded it")     \
  X(kHandOverExpired, "hand_over_expired", "of an end system taken over; what the router before did came too late")   \
  X(kHandOverFull, "hand_over_full", "of an end system taken over; as many wait as `hand_over_packets` allows")       \
  /* forwarding */                                                                                                    \
  X(kTtlExpired, "ttl_expired", "TTL or hop limit used up; answered with time exceeded")                              \
  X(kNoRoute, "no_route", "no route covers the destination; answered with unreachable")                               \
  X(kTooBig, "too_big", "larger than the MTU of the way out; answered with the MTU")                                  \
  X(kNoBuffers, "no_buffers", "no buffer was free for the pieces of a packet larger than the MTU")                    \
  X(kNeighborQueueFull, "neighbor_queue_full", "too many packets wait for this neighbour's MAC address")              \
  X(kNeighborTableFull, "neighbor_table_full", "as many neighbours as `neighbors` allows")                            \
  X(kNeighborFailed, "neighbor_failed", "the neighbour does not answer; answered with unreachable")                   \
  X(kTransmitFull, "transmit_full", "the port's transmit queue is full")                                              \
  X(kSteerRingFull, "steer_ring_full", "the ring to the worker that owns the flow or sends for it is full")           \
  X(kStopped, "stopped", "still waiting when the program stopped")

enum class DropReason : uint8_t {
#define BATON_DROP_ENUM(id, name, text) id,
  BATON_DROP_REASONS(BATON_DROP_ENUM)
#undef BATON_DROP_ENUM
};

inline constexpr absl::string_view kDropReasonNames[] = {
#define BATON_DROP_NAME(id, name, text) name,
    BATON_DROP_REASONS(BATON_DROP_NAME)
#undef BATON_DROP_NAME
};
inline constexpr absl::string_view kDropReasonTexts[] = {
#define BATON_DROP_TEXT(id, name, text) text,
    BATON_DROP_REASONS(BATON_DROP_TEXT)
#undef BATON_DROP_TEXT
};
inline constexpr size_t kDropReasons = std::size(kDropReasonNames);

inline absl::string_view DropReasonName(DropReason r) { return kDropReasonNames[static_cast<size_t>(r)]; }
inline absl::string_view DropReasonText(DropReason r) { return kDropReasonTexts[static_cast<size_t>(r)]; }

}  // namespace baton
