// What becomes of changes made while running when another configuration takes over. What an operator set stays, unless
// the file's own value for that very thing changes: then the file is the last word. What is no longer configured and
// comes back later begins as the file has it. An address that is no longer configured leaves: it stays ours until the
// rows of the backends behind it have ended. Pure, control thread only.
#pragma once

#include <vector>

#include <absl/types/span.h>

#include "controlplane/config/config.h"
#include "controlplane/slots.h"
#include "controlplane/tables.h"

namespace baton::controlplane {

// An address that leaves, and whose rows it waits for.
struct LeavingAddress {
  Slot slot = kNoSlot;
  std::vector<Slot> backends;
};

struct CarriedOver {
  LiveSettings live;
  std::vector<LeavingAddress> leaving;
};

// `services` and `addresses` as `from` built them, `leaving` what left before. `slots` may be given new slots of `to`.
absl::StatusOr<CarriedOver> CarryOver(const Config& from, const Config& to, const LiveSettings& live,
                                      absl::Span<const Service> services, absl::Span<const KnownAddress> addresses,
                                      absl::Span<const LeavingAddress> leaving, SlotRegistry& slots);

}  // namespace baton::controlplane
