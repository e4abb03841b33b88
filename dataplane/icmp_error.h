// ICMP errors about packets that were translated here (RFC 5508, 4; RFC 4443, 3). An error quotes the packet it is
// about as that packet left this box; its row is found by the quoted ends turned round, and the quote is turned back
// into what the other end sent. That is what makes path MTU discovery, traceroute and refusals work through a
// translation. Worker only.
#pragma once

#include <optional>

#include "dataplane/access_table.h"
#include "dataplane/packet.h"

namespace baton::dataplane {

// The key of packets that go the other way than the one that an error quotes; nothing when it quotes none of a flow. It
// is in this direction, too, that the error travels. REQUIRES: kIcmpError.
std::optional<FlowKey> OppositeOfQuoted(const Packet& packet);

// Of every error that is alive: finds the row of the packet that it quotes and writes `side`, that of the direction in
// which the error travels. It stays nullptr when there is no such row, or when the error is not addressed to whoever
// sent the quoted packet. An error about a row whose checksum is wrong is dropped (RFC 5508, REQ-3).
void FindQuotedRows(const AccessTable& access, Burst& burst);

// Writes the quoted packet as the error's receiver knows it, the error's own addresses, and all checksums by
// difference. Clears `side`: an error is no use of the row (RFC 5508, REQ-6), and Rewrite, which comes later, has but
// the TTL and the Ethernet header left to write. Of a row whose packets stay untouched, the error does, too, and
// follows them to the backend.
void RewriteErrors(Burst& burst);

}  // namespace baton::dataplane
