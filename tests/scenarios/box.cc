#include "tests/scenarios/box.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "controlplane/config/parse.h"
#include "controlplane/config/steering.h"
#include "controlplane/config/trunk.h"
#include "programs/batond/worker_config.h"

namespace baton::scenarios {
namespace {

// So few addresses that a worker looks for held packets at all of them in one poll.
constexpr controlplane::SlotRegistry::Limits kSlots = {.services = 256, .backends = 1024, .addresses = 64};

}  // namespace

bool MemoryMailbox::Take(Update* update) {
  if (updates.empty()) return false;
  *update = updates.front();
  updates.pop_front();
  return true;
}

bool MemoryMailbox::Post(const Event& event) {
  if (event_room == 0) return false;
  if (event_room != SIZE_MAX) --event_room;
  events.push_back(event);
  return true;
}

MacAddress MacOf(const IpAddress& address) {
  const uint8_t* last = address.v6_bytes() + 12;
  return {{0x0a, static_cast<uint8_t>(address.is_v4() ? 4 : 6), last[0], last[1], last[2], last[3]}};
}

absl::StatusOr<std::unique_ptr<Box>> Box::Create(const std::string& yaml, const std::string& file, uint16_t workers,
                                                 bool cards) {
  std::unique_ptr<Box> box(new Box());
  RETURN_IF_ERROR(box->Load(yaml, file));
  if (cards) box->MakeCards(workers);
  RETURN_IF_ERROR(box->MakeWorkers(workers));
  RETURN_IF_ERROR(box->StageRoutes());
  RETURN_IF_ERROR(box->StageServices());
  RETURN_IF_ERROR(box->StageAddresses());
  box->Commit();
  return box;
}

Box::~Box() { Stop(); }

void Box::MakeCards(uint16_t workers) {
  for (PortId port = 0; port < ports_.size(); ++port) {
    cards_.push_back({controlplane::SpreadWanted(config_, port), controlplane::KeepsClientsWhole(config_), workers});
  }
}

absl::Status Box::MakeWorkers(uint16_t workers) {
  static int made = 0;  // DPDK's tables want names of their own
  steering_ = std::make_unique<MemorySteering>(workers);
  for (size_t port = 0; port < ports_.size(); ++port) {
    const bool spreads = !cards_.empty() && cards_[port].by != SpreadBy::kNothing;
    queues_.push_back(spreads || port % 2 == 0 ? workers : uint16_t{1});
  }
  std::vector<const WorkerCounters*> counters;
  for (uint16_t i = 0; i < workers; ++i) {
    dataplane::WorkerConfig config = WorkerConfigOf(config_.dataplane, {i, workers}, ports_, kSlots);
    config.name = absl::StrCat("s", made++);
    config.client_hash = std::any_of(cards_.begin(), cards_.end(), [](const SpreadingCard& card) {
      return card.by != SpreadBy::kNothing;
    });
    config.whole_clients = controlplane::KeepsClientsWhole(config_);
    for (const uint16_t queues : queues_) config.senders.push_back(static_cast<uint16_t>(i % queues));
    lanes_.push_back(std::make_unique<Lane>());
    Lane& lane = *lanes_.back();
    lane.io = std::make_unique<MemoryQueues>(io_, i, queues_);
    ASSIGN_OR_RETURN(lane.worker, dataplane::Worker::Create(config, *lane.io, lane.mailbox, &kernel_,
                                                            workers > 1 ? &steering_->of(i) : nullptr));
    lane.mailbox.updates.push_back(StartCapture{&lane.capture});
    counters.push_back(&lane.worker->counters());
  }
  for (const auto& lane : lanes_) lane->worker->SetPeers(counters);
  return absl::OkStatus();
}

void Box::Tell(const Update& update) {
  for (const auto& lane : lanes_) lane->mailbox.updates.push_back(update);
}

void Box::Arrive(PortId port, const Bytes& frame, size_t number) {
  std::optional<uint16_t> queue;
  if (!cards_.empty()) queue = cards_[port].QueueOf(frame);
  io_.Arrive(port, frame, queue.value_or(static_cast<uint16_t>(number % queues_[port])));
}

absl::Status Box::Load(const std::string& yaml, const std::string& file) {
  const controlplane::ParseResult parsed = controlplane::ParseConfig(yaml, file);
  if (!parsed.ok()) return absl::InvalidArgumentError(parsed.Report());
  config_ = parsed.config;
  ports_.clear();
  for (const controlplane::PortConfig& port : config_.ports) {
    const auto id = static_cast<PortId>(ports_.size());
    PortInfo info{.name = port.name, .mac = port.mac, .mtu = port.mtu, .vlan = port.vlan, .addresses = port.addresses,
                  .mss = port.mss, .kernel = port.kernel, .trunk = controlplane::TrunkOf(config_.ports, id)};
    if (info.trunk != kNoPort) info.mac = ports_[info.trunk].mac;
    if (info.mac.is_zero()) info.mac = {{2, 0, 0, 0, 0, static_cast<uint8_t>(ports_.size() + 1)}};
    ports_.push_back(info);
  }
  return absl::OkStatus();
}

absl::Status Box::StageRoutes() {
  ASSIGN_OR_RETURN(auto table, RouteTable::Build(config_.routes));
  Tell(UseRoutes{table.get()});
  routes_.push_back(std::move(table));
  return absl::OkStatus();
}

absl::Status Box::StageServices() {
  ASSIGN_OR_RETURN(last_services_, controlplane::BuildServices(config_, live_, slots_, last_services_));
  std::vector<Service> services = last_services_;
  for (Service& service : services) {
    for (Backend& backend : service.backends) {
      const auto load = loads_.find(backend.slot);
      if (load != loads_.end()) backend.load = load->second;
    }
  }
  auto table = std::make_unique<ServiceTable>(std::move(services), config_.dataplane.timeouts);
  Tell(UseServices{table.get()});
  services_.push_back(std::move(table));
  return absl::OkStatus();
}

absl::Status Box::StageAddresses() {
  ASSIGN_OR_RETURN(known_, controlplane::BuildAddresses(config_, ports_, live_, slots_));
  std::vector<LocalAddress> addresses;
  local_.clear();
  for (const controlplane::KnownAddress& address : known_) {
    addresses.push_back(address.local);
    local_.insert(address.local.address);
  }
  addresses.insert(addresses.end(), virtual_addresses_.begin(), virtual_addresses_.end());
  auto table = std::make_unique<AddressTable>(
      std::move(addresses), virtual_macs_.empty() ? controlplane::BuildVirtualMacs(config_, live_) : virtual_macs_);
  Tell(UseAddresses{table.get()});
  addresses_.push_back(std::move(table));
  return absl::OkStatus();
}

void Box::Commit() { Tell(baton::Commit{++generation_}); }

absl::Status Box::SetMode(const IpAddress& address, AddressMode mode) {
  const Slot slot = addresses_.back()->Find(address);
  if (slot == kNoSlot) return absl::NotFoundError(absl::StrCat("no address ", address.ToString()));
  bool announced = mode == AddressMode::kNormal;
  if (mode == AddressMode::kMigration) announced = addresses_.back()->at(slot).announced;
  live_.modes[slot] = {mode, announced};
  return StageAddresses();
}

absl::Status Box::SetActive(PortId port, Family family, uint8_t vrid, bool active) {
  if (active) {
    live_.active_routers.insert({port, family, vrid});
  } else {
    live_.active_routers.erase({port, family, vrid});
  }
  return StageAddresses();
}

absl::Status Box::SetVirtualRouters(std::vector<VirtualMac> macs, std::vector<LocalAddress> own) {
  virtual_macs_ = std::move(macs);
  virtual_addresses_ = std::move(own);
  return StageAddresses();
}

absl::StatusOr<Slot> Box::BackendSlot(const std::string& service, const std::string& backend) const {
  for (const Service& s : last_services_) {
    for (const Backend& b : s.backends) {
      if (s.name == service && b.name == backend) return b.slot;
    }
  }
  return absl::NotFoundError(absl::StrCat("no backend ", service, " ", backend));
}

absl::Status Box::SetWeight(const std::string& service, const std::string& backend, uint16_t weight) {
  ASSIGN_OR_RETURN(const Slot slot, BackendSlot(service, backend));
  live_.backends[slot].weight = weight;
  return StageServices();
}

absl::Status Box::SetDrain(const std::string& service, const std::string& backend, bool drained) {
  ASSIGN_OR_RETURN(const Slot slot, BackendSlot(service, backend));
  live_.backends[slot].drained = drained;
  return StageServices();
}

absl::Status Box::SetLoad(const std::string& service, const std::string& backend, uint8_t load) {
  ASSIGN_OR_RETURN(const Slot slot, BackendSlot(service, backend));
  loads_[slot] = load;
  return StageServices();
}

absl::Status Box::Reload(const std::string& yaml, const std::string& file) {
  const controlplane::Config before = config_;
  RETURN_IF_ERROR(Load(yaml, file));
  ASSIGN_OR_RETURN(auto carried, controlplane::CarryOver(before, config_, live_, last_services_, known_, {}, slots_));
  live_ = std::move(carried.live);
  RETURN_IF_ERROR(StageRoutes());
  RETURN_IF_ERROR(StageServices());
  return StageAddresses();
}

void Box::Poll(TimePoint now) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->worker->PollOnce(now);
    TakeEvents(i);
    DrainCapture(lanes_[i]->capture);
  }
}

