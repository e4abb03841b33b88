// For people: what each drop reason means for the packet that they ask about, and what to change so that it passes.
// docs/no-traffic.md says the same from the other end, by symptoms. Pure, any thread.
#pragma once

#include "common/drop_reason.h"

namespace baton::controlplane {

struct DropAdvice {
  absl::string_view meaning;
  absl::string_view change;
};

// Whole sentences. Empty for kNone.
DropAdvice AdviceFor(DropReason reason);

}  // namespace baton::controlplane
