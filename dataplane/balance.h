// Which backend a new access goes to. Pure but for the counters it reads and a cursor it moves; worker only.
#pragma once

#include <cstdint>

#include "common/counters.h"
#include "common/service_table.h"
#include "dataplane/flow_key.h"

namespace baton::dataplane {

inline constexpr int kNoBackend = -1;

// The index in service.backends for a new access, or kNoBackend when none takes any.
//   weight:      smallest rows / weight, ties in table order (FE-Q03)
//   round_robin: in turn, `weight` times each; `cursor` is the service's
//   least_load:  smallest reported load, then smallest open connections / weight, ties in table order
//   maglev:      by the flow's hash; the same at every box
// Weight 0 gets nothing (FE-15). Looks at each backend at most once: some 3 cycles for each.
// `counters` is indexed by backend slot.
int ChooseBackend(const Service& service, const BackendCounters* counters, uint32_t flow_hash, uint32_t& cursor);

}  // namespace baton::dataplane
