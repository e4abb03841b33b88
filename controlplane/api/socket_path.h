// Files of UNIX sockets: who listens there, and making room for a server of our own. Short blocking calls, at start.
#pragma once

#include <string>

#include "common/status.h"

namespace baton::controlplane {

// OK: somebody listens at `path`. NotFound: there is no such file. Unavailable: a socket that nobody listens on any
// more. InvalidArgument: too long for a socket, or another kind of file. PermissionDenied: we may not connect.
absl::Status FindListener(const std::string& path);

// Makes the folder, and removes a socket that a dead process left. FailedPrecondition: another process listens there.
absl::Status PrepareSocket(const std::string& path);

}  // namespace baton::controlplane