std::unique_ptr<PacketTrace> Box::Explain(PortId port, const Bytes& frame, TimePoint now, std::string* mistake) {
  if (frame.size() > MemoryPorts::kBufferSize) return nullptr;  // Receive gives no bytes of it
  // All that a packet leaves behind: counters, rows, neighbours.
  const auto state = [&] {
    std::string bytes;
    for (const auto& lane : lanes_) {
      const dataplane::Worker& worker = *lane->worker;
      const WorkerCounters& counters = worker.counters();
      bytes.append(reinterpret_cast<const char*>(&counters), sizeof(counters));
      bytes.append(reinterpret_cast<const char*>(counters.backends.get()),
                   sizeof(BackendCounters) * counters.backend_slots);
      const dataplane::AccessTable& access = worker.access();
      for (uint32_t i = 0; i < access.row_limit(); ++i) {
        bytes.append(reinterpret_cast<const char*>(&access.row(i)), sizeof(dataplane::Row));
      }
      const dataplane::NeighborTable& neighbors = worker.neighbors();
      absl::StrAppend(&bytes, access.rows(), " ", neighbors.size(), " ", neighbors.generation(), " ",
                      neighbors.waiting());
      for (const Route& route : config_.routes) absl::StrAppend(&bytes, neighbors.Used(route.port, route.via, 3600));
      absl::StrAppend(&bytes, lane->mailbox.events.size());
    }
    return bytes;
  };
  const std::string before = state();
  std::unique_ptr<PacketTrace> trace;
  int claimed = 0;
  for (const auto& lane : lanes_) {
    auto asked = std::make_unique<PacketTrace>();
    asked->port = port;
    asked->length = static_cast<uint16_t>(frame.size());
    std::copy(frame.begin(), frame.end(), asked->bytes.begin() + PacketTrace::kHeadroom);
    lane->worker->Explain(*asked, now);
    claimed += asked->elsewhere ? 0 : 1;
    if (trace == nullptr || !asked->elsewhere) trace = std::move(asked);
  }
  if (state() != before) *mistake = "to explain the packet changed something, or told control something";
  if (claimed == 0) *mistake = "no worker says that the packet is its own";
  return trace;
}

