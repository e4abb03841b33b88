// The ports of a profile over DPDK: devices opened, links for each core. Main thread only; the links are the cores'.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/dpdk/port.h"
#include "generator/engine.h"
#include "generator/link/dpdk_link.h"
#include "generator/link/lending_link.h"
#include "programs/baton_gen/link_watch.h"

namespace baton::generator {

// DPDK's arguments for this profile: what is given wins over our defaults. Lcores float over all CPUs: main and
// one for each core.
std::vector<std::string> EalArguments(const Profile& profile, const std::vector<std::string>& given);

class Wires {
 public:
  // REQUIRES: DPDK is started.
  static absl::StatusOr<std::unique_ptr<Wires>> Open(const Profile& profile);

  const std::vector<PortUse>& uses(int core) const { return uses_[static_cast<size_t>(core)]; }
  // Whether a port belongs to the kernel, whose side needs the CPU too.
  bool shares_cpu() const { return shares_cpu_; }
  const LinkWatch::Ports& ports() const { return ports_; }
  std::vector<PortResult> Results(const Profile& profile, const LinkWatch& links) const;

 private:
  void Connect(const dataplane::Port& port);

  std::unique_ptr<dataplane::DpdkBufferPool> buffers_;
  std::vector<std::unique_ptr<dataplane::Port>> ports_;
  std::vector<std::unique_ptr<DpdkLink>> links_;
  std::vector<std::unique_ptr<LendingLink>> lenders_;
  std::vector<std::vector<PortUse>> uses_;  // by core
  bool shares_cpu_ = false;
};

}  // namespace baton::generator
