// The Capture call: starts a capture, turns what the workers copied into pcapng and streams it, until the client goes
// away or has what it asked for. On a gRPC thread, which is the capture's only reader.
#pragma once

#include <baton.grpc.pb.h>

#include "common/status.h"
#include "controlplane/requests.h"

namespace baton::controlplane {

absl::Status StreamCapture(Requests& requests, const v1::CaptureRequest& in, grpc::ServerContext& context,
                           grpc::ServerWriter<v1::CaptureChunk>& out);

}  // namespace baton::controlplane
