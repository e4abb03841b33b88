// Puts the box together: DPDK, ports, workers, the control thread, API and metrics; and takes it apart in the reverse
// order. The only place that knows both planes. Used by the main thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "common/status.h"
#include "controlplane/api/metrics.h"
#include "controlplane/api/server.h"
#include "controlplane/config/config.h"
#include "controlplane/control.h"
#include "controlplane/control_thread.h"
#include "dataplane/dpdk/buffer_pool.h"
#include "dataplane/dpdk/kernel_link.h"
#include "dataplane/dpdk/port.h"
#include "dataplane/dpdk/port_io.h"
#include "dataplane/dpdk/ring.h"
#include "dataplane/dpdk/steering.h"
#include "dataplane/worker.h"

namespace baton {

class Box {
 public:
  // REQUIRES: the EAL runs. Returns when every worker forwards. `file`: where `config` is from and what Reload reads.
  static absl::StatusOr<std::unique_ptr<Box>> Start(const controlplane::Config& config, const std::string& file);
  // Stops taking requests, then the control thread, then the workers; frees all.
  ~Box();

  // Reads the file again; the log tells what came of it.
  void Reload();
  // Numbers that stand still when a worker or the control thread does.
  std::vector<uint64_t> Heartbeats() const;

 private:
  // A worker and what is its own. Members are destroyed from the last to the first.
  struct Lane {
    unsigned lcore = 0;
    std::unique_ptr<dataplane::DpdkPortIo> io;
    std::unique_ptr<dataplane::WorkerRings> rings;
    std::unique_ptr<dataplane::Worker> worker;
    std::unique_ptr<dataplane::DpdkWorkerLink> link;
    std::function<void()> loop;
    bool running = false;
  };

  Box(const controlplane::Config& config, const std::string& file) : config_(config), file_(file) {}
  absl::Status OpenPorts();
  absl::Status OpenKernelLink();
  absl::StatusOr<std::shared_ptr<dataplane::Port>> OpenDevice(PortId id) const;
  absl::Status MakeLanes();
  absl::Status MakeWorker(size_t index, const dataplane::HashSeed& seed);
  absl::Status StartControl();
  absl::Status StartWorkers();
  absl::Status StartServers();
  absl::Status WaitForFirstCommit();
  void WaitForLastFrames() const;
  void CompleteView(controlplane::View& view) const;

  const controlplane::Config config_;  // of the start
  const std::string file_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<dataplane::DpdkBufferPool> buffers_;
  std::vector<std::shared_ptr<dataplane::Port>> ports_;  // VLANs of a device share it
  std::vector<PortInfo> port_infos_;
  std::unique_ptr<dataplane::KernelLink> kernel_;  // nullptr: no port has a kernel side
  std::unique_ptr<dataplane::DpdkSteering> steering_;  // several workers only
  std::vector<Lane> lanes_;
  std::unique_ptr<controlplane::Control> control_;
  std::unique_ptr<controlplane::ControlThread> control_thread_;
  std::unique_ptr<controlplane::ApiServer> api_;
  std::unique_ptr<controlplane::MetricsServer> metrics_;
};

}  // namespace baton
