// A whole box in memory: the configuration through the real parser, tables from the real builders, one real worker with
// its pipeline, ports and rings in plain memory, and a clock that stands still until it is moved. Plays the control
// thread: publishes generations, sets neighbours, takes events. Test code only; the EAL must run (tables are DPDK's).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/counters.h"
#include "common/status.h"
#include "controlplane/config/config.h"
#include "controlplane/reload.h"
#include "controlplane/slots.h"
#include "controlplane/tables.h"
#include "dataplane/route_table.h"
#include "dataplane/worker.h"
#include "dataplane/worker_mailbox.h"
#include "tests/scenarios/memory_ports.h"

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
  static absl::StatusOr<std::unique_ptr<Box>> Create(const std::string& yaml, const std::string& file);
  ~Box();

  // What the operator or the control plane does. Takes effect in the next Poll, once committed.
  absl::Status SetMode(const IpAddress& address, AddressMode mode);
  absl::Status SetWeight(const std::string& service, const std::string& backend, uint16_t weight);
  absl::Status SetDrain(const std::string& service, const std::string& backend, bool drained);
  absl::Status SetLoad(const std::string& service, const std::string& backend, uint8_t load);
  absl::Status Reload(const std::string& yaml, const std::string& file);
  void Commit();
  void Neighbor(const SetNeighbor& neighbor) { mailbox_.updates.push_back(neighbor); }

  void Poll(TimePoint now);
  // What the worker says would become of this frame, which is not received; a mistake when telling it changed anything.
  std::unique_ptr<PacketTrace> Explain(PortId port, const Bytes& frame, TimePoint now, std::string* mistake);
  // The program stops: what waits is dropped.
  void Stop() { worker_->FreeWaiting(); }

  const controlplane::Config& config() const { return config_; }
  const std::vector<PortInfo>& ports() const { return ports_; }
  // kNoPort when there is none.
  PortId PortNamed(const std::string& name) const;
  bool IsLocal(const IpAddress& address) const { return local_.count(address) != 0; }
  // Where a packet to `address` leaves, and to which neighbour: a plain walk over the routes, as a second opinion.
  const Route* RouteTo(const IpAddress& address) const;

  MemoryPorts& io() { return io_; }
  MemoryKernel& kernel() { return kernel_; }
  MemoryMailbox& mailbox() { return mailbox_; }
  const WorkerCounters& counters() const { return worker_->counters(); }
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
  void TakeEvents();

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
  MemoryKernel kernel_{io_};
  MemoryMailbox mailbox_;
  std::unique_ptr<dataplane::Worker> worker_;
  std::set<std::pair<PortId, IpAddress>> asked_;
};

// The MAC address that a scenario's host with this address has.
MacAddress MacOf(const IpAddress& address);

}  // namespace baton::scenarios
