// The Events call: streams the events that are kept and, if it is to follow, those to come until the client goes away. On
// a gRPC thread, of which only a few may follow at a time, so that others are left for questions.
#pragma once

#include <atomic>

#include <baton.grpc.pb.h>

#include "common/status.h"
#include "controlplane/requests.h"

namespace baton::controlplane {

inline constexpr int kMostFollowers = 4;

// ResourceExhausted: `followers`, which this call counts itself in, is at its limit.
absl::Status StreamEvents(const Requests& requests, const v1::EventsRequest& in, std::atomic<int>& followers,
                          grpc::ServerContext& context, grpc::ServerWriter<v1::Event>& out);

}  // namespace baton::controlplane
