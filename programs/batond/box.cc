#include "programs/batond/box.h"

#include <algorithm>
#include <random>
#include <thread>

#include <spdlog/spdlog.h>

#include "controlplane/config/parse.h"
#include "controlplane/config/steering.h"
#include "controlplane/config/trunk.h"
#include "dataplane/dpdk/eal.h"
#include "dataplane/route_table.h"
#include "dataplane/worker_loop.h"
#include "programs/batond/worker_config.h"
#include "programs/eal_options.h"

namespace baton {
namespace {

using controlplane::DeviceConfig;

constexpr uint32_t kRingSize = 1024;
constexpr Duration kStartLimit = std::chrono::seconds(10);
constexpr Duration kEndLimit = std::chrono::milliseconds(100);

dataplane::HashSeed RandomSeed() {
  std::random_device source;
  const auto word = [&] { return uint64_t{source()} << 32 | source(); };
  return {word(), word()};
}

// Called on the control thread.
void LogReload(const controlplane::ReloadReport& report) {
  if (report.dry_run) return;
  spdlog::log(report.refused ? spdlog::level::err : spdlog::level::info, "reload: {}; {} changes", report.outcome(),
              report.difference.changes.size());
  for (const std::string& error : report.errors) spdlog::error("reload: {}", error);
  for (const auto& change : report.difference.restart) spdlog::error("reload: {} needs a restart", change.ToString());
  if (report.refused) return;
  for (const auto& change : report.difference.changes) spdlog::debug("reload: {}", change.ToString());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Box>> Box::Start(const controlplane::Config& config, const std::string& file) {
  std::unique_ptr<Box> box(new Box(config, file));
  RETURN_IF_ERROR(box->OpenPorts());
  RETURN_IF_ERROR(box->OpenKernelLink());
  RETURN_IF_ERROR(box->MakeLanes());
  RETURN_IF_ERROR(box->StartControl());
  RETURN_IF_ERROR(box->StartWorkers());
  RETURN_IF_ERROR(box->WaitForFirstCommit());
  RETURN_IF_ERROR(box->StartServers());
  return box;
}

Box::~Box() {
  metrics_.reset();
  api_.reset();
  control_thread_.reset();
  WaitForLastFrames();
  stop_.store(true, std::memory_order_relaxed);
  for (Lane& lane : lanes_) {
    if (lane.running) dataplane::WaitForLcore(lane.lcore);
  }
  for (Lane& lane : lanes_) {
    if (lane.worker != nullptr) lane.worker->FreeWaiting();
  }
  control_.reset();  // after the workers: it frees the snapshots they used
}

// What the control thread said at its end, for one: that it is active no longer.
void Box::WaitForLastFrames() const {
  const TimePoint limit = controlplane::Now() + kEndLimit;
  for (const Lane& lane : lanes_) {
    while (lane.running && lane.link->updates_waiting() > 0 && controlplane::Now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void Box::Reload() {
  const auto report = control_->Reload(/*dry_run=*/false);
  if (!report.ok()) spdlog::error("reload: {}", std::string(report.status().message()));
}

std::vector<uint64_t> Box::Heartbeats() const {
  std::vector<uint64_t> beats;
  for (const Lane& lane : lanes_) beats.push_back(lane.worker->counters().polls.Get());
  beats.push_back(static_cast<uint64_t>(control_->GetView()->made.time_since_epoch().count()));
  return beats;
}

absl::Status Box::OpenPorts() {
  uint16_t mtu = 0;
  for (const controlplane::PortConfig& p : config_.ports) mtu = std::max(mtu, p.mtu);
  ASSIGN_OR_RETURN(buffers_, dataplane::DpdkBufferPool::Create("buffers", config_.dataplane.packet_buffers,
                                                               static_cast<uint16_t>(dataplane::BufferRoom(mtu))));
  for (PortId id = 0; id < config_.ports.size(); ++id) {
    const controlplane::PortConfig& p = config_.ports[id];
    const PortId trunk = controlplane::TrunkOf(config_.ports, id);
    std::shared_ptr<dataplane::Port> port;
    if (trunk != kNoPort) {
      port = ports_[trunk];
      spdlog::info("port {}: vlan {} of port {}", p.name, p.vlan, config_.ports[trunk].name);
    } else {
      ASSIGN_OR_RETURN(port, OpenDevice(id));
    }
    port_infos_.push_back({p.name, port->mac(), p.mtu, p.vlan, p.addresses, p.mss, p.kernel, trunk,
                           port->spreading().by, port->spreading().text});
    ports_.push_back(std::move(port));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<dataplane::Port>> Box::OpenDevice(PortId id) const {
  const controlplane::PortConfig& p = config_.ports[id];
  const dataplane::PortSpec spec{
      .name = p.name,
      .kind = DeviceKindOf(p.device.kind),
      .argument = p.device.argument,
      .mtu = p.mtu,
      .vlan = p.vlan,
      .queues = static_cast<uint16_t>(config_.dataplane.workers),
      .mac = p.mac,
      .spread = {controlplane::SpreadWanted(config_, id), controlplane::KeepsClientsWhole(config_)},
  };
  ASSIGN_OR_RETURN(auto port, dataplane::OpenPort(spec, *buffers_));
  spdlog::info("port {}: {} {} mtu {}", p.name, port->device(), port->mac().ToString(), port->mtu());
  if (spec.queues > 1) {
    spdlog::info("port {}: {} queue{} for {} workers, {}", p.name, port->queues(), port->queues() == 1 ? "" : "s",
                 spec.queues, port->spreading().text);
  }
  return std::shared_ptr<dataplane::Port>(std::move(port));
}

absl::Status Box::OpenKernelLink() {
  const bool wanted = std::any_of(port_infos_.begin(), port_infos_.end(),
                                  [](const PortInfo& port) { return !port.kernel.empty(); });
  if (!wanted) return absl::OkStatus();
  ASSIGN_OR_RETURN(kernel_, dataplane::KernelLink::Create(port_infos_, static_cast<size_t>(config_.dataplane.workers),
                                                          *buffers_));
  return absl::OkStatus();
}

absl::Status Box::MakeLanes() {
  const std::vector<unsigned> lcores = dataplane::WorkerLcores();
  const size_t workers = static_cast<size_t>(config_.dataplane.workers);
  if (lcores.size() < workers) {
    return absl::InvalidArgumentError(
        absl::StrCat("dataplane.workers: ", workers, " need as many lcores besides the main one; EAL has ", lcores.size(),
                     " (see -l, --lcores)"));
  }
  if (workers > 1) {
    ASSIGN_OR_RETURN(steering_, dataplane::DpdkSteering::Create("steer", workers));
  }
  const dataplane::HashSeed seed = RandomSeed();
  lanes_.resize(workers);
  std::vector<const WorkerCounters*> counters;
  for (size_t i = 0; i < workers; ++i) {
    Lane& lane = lanes_[i];
    lane.lcore = lcores[i];
    lane.io = std::make_unique<dataplane::DpdkPortIo>(static_cast<uint16_t>(i), *buffers_);
    for (size_t port = 0; port < ports_.size(); ++port) lane.io->AddPort(static_cast<PortId>(port), *ports_[port]);
    ASSIGN_OR_RETURN(lane.rings, dataplane::WorkerRings::Create(absl::StrCat("w", i), kRingSize));
    RETURN_IF_ERROR(MakeWorker(i, seed));
    counters.push_back(&lane.worker->counters());
    lane.link = std::make_unique<dataplane::DpdkWorkerLink>(*lane.rings, lane.worker->counters(),
                                                            lane.worker->neighbors());
  }
  for (Lane& lane : lanes_) lane.worker->SetPeers(counters);
  return absl::OkStatus();
}

// On the worker's own lcore: its memory is near there, and shares no cache line with another worker's, because the
// allocator gives every thread an arena of its own.
absl::Status Box::MakeWorker(size_t index, const dataplane::HashSeed& seed) {
  Lane& lane = lanes_[index];
  const dataplane::WorkerShare share{static_cast<uint16_t>(index), static_cast<uint16_t>(lanes_.size())};
  dataplane::WorkerConfig config = WorkerConfigOf(config_.dataplane, share, port_infos_, {});
  config.name = absl::StrCat("w", index);
  config.seed = seed;
  config.client_hash = std::any_of(port_infos_.begin(), port_infos_.end(),
                                   [](const PortInfo& port) { return port.spread != SpreadBy::kNothing; });
  config.whole_clients = controlplane::KeepsClientsWhole(config_);
  for (const auto& port : ports_) config.senders.push_back(static_cast<uint16_t>(index % port->queues()));
  absl::Status made;
  lane.loop = [&] {
    auto worker = dataplane::Worker::Create(config, *lane.io, *lane.rings, kernel_ ? &kernel_->queue(index) : nullptr,
                                            steering_ ? &steering_->of(index) : nullptr);
    made = worker.status();
    if (worker.ok()) lane.worker = *std::move(worker);
  };
  RETURN_IF_ERROR(dataplane::LaunchOnLcore(lane.lcore, lane.loop));
  dataplane::WaitForLcore(lane.lcore);
  return made;
}

absl::Status Box::StartControl() {
  controlplane::ControlSetup setup;
  setup.config = config_;
  setup.ports = port_infos_;
  for (Lane& lane : lanes_) setup.workers.push_back(lane.link.get());
  setup.buffers = buffers_.get();
  setup.build_routes = [](const RouteList& routes) -> absl::StatusOr<std::shared_ptr<const RouteTable>> {
    ASSIGN_OR_RETURN(auto table, RouteTable::Build(routes));
    return std::shared_ptr<const RouteTable>(std::move(table));
  };
  setup.complete_view = [this](controlplane::View& view) { CompleteView(view); };
  if (kernel_ != nullptr) {
    setup.copy_to_kernel = [this](PortId port, absl::Span<const uint8_t> frame) {
      kernel_->Write(port, frame.data(), frame.size());
    };
  }
  setup.read_config = [this] { return controlplane::LoadConfig(file_); };
  setup.on_reload = LogReload;
  setup.link_up = [this](PortId port) { return ports_[port]->link().up; };
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  setup.start_us = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count());
  setup.on_event = [](const std::string& text) { spdlog::info("{}", text); };
  control_ = std::make_unique<controlplane::Control>(std::move(setup));
  RETURN_IF_ERROR(control_->Start(controlplane::Now()));
  control_thread_ = std::make_unique<controlplane::ControlThread>(*control_);
  return absl::OkStatus();
}

absl::Status Box::StartWorkers() {
  const bool adaptive = config_.dataplane.polling == controlplane::Polling::kAdaptive;
  for (Lane& lane : lanes_) {
    lane.loop = [this, &lane, adaptive] { dataplane::RunWorker(*lane.worker, adaptive, stop_); };
    RETURN_IF_ERROR(dataplane::LaunchOnLcore(lane.lcore, lane.loop));
    lane.running = true;
  }
  return absl::OkStatus();
}

absl::Status Box::WaitForFirstCommit() {
  const TimePoint limit = controlplane::Now() + kStartLimit;
  for (const Lane& lane : lanes_) {
    while (lane.worker->counters().generation.Get() == 0) {
      if (controlplane::Now() > limit) return absl::UnavailableError("a worker did not take up its first tables in 10 s");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return absl::OkStatus();
}

absl::Status Box::StartServers() {
  ASSIGN_OR_RETURN(api_, controlplane::ApiServer::Start(config_.api.socket, *control_));
  if (!config_.api.metrics.empty()) {
    ASSIGN_OR_RETURN(metrics_, controlplane::MetricsServer::Start(config_.api.metrics, *control_));
  }
  return absl::OkStatus();
}

// Called on the control thread.
void Box::CompleteView(controlplane::View& view) const {
  for (size_t i = 0; i < view.ports.size() && i < ports_.size(); ++i) {
    controlplane::PortView& port = view.ports[i];
    port.device = ports_[i]->device();
    port.link_up = ports_[i]->link().up;
    if (kernel_ != nullptr) port.kernel_refused = kernel_->refused(static_cast<PortId>(i));
    if (port_infos_[i].trunk != kNoPort) continue;  // the device's counts stand at its port
    const dataplane::PortStats stats = ports_[i]->stats();
    port.missed = stats.missed;
    port.receive_errors = stats.receive_errors;
    port.transmit_errors = stats.transmit_errors;
    port.no_buffers = stats.no_buffers;
  }
  for (size_t i = 0; i < view.workers.size() && i < lanes_.size(); ++i) {
    view.workers[i].lcore = static_cast<int>(lanes_[i].lcore);
  }
}

}  // namespace baton
