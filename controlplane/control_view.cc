// The picture that the control thread publishes of itself (view.h).
#include <memory>
#include <utility>

#include "controlplane/control.h"
#include "controlplane/words.h"

namespace baton::controlplane {
namespace {

constexpr Duration kViewEvery = std::chrono::milliseconds(100);

}  // namespace

void Control::PublishView(TimePoint now) {
  next_view_ = now + kViewEvery;
  auto view = std::make_shared<View>();
  view->node = config_.node;
  view->made = now;
  view->started = started_;
  view->generation = publisher_.generation();
  for (size_t i = 0; i < setup_.ports.size(); ++i) {
    PortView port;
    port.info = setup_.ports[i];
    if (i < config_.ports.size()) {
      const DeviceConfig& device = config_.ports[i].device;
      port.device = absl::StrCat(Word(device.kind), device.argument);
    }
    view->ports.push_back(std::move(port));
  }
  view->workers = ViewWorkers();
  view->services = ViewServices();
  for (const neighbor::ListedNeighbor& listed : neighbors_.List(now)) {
    view->neighbors.push_back({.port = listed.port, .address = listed.address, .mac = listed.mac,
                               .state = std::string(listed.state), .age = listed.age});
  }
  for (const KnownAddress& known : addresses_) {
    if (!known.gone()) view->addresses.push_back({known.local, known.group});
  }
  view->virtual_routers = ViewRouters();
  view->vrrp_strays = routers_.strays();
  view->routes = config_.routes;
  if (shown_config_ == nullptr) shown_config_ = std::make_shared<const Config>(config_);
  view->config = shown_config_;
  view->buffers_capacity = setup_.buffers->capacity();
  view->buffers_in_use = setup_.buffers->in_use();
  view->control = ViewControl();
  view->reload = reloads_;
  if (setup_.complete_view) setup_.complete_view(*view);
  const std::lock_guard lock(view_mutex_);
  view_ = std::move(view);
}

std::vector<WorkerView> Control::ViewWorkers() const {
  const DataplaneConfig& limits = config_.dataplane;
  const uint32_t count = static_cast<uint32_t>(setup_.workers.size());
  std::vector<WorkerView> views;
  for (size_t i = 0; i < setup_.workers.size(); ++i) {
    const WorkerLink& link = *setup_.workers[i];
    WorkerView view;
    view.index = static_cast<int>(i);
    view.counters = &link.counters();
    view.ring_capacity = link.ring_capacity();
    view.updates_waiting = link.updates_waiting();
    view.events_waiting = link.events_waiting();
    view.committed_generation = publisher_.committed(i);
    view.outbox = publisher_.outbox(i);
    view.rows_capacity = limits.access_rows / count;
    view.rows_capacity_ipv6 = (limits.access_rows_ipv6 == 0 ? limits.access_rows : limits.access_rows_ipv6) / count;
    view.hold_capacity = limits.hold.packets;
    view.neighbors_capacity = limits.neighbors;
    view.port_pools_capacity = limits.port_pools;
    view.fragments_capacity = limits.fragments.datagrams;
    views.push_back(view);
  }
  return views;
}

// services_ is in the order of the configuration, and so are the backends of each.
std::vector<ServiceView> Control::ViewServices() const {
  std::vector<ServiceView> views;
  for (size_t i = 0; i < services_.size(); ++i) {
    const Service& service = services_[i];
    ServiceView view{.name = service.name, .listen = service.listen, .method = service.method,
                     .schedule = service.schedule, .slot = service.slot, .backends = {}};
    for (size_t j = 0; j < service.backends.size(); ++j) {
      const Backend& backend = service.backends[j];
      const BackendSetting setting = live_.backend(backend.slot);
      const uint16_t configured = setting.weight.value_or(config_.services[i].backends[j].weight);
      view.backends.push_back({.name = backend.name,
                               .address = backend.address,
                               .port = backend.port,
                               .configured_weight = configured,
                               .drained = setting.drained,
                               .weight = backend.weight,
                               .slot = backend.slot});
    }
    views.push_back(std::move(view));
  }
  return views;
}

ControlView Control::ViewControl() const {
  ControlView view = counts_;
  view.requests_refused = requests_.refused();
  view.neighbors_refused = publisher_.neighbors_refused();
  view.neighbors_table_full = neighbors_.counters().table_full;
  view.address_conflicts = neighbors_.counters().conflicts;
  view.snapshots_lent = publisher_.lent();
  return view;
}

}  // namespace baton::controlplane
