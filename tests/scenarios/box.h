// A whole box in memory: the configuration through the real parser, tables from the real builders, real workers with
// their pipelines, ports and rings in plain memory, and a clock that stands still until it is moved. Plays the control
// thread: publishes generations, sets neighbours, takes events. Test code only; the EAL must run (tables are DPDK's).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/capture_ring.h"
#include "common/counters.h"
#include "common/status.h"
#include "controlplane/config/config.h"
#include "controlplane/reload.h"
#include "controlplane/slots.h"
#include "controlplane/tables.h"
#include "dataplane/route_table.h"
#include "dataplane/worker.h"
#include "dataplane/worker_mailbox.h"
#include "tests/scenarios/load_sharing.h"
#include "tests/scenarios/memory_ports.h"
#include "tests/scenarios/spreading_card.h"

namespace baton::scenarios {

// The two rings as queues; a limit on events plays a control thread that does not keep up.
class MemoryMailbox : public dataplane::Mailbox {
 public:
  bool Take(Update* update) override;
  bool Post(const Event& event) override;

  std::deque<Update> updates;
  std::deque<Event> events;
  size_t event_room = SIZE_MAX;
};

class Box {
 public:
  // With several workers every second port has one queue only, that of the first worker; but with `cards`, every port
  // that has clients or backends behind it, not both, has a card that spreads.
  static absl::StatusOr<std::unique_ptr<Box>> Create(const std::string& yaml, const std::string& file,
                                                     uint16_t workers = 1, bool cards = false);
  ~Box();

  // What the operator or the control plane does. Takes effect in the next Poll, once committed.
  // As the active router of a virtual router, or no longer.
  absl::Status SetActive(PortId port, Family family, uint8_t vrid, bool active);
  absl::Status SetMode(const IpAddress& address, AddressMode mode);
  absl::Status SetWeight(const std::string& service, const std::string& backend, uint16_t weight);
  absl::Status SetDrain(const std::string& service, const std::string& backend, bool drained);
  absl::Status SetLoad(const std::string& service, const std::string& backend, uint8_t load);
  absl::Status Reload(const std::string& yaml, const std::string& file);
  void Commit();
  void Neighbor(const SetNeighbor& neighbor) { Tell(neighbor); }
  LoadSharing& sharing() { return sharing_; }

  // From the next commit on frames to these virtual MAC addresses are taken; `own`: the addresses of virtual routers.
  absl::Status SetVirtualRouters(std::vector<VirtualMac> macs, std::vector<LocalAddress> own);
  void Tell(const Update& update);  // every worker
  void Tell(size_t worker, const Update& update) { lanes_[worker]->mailbox.updates.push_back(update); }

  // Every worker once.
  void Poll(TimePoint now);
  // What the worker says would become of this frame, which is not received; a mistake when telling it changed anything.
  std::unique_ptr<PacketTrace> Explain(PortId port, const Bytes& frame, TimePoint now, std::string* mistake);
  // The program stops: what waits is dropped.
  void Stop();

  // The network card's part: gives the frame to one of the port's queues. Which one, the card's hash decides, or else
  // `number`.
  void Arrive(PortId port, const Bytes& frame, size_t number);

  const controlplane::Config& config() const { return config_; }
  const std::vector<PortInfo>& ports() const { return ports_; }
  // kNoPort when there is none.
  PortId PortNamed(const std::string& name) const;
  bool IsLocal(const IpAddress& address) const { return local_.count(address) != 0; }
  bool IsInternal(const IpAddress& address) const;
  // Where a packet to `address` leaves, and to which neighbour: a plain walk over the routes, as a second opinion.
  const Route* RouteTo(const IpAddress& address) const;

  MemoryPorts& io() { return io_; }
  MemorySteering& steering() { return *steering_; }
  size_t workers() const { return lanes_.size(); }
  MemoryMailbox& mailbox(size_t worker) { return lanes_[worker]->mailbox; }
  const WorkerCounters& counters(size_t worker) const { return lanes_[worker]->worker->counters(); }
  // Over all workers; `read` takes WorkerCounters.
  template <typename Read>
  uint64_t Sum(const Read& read) const {
    uint64_t sum = 0;
    for (const auto& lane : lanes_) sum += read(lane->worker->counters());
    return sum;
  }
  MemoryKernel& kernel() { return kernel_; }
  // What the workers copied since the last call: a capture goes on all the time.
  struct Captured {
    CapturedPacket packet;
    Bytes bytes;
  };
  std::vector<Captured> TakeCaptured() { return std::exchange(captured_, {}); }
  absl::StatusOr<Slot> BackendSlot(const std::string& service, const std::string& backend) const;

  // Since the last call: neighbours the worker asked for, and frames it handed to control.
  std::set<std::pair<PortId, IpAddress>> TakeAsked() { return std::exchange(asked_, {}); }
  // Snapshots handed back that were not lent, or lent and replaced but not handed back. Empty when all was well.
  std::vector<std::string> Mistakes() const;

 private:
  Box() = default;
  absl::Status Load(const std::string& yaml, const std::string& file);
  absl::Status StageServices();
  absl::Status StageAddresses();
  absl::Status StageRoutes();
  void MakeCards(uint16_t workers);
  absl::Status MakeWorkers(uint16_t workers);
  void TakeEvents(size_t worker);
  void DrainCapture(CaptureRing& ring);

  // A worker and what is its own.
  struct Lane {
    MemoryMailbox mailbox;
    std::unique_ptr<MemoryQueues> io;
    CaptureRing capture{CaptureSettings{.snap_length = 2048}, 1024};  // outlives the worker
    std::unique_ptr<dataplane::Worker> worker;
  };

  controlplane::Config config_;
  std::vector<PortInfo> ports_;
  std::set<IpAddress> local_;
  controlplane::SlotRegistry slots_;
  controlplane::LiveSettings live_;
  std::map<Slot, uint8_t> loads_;
  uint64_t generation_ = 0;
  // Every snapshot ever published lives to the end of the scenario; the last of each kind is still with the worker.
  std::vector<Service> last_services_;
  std::vector<controlplane::KnownAddress> known_;
  std::vector<std::unique_ptr<const ServiceTable>> services_;
  std::vector<std::unique_ptr<const AddressTable>> addresses_;
  std::vector<std::unique_ptr<const RouteTable>> routes_;
  std::multiset<const void*> retired_;

  MemoryPorts io_;
  MemoryKernel kernel_{io_};  // one for all workers
  std::unique_ptr<MemorySteering> steering_;
  std::vector<uint16_t> queues_;  // by port
  std::vector<SpreadingCard> cards_;  // by port; empty: none spreads
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::set<std::pair<PortId, IpAddress>> asked_;
  std::vector<Captured> captured_;
  std::vector<VirtualMac> virtual_macs_;
  std::vector<LocalAddress> virtual_addresses_;
  LoadSharing sharing_{*this};
};

// The MAC address that a scenario's host with this address has.
MacAddress MacOf(const IpAddress& address);

}  // namespace baton::scenarios
