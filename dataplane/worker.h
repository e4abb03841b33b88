// One worker: polls its ports, runs the pipeline, carries out what it decided, and keeps its tables. Runs on one lcore
// and shares nothing: the control thread reaches it through the mailbox alone. A test calls PollOnce itself, with its
// own clock, ports and mailbox; that is the whole difference to production.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/counters.h"
#include "common/route.h"
#include "common/status.h"
#include "common/update.h"
#include "dataplane/fragment_table.h"
#include "dataplane/hold_buffer.h"
#include "dataplane/kernel_queue.h"
#include "dataplane/load_shedder.h"
#include "dataplane/packet_io.h"
#include "dataplane/packet_tap.h"
#include "dataplane/pipeline.h"
#include "dataplane/port_pools.h"
#include "dataplane/split.h"
#include "dataplane/steering_rings.h"
#include "dataplane/worker_mailbox.h"
#include "dataplane/worker_share.h"

namespace baton::dataplane {

struct WorkerConfig {
  std::string name;          // unique in the process
  WorkerShare share = {};
  std::vector<PortInfo> ports;
  AccessTable::Limits access;
  HashSeed seed;             // secret, so that nobody can aim at one bucket; the same for all workers
  HoldBuffer::Limits hold;
  FragmentTable::Limits fragments;
  uint32_t conditions = 0;  // end systems, over all virtual routers that share load
  uint32_t hand_over_packets = 0;
  uint32_t port_pools = 0;
  uint32_t ftp_connections = 4096;  // control connections that are followed; below 65535
  uint32_t neighbors = 0;
  uint32_t neighbor_queue = 0;
  uint32_t errors_per_second = 0;
  uint32_t control_packets_per_second = 0;
  uint32_t kernel_packets_per_second = 0;
  // How many slots the control thread will ever hand out.
  size_t service_slots = 0, backend_slots = 0, address_slots = 0;
  bool whole_clients = false;  // steer.h
  bool client_hash = false;    // client_hash.h, because some port's card spreads by it; of several workers only
  // By port: the worker whose transmit queue this worker's packets go through. Empty: each has one of its own.
  std::vector<uint16_t> senders = {};
};

class Worker {
 public:
  // Takes all memory that the worker will ever use. Called by the thread that will run it, so that no memory of two
  // workers meets in a cache line. REQUIRES: the others outlive it; there is a `kernel` if a port has a kernel side,
  // and there are `rings` if there are several workers.
  static absl::StatusOr<std::unique_ptr<Worker>> Create(const WorkerConfig& config, PacketIo& io, Mailbox& mailbox,
                                                        KernelQueue* kernel = nullptr, SteeringRings* rings = nullptr);
  // The counters of all workers, its own included: schedules go by their sums. Before the first PollOnce.
  void SetPeers(std::vector<const WorkerCounters*> all) { counts_.SetWorkers(std::move(all)); }

  // Updates, expiry, released packets, what the kernel sends, then one burst from each port. Returns how many packets
  // and updates it handled: 0 means that there was nothing to do.
  int PollOnce(TimePoint now);

  // What would become of the packet of `trace`, between two polls; changes nothing else (Pipeline::Explain).
  void Explain(PacketTrace& trace, TimePoint now);

  // Frees every buffer that waits here. After the last PollOnce of all workers.
  void FreeWaiting();

  const WorkerCounters& counters() const { return counters_; }
  // For the loop that calls PollOnce: time it spent.
  void CountTime(Duration all, bool busy);
  const NeighborTable& neighbors() const { return *neighbors_; }
  const AccessTable& access() const { return *access_; }
  const Tables& tables() const { return tables_; }

  static constexpr int kUpdatesPerPoll = 32;

 private:
  Worker(const WorkerConfig& config, PacketIo& io, Mailbox& mailbox, KernelQueue* kernel, SteeringRings* rings);

  // worker_updates.cc
  int ApplyUpdates(TimePoint now);
  void Apply(const Update& update, TimePoint now);
  void ApplyCommit(uint64_t generation);
  void ApplyNeighbor(const SetNeighbor& update, TimePoint now);
  void FillBatch(const ListRows& request, TimePoint now);
  void PostSurely(const Event& event);
  bool FlushUnposted();

