#include "programs/batond/worker_config.h"

#include <algorithm>

namespace baton {

dataplane::WorkerConfig WorkerConfigOf(const controlplane::DataplaneConfig& d, const dataplane::WorkerShare& share,
                                       const std::vector<PortInfo>& ports,
                                       const controlplane::SlotRegistry::Limits& slots) {
  const auto part = [&](uint32_t rows) { return std::max(1u, rows / share.workers); };
  return {
      .name = {},
      .share = share,
      .ports = ports,
      .access = {.rows = part(d.access_rows),
                 .rows_ipv6 = part(d.access_rows_ipv6 == 0 ? d.access_rows : d.access_rows_ipv6)},
      .seed = {},
      .hold = {.packets = d.hold.packets,
               .packets_per_address = d.hold.packets_per_address,
               .bytes_per_address = d.hold.bytes_per_address,
               .time_limit = ToMillis(d.hold.time_limit)},
      .fragments = {.datagrams = d.fragments.datagrams,
                    .waiting = d.fragments.waiting,
                    .time_limit = ToMillis(d.fragments.time_limit)},
      .conditions = d.conditions,
      .hand_over_packets = d.hand_over_packets,
      .port_pools = d.port_pools,
      .neighbors = d.neighbors,
      .neighbor_queue = d.neighbor_queue,
      .errors_per_second = d.errors_per_second,
      .control_packets_per_second = d.control_packets_per_second,
      .kernel_packets_per_second = d.kernel_packets_per_second,
      .service_slots = slots.services,
      .backend_slots = slots.backends,
      .address_slots = slots.addresses,
  };
}

}  // namespace baton
