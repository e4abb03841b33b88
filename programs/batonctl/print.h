// Answers of the API as text for people; --json prints the messages themselves. Pure.
#pragma once

#include <string>

#include <baton.pb.h>

namespace baton::batonctl {

std::string ToText(const v1::StatusResponse& answer);
std::string ToText(const v1::ShowPortsResponse& answer);
std::string ToText(const v1::ShowWorkersResponse& answer);
std::string ToText(const v1::ShowServicesResponse& answer);
std::string ToText(const v1::ShowBackendsResponse& answer);
std::string ToText(const v1::ShowAccessResponse& answer);
std::string ToText(const v1::ShowRoutesResponse& answer);
std::string ToText(const v1::ShowNeighborsResponse& answer);
std::string ToText(const v1::ShowVirtualRoutersResponse& answer);
std::string ToText(const v1::ShowConditionsResponse& answer);
std::string ToText(const v1::ShowEndSystemsResponse& answer);
std::string ToText(const v1::ResignVirtualRouterResponse& answer);
std::string ToText(const v1::ReviewVirtualRouterResponse& answer);
std::string ToText(const v1::MoveConditionsResponse& answer);
std::string ToText(const v1::ShowDropsResponse& answer);
std::string ToText(const v1::ShowModesResponse& answer);
std::string ToText(const v1::SetModeResponse& answer);
std::string ToText(const v1::ChangeBackendResponse& answer);
std::string ToText(const v1::ReloadResponse& answer);
std::string ToText(const v1::ExplainResponse& answer);
std::string ToText(const v1::WhyNotResponse& answer);

// All fields, also those with default values, under the names of proto/baton.proto; ends with a line feed.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace baton::batonctl
