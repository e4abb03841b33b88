// `capture`: writes what batond streams to standard output, until it ends or a signal ends it. Main thread; a thread of
// its own waits for the signals.
#pragma once

#include <ostream>
#include <string>

#include <baton.pb.h>

#include "common/status.h"

namespace baton::batonctl {

// Returns what to say at the end: "12 packets, none missed". REQUIRES: no other thread runs that signals may come to.
absl::StatusOr<std::string> Capture(const std::string& socket, const v1::CaptureRequest& request, std::ostream& out);

}  // namespace baton::batonctl
