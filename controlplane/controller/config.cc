#include "controlplane/controller/config.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/config/document.h"
#include "controlplane/config/shape.h"
#include "controlplane/config/validate.h"
#include "controlplane/config/virtual_routers.h"

namespace baton::controlplane {
namespace {

ControllerConfig ReadController(const Node& root, ErrorList& errors) {
  ControllerConfig config;
  MapReader map(root, errors);
  map.RequiredValue("interface", ParseInterfaceName, config.interface);
  if (const Node* routers = map.Required("virtual_routers")) {
    config.virtual_routers = ReadServedRouters(*routers, errors);
    if (routers->kind == Node::Kind::kList && routers->children.empty()) Refuse(*routers, errors, "is empty");
  }
  map.Finish();
  return config;
}

void Check(const ControllerConfig& config, const Reporter& reporter) {
  FirstUses<std::pair<Family, uint8_t>> ids;
  for (size_t i = 0; i < config.virtual_routers.size(); ++i) {
    const VirtualRouterConfig& router = config.virtual_routers[i];
    const std::string path = absl::StrCat("virtual_routers[", i, "]");
    CheckProtocol(router, path, reporter);
    for (size_t a = 1; a < router.addresses.size(); ++a) {
      if (router.addresses[a].is_unspecified() || router.addresses[a].family() == router.family()) continue;
      reporter.Report(absl::StrCat(path, ".addresses[", a, "]"), router.addresses[a].ToString(),
                      "is of another family than the first");
    }
    if (router.id != 0) ids.Claim({router.family(), router.id}, path + ".id", absl::StrCat(router.id), reporter);
    if (!router.load_sharing) continue;
    const std::string sharing = path + ".load_sharing";
    CheckUnits(router, sharing, reporter);
    const Node& place = reporter.document.Locate(sharing + ".server");
    if (router.load_sharing->server.is_unspecified() && place.key != "server") {
      reporter.Report(sharing, "", "has no \"server\", the address of this one");
    }
  }
}

}  // namespace

std::string ControllerParse::Report() const {
  std::string text;
  for (const ConfigError& error : errors) absl::StrAppend(&text, error.ToString(file_name), "\n");
  return text;
}

ControllerParse ParseControllerConfig(absl::string_view text, absl::string_view file_name) {
  ErrorList errors;
  ControllerParse result{.config = {}, .errors = {}, .file_name = std::string(file_name)};
  const Document document(text, errors);
  if (document.root() != nullptr) {
    result.config = ReadController(*document.root(), errors);
    Check(result.config, {document, errors});
  }
  result.errors = errors.Take();
  return result;
}

ControllerParse LoadControllerConfig(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadDocument(path);
  if (text.ok()) return ParseControllerConfig(*text, path);
  ControllerParse result{.config = {}, .errors = {}, .file_name = path};
  result.errors.push_back({1, 1, "", "", std::string(text.status().message())});
  return result;
}

}  // namespace baton::controlplane
