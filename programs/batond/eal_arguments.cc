#include "programs/batond/eal_arguments.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "dataplane/dpdk/port.h"

namespace baton {

using controlplane::Config;
using controlplane::DeviceConfig;

size_t NeededMemory(const Config& config) {
  const auto& d = config.dataplane;
  const size_t rows = d.access_rows, rows_ipv6 = d.access_rows_ipv6 == 0 ? d.access_rows : d.access_rows_ipv6;
  const size_t access = rows * (132 + 2 * 64) + rows_ipv6 * 2 * 80;
  const size_t workers = static_cast<size_t>(d.workers);
  uint16_t mtu = 0;
  for (const controlplane::PortConfig& port : config.ports) mtu = std::max(mtu, port.mtu);
  const size_t buffers = size_t{d.packet_buffers} * (dataplane::BufferRoom(mtu) + 384);  // headroom, mbuf, mempool
  const size_t pools = size_t{d.port_pools} * 8500 * workers;
  const size_t rings = (workers - 1) * workers * (size_t{2048} * 24 + 1024);
  return (access + buffers + pools + rings + (size_t{64} << 20)) / 4 * 5;
}

std::vector<std::string> EalArguments(const Config& config, const std::vector<std::string>& given,
                                      const Machine& machine) {
  std::vector<std::string> all = config.eal_arguments;
  all.insert(all.end(), given.begin(), given.end());
  std::vector<std::string> arguments;
  if (!HasEalOption(all, {"-l", "-c", "--lcores"})) {
    arguments.push_back(FloatingLcores(config.dataplane.workers, machine.cpus));
  }
  if (!HasEalOption(all, {"--file-prefix"})) arguments.push_back(absl::StrCat("--file-prefix=baton-", config.node));
  const bool pci = std::any_of(config.ports.begin(), config.ports.end(), [](const controlplane::PortConfig& p) {
    return p.device.kind == DeviceConfig::Kind::kPci || p.device.kind == DeviceConfig::Kind::kDpdk;
  });
  if (!pci && !HasEalOption(all, {"--no-pci", "-a", "--allow"})) arguments.push_back("--no-pci");
  const size_t needed = NeededMemory(config);
  const bool memory_given = HasEalOption(all, {"--no-huge", "-m", "--in-memory", "--socket-mem", "--legacy-mem"});
  if (!memory_given && machine.free_hugepage_bytes < needed) {
    arguments.insert(arguments.end(), {"--no-huge", "--no-shconf", "-m", absl::StrCat((needed >> 20) + 1)});
  }
  arguments.insert(arguments.end(), all.begin(), all.end());
  return arguments;
}

}  // namespace baton
