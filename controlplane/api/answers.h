// What the box shows of itself as messages of the API: View -> answer, one function per kind. Pure, any thread.
#pragma once

#include <vector>

#include <baton.pb.h>

#include "common/status.h"
#include "controlplane/requests.h"
#include "controlplane/view.h"
#include "controlplane/why_not/findings.h"

namespace baton::controlplane {

v1::StatusResponse AnswerStatus(const View& view);
v1::ShowPortsResponse AnswerPorts(const View& view);
v1::ShowWorkersResponse AnswerWorkers(const View& view);
v1::ShowServicesResponse AnswerServices(const View& view);
// NotFound when `service` is neither empty nor configured.
absl::StatusOr<v1::ShowBackendsResponse> AnswerBackends(const View& view, absl::string_view service);
// The first `limit` of `rows`; truncated when there are more.
v1::ShowAccessResponse AnswerAccess(const View& view, const std::vector<ListedRow>& rows, size_t limit);
v1::ShowRoutesResponse AnswerRoutes(const View& view);
v1::ShowNeighborsResponse AnswerNeighbors(const View& view);
v1::ShowVirtualRoutersResponse AnswerVirtualRouters(const View& view);
// The first `limit` of `rows`; truncated when there are more.
v1::ShowConditionsResponse AnswerConditions(const std::vector<SharedCondition>& rows, size_t limit);
v1::ShowEndSystemsResponse AnswerEndSystems(const std::vector<SharedEndSystem>& rows, size_t limit);
v1::ShowDropsResponse AnswerDrops(const View& view, bool all);
v1::ShowModesResponse AnswerModes(const View& view);
v1::ReloadResponse AnswerReload(const ReloadReport& report);
// `frame` is what was asked about.
v1::ExplainResponse AnswerExplain(const View& view, const FrameToExplain& frame, const ExplainedPacket& explained);

// What is wrong around the box (why_not/findings.h).
v1::WhyNotResponse AnswerWhyNot(const std::vector<Finding>& findings);

// One row with the names of its service and backend.
void FillAccessRow(const View& view, const ListedRow& row, v1::AccessRow* to);

// NotFound, naming the field, when no service has this name.
absl::Status CheckService(const View& view, absl::string_view service);

}  // namespace baton::controlplane
