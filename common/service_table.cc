#include "common/service_table.h"

#include <utility>

namespace baton {

ServiceTable::ServiceTable(std::vector<Service> services, const Timeouts& timeouts)
    : services_(std::move(services)), timeouts_(timeouts) {
  for (uint32_t i = 0; i < services_.size(); ++i) {
    const Service& service = services_[i];
    by_listen_.emplace(service.listen, i);
    if (service.method != ForwardMethod::kDestination) continue;
    for (const Backend& backend : service.backends) {
      by_backend_.emplace(Endpoint{backend.address, backend.port, service.listen.protocol}, i);
      backends_.insert(backend.address);
    }
  }
}

const Service* ServiceTable::FindListener(const Endpoint& e) const {
  const auto at = by_listen_.find(e);
  return at == by_listen_.end() ? nullptr : &services_[at->second];
}

const Service* ServiceTable::FindByBackend(const Endpoint& e) const {
  const auto at = by_backend_.find(e);
  return at == by_backend_.end() ? nullptr : &services_[at->second];
}

}  // namespace baton
