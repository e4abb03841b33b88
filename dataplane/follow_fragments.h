// The stage for datagrams in pieces: every fragment gets the ports of its first one, so that all find the same row.
#pragma once

#include "dataplane/fragment_table.h"
#include "dataplane/packet.h"
#include "dataplane/tables.h"

namespace baton::dataplane {

// Whether a fragment concerns a service: it is to one of our addresses, or from a backend. All others are routed as
// they are.
bool IsFollowed(const Tables& tables, const Packet& packet);

// Looks only at fragments that are followed. Reads the IP header. Writes key, kKeyed, protocol and icmp_type of those
// whose first fragment is known; those that come before it become kKept, for `fragments` has them now. Or drop:
// fragment_overlap, fragment_duplicate, fragment_table_full, fragment_queue_full, fragment_expired.
// A packet that waited elsewhere meanwhile (kReleased, kFollowed) has been noted already.
void FollowFragments(const Tables& tables, FragmentTable& fragments, Burst& burst, Millis now);

// The same for one packet by what `fragments` knows, noting nothing: kKept when it would have to wait.
void PeekAtFragment(const Tables& tables, const FragmentTable& fragments, Packet& packet);

}  // namespace baton::dataplane
