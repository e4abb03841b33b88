#include "controlplane/config/validate.h"

#include <absl/strings/str_cat.h>

#include "controlplane/config/addresses.h"
#include "controlplane/config/network.h"
#include "controlplane/config/services.h"
#include "controlplane/config/virtual_routers.h"

namespace baton::controlplane {

void Reporter::Report(const std::string& path, absl::string_view value, absl::string_view problem) const {
  if (errors.full()) return;
  const Node& node = document.Locate(path);
  errors.Add({node.line, node.column, path, std::string(value), std::string(problem)});
}

Config Validate(Draft draft, const Document& document, ErrorList& errors) {
  const Reporter reporter{document, errors};
  Config config = std::move(draft.config);
  if (config.dataplane.access_rows_ipv6 > config.dataplane.access_rows) {
    reporter.Report("dataplane.access_rows_ipv6", absl::StrCat(config.dataplane.access_rows_ipv6),
                    absl::StrCat("is outside 0..", config.dataplane.access_rows, ", the number of access_rows"));
  }
  AddressBook book(reporter);
  Network network(config.ports, book, reporter);
  config.address_groups = ResolveGroups(draft.groups, network, book, reporter);
  ResolveListeners(config, network, book, reporter);
  config.routes = network.ResolveRoutes(draft.routes, book);
  CheckBackends(config, network, book, reporter);
  ResolveVirtualRouters(config, network, book, reporter);
  return config;
}

}  // namespace baton::controlplane