// After every poll, so that a step of many packets does not fill the ring.
void Box::DrainCapture(CaptureRing& ring) {
  for (; ring.Front() != nullptr; ring.Pop()) {
    const CapturedPacket& packet = *ring.Front();
    captured_.push_back({packet, Bytes(ring.FrontBytes(), ring.FrontBytes() + packet.captured)});
  }
}

void Box::Stop() {
  for (const auto& lane : lanes_) {
    if (lane->worker != nullptr) lane->worker->FreeWaiting();
  }
}

void Box::TakeEvents(size_t worker) {
  MemoryMailbox& mailbox = lanes_[worker]->mailbox;
  for (; !mailbox.events.empty(); mailbox.events.pop_front()) {
    const Event& event = mailbox.events.front();
    if (const auto* e = std::get_if<RetiredRoutes>(&event)) retired_.insert(e->routes);
    if (const auto* e = std::get_if<RetiredServices>(&event)) retired_.insert(e->services);
    if (const auto* e = std::get_if<RetiredAddresses>(&event)) retired_.insert(e->addresses);
    if (const auto* e = std::get_if<FrameForControl>(&event)) io_.Release(e->buffer, "control");
    sharing_.OnEvent(worker, event);
    if (const auto* e = std::get_if<NeedNeighbor>(&event)) asked_.insert({e->port, e->address});
  }
}

PortId Box::PortNamed(const std::string& name) const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i].name == name) return static_cast<PortId>(i);
  }
  return kNoPort;
}

bool Box::IsInternal(const IpAddress& address) const {
  const Slot slot = addresses_.back()->Find(address);
  return slot != kNoSlot && addresses_.back()->at(slot).kind == AddressKind::kInternal;
}

const Route* Box::RouteTo(const IpAddress& address) const {
  const Route* best = nullptr;
  for (const Route& route : config_.routes) {
    if (route.from.length > 0 || !route.to.Contains(address)) continue;  // `via` in a story names other stations
    if (best == nullptr || route.to.length > best->to.length) best = &route;
  }
  return best;
}

std::vector<std::string> Box::Mistakes() const {
  std::vector<std::string> mistakes = sharing_.Mistakes();
  const auto check = [&](const auto& published, const void* current, const char* kind) {
    for (const auto& snapshot : published) {
      const size_t expected = snapshot.get() == current ? 0 : lanes_.size();
      if (retired_.count(snapshot.get()) != expected) {
        mistakes.push_back(absl::StrCat("a snapshot of ", kind, " was handed back ", retired_.count(snapshot.get()),
                                        " times instead of ", expected));
      }
    }
  };
  const dataplane::Tables& tables = lanes_.front()->worker->tables();
  check(routes_, tables.routes, "routes");
  check(services_, tables.services, "services");
  check(addresses_, tables.addresses, "addresses");
  return mistakes;
}

}  // namespace baton::scenarios
