// `events`: prints what batond streams, a line each, until it ends or the program is killed. One thread.
#pragma once

#include <ostream>
#include <string>

#include <baton.pb.h>

#include "common/status.h"

namespace baton::batonctl {

// With `json` an object a line.
absl::Status Events(const std::string& socket, const v1::EventsRequest& request, bool json, std::ostream& out);

}  // namespace baton::batonctl