  // worker_conditions.cc
  int ServeConditions(TimePoint now);

  // worker_kernel.cc
  int SendFromKernel(TimePoint now);
  void GiveToKernel(const Packet& packet, TimePoint now);

  // worker.cc
  int ReceiveAll(TimePoint now);
  void CountReceived(PortId port);
  int ReleaseHeld(TimePoint now);
  int ReleaseFragments(TimePoint now);
  void RunAgain(const WaitingPacket* packets, int count, uint8_t flags, TimePoint now);
  void StartAgain(const WaitingPacket* packets, int count, uint8_t flags, Burst& burst);
  void SendInPieces(const Oversize& oversize, TimePoint now);
  void RunBurst(TimePoint now);
  void Dispatch(Burst& burst, TimePoint now);
  void Hand(Packet& packet, TimePoint now);
  void Hold(Packet& packet, TimePoint now);
  void Wait(Packet& packet, TimePoint now);
  void AskAhead(const Packet& packet, TimePoint now);
  void AskForNeighbor(uint16_t index, Millis now);
  void SendAll();
  void Send(PortId port, Packet* const* packets, int count);
  void Discard(void* buffer, DropReason reason);
  void Discard(const WaitingPacket& packet, DropReason reason);
  void SetGauges();

  // worker_steering.cc
  int TakeSteered(SteeredPacket* packets);
  int RunSteered(int count, TimePoint now);
  void RunSteered(const SteeredPacket* packets, int count, TimePoint now);
  void SendRewritten(const SteeredPacket* packets, int count);
  void GiveAway();
  void PassOn(uint16_t worker, PortId port, Packet* const* packets, int count);
  void Give(uint16_t worker, const SteeredPacket* packets, int count);
  void DiscardSteered();

  PacketIo& io_;
  Mailbox& mailbox_;
  KernelQueue* const kernel_;  // nullptr: no port has a kernel side
  SteeringRings* const rings_;  // nullptr: there is one worker
  const WorkerShare share_;
  const std::vector<uint16_t> senders_;  // by port
  std::vector<PortInfo> ports_;
  WorkerCounters counters_;
  SharedCounts counts_;
  std::unique_ptr<AccessTable> access_;
  std::unique_ptr<const ClientHash> client_hash_;  // or nullptr
  std::unique_ptr<PortPools> pools_;
  std::unique_ptr<NeighborTable> neighbors_;
  HoldBuffer hold_;
  std::unique_ptr<Conditions> conditions_;
  FragmentTable fragments_;
  std::unique_ptr<FtpConnections> ftp_connections_;
  std::unique_ptr<Translator> translator_;
  std::unique_ptr<Ftp> ftp_;
  std::unique_ptr<Pipeline> pipeline_;
  TokenBucket control_rate_, kernel_rate_;
  struct Device {
    bool shared = false;  // several ports, each a VLAN of its own
    bool sheds = false;   // one of them has a kernel side
    LoadShedder shedder;
    TimePoint drained{};  // what came before has been looked at
  };
  std::vector<Device> devices_;  // by the port that has the device
  std::optional<PacketTap> tap_;  // while a capture is under way

  Tables tables_;
  StagedTables staged_;
  uint16_t hop_generation_ = 1;
  uint32_t neighbor_generation_ = 0;
  std::vector<Event> unposted_;  // lent pointers that found the ring full: nothing else is taken before they are back
  size_t hold_cursor_ = 0;

  Burst burst_;
  Burst pieces_;  // of one packet of burst_
  struct Outbox {
    int count = 0;
    Packet* packets[kBurst];
  };
  std::vector<Outbox> out_;      // by port
  std::vector<PortId> out_used_;
  std::array<std::array<SteeredPacket, kBurst>, 2> taken_{};  // from the rings: the burst that runs and the next one
  std::array<SteeredPacket, kBurst> passed_on_{};
};

}  // namespace baton::dataplane
