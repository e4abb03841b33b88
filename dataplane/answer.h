// Turns a packet that is dropped into the error its sender gets (AM-08, AM-21, AM-Q08): a TCP reset or an ICMP error,
// built in the packet's own buffer, so that no refusal ever needs memory.
#pragma once

#include "dataplane/packet.h"
#include "dataplane/rewrite.h"

namespace baton::dataplane {

// Rewrites the packet into its answer and aims it back at the station it came from; returns false, with the bytes as
// they were, when no answer may be sent: to a reset, to an ICMP error, to a fragment other than the first, to a group
// (RFC 1122, 3.2.2; RFC 4443, 2.4 (e); RFC 9293, 3.10.7.1). `own` is the address that time exceeded and the other
// errors of a router come from; unspecified: there is none of this family, and no such error is sent.
// REQUIRES: p.fate == kDrop, p.answer != kNone.
bool MakeAnswer(const PortHeader& port, const IpAddress& own, Packet& packet);

}  // namespace baton::dataplane
